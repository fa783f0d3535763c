"""What happened inside the app of a server under test, as the probe reported it, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from ..rules.display import clean, show

Event: TypeAlias = Mapping[str, Any]


def event_lines(events: Iterable[Event]) -> Iterator[str]:
    """Yield a line for each of *events*, with the time at which it happened where that is known."""
    waiting: Event | None = None  # a read has two events, before and after; it gets one line
    for event in events:
        if waiting is not None and not _ends(event, waiting):
            yield _unanswered(waiting)
        waiting = event if event.get("event") == "reading" else None
        if waiting is None:
            yield _line(event)
    if waiting is not None:
        yield _unanswered(waiting)


def _ends(event: Event, reading: Event) -> bool:
    return event.get("event") == "read" and event.get("method") == reading.get("method")


def _line(event: Event) -> str:
    name = str(event.get("event", ""))
    at = event.get("at") or 0.0
    text = _TEXTS[name](event) if name in _TEXTS else _other(event)
    return f"at {at:.1f} s: {text}" if at else text


def _other(event: Event) -> str:
    facts = ", ".join(f"{clean(str(key))} {show(value)}" for key, value in event.items() if key not in ("event", "at"))
    name = clean(str(event.get("event", "")))
    return f"{name}: {facts}" if facts else name


def _raised(event: Event, otherwise: str) -> str:
    return f"raised {clean(str(event['raised']))}" if event.get("raised") else otherwise


def _input_call(event: Event) -> str:
    if event.get("method") == "iter":
        return "iterating wsgi.input"
    arguments = ", ".join(show(argument) for argument in event.get("args", ()))
    return f"wsgi.input.{clean(str(event.get('method')))}({arguments})"


def _unanswered(event: Event) -> str:
    return f"{_input_call(event)} did not return"


def _read(event: Event) -> str:
    if "lines" in event:
        given = f"gave {show([line.encode('latin-1', 'replace') for line in event['lines']], 400)}"
    elif "data" in event:
        given = f"gave {show(event['data'].encode('latin-1', 'replace'), 400)}"
    else:
        given = "returned"
    return f"{_input_call(event)} {_raised(event, given)}"


def _start(event: Event) -> str:
    status = show(event["status"]) if "status" in event else ""
    return f"start_response({status}) {_raised(event, 'returned')}"


def _late(event: Event) -> str:
    if not event.get("raised"):
        return "start_response(..., exc_info) after data was sent returned"
    whose = "the same exception object" if event.get("same") else "another exception object"
    through = ", ".join(map(str, event.get("frames", ())))
    return f"start_response(..., exc_info) after data was sent {_raised(event, '')} ({whose}; traceback: {through})"


def _raise(event: Event) -> str:
    where = {"call": "when it was called", "next": "while it was iterated"}
    phase = str(event.get("phase", ""))
    return f"it raised {clean(str(event.get('error', '')))} {where.get(phase, phase)}".rstrip()


def _close(event: Event) -> str:
    of = {"inner": "the iterator of the returned object", "file": "the file"}.get(str(event.get("of", "")))
    return f"close() was called on {of or 'the returned object'}"


def _gate_passed(event: Event) -> str:
    why = "" if event.get("opened", True) else ", as nobody opened it in time"
    return f"the app goes on after the point {clean(str(event.get('name')))!r}{why}"


def _extension(event: Event) -> str:
    value = f" (its value: {show(event['value'])})" if event.get("value") else ""
    return (
        f"the server's extension, called {clean(str(event.get('how')))}, {_raised(event, 'accepted the call')}{value}"
    )


def _inside(event: Event) -> str:
    """The app tried the server's file wrapper itself, with one argument and with two."""
    found = []
    for which, call in (("one", "wsgi.file_wrapper(file)"), ("two", "wsgi.file_wrapper(file, 16)")):
        for fact, yes, no in (
            ("whole", "gives the whole file", "does not give the whole file"),
            ("has-close", "has a close()", "has no close()"),
            ("closed", "closes the file", "does not close the file"),
        ):
            if f"{which}-{fact}" in event:
                found.append(f"{call} {yes if event[f'{which}-{fact}'] else no}")
        if f"{which}-raised" in event:
            found.append(f"{call} raised {clean(str(event[f'{which}-raised']))}")
    return "; ".join(found)


def _reference(event: Event) -> str:
    return f"after start_response(..., exc_info) the traceback is {'still' if event.get('alive') else 'no longer'} kept"


def _deployer(event: Event) -> str:
    process, environ = show(event.get("process", "")), show(event.get("environ", ""))
    return f"the variable that the deployer set is {process} in the process and {environ} in environ"


_TEXTS: dict[str, Callable[[Event], str]] = {
    "called": lambda event: "it was called",
    "read": _read,
    "start": _start,
    "returned": lambda event: "it returned its iterable",
    "iter": lambda event: "iter() was called on the returned object",
    "next": lambda event: f"step {event.get('number')} was asked for",
    "yield": lambda event: f"it yielded {event.get('size')} bytes",
    "exhausted": lambda event: "its iterable ended",
    "write": lambda event: f"write() of {event.get('size')} bytes {_raised(event, 'returned')}",
    "close": _close,
    "raise": _raise,
    "late": _late,
    "gate": lambda event: f"the app waits at the point {clean(str(event.get('name')))!r}",
    "gate-passed": _gate_passed,
    "errors": lambda event: f"wsgi.errors.{clean(str(event.get('method')))}() {_raised(event, 'returned')}",
    "process": lambda event: f"it ran in the process {event.get('pid')}",
    "extension": _extension,
    "inside": _inside,
    "reference": _reference,
    "looked-up": lambda event: f"the server looked up the attribute {clean(str(event.get('name')))!r} of its result",
    "discarded": lambda event: f"the file that it did not return was read up to byte {event.get('position')}",
    "at-end": lambda event: "it had read the whole body",
    "deployer": _deployer,
}
