"""Exchange rules: request bodies that come in odd ways, files, and header lists."""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun, ExchangeRecord
from ..registry import app_rule
from .compare import compare, outcome_of, parts_of

SECTION = "input"


@app_rule(
    id="readlines-hint-optional",
    level=Level.WARNING,
    clauses=("input-app-readlines-hint",),
    stimuli=("readlines-hint",),
    hint="Take as many lines as come: all of them, or as many as the hint suggests.",
    since="0.1",
)
def readlines_hint_optional(run: AppRun) -> Outcome:
    """The answer is the same whether the server honours the hint of readlines() or not.

    PEP 3333, "Input and Error Streams", leaves both sides free: the application need not give a hint, and the server
    need not look at it.
    """
    if not any(record.facts.get("hints") for record in run.exchanges):
        return None
    return compare(run, "honoured", "ignored", "the server ignores the hint of readlines()")


@readlines_hint_optional.bad
def _(environ, start_response):
    lines = environ["wsgi.input"].readlines(1000)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"".join(lines)]


@readlines_hint_optional.good
def _(environ, start_response):
    body = []
    while lines := environ["wsgi.input"].readlines(1000):
        body += lines
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"".join(body)]


@app_rule(
    id="body-read-in-pieces",
    level=Level.ADVICE,
    clauses=(),  # read() is documented to fill up; that many servers' read() doesn't binds nobody
    stimuli=("input-in-pieces",),
    hint="Read in a loop until as many bytes as CONTENT_LENGTH says have come.",
    since="0.1",
)
def body_read_in_pieces(run: AppRun) -> Outcome:
    """A request body is understood although read() gives less than it was asked for.

    Servers that hand a socket's bytes through give what has arrived. PEP 3333, "Input and Error Streams", refers to the
    library's read(), which fills up, so that is the server's fault; a loop makes the application safe from it.
    """
    outcome: Outcome = None
    for label in run.labels("1 at") + run.labels("7 at"):
        one = compare(run, "whole", label, "read() gives less than it was asked for")
        if one:
            return one
        outcome = one if one is not None else outcome
    return outcome


@body_read_in_pieces.bad
def _(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"got ", body]


@body_read_in_pieces.good
def _(environ, start_response):
    left, body = int(environ.get("CONTENT_LENGTH") or 0), b""
    while left > 0 and (piece := environ["wsgi.input"].read(left)):
        body += piece
        left -= len(piece)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"got ", body]


@app_rule(
    id="file-wrapper-not-required",
    section="file-wrapper",
    level=Level.ERROR,
    clauses=("file-app-fallback", "file-app-may-use"),
    stimuli=("file-wrapper",),
    hint='Write wrapper = environ.get("wsgi.file_wrapper", FileWrapper), with wsgiref.util.FileWrapper.',
    since="0.1",
)
def file_wrapper_not_required(run: AppRun) -> Outcome:
    """An application that uses wsgi.file_wrapper sends the same where there is none.

    Servers may offer it, and applications may use it then (PEP 3333, "Optional Platform-Specific File Handling"). A
    server without it has to get the same response by other means.
    """
    if not run.facts.get("wrapped"):
        return None
    parts = ("outcome", "status", "body", "content-type")
    return compare(run, "with", "without", "wsgi.file_wrapper is absent", parts)


@file_wrapper_not_required.bad
def _(environ, start_response):
    from io import BytesIO

    start_response("200 OK", [("Content-Type", "text/plain")])
    return environ["wsgi.file_wrapper"](BytesIO(b"a file"))


@file_wrapper_not_required.good
def _(environ, start_response):
    from io import BytesIO

    class FileWrapper:
        def __init__(self, file, block_size=8192):
            self.file, self.block_size = file, block_size

        def __iter__(self):
            return iter(lambda: self.file.read(self.block_size), b"")

    start_response("200 OK", [("Content-Type", "text/plain")])
    return environ.get("wsgi.file_wrapper", FileWrapper)(BytesIO(b"a file"))


@app_rule(
    id="header-list-made-anew",
    section="headers",
    level=Level.ERROR,
    clauses=("header-list-not-shared",),
    stimuli=("header-list-taken",),
    hint="Pass a new list each time: list(headers).",
    since="0.1",
)
def header_list_made_anew(run: AppRun) -> Outcome:
    """Each response has a header list of its own.

    The server may change the list that it was given (PEP 3333, "The start_response() Callable"). A list that is kept
    and passed again carries one response's fields, Set-Cookie among them, into the next.
    """
    records = [record for label in ("first", "second", "third") for record in run.labelled(label)]
    if len(records) < 3 or not records[0].headers or any(outcome_of(record) != "answered" for record in records[:1]):
        return None
    for record in records[1:]:
        if any(name == "X-Wsgiconform-Marker" for name, _ in record.headers):
            return fault(
                "the server's changes to the first response's header list came back in the next response",
                got="the list of the first response",
                expected="a new list",
                location=record.start_location,
                exchange=record.label,
            )
    return HELD


@header_list_made_anew.bad
def _():
    headers = [("Content-Type", "text/plain")]

    def app(environ, start_response):
        start_response("200 OK", headers)
        return [b"hello"]

    return app


@header_list_made_anew.good
def _():
    headers = [("Content-Type", "text/plain")]

    def app(environ, start_response):
        start_response("200 OK", list(headers))
        return [b"hello"]

    return app


@app_rule(
    id="closed-early-safely",
    section="close",
    level=Level.WARNING,
    clauses=("close-app-early-safe",),
    stimuli=("cut-short",),
    hint="Put cleaning up into close(), or into finally: around yield; and don't count on the last item.",
    since="0.1",
)
def closed_early_safely(run: AppRun) -> Outcome:
    """A response that is closed before its end does no harm.

    The client may go at any time, and a HEAD may never be iterated over; then the server calls close() (PEP 3333,
    "Specification Details"). It must not raise, and the next request must find the application in working order.
    """
    whole = run.exchange("whole")
    if whole is None or outcome_of(whole) != "answered":
        return None
    exercised = False
    for cut, after in (("cut after one", "after the first cut"), ("cut before any", "after the second cut")):
        record, following = run.exchange(cut), run.exchange(after)
        if record is None or following is None or not record.stopped_early:
            continue
        exercised = exercised or whole.chunks > 1 or record.closed
        if record.error is not None and record.error.phase == "close":
            return fault(
                f"close() raised {record.error.type} when the response was {cut}",
                got=f"{record.error.type}: {record.error.message}",
                location=record.error.location,
                exchange=cut,
            )
        if outcome_of(following) != "answered" or _lost(whole, following):
            how = outcome_of(following)
            return fault(
                f"after a response that was {cut}, the next request {how if how != 'answered' else 'lost its body'}",
                got=how,
                location=following.error.location if following.error is not None else following.start_location,
                exchange=after,
            )
    return HELD if exercised else None


def _lost(whole: ExchangeRecord, following: ExchangeRecord) -> bool:
    return whole.size > 0 and following.size == 0 and parts_of(whole)["status"] == parts_of(following)["status"]


@closed_early_safely.bad
def _():
    busy: list[int] = []

    def app(environ, start_response):
        if busy:
            raise RuntimeError("the last response did not end")
        busy.append(1)
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"hello "
        yield b"world"
        busy.pop()

    return app


@closed_early_safely.good
def _():
    busy: list[int] = []

    def app(environ, start_response):
        if busy:
            raise RuntimeError("the last response did not end")
        busy.append(1)
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            yield b"hello "
            yield b"world"
        finally:
            busy.pop()

    return app
