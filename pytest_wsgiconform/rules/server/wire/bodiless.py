"""Rules on responses without content: HEAD, 204, 304."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Connection, Response, ServerRun
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..examples import behaviour_run

SECTION = "response"

_DATE = ("Date", "Tue, 15 Nov 1994 08:12:31 GMT")


def _first(run: ServerRun, status: int | None = None) -> Response | None:
    """Return the first response of a run in which the app ran; ``None`` if it has another status than *status*."""
    final = run.first_final
    if not run.took_place or final is None or run.first_call is None:
        return None
    return final if status is None or final.status == status else None


def _no_content(run: ServerRun, response: Response | None, what: str) -> Outcome:
    if response is None:
        return None
    if response.stray:
        got = show(response.stray, 60)
        return broken(run, f"{what} is followed by content: {got}", got=got, expected="nothing")
    return HELD


@server_rule(
    id="head-without-content",
    level=Level.ERROR,
    clauses=("rfc-head-no-content",),
    stimuli=("head:*",),
    hint="Send no body, not even a last chunk, in answer to HEAD, whatever the app yields.",
    since="0.1",
)
def head_without_content(run: ServerRun) -> Outcome:
    """A response to HEAD has no content, even if the app yields some.

    The client takes what follows for the next response (RFC 9110 section 9.3.2).
    """
    return _no_content(run, _first(run), "the response to HEAD")


@head_without_content.bad
def _() -> ServerRun:
    response = Response(200, [_DATE, ("Content-Length", "5")], framing="none", method="HEAD", stray=b"12345")
    return behaviour_run("head:head-data", response, method="HEAD")


@head_without_content.good
def _() -> ServerRun:
    response = Response(200, [_DATE, ("Content-Length", "5")], framing="none", method="HEAD")
    return behaviour_run("head:head-data", response, method="HEAD")


#: Fields that may differ from one response to the next, or depend on how much of the content was made.
_FREE = frozenset(
    {"date", "connection", "keep-alive", "x-wsgiconform", "transfer-encoding", "content-length", "trailer"}
)


@server_rule(
    id="head-has-fields-of-get",
    level=Level.WARNING,
    clauses=("rfc-head-server-fields",),
    stimuli=("head-fields:*",),
    hint="Send the header fields that GET would get; keep the app's Content-Length and invent none.",
    since="0.1",
)
def head_has_fields_of_get(run: ServerRun) -> Outcome:
    """A response to HEAD has the fields that a response to GET would have.

    Clients and caches rely on them (RFC 9110 section 9.3.2). A server may leave out fields that it can only know by
    making the content; section 8.6 allows no Content-Length but GET's.
    """
    get, head = run.final_on(0), run.final_on(1)
    if get is None or head is None:
        return None
    if get.status != 200 or head.status != 200:
        return None
    names = [{name.lower() for name, _ in response.headers} - _FREE for response in (get, head)]
    missing = sorted(names[0] - names[1])
    if missing:
        return broken(run, f"HEAD lacks {', '.join(missing)}", run.connections[1], got="absent", expected="as for GET")
    lengths = head.header("Content-Length")
    if run.wanted.length_given and lengths != ["5"]:
        return broken(run, f"the app's Content-Length 5 became {lengths}", run.connections[1], got=str(lengths))
    if lengths and lengths[0] != str(len(get.body)):
        got = lengths[0]
        return broken(run, f"HEAD has Content-Length {got}, GET has {len(get.body)} bytes", run.connections[1], got=got)
    return HELD


def _pair(length: str) -> ServerRun:
    get = Connection(responses=[Response(200, [_DATE, ("Content-Length", "5")], b"12345")])
    fields = [_DATE, ("Content-Length", length)]
    head = Connection(responses=[Response(200, fields, framing="none", method="HEAD")])
    run = ServerRun("head-fields:head-data", "example", [get, head], [Call("get"), Call("head")])
    run.wanted = Wanted(length_given=True)
    return run


@head_has_fields_of_get.bad
def _() -> ServerRun:
    return _pair("0")


@head_has_fields_of_get.good
def _() -> ServerRun:
    return _pair("5")


@server_rule(
    id="status-204-without-content",
    level=Level.ERROR,
    clauses=("rfc-204-no-content",),
    stimuli=("bodiless:data-204", "bodiless:data-204-generator"),
    hint="Drop the body of a 204 response.",
    since="0.1",
)
def status_204_without_content(run: ServerRun) -> Outcome:
    """A 204 response carries no content, even if the app yields some.

    It ends with its head (RFC 9112 section 6.3), and content would be read as the start of the next response.
    """
    return _no_content(run, _first(run, 204), "the 204 response")


@status_204_without_content.bad
def _() -> ServerRun:
    return behaviour_run("bodiless:data-204", Response(204, [_DATE], framing="none", stray=b"stray-body"))


@status_204_without_content.good
def _() -> ServerRun:
    return behaviour_run("bodiless:data-204", Response(204, [_DATE], framing="none"))


@server_rule(
    id="status-204-without-length",
    level=Level.ERROR,
    clauses=("rfc-204-no-length",),
    stimuli=("bodiless:data-204", "bodiless:data-204-generator", "bodiless:length-204", "continue:read"),
    hint="Send no Content-Length in 1xx and 204 responses, not even the app's.",
    since="0.1",
)
def status_204_without_length(run: ServerRun) -> Outcome:
    """No 1xx or 204 response has a Content-Length.

    RFC 9110 section 8.6 forbids servers to send it there: recipients have waited for the bytes that it announces.
    """
    chosen = [r for c in run.connections for r in c.responses if r.status == 204 or r.interim]
    for response in chosen:
        if response.header("Content-Length"):
            got = f"Content-Length: {show(response.header('Content-Length')[0])}"
            return broken(run, f"a {response.status} response has {got}", got=got, expected="none")
    return HELD if run.took_place and chosen else None


@status_204_without_length.bad
def _() -> ServerRun:
    return behaviour_run("bodiless:length-204", Response(204, [_DATE, ("Content-Length", "0")], framing="none"))


@status_204_without_length.good
def _() -> ServerRun:
    return behaviour_run("bodiless:length-204", Response(204, [_DATE], framing="none"))


@server_rule(
    id="status-304-without-content",
    level=Level.ERROR,
    clauses=("rfc-304-no-content",),
    stimuli=("bodiless:data-304", "bodiless:no-length-304"),
    hint="Drop the body of a 304 response.",
    since="0.1",
)
def status_304_without_content(run: ServerRun) -> Outcome:
    """A 304 response carries no content, even if the app yields some.

    The rest of the connection is out of step otherwise (RFC 9112 section 6.3).
    """
    return _no_content(run, _first(run, 304), "the 304 response")


@status_304_without_content.bad
def _() -> ServerRun:
    return behaviour_run("bodiless:data-304", Response(304, [_DATE], framing="none", stray=b"stray-body"))


@status_304_without_content.good
def _() -> ServerRun:
    return behaviour_run("bodiless:data-304", Response(304, [_DATE], framing="none"))


@server_rule(
    id="status-304-without-invented-length",
    level=Level.ERROR,
    clauses=("rfc-304-no-zero-length",),
    stimuli=("bodiless:no-length-304",),
    hint="Invent no Content-Length for a 304 response.",
    since="0.1",
)
def status_304_without_invented_length(run: ServerRun) -> Outcome:
    """A server invents no Content-Length for a 304 response.

    Only the length of the 200 response would be right (RFC 9110 section 8.6), and the server does not know it. Caches
    update the stored length from a 304.
    """
    response = _first(run, 304)
    if response is None:
        return None
    lengths = response.header("Content-Length")
    if lengths:
        return broken(run, f"the 304 response has Content-Length: {show(lengths[0])}", got=lengths[0], expected="none")
    return HELD


@status_304_without_invented_length.bad
def _() -> ServerRun:
    return behaviour_run("bodiless:no-length-304", Response(304, [_DATE, ("Content-Length", "0")], framing="none"))


@status_304_without_invented_length.good
def _() -> ServerRun:
    return behaviour_run("bodiless:no-length-304", Response(304, [_DATE], framing="none"))


@server_rule(
    id="bodiless-without-coding",
    level=Level.ERROR,
    clauses=("rfc-no-te-bodyless",),
    stimuli=("bodiless:*-204*", "continue:read"),
    hint="Send no Transfer-Encoding in 1xx and 204 responses.",
    since="0.1",
)
def bodiless_without_coding(run: ServerRun) -> Outcome:
    """No 1xx or 204 response has a Transfer-Encoding.

    A server usually breaks this by choosing chunked coding because the app gave no length (RFC 9112 section 6.1).
    """
    chosen = [r for c in run.connections for r in c.responses if r.status == 204 or r.interim]
    for response in chosen:
        if response.header("Transfer-Encoding"):
            return broken(run, f"a {response.status} response has Transfer-Encoding", got="Transfer-Encoding")
    return HELD if run.took_place and chosen else None


@bodiless_without_coding.bad
def _() -> ServerRun:
    headers = [_DATE, ("Transfer-Encoding", "chunked")]
    return behaviour_run("bodiless:data-204-generator", Response(204, headers, framing="none"))


@bodiless_without_coding.good
def _() -> ServerRun:
    return behaviour_run("bodiless:data-204-generator", Response(204, [_DATE], framing="none"))
