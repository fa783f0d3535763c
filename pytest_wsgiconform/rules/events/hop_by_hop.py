"""Header fields that are not an app's business: they are about the connection, which is the server's."""

from __future__ import annotations

from ..display import show
from ..model import Blame, Level, Outcome
from ..records.exchange import Exchange, StartResponseCalled
from ..registry import event_rule
from .header_faults import HeaderFault, entries, in_one, names

SECTION = "headers"

#: Fields about the connection itself, in HTTP/1.0 forms too.
_PERSISTENCE = frozenset({"connection", "keep-alive", "proxy-connection"})
#: The other hop-by-hop fields of RFC 2616 section 13.5.1, but for those that the rules on transfer codings and
#: on hop-by-hop features judge.
_HOP_BY_HOP = frozenset({"te", "proxy-authenticate", "proxy-authorization"})


def _forbidden(event: StartResponseCalled, banned: frozenset[str], why: str) -> Outcome:
    """Judge the names of one call against *banned*, whatever their values are."""
    faults = [
        HeaderFault(show(name, 60), f"the app sent the header {show(name, 60)}, {why}", show(value))
        for name, value in entries(event)
        if type(name) is str and name.lower() in banned
    ]
    return in_one(faults, judged=names(event), expected="no such header")


@event_rule(
    id="header-no-hop-by-hop",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-no-hop-by-hop",),
    on=StartResponseCalled,
    headers=_HOP_BY_HOP,
    hint="Drop the header; a proxy must strip hop-by-hop headers from what it passes on.",
    since="0.1",
)
def header_no_hop_by_hop(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The app sends no hop-by-hop header.

    Such fields are about one connection, and the connection is the server's (PEP 3333, "Other HTTP Features"). Servers
    may treat them as a fatal error, and the reference server does. Apps that pass on another server's response are
    where they usually come from.
    """
    return _forbidden(event, _HOP_BY_HOP, "which is hop-by-hop")


@header_no_hop_by_hop.bad
def _(environ, start_response):
    start_response("407 Proxy Authentication Required", [("Proxy-Authenticate", 'Basic realm="x"')])
    return []


@header_no_hop_by_hop.good
def _(environ, start_response):
    start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"')])
    return []


@event_rule(
    id="header-no-persistence",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-no-persistence", "header-no-hop-by-hop"),
    on=StartResponseCalled,
    headers=_PERSISTENCE,
    hint="Leave keeping and closing of the connection to the server.",
    since="0.1",
)
def header_no_persistence(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The app sends no header that affects whether the connection persists.

    Connection, Keep-Alive and Proxy-Connection promise something on behalf of the server, which alone knows what it is
    going to do (PEP 3333, "The start_response() Callable").
    """
    return _forbidden(event, _PERSISTENCE, "which is about the server's connection")


@header_no_persistence.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "keep-alive")])
    return [b"hello"]


@header_no_persistence.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="header-no-transfer-encoding",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("length-app-no-te", "header-no-hop-by-hop"),
    on=StartResponseCalled,
    headers=("transfer-encoding",),
    hint="Drop the header and yield plain data; the server chunks it when it has to.",
    since="0.1",
)
def header_no_transfer_encoding(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The app sends no Transfer-Encoding header.

    Transfer codings are between the server and its client (PEP 3333, "Handling the Content-Length Header"). With the
    header from the app a server that chunks by itself does so twice, and one that doesn't sends a body that no client
    can parse.
    """
    return _forbidden(event, frozenset({"transfer-encoding"}), "but transfer codings are the server's to apply")


@header_no_transfer_encoding.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")])
    return [b"hello"]


@header_no_transfer_encoding.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
