"""Rules on the Host field."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...registry import server_rule
from ..evidence import broken
from ..outcomes import answered, must_refuse

SECTION = "request-headers"

_DATED = [("Date", "Tue, 15 Nov 1994 08:12:31 GMT")]


@server_rule(
    id="host-missing-refused",
    level=Level.ERROR,
    clauses=("rfc-host-missing",),
    stimuli=("host-missing:*",),
    hint="Answer an HTTP/1.1 request without Host with 400; serve an HTTP/1.0 one.",
    since="0.1",
)
def host_missing_refused(run: ServerRun) -> Outcome:
    """An HTTP/1.1 request without a Host field gets 400; an HTTP/1.0 request needs none.

    Without it the app can't know which site was meant, and a wrong guess can poison caches (RFC 9112 section 3.2).
    """
    if not run.stimulus.endswith("http10"):
        return must_refuse(run, "an HTTP/1.1 request without Host")
    if not run.took_place:
        return None
    if run.ran_first:
        return HELD
    return broken(run, f"an HTTP/1.0 request without Host got: {answered(run)}", got=answered(run), expected="served")


@host_missing_refused.bad
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.1\r\n\r\n"
    return one_connection(sent, Response(200, _DATED), calls=[Call("first")], stimulus="host-missing:http11")


@host_missing_refused.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.1\r\n\r\n"
    return one_connection(sent, Response(400, _DATED), stimulus="host-missing:http11")


@server_rule(
    id="host-repeated-refused",
    level=Level.ERROR,
    clauses=("rfc-host-repeated",),
    stimuli=("host-repeated:*",),
    hint="Answer a request with two Host fields with 400.",
    since="0.1",
)
def host_repeated_refused(run: ServerRun) -> Outcome:
    """A request with more than one Host field gets 400.

    A front end may route by the first and the app answer for the last (RFC 9112 section 3.2).
    """
    return must_refuse(run, "a request with two Host fields")


@host_repeated_refused.bad
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="host-repeated:differing")


@host_repeated_refused.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"
    return one_connection(sent, Response(400), stimulus="host-repeated:differing")


@server_rule(
    id="host-invalid-refused",
    level=Level.ERROR,
    clauses=("rfc-host-invalid",),
    stimuli=("host-invalid:*",),
    hint="Answer a Host value that is not host [ ':' port ] with 400.",
    since="0.1",
)
def host_invalid_refused(run: ServerRun) -> Outcome:
    """A Host value that is not a host with an optional port gets 400.

    RFC 9112 section 3.2 demands it of the server, and apps build links, redirects and cache keys from the value and
    trust that somebody checked it.
    """
    return must_refuse(run, "an invalid Host")


@host_invalid_refused.bad
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.1\r\nHost: user@x/y\r\n\r\n"
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="host-invalid:userinfo")


@host_invalid_refused.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.1\r\nHost: user@x/y\r\n\r\n"
    return one_connection(sent, Response(400), stimulus="host-invalid:userinfo")
