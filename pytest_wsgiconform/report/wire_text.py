"""Bytes on the wire, and what a client does, as lines of a transcript.

``>`` marks what the client sent, ``<`` what the server sent, both with Python's escapes and a line per line feed;
``*`` marks a remark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..observe import wire
from ..rules.display import clean, show
from .html_wire import printable

#: Bytes that are shown of one message; of a longer one the middle is left out.
SHOWN = 1000


def marked(mark: str, data: bytes, limit: int = SHOWN) -> Iterator[str]:
    """Yield *data* as text, each line with *mark* before it; a remark stands for what is left out."""
    if len(data) <= limit:
        yield from (f"{mark} {line}" for line in printable(data).splitlines())
        return
    tail = limit // 4
    yield from marked(mark, data[: limit - tail])
    yield f"* {len(data) - limit} more bytes"
    yield from marked(mark, data[-tail:])


def script_lines(script: wire.Script, limit: int = SHOWN) -> Iterator[str]:
    """Yield what the client does by *script*, in order. :param limit: bytes that are shown of each message."""
    for step in script.steps:
        if isinstance(step, wire.Send):
            if step.each:
                yield f"* in packets of {step.each} {'byte' if step.each == 1 else 'bytes'}:"
            yield from marked(">", step.data, limit)
        elif type(step) in _DOES:
            yield f"* {_DOES[type(step)](step)}"


def _probe_event(step: wire.AwaitProbe) -> str:
    order, _, detail = step.event.partition(":")
    request = f"in the request {clean(step.label)!r}"
    texts = {
        "go": f"the client lets the app go on after the point {clean(detail)!r}, {request}",
        "gate": f"the client waits until the app comes to the point {clean(detail)!r}, {request}",
        "held": f"the client waits until {clean(detail)} calls of the app wait",
        "printed": f"the client waits until the server prints {show(detail)}",
    }
    return texts.get(order, f"the client waits for the app's report {clean(step.event)!r}, {request}")


#: A pause is left out: it splits packets, and nothing is judged by it.
_DOES: dict[type, Callable[[Any], str]] = {
    wire.AwaitFinal: lambda step: (
        f"the client waits for {'the answer' if step.count == 1 else f'{step.count} answers'}"
    ),
    wire.AwaitInterim: lambda step: "the client waits for a 100 Continue or the answer",
    wire.AwaitBytes: lambda step: f"the client waits for the bytes {show(step.data)}",
    wire.AwaitProbe: _probe_event,
    wire.HalfClose: lambda step: "the client stops sending, and goes on receiving",
    wire.Reset: lambda step: "the client resets the connection",
    wire.Close: lambda step: "the client closes the connection",
}
