"""What HTTP says of a response's status and headers together, judged where ``start_response`` is called.

The server may change the list later; what it held then is the app's own.
"""

from __future__ import annotations

from ..display import show
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import Exchange, StartResponseCalled
from ..registry import event_rule
from .field_grammar import is_challenge
from .header_faults import entries, field_values, names

SECTION = "http"

#: Redirections that SHOULD say where to.
_REDIRECTS = (301, 302, 303, 307, 308)
#: Metadata of a representation that a 304 doesn't send and that guides no cache update. Content-Length
#: is not here: RFC 9110 section 8.6 allows it.
_CONTENT_METADATA = ("content-type", "content-encoding", "content-language", "content-range", "content-md5")
#: Fields that announce a hop-by-hop feature; RFC 2616 section 13.5.1 calls the second one Trailers.
_HOP_FEATURES = ("upgrade", "trailer", "trailers")


def has(event: StartResponseCalled, name: str) -> bool:
    """Whether the call gave the header *name* (lower case), whatever its value is."""
    return any(given.lower() == name for given in names(event))


@event_rule(
    id="status-not-interim",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-no-interim",),
    on=StartResponseCalled,
    statuses=(),
    hint="Give a final status, 200 to 599; interim responses such as 100 Continue are sent by the server.",
    since="0.1",
)
def status_not_interim(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status is a final one, not 1xx.

    A 1xx response only precedes the final one (RFC 9110 section 15.2); a client that gets it as the answer waits for
    another until it gives up. 101 is judged by no-hop-by-hop-features.
    """
    code = event.code()
    if code is None or code < 100 or code == 101:
        return None
    if code >= 200:
        return HELD
    return fault(f"the final status is {code}, an interim one", got=show(event.status), expected="200 to 599")


@status_not_interim.bad
def _(environ, start_response):
    start_response("102 Processing", [])
    return []


@status_not_interim.good
def _(environ, start_response):
    start_response("202 Accepted", [])
    return []


@event_rule(
    id="no-hop-by-hop-features",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("http-no-hop-features", "header-no-hop-by-hop"),
    on=StartResponseCalled,
    headers=_HOP_FEATURES,
    hint="Leave protocol upgrades and trailers to the server, or use an interface made for them.",
    since="0.1",
)
def no_hop_by_hop_features(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The app uses no feature that needs hop-by-hop headers: no 101, no Upgrade, no trailers.

    WSGI ends at the message (PEP 3333, "Other HTTP Features"): an app does not control the connection that it would
    switch to another protocol, and can't send trailers after the body.
    """
    used = [show(name, 60) for name in names(event) if name.lower() in _HOP_FEATURES]
    if event.code() == 101:
        used.insert(0, "status 101")
    if used:
        what = ", ".join(used[:10])
        return fault(f"the app used a hop-by-hop feature: {what}", got=what, expected="none", features=used[:10])
    return HELD if event.code() is not None or names(event) else None


@no_hop_by_hop_features.bad
def _(environ, start_response):
    start_response("101 Switching Protocols", [("Upgrade", "websocket")])
    return []


@no_hop_by_hop_features.good
def _(environ, start_response):
    start_response("501 Not Implemented", [("Content-Type", "text/plain")])
    return [b"no websockets here"]


@event_rule(
    id="no-content-length-with-204",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-bodyless-length",),
    on=StartResponseCalled,
    statuses=(204,),
    hint="Drop Content-Length from 204 responses, 0 included.",
    since="0.1",
)
def no_content_length_with_204(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """A 204 has no Content-Length.

    A 204 ends with its headers, and HTTP forbids the field there (RFC 9110 section 8.6). Clients that believe the field
    wait for content that doesn't come, or read the next response as it.
    """
    if event.code() != 204 or type(event.headers) is not list:
        return None
    if not has(event, "content-length"):
        return HELD
    return fault("a 204 was given a Content-Length", got=_shown(event, "content-length"), expected="no such header")


def _shown(event: StartResponseCalled, name: str) -> str:
    return ", ".join(show(v, 60) for n, v in entries(event) if type(n) is str and n.lower() == name)


@no_content_length_with_204.bad
def _(environ, start_response):
    start_response("204 No Content", [("Content-Length", "0")])
    return []


@no_content_length_with_204.good
def _(environ, start_response):
    start_response("204 No Content", [])
    return []


@event_rule(
    id="not-modified-minimal-metadata",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("rfc-app-304-metadata",),
    on=StartResponseCalled,
    statuses=(304,),
    hint="Send only what updates the cache with a 304: Cache-Control, Content-Location, Date, ETag, Expires, Vary.",
    since="0.1",
)
def not_modified_minimal_metadata(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """A 304 repeats only the metadata that a cache needs to update its entry.

    The client has the representation already (RFC 9110 section 15.4.5). A Content-Type or Content-Encoding that differs
    from the stored one makes some caches change the stored response into something it isn't.
    """
    if event.code() != 304 or type(event.headers) is not list:
        return None
    sent = [show(name, 60) for name in names(event) if name.lower() in _CONTENT_METADATA]
    if not sent:
        return HELD
    what = ", ".join(sent[:10])
    return fault(f"a 304 was given metadata about its content: {what}", got=what, expected="none of these")


@not_modified_minimal_metadata.bad
def _(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"5d41402a"'), ("Content-Type", "text/plain")])
    return []


@not_modified_minimal_metadata.good
def _(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"5d41402a"')])
    return []


@event_rule(
    id="allow-with-405",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-allow-405",),
    on=StartResponseCalled,
    statuses=(405,),
    hint="Add an Allow header that lists the methods of the resource.",
    since="0.1",
)
def allow_with_405(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """A 405 has an Allow header.

    The client learns from it which methods would have worked (RFC 9110 section 15.5.6). An empty value is fine: it says
    that none would.
    """
    if event.code() != 405 or type(event.headers) is not list:
        return None
    if has(event, "allow"):
        return HELD
    return fault("a 405 has no Allow header", got="no Allow", expected="for example 'Allow: GET, HEAD'")


@allow_with_405.bad
def _(environ, start_response):
    start_response("405 Method Not Allowed", [("Content-Type", "text/plain")])
    return [b"no"]


@allow_with_405.good
def _(environ, start_response):
    start_response("405 Method Not Allowed", [("Content-Type", "text/plain"), ("Allow", "GET, HEAD")])
    return [b"no"]


@event_rule(
    id="challenge-with-401",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-www-authenticate",),
    on=StartResponseCalled,
    statuses=(401,),
    hint="Add a WWW-Authenticate header, or answer 403 where no HTTP authentication is meant.",
    since="0.1",
)
def challenge_with_401(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """A 401 has a WWW-Authenticate challenge.

    It names the scheme with which the client can authenticate (RFC 9110 section 15.5.2). Without one a client has
    nothing to answer to.
    """
    if event.code() != 401 or type(event.headers) is not list:
        return None
    if not has(event, "www-authenticate"):
        return fault("a 401 has no WWW-Authenticate header", got="none", expected="for example 'Basic realm=\"x\"'")
    values = field_values(event, "www-authenticate")
    if not values:
        return None  # there, but of a type or with characters that other rules tell
    if any(is_challenge(value) for value in values):
        return HELD
    got = _shown(event, "www-authenticate")
    return fault(f"the WWW-Authenticate of a 401 names no scheme: {got}", got=got, expected="a challenge")


@challenge_with_401.bad
def _(environ, start_response):
    start_response("401 Unauthorized", [("Content-Type", "text/plain")])
    return [b"who are you?"]


@challenge_with_401.good
def _(environ, start_response):
    challenge = ("WWW-Authenticate", 'Basic realm="members"')
    start_response("401 Unauthorized", [("Content-Type", "text/plain"), challenge])
    return [b"who are you?"]


@event_rule(
    id="redirect-has-location",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("rfc-app-location",),
    on=StartResponseCalled,
    statuses=_REDIRECTS,
    hint="Add a Location header, or use another status.",
    since="0.1",
)
def redirect_has_location(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """A 301, 302, 303, 307 or 308 has a Location header.

    Clients go nowhere without it (RFC 9110 section 15.4); most show the body, some an error.
    """
    if event.code() not in _REDIRECTS or type(event.headers) is not list:
        return None
    if has(event, "location"):
        return HELD
    return fault(f"a {event.code()} has no Location header", got="no Location", expected="a URI reference")


@redirect_has_location.bad
def _(environ, start_response):
    start_response("302 Found", [("Content-Type", "text/plain")])
    return [b"moved"]


@redirect_has_location.good
def _(environ, start_response):
    start_response("302 Found", [("Content-Type", "text/plain"), ("Location", "/new")])
    return [b"moved"]
