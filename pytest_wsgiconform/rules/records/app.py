"""What exchange rules for apps judge: finished runs of a stimulus, as plain data.

Everything here is made of builtin values, so that a run can happen in another process.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..model import Finding, Location

#: How many bytes of a body a record keeps.
BODY_LIMIT = 65536


@dataclass(slots=True)
class ErrorRecord:
    """An exception that left the app.

    :param type: its qualified type name. :param message: its text, safe to print.
    :param phase: ``"call"``, ``"iter"``, ``"next"`` or ``"close"``.
    :param location: the innermost line of the app's own code, or ``None``.
    :param is_exception: false for BaseExceptions such as SystemExit.
    :param traceback: the last lines of the traceback, safe to print.
    """

    type: str
    message: str
    phase: str
    location: Location | None = None
    is_exception: bool = True
    traceback: str = ""


@dataclass(slots=True)
class ExchangeRecord:
    """One exchange with the app, as the gateway saw it.

    :param label: what the stimulus calls it (``"get"``, ``"head"``, ``"first"``, ...).
    :param method, path, query: the request (path is SCRIPT_NAME + PATH_INFO, undecoded Latin-1 text).
    :param environ: the plain (str) variables of the environ that was handed over.
    :param status: the final status if it was a str, else ``None``. :param headers: the final well-formed
        header pairs. :param starts: number of start_response calls.
    :param body: the first :data:`BODY_LIMIT` bytes. :param size: all bytes that were taken.
        :param digest: SHA-256 of all of them, in hex.
    :param chunks: items taken. :param exhausted: whether the iterable ended by itself.
    :param closed: whether ``close()`` was called (the gateway always does when there is something to close).
    :param error: the exception that left the app, or ``None``.
    :param timed_out: the time limit ended it. :param stopped_early: the gateway closed it before its end.
    :param log: what it wrote to wsgi.errors (bounded). :param facts: what the stimulus noted, plain values. The
        gateway itself notes ``reraised`` (start_response raised the exc_info it was given again), ``trapped`` (and
        that exception did not leave the app), ``after_reraise`` (bytes of body that came after it) and
        ``restarted`` (for each further start_response call that was made for an error, whether it had exc_info).
    :param start_location: the line of the start_response call that counts, or of the one that raised exc_info again.
    :param seconds: how long it took, from its beginning until it was closed.
    """

    label: str
    method: str = "GET"
    path: str = "/"
    query: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    status: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    starts: int = 0
    body: bytes = b""
    size: int = 0
    digest: str = ""
    chunks: int = 0
    exhausted: bool = False
    closed: bool = False
    error: ErrorRecord | None = None
    timed_out: bool = False
    stopped_early: bool = False
    log: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    start_location: Location | None = None
    seconds: float = 0.0

    @property
    def code(self) -> int | None:
        """The status code, ``None`` when there is no well-formed one."""
        head = (self.status or "")[:3]
        return int(head) if len(head) == 3 and head.isascii() and head.isdigit() else None

    @property
    def complete(self) -> bool:
        """Whether a whole response came: started, iterated to its end, nothing raised."""
        return self.starts > 0 and self.exhausted and self.error is None and not self.timed_out

    def header(self, name: str) -> list[str]:
        """Return all values of the header *name* (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def request(self) -> dict[str, Any]:
        """Return the request as plain data for a finding."""
        return {"method": self.method, "path": self.path, "query": self.query}


@dataclass(slots=True)
class AppRun:
    """One stimulus played on one path of an app.

    :param stimulus: the stimulus's id. :param path: the path it was played on.
    :param exchanges: what was exchanged, in the order in which it began.
    :param findings: what event rules found meanwhile.
    :param exercised: per event rule, how often it was put to the test.
    :param facts: what the stimulus noted about the run as a whole, plain values.
    """

    stimulus: str
    path: str
    exchanges: list[ExchangeRecord] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    exercised: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def exchange(self, label: str) -> ExchangeRecord | None:
        """Return the first exchange called *label*, ``None`` when it didn't come to pass."""
        return next((record for record in self.exchanges if record.label == label), None)

    def labelled(self, label: str) -> list[ExchangeRecord]:
        """Return all exchanges called *label*, in the order in which they began."""
        return [record for record in self.exchanges if record.label == label]

    def labels(self, prefix: str) -> list[str]:
        """Return the labels that begin with *prefix*, each once, in order."""
        return list(dict.fromkeys(record.label for record in self.exchanges if record.label.startswith(prefix)))

    def to_dict(self) -> dict[str, Any]:
        """Return the run as data for JSON; bytes become Latin-1 text."""
        return {
            "stimulus": self.stimulus,
            "path": self.path,
            "exchanges": [_record_to_dict(record) for record in self.exchanges],
            "findings": [finding.to_dict() for finding in self.findings],
            "exercised": self.exercised,
            "facts": self.facts,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> AppRun:
        """Rebuild a run from :meth:`to_dict`'s data.

        :raises LookupError, TypeError, ValueError: for data of another form.
        """
        return cls(
            stimulus=str(data["stimulus"]),
            path=str(data["path"]),
            exchanges=[_record_from_dict(record) for record in data["exchanges"]],
            findings=[Finding.from_dict(finding) for finding in data["findings"]],
            exercised={str(rule): int(count) for rule, count in data["exercised"].items()},
            facts=dict(data["facts"]),
        )


def _record_to_dict(record: ExchangeRecord) -> dict[str, Any]:
    data = asdict(record)
    data["body"] = record.body.decode("latin-1")
    return data


def _record_from_dict(data: dict[str, Any]) -> ExchangeRecord:
    known = {**data, "body": data["body"].encode("latin-1")}
    known["headers"] = [(str(name), str(value)) for name, value in data["headers"]]
    known["environ"] = {str(name): str(value) for name, value in data["environ"].items()}
    known["start_location"] = _location(data["start_location"])
    if data["error"] is not None:
        known["error"] = ErrorRecord(**{**data["error"], "location": _location(data["error"]["location"])})
    return ExchangeRecord(**known)


def _location(data: dict[str, Any] | None) -> Location | None:
    return None if data is None else Location(str(data["file"]), int(data["line"]), str(data["function"]))
