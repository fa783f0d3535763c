"""One call of the probe app, and the questions that rules ask of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: Variables beside ``HTTP_*`` that a request fills.
_OF_REQUEST = frozenset(
    (
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "PATH_INFO",
        "SCRIPT_NAME",
        "QUERY_STRING",
        "REQUEST_METHOD",
        "REQUEST_URI",
        "RAW_URI",
    )
)


@dataclass
class Call:
    """One call of the probe app, as it reported it through the side channel.

    :ivar label: of the request, ``""`` when the probe could not tell. :ivar token: likewise.
    :ivar behaviour: what it was asked to do. :ivar environ: variables with exact ``str`` values as they are;
        ``bool``, ``int``, ``None`` and lists (tuples) as they are; of anything else ``"<type name>"``.
    :ivar types: for each variable whose value is not exactly ``str``, the name of its type.
    :ivar body: what it read. :ivar body_ended: a read gave ``b""`` at the end.
    :ivar body_error: what a read raised, as ``"TypeName: text"``; ``""`` when none did.
    :ivar events: what happened, in order: dicts with ``event`` (``"called"``, ``"start"``, ``"read"``, ``"write"``,
        ``"yield"``, ``"raise"``, ``"close"``, ...) and ``at`` (``time.monotonic()`` there).
    :ivar finished: whether its end was reported: closed, or returned and known to get no further.
    :ivar at: ``time.monotonic()`` at the call.
    """

    label: str = ""
    environ: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    body_ended: bool = False
    body_error: str = ""
    behaviour: str = "echo"
    token: str = ""
    types: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = True
    at: float = 0.0

    def get(self, name: str, default: str = "") -> str:
        """Return the variable *name* as text, *default* when absent."""
        value = self.environ.get(name, default)
        return value if type(value) is str else str(value)

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the events called *event*, in order."""
        return [entry for entry in self.events if entry.get("event") == event]

    # -- what it saw of the request

    @property
    def path(self) -> str:
        """The decoded path: ``SCRIPT_NAME`` and ``PATH_INFO``."""
        return self.get("SCRIPT_NAME") + self.get("PATH_INFO")

    @property
    def rest_of_path(self) -> str:
        """What followed ``<token>.<label>`` in the path; the whole path when the label is not in it."""
        _, found, rest = self.path.partition(f".{self.label}")
        return rest if found else self.path

    def holding(self, *needles: str) -> tuple[str, str] | None:
        """Return the first variable whose name or value holds one of *needles*.

        Only variables with text that come from the request count: a server may add its process environment.
        """
        for name, value in self.environ.items():
            if type(value) is not str or not (name.startswith("HTTP_") or name in _OF_REQUEST):
                continue
            if any(needle in name or needle in value for needle in needles):
                return name, value
        return None

    @property
    def saw_whole_body(self) -> bool:
        """Whether the app could take what it read for the whole body: no error, and its end or full length seen."""
        if self.body_error:
            return False
        return self.body_ended or self.get("CONTENT_LENGTH") == str(len(self.body))

    # -- what happened in it

    @property
    def starts(self) -> list[dict[str, Any]]:
        """The calls of ``start_response``, in order."""
        return self.named("start")

    def reads(self, method: str) -> list[dict[str, Any]]:
        """Return what the calls of a method of ``wsgi.input`` gave, in order."""
        return [event for event in self.named("read") if event.get("method") == method]

    def tried(self, method: str) -> bool:
        """Whether the app called that method of ``wsgi.input`` at all; it may never have returned."""
        return any(event.get("method") == method for event in self.named("reading"))

    def passed(self, gate: str) -> float | None:
        """Return when the app went on at *gate*, ``None`` when it never got there."""
        return next((event["at"] for event in self.named("gate-passed") if event.get("name") == gate), None)


def data_of(events: Iterable[dict[str, Any]]) -> bytes:
    """Return the bytes that reads gave, joined; the lines of lists included."""
    text = "".join("".join(event["lines"]) if "lines" in event else event.get("data", "") for event in events)
    return text.encode("latin-1", "replace")
