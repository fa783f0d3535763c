"""A server's ``wsgi.errors``, and what it logs by itself."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.server import Call, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "errors"


def _accepts(run: ServerRun, method: str) -> Outcome:
    """Judge that calling *method* of ``wsgi.errors`` doesn't raise."""
    call = run.called("first")
    found = [e for e in call.named("errors") if e["method"] == method] if call is not None else []
    for entry in found:
        if entry["raised"]:
            return broken(run, f"wsgi.errors.{method}() raised {entry['raised']}", got=entry["raised"])
    return HELD if found else None


def _example(method: str, raised: str = "") -> ServerRun:
    return example_run(calls=[example_call(event("errors", method=method, raised=raised))])


@server_rule(
    id="errors-has-write",
    level=Level.ERROR,
    clauses=("errors-write-supported", "errors-text-mode"),
    stimuli=("errors:write",),
    hint="Give wsgi.errors a write(str) method.",
    since="0.1",
)
def errors_has_write(run: ServerRun) -> Outcome:
    """``wsgi.errors`` supports ``write(str)``.

    Servers must support it (PEP 3333, "Input and Error Streams"); it is a text stream, so text with "\\n" as its line
    end is what it takes.
    """
    return _accepts(run, "write")


@errors_has_write.bad
def _() -> ServerRun:
    return _example("write", "TypeError: a bytes-like object is required")


@errors_has_write.good
def _() -> ServerRun:
    return _example("write")


@server_rule(
    id="errors-has-flush",
    level=Level.ERROR,
    clauses=("errors-flush-supported", "errors-flush-noop-may"),
    stimuli=("errors:write",),
    hint="Give wsgi.errors a flush() method; it may do nothing when nothing is buffered.",
    since="0.1",
)
def errors_has_flush(run: ServerRun) -> Outcome:
    """``wsgi.errors`` supports ``flush()``.

    Servers must support it (PEP 3333, "Input and Error Streams"), if only to do nothing.
    """
    return _accepts(run, "flush")


@errors_has_flush.bad
def _() -> ServerRun:
    return _example("flush", "AttributeError: flush")


@errors_has_flush.good
def _() -> ServerRun:
    return _example("flush")


@server_rule(
    id="errors-has-writelines",
    level=Level.ERROR,
    clauses=("errors-writelines-supported",),
    stimuli=("errors:writelines",),
    hint="Give wsgi.errors a writelines() method that takes any iterable of strings.",
    since="0.1",
)
def errors_has_writelines(run: ServerRun) -> Outcome:
    """``wsgi.errors`` supports ``writelines()``, of a list as of a generator.

    Servers must support it (PEP 3333, "Input and Error Streams"), and code that reports several lines at once uses it.
    """
    return _accepts(run, "writelines")


@errors_has_writelines.bad
def _() -> ServerRun:
    return _example("writelines", "AttributeError: writelines")


@errors_has_writelines.good
def _() -> ServerRun:
    return _example("writelines")


@server_rule(
    id="errors-accepts-any-text",
    level=Level.WARNING,
    clauses=("errors-unicode",),
    stimuli=("errors:unicode",),
    hint="Give the log stream an error handler such as backslashreplace.",
    since="0.1",
)
def errors_accepts_any_text(run: ServerRun) -> Outcome:
    """``wsgi.errors`` accepts any text without raising.

    It "should accept and log arbitrary unicode without raising an error", substituting what its encoding cannot render
    (PEP 3333, "environ Variables"): a log line must not bring down the response.
    """
    return _accepts(run, "write")


@errors_accepts_any_text.bad
def _() -> ServerRun:
    return _example("write", "UnicodeEncodeError: surrogates not allowed")


@errors_accepts_any_text.good
def _() -> ServerRun:
    return _example("write")


@server_rule(
    id="errors-flush-reaches-log",
    level=Level.ERROR,
    clauses=("errors-flush-effective",),
    stimuli=("errors:write",),
    hint="Hand flush() on to the stream below.",
    since="0.1",
)
def errors_flush_reaches_log(run: ServerRun) -> Outcome:
    """After ``flush()``, what was written to ``wsgi.errors`` is in the log.

    An application may flush before it starts something dangerous (PEP 3333, "Input and Error Streams": portable
    applications call ``flush()`` to be sure). Judged only where the text turns up in the captured log at all.
    """
    call = run.called("first")
    if call is None or not call.named("gate") or f"probe-errors written {_marker(run, call)}" not in run.output:
        return None
    if "AwaitProbe" in run.connection.skipped:
        return broken(run, "flush() returned, but the text came to the log only when the response was over")
    return HELD


def _marker(run: ServerRun, call: Call) -> str:
    return f"{run.token}.{call.label}"


@errors_flush_reaches_log.bad
def _() -> ServerRun:
    call = example_call(event("gate", name="flushed"))
    return example_run(calls=[call], output="probe-errors written t.first\n", token="t", skipped=["AwaitProbe"])


@errors_flush_reaches_log.good
def _() -> ServerRun:
    call = example_call(event("gate", name="flushed"))
    return example_run(calls=[call], output="probe-errors written t.first\n", token="t")


@server_rule(
    id="errors-writelines-verbatim",
    level=Level.ERROR,
    clauses=("errors-writelines-semantics",),
    stimuli=("errors:writelines",),
    hint="Write each string as it is, one after the other.",
    since="0.1",
)
def errors_writelines_verbatim(run: ServerRun) -> Outcome:
    """``writelines()`` writes the strings in order, and adds no line ends.

    That is its meaning in the library reference that PEP 3333, "Input and Error Streams", refers to. Judged only where
    the text turns up in the captured log at all.
    """
    call = run.called("first")
    if call is None or not call.named("errors") or "probe-errors one;" not in run.output:
        return None
    mark = _marker(run, call)
    # Each string begins with a text of its own, so that what stands between two of them shows.
    got = run.output[run.output.index("probe-errors one;") :]
    wanted = f"probe-errors one; {mark}probe-errors two; {mark}"
    if not got.startswith(wanted):
        return broken(run, "writelines() changed or separated its strings", got=repr(got[:120]), expected=repr(wanted))
    return HELD


@errors_writelines_verbatim.bad
def _() -> ServerRun:
    call = example_call(event("errors", method="writelines", raised=""))
    return example_run(calls=[call], token="t", output="probe-errors one; t.first\nprobe-errors two; t.first\n")


@errors_writelines_verbatim.good
def _() -> ServerRun:
    call = example_call(event("errors", method="writelines", raised=""))
    return example_run(calls=[call], token="t", output="probe-errors one; t.firstprobe-errors two; t.first")


@server_rule(
    id="app-errors-are-logged",
    level=Level.WARNING,
    clauses=("exc-server-logs",),
    stimuli=("raise:call", "raise:step"),
    hint="Write the traceback of an exception that left the application to the log.",
    since="0.1",
)
def app_errors_are_logged(run: ServerRun) -> Outcome:
    """An exception that leaves the application is logged.

    A server should trap and log it (PEP 3333, "Error Handling"), since it is the only one that can. Judged only where
    text that the application wrote to ``wsgi.errors`` turns up in the captured log.
    """
    call = run.called("first")
    if call is None or not call.named("raise"):
        return None
    mark = _marker(run, call)
    if f"probe-errors log-works {mark}" not in run.output:
        return None
    if f"probe-raised {mark}" not in run.output:
        return broken(run, "the application's exception is nowhere in the server's output")
    return HELD


@app_errors_are_logged.bad
def _() -> ServerRun:
    call = example_call(event("raise", error="ProbeError: x", phase="call"))
    return example_run(calls=[call], token="t", output="probe-errors log-works t.first\n")


@app_errors_are_logged.good
def _() -> ServerRun:
    call = example_call(event("raise", error="ProbeError: x", phase="call"))
    output = "probe-errors log-works t.first\nTraceback:\nProbeError: probe-raised t.first\n"
    return example_run(calls=[call], token="t", output=output)


@server_rule(
    id="short-body-is-logged",
    level=Level.WARNING,
    clauses=("length-short-log",),
    stimuli=("short:pipelined",),
    hint="Log it when an application gives fewer bytes than its Content-Length.",
    since="0.1",
)
def short_body_is_logged(run: ServerRun) -> Outcome:
    """A body shorter than its Content-Length is logged or otherwise reported.

    The client gets a broken response, and a server should say so (PEP 3333, "Handling the Content-Length Header").
    Access log lines, which name the request, do not count. Judged only where the log can be captured.
    """
    call = run.called("first")
    if call is None or f"probe-errors log-works {_marker(run, call)}" not in run.output:
        return None
    lines = [line for line in run.output.splitlines() if line.strip()]
    if not any("probe-errors log-works" not in line and "/probe/" not in line for line in lines):
        return broken(run, "an application gave 8 of 100 bytes, and the server said nothing of it")
    return HELD


@short_body_is_logged.bad
def _() -> ServerRun:
    output = 'probe-errors log-works t.first\n"GET /probe/short-logged/t.first HTTP/1.1" 200\n'
    return example_run(calls=[example_call()], token="t", output=output)


@short_body_is_logged.good
def _() -> ServerRun:
    output = "probe-errors log-works t.first\nthe app gave 8 of 100 bytes\n"
    return example_run(calls=[example_call()], token="t", output=output)
