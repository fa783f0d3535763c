"""Rules on the life of a connection: persistence, its end, pipelining, packets."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Connection, Response, ServerRun, one_connection
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken

SECTION = "connection"


def _ok(label: str, *headers: tuple[str, str], framing: str = "length", version: str = "HTTP/1.1") -> Response:
    fields = [("X-Wsgiconform", f"00000000.{label}"), ("Date", "Tue, 15 Nov 1994 08:12:31 GMT"), *headers]
    return Response(200, fields, f"ok 00000000.{label}\n".encode(), framing, version=version)


_CLOSE = ("Connection", "close")


def _get(*labels: str) -> bytes:
    return b"".join(f"GET /probe/echo/00000000.{label} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for label in labels)


@server_rule(
    id="connection-persists",
    level=Level.WARNING,
    clauses=("rfc-persist-default",),
    stimuli=("persist:*",),
    hint="Keep an HTTP/1.1 connection open after a response with a known end.",
    since="0.1",
)
def connection_persists(run: ServerRun) -> Outcome:
    """An HTTP/1.1 connection serves another request after a delimited response.

    Closing is allowed to a server that says so, and costs a handshake for every request (RFC 9112 section 9.3).
    """
    first = run.answer("first")
    if not run.took_place or first is None:
        return None
    if run.ran("next"):
        return HELD
    announced = "announced" if first.says_close else "not announced"
    return broken(run, f"the server closed after one response ({announced})", got="closed", expected="kept open")


@connection_persists.bad
def _() -> ServerRun:
    return one_connection(_get("first", "next"), _ok("first", _CLOSE), calls=[Call("first")], stimulus="persist:length")


@connection_persists.good
def _() -> ServerRun:
    calls = [Call("first"), Call("next")]
    return one_connection(
        _get("first", "next"), _ok("first"), _ok("next", _CLOSE), calls=calls, stimulus="persist:length"
    )


@server_rule(
    id="close-request-honoured",
    level=Level.ERROR,
    clauses=("rfc-persist-close",),
    stimuli=("close:*",),
    hint="Close the connection after the response to a request with Connection: close, and answer nothing after it.",
    since="0.1",
)
def close_request_honoured(run: ServerRun) -> Outcome:
    """After a request with ``Connection: close`` the server answers it and closes.

    Requests received after it on the connection are not processed (RFC 9112 section 9.6).
    """
    if not run.took_place or not run.ran("first"):
        return None
    if run.ran("next"):
        return broken(run, "a request behind Connection: close was served", got="served", expected="closed")
    if run.answer("first") is None:
        return None
    if run.connection.closed_by_server:
        return HELD
    return broken(run, "the connection stayed open", got=run.connection.ended, expected="closed by the server")


@close_request_honoured.bad
def _() -> ServerRun:
    calls = [Call("first"), Call("next")]
    return one_connection(_get("first", "next"), _ok("first"), _ok("next", _CLOSE), calls=calls, stimulus="close:plain")


@close_request_honoured.good
def _() -> ServerRun:
    return one_connection(_get("first", "next"), _ok("first", _CLOSE), calls=[Call("first")], stimulus="close:plain")


@server_rule(
    id="http10-connection-ends",
    level=Level.ERROR,
    clauses=("rfc-persist-10",),
    stimuli=("http10:*", "http10-keep:*"),
    hint="Close after an HTTP/1.0 request unless it asked for keep-alive and the response grants it with a length.",
    since="0.1",
)
def http10_connection_ends(run: ServerRun) -> Outcome:
    """An HTTP/1.0 connection ends after one response unless keep-alive was asked for and granted.

    An old client waits for the end of the connection, and can't read chunks (RFC 9112 sections 9.3 and 6.1).
    """
    first = run.answer("first")
    if not run.took_place or first is None:
        return None
    if first.framing == "chunked" or first.header("Transfer-Encoding"):
        return broken(run, "an HTTP/1.0 request was answered in chunks", got="Transfer-Encoding", expected="none")
    asked = run.stimulus.startswith("http10-keep")
    if not run.ran("next"):
        if run.connection.closed_by_server:
            return HELD
        if asked and "keep-alive" in first.tokens("Connection"):
            return None
        return broken(run, "the connection stayed open", got=run.connection.ended, expected="closed by the server")
    if not asked:
        return broken(run, "another request was served although none asked for keep-alive", got="served")
    if "keep-alive" not in first.tokens("Connection"):
        return broken(run, "the connection was kept without Connection: keep-alive", got="not granted")
    if first.framing != "length":
        return broken(
            run, f"the kept response is not delimited ({first.framing})", got=first.framing, expected="length"
        )
    return HELD


@http10_connection_ends.bad
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.0\r\n\r\n" + _get("next")
    calls = [Call("first"), Call("next")]
    return one_connection(sent, _ok("first"), _ok("next", _CLOSE), calls=calls, stimulus="http10:plain")


@http10_connection_ends.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/1.0\r\n\r\n" + _get("next")
    return one_connection(sent, _ok("first", _CLOSE), calls=[Call("first")], stimulus="http10:plain")


@server_rule(
    id="close-announced",
    level=Level.WARNING,
    clauses=("rfc-close-announced",),
    stimuli=("persist:*", "close:*", "response:echo", "response:generator", "failure:raise-call", "cl-sign:plus"),
    hint="Send Connection: close in the last response on a connection.",
    since="0.1",
)
def close_announced(run: ServerRun) -> Outcome:
    """A server that is about to close says ``Connection: close`` in its last response.

    Without it the client sends its next request into the closing connection, and can't know whether it was served (RFC
    9112 sections 9.3 and 9.6).
    """
    seen = False
    for connection in run.connections:
        finals = connection.finals
        if connection.ended != "eof" or not finals or not finals[-1].complete or finals[-1].version != "HTTP/1.1":
            continue
        seen = True
        if not finals[-1].says_close:
            got = ", ".join(finals[-1].header("Connection")) or "no Connection field"
            return broken(run, f"the server closed after a response with {got}", connection, got=got, expected="close")
    return HELD if seen else None


@close_announced.bad
def _() -> ServerRun:
    return one_connection(_get("first"), _ok("first"), calls=[Call("first")], stimulus="close:plain")


@close_announced.good
def _() -> ServerRun:
    return one_connection(_get("first"), _ok("first", _CLOSE), calls=[Call("first")], stimulus="close:plain")


@server_rule(
    id="pipelined-requests-in-order",
    level=Level.ERROR,
    clauses=("rfc-pipeline-order",),
    stimuli=("pipeline:*",),
    hint="Answer requests in the order received, and parse what is left in the buffer before receiving more.",
    since="0.1",
)
def pipelined_requests_in_order(run: ServerRun) -> Outcome:
    """Pipelined requests are answered in the order in which they came, however they are cut into packets.

    A server may close early, but must not answer out of order, skip a request, or lose those that came in the same
    packet (RFC 9112 section 9.3.2).
    """
    labels = list(run.wanted.labels or ())
    finals = run.connection.finals
    if not run.took_place or not finals or not labels:
        return None
    got = [final.label or str(final.status) for final in finals]
    if got != labels[: len(got)]:
        return broken(run, f"the answers came as {', '.join(got)}", got=", ".join(got), expected=", ".join(labels))
    if len(got) == len(labels):
        return HELD if all(final.complete for final in finals) else broken(run, "an answer is incomplete", got="cut")
    if run.connection.closed_by_server:
        # Allowed, but then there was no order to keep unless two were answered.
        return HELD if len(got) > 1 else None
    missing = ", ".join(labels[len(got) :])
    return broken(run, f"no answer came to {missing}", got=", ".join(got), expected=", ".join(labels))


def _pipeline(*labels: str) -> ServerRun:
    asked = ("n1", "n2", "n3")
    return one_connection(
        _get(*asked), *(_ok(label) for label in labels), stimulus="pipeline:one-packet", wanted=Wanted(labels=asked)
    )


@pipelined_requests_in_order.bad
def _() -> ServerRun:
    return _pipeline("n1", "n3", "n2")


@pipelined_requests_in_order.good
def _() -> ServerRun:
    return _pipeline("n1", "n2", "n3")


#: What of environ has to be equal when the same request comes in other packets.
_COMPARED = (
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
)


def _request_variables(call: Call) -> dict[str, str]:
    label = f".{call.label}"
    return {
        name: str(value).replace(label, ".X")
        for name, value in call.environ.items()
        if name in _COMPARED or name.startswith(("HTTP_", "CONTENT_")) or name == "wsgi.url_scheme"
    }


@server_rule(
    id="packets-make-no-difference",
    level=Level.ERROR,
    clauses=("rfc-split-packets",),
    stimuli=("packets:*",),
    hint="Collect bytes until an element is complete; do not take what one recv gives for a unit.",
    since="0.1",
)
def packets_make_no_difference(run: ServerRun) -> Outcome:
    """The same request gives the same environ and body whether it comes whole or byte by byte.

    TCP has no packets that an application could rely on (RFC 9112 section 2.2 reads a stream of octets); one ``recv``
    is not one request.
    """
    whole, split = run.called("whole"), run.called("split")
    if not run.took_place or whole is None or run.answer("whole") is None:
        return None
    answer = run.answer("split")
    if split is None or answer is None or not run.connections[-1].in_time(answer):
        return broken(run, "the request sent byte by byte got no ordinary answer", run.connections[-1], got="no answer")
    if split.body != whole.body:
        got = show(split.body, 60)
        return broken(
            run, f"byte by byte the body became {got}", run.connections[-1], got=got, expected=show(whole.body, 60)
        )
    first, second = _request_variables(whole), _request_variables(split)
    asked = run.connections[-1].bytes_sent.lower()
    if b"\r\ncontent-length:" not in asked and not (first.get("CONTENT_LENGTH") and second.get("CONTENT_LENGTH")):
        # A length may be left out where it is not known yet; the bodies were the same.
        first.pop("CONTENT_LENGTH", None)
        second.pop("CONTENT_LENGTH", None)
    for name in sorted(first.keys() | second.keys()):
        field = name.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1", "replace")
        if name.startswith("HTTP_") and b"\r\n%b:" % field not in asked:
            continue  # the server's own, perhaps a number for each connection
        if first.get(name) != second.get(name):
            got, wanted = show(second.get(name)), show(first.get(name))
            return broken(run, f"byte by byte {name} became {got}", run.connections[-1], got=got, expected=wanted)
    return HELD


def _packets(split: Call) -> ServerRun:
    connections = [Connection(responses=[_ok("whole")]), Connection(responses=[_ok("split")])]
    whole = Call("whole", {"HTTP_X_FIRST": "a, b"}, b"hello")
    return ServerRun("packets:length", "example", connections, [whole, split])


@packets_make_no_difference.bad
def _() -> ServerRun:
    return _packets(Call("split", {"HTTP_X_FIRST": "a, b"}, b"h"))


@packets_make_no_difference.good
def _() -> ServerRun:
    return _packets(Call("split", {"HTTP_X_FIRST": "a, b"}, b"hello"))
