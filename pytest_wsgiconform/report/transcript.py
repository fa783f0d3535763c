"""A rule's examples as a person can read them: a program as its source, a run as a transcript.

The examples of most rules on apps and middleware are programs. Those of a rule on servers are runs written by hand:
what the client sent, what the server answered, what the app inside saw. Their source says little to an author of a
server, so the run itself is printed, with the marks of :mod:`.wire_text`.
"""

from __future__ import annotations

import http
import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..observe.wire import Script
from ..rules.display import clean, show
from ..rules.model import Rule
from ..rules.records.app import AppRun, ExchangeRecord
from ..rules.records.server import Call, Connection, Response, Sent, ServerRun
from ..stimuli.server.model import Setting, chosen
from .probe_events import event_lines
from .wire_text import marked, script_lines

_STEPS = {
    "half-close": "the client stops sending, and goes on receiving",
    "reset": "the client resets the connection",
    "close": "the client closes the connection",
}

_ENDS = {
    "eof": "the server closed the connection",
    "reset": "the server reset the connection",
    "eof-late": "the server closed the connection only after the client had given up waiting and stopped sending",
    "reset-late": "the server reset the connection only after the client had given up waiting and stopped sending",
    "open": "the connection was still open when the client gave up",
    "client": "the client closed the connection",
    "refused": "no connection was made",
}

_GIVEN_UP = {
    "AwaitFinal": "the client waited for an answer",
    "AwaitInterim": "the client waited for a 100 Continue or an answer",
    "AwaitBytes": "the client waited for those bytes",
    "AwaitProbe": "the client waited for the app",
}

_PHASES = {
    "call": "when it was called",
    "iter": "when iter() was called on what it returned",
    "next": "while it was iterated",
    "close": "in close()",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An example as it is printed.

    :param title: what it is, ``"A server that breaks it"``. :param text: its lines.
    :param language: of *text*, ``"python"`` or ``"text"``.
    """

    title: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """What an example does not say, because its rule does not look there.

    :param stimulus: id of the stimulus whose requests stand for those that are not written down; ``""`` when they are.
    :param scripts: that stimulus's, one per connection.
    :param answer: nothing is said about the answer. :param calls: likewise about what the app saw.
    """

    stimulus: str = ""
    scripts: Sequence[Script] = ()
    answer: bool = False
    calls: bool = False


#: A run that was really played says everything.
NOTHING = LeftOpen()


def example(rule: Rule, which: str) -> Shown:
    """Return the ``"bad"`` or ``"good"`` example of *rule*.

    :raises LookupError: when it has none.
    """
    verb = "breaks" if which == "bad" else "keeps"
    run = hand_written_run(rule, which)
    if isinstance(run, ServerRun):
        twin = hand_written_run(rule, "good" if which == "bad" else "bad")
        text = server_transcript(run, left_open(rule, [run, twin] if isinstance(twin, ServerRun) else [run]))
        return Shown(f"A server that {verb} it", "\n".join(text), "text")
    if isinstance(run, AppRun):
        return Shown(f"An app that {verb} it", "\n".join(app_transcript(run)), "text")
    return Shown(f"A program that {verb} it", rule.example_source(which), "python")


def hand_written_run(rule: Rule, which: str) -> Any:
    """Return the run that the example makes, ``None`` when it is a program.

    An example without parameters returns a run or makes an app, see :class:`~pytest_wsgiconform.rules.model.Rule`.
    """
    make = rule.bad_example if which == "bad" else rule.good_example
    if make is None or rule.on or inspect.signature(make).parameters:
        return None
    made = make()
    return None if callable(made) else made


# -- runs of servers


def left_open(rule: Rule, runs: Sequence[ServerRun]) -> LeftOpen:
    """Return what the examples of *rule* leave open: what none of *runs*, its bad and its good one, says."""
    connections = [connection for run in runs for connection in run.connections]
    stimulus = None if any(connection.sent for connection in connections) else chosen(rule.stimuli)[0]
    return LeftOpen(
        stimulus=stimulus.id if stimulus else "",
        scripts=stimulus.scripts(Setting("127.0.0.1:8000")) if stimulus else (),
        answer=not any(c.responses or c.received or c.stray for c in connections),
        calls=not any(run.calls for run in runs),
    )


def server_transcript(run: ServerRun, open_: LeftOpen = NOTHING) -> list[str]:
    """Return *run* in blocks: what was sent, what the server answered, what the app saw, what the server printed.

    :param open_: what the run leaves open.
    """
    lines: list[str] = []
    for number, connection in enumerate(run.connections):
        which = f" (connection {number + 1})" if len(run.connections) > 1 else ""
        script = open_.scripts[number] if number < len(open_.scripts) else None
        lines += [f"sent{which}:", *_indented(_sent(connection.sent) if script is None else _played(open_, script))]
        lines += [f"the server answered{which}:", *_indented(_answered(connection, open_.answer))]
    if not run.alive:
        lines += ["afterwards:", *_indented(["* the server served no further request"])]
    lines += ["the app saw:", *_indented(_seen(run, open_.calls))]
    if run.output:
        lines += ["the server printed:", *_indented(marked("<", run.output.encode("utf-8", "backslashreplace")))]
    return lines


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _played(open_: LeftOpen, script: Script) -> Iterator[str]:
    yield f"* as the stimulus {open_.stimulus} does"
    yield from script_lines(script)


def _sent(steps: Sequence[Sent]) -> Iterator[str]:
    for step in steps:
        if step.what == "data":
            yield from marked(">", step.data)
        else:
            yield f"* {_STEPS.get(step.what, step.what)}"
    if not steps:
        yield "* nothing"


def _answered(connection: Connection, left_open: bool) -> Iterator[str]:
    if left_open:
        yield "* left out: this rule looks at what the app saw"
    else:
        yield from _answer(connection)
    for step in connection.skipped:
        yield f"* {_GIVEN_UP.get(step, clean(step))} in vain"
    if not left_open or connection.ended != "eof":
        yield f"* {_ENDS.get(connection.ended, connection.ended)}"


def _answer(connection: Connection) -> Iterator[str]:
    if not (connection.received or connection.responses or connection.stray):
        yield "* nothing"
    for piece in connection.received:
        if piece.at:
            yield f"* at {piece.at:.1f} s:"
        yield from marked("<", piece.data)
    if not connection.received:
        yield from marked("<", connection.stray)
        for response in connection.responses:
            for data in (_head(response), response.body, response.stray):
                yield from marked("<", data)
    for response in connection.responses:
        yield from _remarks(response)


def _head(response: Response) -> bytes:
    if response.head:
        return response.head
    lines = [f"{response.version} {response.status} {_reason(response)}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "backslashreplace")


def _reason(response: Response) -> str:
    """Return the reason; the usual one for an example that names none (``Response`` has a default for it)."""
    if response.reason == "OK" and response.status in http.HTTPStatus._value2member_map_:
        return http.HTTPStatus(response.status).phrase
    return response.reason


def _remarks(response: Response) -> Iterator[str]:
    """Yield what the bytes of *response*, as shown, don't say of it."""
    name = f"{response.status}{f' to {response.label}' if response.label else ''}"
    if response.method != "GET":
        yield f"* the answer {name} is to a {clean(response.method)} request"
    if response.framing == "chunked":
        yield f"* the body of the answer {name} came in chunks; shown is its content"
    if response.framing == "close":
        yield f"* the end of the connection is the end of the body of the answer {name}"
    if not response.complete:
        yield f"* the answer {name} was cut off before its end"
    for code, detail in response.deviations:
        yield f"* not valid HTTP in the answer {name} ({code}): {clean(detail)}"
    if response.stray:
        yield f"* after the end of the answer {name} came {len(response.stray)} bytes that belong to none"
    for field, value in response.trailers:
        yield f"* trailer field of the answer {name}: {clean(field)}: {clean(value)}"


def _seen(run: ServerRun, left_open: bool) -> Iterator[str]:
    for number, call in enumerate(run.calls, 1):
        yield from _call(number, call)
    if run.calls:
        return
    if not run.probed:
        yield "* not known: this server is watched from outside only"
    elif left_open or any(response.label for response in run.finals):
        yield "* left out: this rule looks at what the server sent"
    else:
        yield "* it was not called"


def _call(number: int, call: Call) -> Iterator[str]:
    request = f"for the request {clean(call.label)!r}" if call.label else "for a request without a name"
    yield f"* call {number}, {request}"
    for name, value in call.environ.items():
        kind = f"   ({clean(call.types[name])})" if name in call.types else ""
        yield f"    {clean(name)} = {show(value, 400)}{kind}"
    if call.body and not call.named("read"):  # else the reads say it
        yield f"    wsgi.input gave {show(call.body, 400)} ({len(call.body)} bytes)"
    if call.body_ended:
        yield "    wsgi.input then gave b'' at the end"
    if call.body_error:
        yield f"    reading wsgi.input raised {clean(call.body_error)}"
    yield from (f"    {line}" for line in event_lines(call.events))
    if not call.finished:
        yield "    it never came to its end"


# -- runs of apps


def app_transcript(run: AppRun) -> list[str]:
    """Return *run* exchange by exchange: what was asked, what the app did."""
    lines: list[str] = []
    for record in run.exchanges:
        query = f"?{record.query}" if record.query else ""
        lines += ["sent:", f"  > {clean(f'{record.method} {record.path}{query}')}"]
        lines += ["the app:", *_indented(_done(record))]
    if "died" in run.facts:
        lines += ["the process:", f"  * {clean(str(run.facts['died']))}"]
    if "tampered" in run.facts:
        changed = ", ".join(map(str, run.facts["tampered"]))
        lines += ["the process:", f"  * changed and not restored: {clean(changed) or 'nothing'}"]
    return lines


def _done(record: ExchangeRecord) -> Iterator[str]:
    if record.status is not None:
        yield f"< {clean(record.status)}"
    yield from (f"< {clean(name)}: {clean(value)}" for name, value in record.headers)
    yield from marked("<", record.body)
    if record.facts.get("reraised"):
        yield "* it called start_response with exc_info after data was sent, and start_response raised that error again"
    if "trapped" in record.facts:
        yield f"* that error {'did not leave' if record.facts['trapped'] else 'left'} the app"
    if record.facts.get("after_reraise"):
        yield f"* after that it gave {record.facts['after_reraise']} more bytes of body"
    for with_error in record.facts.get("restarted", ()):
        yield f"* it called start_response again for an error, {'with' if with_error else 'without'} exc_info"
    if record.error is not None:
        where = _PHASES.get(record.error.phase, record.error.phase)
        yield f"* it raised {clean(record.error.type)}: {clean(record.error.message)} {where}"
    if record.timed_out:
        yield "* no answer within the time limit"
    elif record.exhausted:
        yield "* its answer came to its end"
