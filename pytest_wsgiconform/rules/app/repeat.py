"""Exchange rules: the application can be called again, at once, and in several threads."""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun, ExchangeRecord
from ..registry import app_rule
from .compare import compare, outcome_of, steady

SECTION = "call"


def _answered(record: ExchangeRecord) -> bool:
    return outcome_of(record) == "answered"


def _worse_than_first(records: list[ExchangeRecord], again: str) -> Outcome:
    """Judge that what was answered at first is answered each time."""
    if len(records) < 2 or not _answered(records[0]):
        return None
    for number, record in enumerate(records[1:], start=2):
        if not _answered(record):
            how = outcome_of(record)
            where = record.error.location if record.error is not None else records[0].start_location
            return fault(
                f"the first request was answered, request {number} {again}{how}",
                got=how,
                expected="a complete response each time",
                location=where,
            )
    return HELD


@app_rule(
    id="app-called-again",
    level=Level.ERROR,
    clauses=("call-app-repeatable",),
    stimuli=("repeat", "get"),
    hint="Keep nothing of a request in the application object; make a new iterable for each call.",
    since="0.1",
)
def app_called_again(run: AppRun) -> Outcome:
    """The application answers when it is called again.

    Virtually every server calls one application object for request after request (PEP 3333, "The Application/Framework
    Side"). An application that returns the same iterator twice sends its body once, and an empty one ever after.
    """
    records = [record for label in ("get", "first", "second", "third") for record in run.labelled(label)]
    outcome = _worse_than_first(records, "")
    if outcome is not HELD:
        return outcome
    for record in records[1:]:
        if record.facts.get("same_iterator"):
            return fault(
                "two calls returned the same iterator, which was used up by the first",
                expected="a new iterable for each call",
                location=record.start_location,
            )
    return HELD


@app_called_again.bad
def _():
    parts = iter([b"hello ", b"world"])

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return parts

    return app


@app_called_again.good
def _():
    parts = [b"hello ", b"world"]

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter(parts)

    return app


@app_rule(
    id="body-comes-each-time",
    level=Level.WARNING,
    clauses=("call-app-repeatable",),
    stimuli=("repeat", "get"),
    hint="Look for a file, generator or buffer that is made once and read by every response.",
    since="0.1",
)
def body_comes_each_time(run: AppRun) -> Outcome:
    """A body that came for the first of three equal requests comes for the others.

    The same object has to serve any number of requests (PEP 3333, "The Application/Framework Side"). When the same
    status and fields come with an empty body from the second time on, some source was most likely read to its end.
    """
    records = [record for label in ("get", "first", "second", "third") for record in run.labelled(label)]
    if len(records) < 3 or not all(map(_answered, records)) or not records[0].size:
        return None
    if records[0].method == "HEAD" or not steady(records).get("status", "").startswith("2"):
        return None
    if not any(record.size for record in records[1:]):
        return fault(
            f"the first response had a body of {records[0].size} bytes, the next two had none",
            got="an empty body",
            expected="the body each time",
            location=records[1].start_location,
        )
    return HELD


@body_comes_each_time.bad
def _():
    lines = iter([b"one\n", b"two\n"])

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield from lines

    return app


@body_comes_each_time.good
def _():
    lines = [b"one\n", b"two\n"]

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield from lines

    return app


@app_rule(
    id="run-once-not-relied-on",
    section="environ",
    level=Level.WARNING,
    clauses=("env-run-once-no-guarantee",),
    stimuli=("run-once",),
    hint="Clean up per request, whatever wsgi.run_once says; leave the end of the process to atexit.",
    since="0.1",
)
def run_once_not_relied_on(run: AppRun) -> Outcome:
    """An application answers again although wsgi.run_once was true.

    The flag says what the server expects, not what it promises (PEP 3333, "environ Variables"): an application that
    closes its database for good after such a request fails the next one.
    """
    return _worse_than_first(run.exchanges, "(with wsgi.run_once true) ")


@run_once_not_relied_on.bad
def _():
    store = {"page": b"hello"}

    def app(environ, start_response):
        page = store["page"]
        if environ["wsgi.run_once"]:
            store.clear()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [page]

    return app


@run_once_not_relied_on.good
def _():
    store = {"page": b"hello"}

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [store["page"]]

    return app


@app_rule(
    id="requests-kept-apart",
    level=Level.ERROR,
    clauses=("call-app-repeatable",),
    stimuli=("interleaved", "threads"),
    hint="Keep a request's data in local variables, in environ or in thread-local and context-local storage.",
    since="0.1",
)
def requests_kept_apart(run: AppRun) -> Outcome:
    """A request's answer is the same whether or not another request is going on at that time.

    Servers with wsgi.multithread true call the application again before it is done (PEP 3333, "environ Variables"), and
    take the items of several responses in turn. Data kept on the application object ends up in the wrong response: the
    most dangerous fault that a web application can have.
    """
    exercised = False
    for label in run.labels("together "):
        together = run.labelled(label)
        alone = run.labelled(label.replace("together", "alone"))
        base = steady(alone)
        if len(alone) < 2 or base.get("outcome") != "answered" or "body" not in base or "status" not in base:
            continue
        exercised = True
        for record in together:
            outcome = outcome_of(record)
            if outcome != "answered":
                return _mixed(label, f"it {outcome}", record)
            if str(record.code) != base["status"] or steady([record])["body"] != base["body"]:
                return _mixed(label, f"{record.status}, {record.size} bytes, not what comes when it is alone", record)
    return HELD if exercised else None


def _mixed(label: str, what: str, record: ExchangeRecord) -> Outcome:
    return fault(
        f"with another request going on at the same time: {what}",
        got=what,
        expected="the same answer as when it is alone",
        location=record.error.location if record.error is not None else record.start_location,
        exchange=label,
    )


@requests_kept_apart.bad
def _():
    current = {}

    def app(environ, start_response):
        current["query"] = environ["QUERY_STRING"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"you asked for "
        yield current["query"].encode("latin-1")

    return app


@requests_kept_apart.good
def _():
    def app(environ, start_response):
        query = environ["QUERY_STRING"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"you asked for "
        yield query.encode("latin-1")

    return app


@app_rule(
    id="works-inside-middleware",
    section="middleware",
    level=Level.WARNING,
    clauses=("mw-transparent",),
    stimuli=("wrapped",),
    hint="Rely on nothing but the calls that PEP 3333 describes; a server's own objects may be wrapped.",
    since="0.1",
)
def works_inside_middleware(run: AppRun) -> Outcome:
    """The application answers the same behind a middleware that does nothing.

    PEP 3333, "Middleware: Components that Play Both Sides", wants middleware to work without special support. An
    application that looks for the server's own start_response, or counts on being the outermost, breaks that.
    """
    if not run.facts.get("wrapped_calls"):
        return None
    return compare(run, "plain", "wrapped", "a middleware that does nothing is put around the application")


@works_inside_middleware.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"direct" if type(start_response).__name__ == "StartResponse" else b"wrapped"]


@works_inside_middleware.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"direct"]
