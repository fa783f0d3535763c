"""What PEP 3333 says of HTTP features that are the server's to handle."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun
from ...registry import server_rule
from ..agreed_bytes import VERBATIM
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "http"

#: Status line that each behaviour gives, by the stimulus.
STATUS_LINES = {
    "status:201": (201, "Created"),
    "status:299": (299, "Wholly Custom"),
    "status:404": (404, "Not Found"),
    "status:422": (422, "Odd but Legal: reason (probe)"),
    "status:503": (503, "Service Unavailable"),
}


@server_rule(
    id="status-sent-verbatim",
    level=Level.WARNING,
    clauses=("http-status-verbatim",),
    stimuli=tuple(STATUS_LINES),
    hint="Send the status string as the application gave it.",
    since="0.1",
)
def status_sent_verbatim(run: ServerRun) -> Outcome:
    """The status line carries the application's code and reason phrase.

    The server should leave the responses of applications as they are (PEP 3333, "Other HTTP Features": applications are
    in complete control). A reason phrase that the server knows better is not the one that was given.
    """
    response = run.first_final
    if run.called("first") is None or response is None:
        return None
    wanted = STATUS_LINES.get(run.stimulus, (200, "OK"))
    if (response.status, response.reason) != wanted:
        got = f"{response.status} {response.reason}"
        return broken(run, f"the status arrived as {show(got)}", got=show(got), expected=f"{wanted[0]} {wanted[1]}")
    return HELD


def _answered(stimulus: str, *responses: Response) -> ServerRun:
    run = example_run(*responses, calls=[example_call()])
    run.stimulus = stimulus
    return run


@status_sent_verbatim.bad
def _() -> ServerRun:
    return _answered("status:299", Response(299, reason="Unknown"))


@status_sent_verbatim.good
def _() -> ServerRun:
    return _answered("status:299", Response(299, reason="Wholly Custom"))


@server_rule(
    id="headers-sent-verbatim",
    level=Level.WARNING,
    clauses=("http-headers-verbatim",),
    stimuli=("header:verbatim",),
    hint="Send every header the application gave, with its value, in its order; join and drop none.",
    since="0.1",
)
def headers_sent_verbatim(run: ServerRun) -> Outcome:
    """The application's headers arrive with their repetitions, values and order per name.

    The server should leave them as they are (PEP 3333, "Other HTTP Features"). Several Set-Cookie headers that are
    joined are cookies lost. Names may change their case.
    """
    response = run.first_final
    if run.called("first") is None or response is None or response.status != 200:
        return None
    for name in dict.fromkeys(name for name, _ in VERBATIM):
        wanted = [value for key, value in VERBATIM if key == name]
        got = response.header(name)
        if got != wanted:
            return broken(run, f"{name} arrived as {show(got)}", got=show(got), expected=show(wanted))
    return HELD


@headers_sent_verbatim.bad
def _() -> ServerRun:
    return example_run(Response(200, VERBATIM[1:]), calls=[example_call()])


@headers_sent_verbatim.good
def _() -> ServerRun:
    return example_run(Response(200, list(VERBATIM)), calls=[example_call()])


@server_rule(
    id="response-meaning-kept",
    level=Level.WARNING,
    clauses=("http-semantics-preserved",),
    stimuli=tuple(STATUS_LINES),
    hint="Whatever the status, send the application's headers and body.",
    since="0.1",
)
def response_meaning_kept(run: ServerRun) -> Outcome:
    """Headers and body of a response arrive whatever its status.

    What a server changes must not alter the meaning of the response (PEP 3333, "Other HTTP Features"). A server that
    puts error pages of its own in the place of a 404 or 503 takes away the application's.
    """
    response = run.first_final
    if run.called("first") is None or response is None:
        return None
    wanted = b"ok " + f"{run.token}.first".encode() + b"\n"
    if response.body != wanted or response.header("X-Kept") != ["kept"] or not response.complete:
        got = f"{response.status} {show(response.body)}, X-Kept {response.header('X-Kept')}"
        return broken(run, f"the response arrived as {got}", got=got, expected=show(wanted))
    return HELD


@response_meaning_kept.bad
def _() -> ServerRun:
    return _answered("status:503", Response(503, body=b"<h1>503</h1>"))


@response_meaning_kept.good
def _() -> ServerRun:
    return _answered("status:503", Response(503, [("X-Kept", "kept")], body=b"ok .first\n"))


@server_rule(
    id="connection-header-obeyed",
    level=Level.ERROR,
    clauses=("http-server-handles-connection",),
    stimuli=("close:plain", "persist:length"),
    hint="Act on the Connection header in the server; the application must not have to know of it.",
    since="0.1",
)
def connection_header_obeyed(run: ServerRun) -> Outcome:
    """The server acts on ``Connection: close`` itself.

    A server must handle any supported inbound hop-by-hop headers on its own (PEP 3333, "Other HTTP Features"). After a
    request that says close, no second one is served; a last request that says it ends the connection.
    """
    if run.called("first") is None or not run.connection.finals:
        return None
    asked_first = b"connection: close\r\n" in run.connection.bytes_sent.partition(b"\r\n\r\n")[0].lower() + b"\r\n"
    if asked_first and run.called("next") is not None:
        return broken(run, "after Connection: close, the next request on the connection was served")
    if not asked_first and run.called("next") is None:
        return None  # the request that asks for it was never read
    if run.connection.ended in ("open", "eof-late", "reset-late"):
        return broken(run, "the connection stayed open after Connection: close", got=run.connection.ended)
    return HELD


_CLOSES = b"GET /probe/echo/t.first HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n"


@connection_header_obeyed.bad
def _() -> ServerRun:
    return example_run(Response(200), sent=_CLOSES, calls=[example_call()], ended="open")


@connection_header_obeyed.good
def _() -> ServerRun:
    return example_run(Response(200), sent=_CLOSES, calls=[example_call()], ended="eof")


# -- 100 Continue


@server_rule(
    id="expect-continue-supported",
    level=Level.ERROR,
    clauses=("http-expect-supported", "http-expect-final-may", "http-expect-10-exempt"),
    stimuli=("continue:read",),
    hint="Send 100 Continue before, or when, the application first reads.",
    since="0.1",
)
def expect_continue_supported(run: ServerRun) -> Outcome:
    """A client that waits for 100 Continue is served.

    HTTP/1.1 servers must provide transparent support for the expect/continue mechanism (PEP 3333, "HTTP 1.1
    Expect/Continue"): by a 100 at once, by a 100 on the first read, or by a final status without reading.
    """
    if not run.connection.responses:
        return None
    response = run.first_final
    if response is None:
        return broken(run, "after Expect: 100-continue, no final response came", got=run.connection.ended)
    if response.version == "HTTP/1.0":
        return None
    call = run.called("first")
    if response.status < 400 and call is not None and not call.body.startswith(b"hello"):
        return broken(run, f"the body that was sent after 100 Continue reached the app as {show(call.body)}")
    return HELD


def _expecting(call: Call, *responses: Response, skipped: tuple[str, ...] = ()) -> ServerRun:
    return example_run(*responses, calls=[call], skipped=list(skipped))


def _with_body(body: bytes) -> Call:
    call = example_call()
    call.body = body
    return call


@expect_continue_supported.bad
def _() -> ServerRun:
    return _expecting(_with_body(b""), Response(100, reason="Continue", framing="none"), Response(200))


@expect_continue_supported.good
def _() -> ServerRun:
    return _expecting(_with_body(b"hello"), Response(100, reason="Continue", framing="none"), Response(200))


@server_rule(
    id="read-after-continue-waits",
    level=Level.ERROR,
    clauses=("http-expect-read-blocks",),
    stimuli=("continue:read",),
    hint="After sending the 100, wait for the client's data before returning from read().",
    since="0.1",
)
def read_after_continue_waits(run: ServerRun) -> Outcome:
    """A read that sends 100 Continue returns the data that comes after it.

    A server that sends the 100 on the first read must keep the read blocked until the client's data comes (PEP 3333,
    "HTTP 1.1 Expect/Continue"). An empty result means the end of the body.
    """
    call = run.called("first")
    if call is None or not run.connection.interims or not call.named("read"):
        return None
    found = call.named("read")[0]
    if not found["raised"] and not found["size"]:
        return broken(run, "the first read returned nothing although the client sent its body after the 100")
    return HELD


def _first_read(size: int) -> Call:
    return example_call(event("read", method="read", args=[5], raised="", type="bytes", size=size, data="hello"[:size]))


@read_after_continue_waits.bad
def _() -> ServerRun:
    return _expecting(_first_read(0), Response(100, framing="none"), Response(200))


@read_after_continue_waits.good
def _() -> ServerRun:
    return _expecting(_first_read(5), Response(100, framing="none"), Response(200))


@server_rule(
    id="expecting-client-not-left-waiting",
    level=Level.WARNING,
    clauses=("http-expect-not-wait",),
    stimuli=("continue:read", "continue:drain"),
    hint="Answer the expectation; do not wait for the client to send unasked.",
    since="0.1",
)
def expecting_client_not_left_waiting(run: ServerRun) -> Outcome:
    """A client that waits for 100 Continue gets some answer.

    A server should not just wait for the client to give up waiting (PEP 3333, "HTTP 1.1 Expect/Continue", calls that
    the third, not recommended, way). The client here sends nothing before it has an answer.
    """
    responses = run.connection.responses
    if not responses or responses[-1].version == "HTTP/1.0":
        return None
    if "AwaitInterim" in run.connection.skipped:
        return broken(run, "the server said nothing until the client sent its body unasked", got="silence")
    return HELD


@expecting_client_not_left_waiting.bad
def _() -> ServerRun:
    return _expecting(_with_body(b"hello"), Response(200), skipped=("AwaitInterim",))


@expecting_client_not_left_waiting.good
def _() -> ServerRun:
    return _expecting(_with_body(b"hello"), Response(100, framing="none"), Response(200))


# -- what a server may do on its own, done right


@server_rule(
    id="own-304-and-206-right",
    level=Level.WARNING,
    clauses=("http-cache-validation-may", "http-range-may"),
    stimuli=("header:conditional", "header:range"),
    hint="Answer 304 only when the validators match, and 206 only with the bytes of the range.",
    since="0.1",
)
def own_304_and_206_right(run: ServerRun) -> Outcome:
    """A server that answers conditional or range requests itself answers them right.

    A server may do so (PEP 3333, "Other HTTP Features"), as long as what arrives is what the application's response
    stands for. Here the application answers 200 with an ETag that the request names.
    """
    response = run.first_final
    if run.called("first") is None or response is None:
        return None
    line = b"ok " + f"{run.token}.first".encode() + b"\n"
    if response.status == 304 and run.stimulus == "header:conditional":
        return broken(run, "the 304 carries a body", got=show(response.body)) if response.body else HELD
    if response.status == 206 and run.stimulus == "header:range":
        return HELD if response.body == line[3:6] else broken(run, f"the 206 carries {show(response.body)}")
    if response.status != 200 or response.body != line:
        return broken(run, f"the application's 200 arrived as {response.status} {show(response.body)}")
    return HELD


@own_304_and_206_right.bad
def _() -> ServerRun:
    return _answered("header:range", Response(206, body=b"ok "))


@own_304_and_206_right.good
def _() -> ServerRun:
    return _answered("header:range", Response(200, body=b"ok .first\n"))
