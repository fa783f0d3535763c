"""What an app's code raised, also where its framework turned the exception into an answer: type, text and line."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from ...observe.gateway import show_error
from ...observe.location import in_standard_library
from ...rules.display import clean, shorten, type_name
from ...rules.model import Location
from ...rules.records.app import AppRun, ExchangeRecord

#: The key of a record's facts under which an exception stands that was logged.
_FACT = "logged"

_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]")
_OURS = re.compile(r"[/\\]pytest_wsgiconform[/\\]")
_FRAME = re.compile(r'^\s*File "(?P<file>.+)", line (?P<line>[0-9]+), in (?P<function>.+)$')
_HEAD = "Traceback (most recent call last):"


@dataclass(frozen=True)
class Raised:
    """An exception. :param type, message: as they are shown. :param location: the user's line, or the innermost one."""

    type: str
    message: str
    location: Location | None

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


def raised_in(record: ExchangeRecord) -> Raised | None:
    """Return the exception that left the app, or that was logged while it made its answer, ``None`` for neither."""
    error = record.error
    if error is not None:
        place = _users(_frames(error.traceback))
        return Raised(error.type, error.message, place if is_users(place) else error.location)
    logged = record.facts.get(_FACT)
    if isinstance(logged, dict):
        return _from_fact(logged)
    return _from_text(record.log)


def is_users(location: Location | None) -> bool:
    """Tell whether *location* is in code of the user's own: not in an installed package, nor in the interpreter's."""
    if location is None or _INSTALLED.search(location.file) or _OURS.search(location.file):
        return False
    return not in_standard_library(location) and not location.file.startswith("<")


@contextmanager
def noting_logged(run: AppRun) -> Iterator[None]:
    """Note in the records of *run* the first exception that each exchange logs while the block runs.

    Handlers and levels stay as they are: only what makes a log record is asked what it was given.
    """
    before = logging.getLogRecordFactory()

    def make(*arguments: Any, **named: Any) -> logging.LogRecord:
        made = before(*arguments, **named)
        info = made.exc_info
        if isinstance(info, tuple) and isinstance(info[1], BaseException) and run.exchanges:
            run.exchanges[-1].facts.setdefault(_FACT, _fact(info[1], info[2]))
        return made

    logging.setLogRecordFactory(make)
    try:
        yield
    finally:
        if logging.getLogRecordFactory() is make:
            logging.setLogRecordFactory(before)


def _fact(error: BaseException, frames: TracebackType | None) -> dict[str, Any]:
    listed = [Location(f.filename, f.lineno or 1, f.name) for f in traceback.extract_tb(frames)]
    place = _users(listed)
    return {
        "type": type_name(error),
        "message": shorten(show_error(error), 200),
        "location": asdict(place) if place is not None else None,
    }


def _from_fact(data: dict[str, Any]) -> Raised | None:
    place = data.get("location")
    location = None
    if isinstance(place, dict):
        location = Location(str(place.get("file")), int(place.get("line") or 1), str(place.get("function")))
    return Raised(str(data.get("type")), str(data.get("message")), location)


def _users(frames: list[Location]) -> Location | None:
    """Return the innermost of *frames* that is the user's, else the innermost."""
    own = [frame for frame in frames if is_users(frame)]
    return own[-1] if own else frames[-1] if frames else None


def _frames(text: str) -> list[Location]:
    """Return the frames of the last traceback in *text*, which may lack its first lines."""
    found = map(_FRAME.match, text.rpartition(_HEAD)[2].splitlines())
    return [Location(match["file"], int(match["line"][:9]), match["function"]) for match in found if match]


def _from_text(text: str) -> Raised | None:
    """Return what the last traceback in *text* shows, ``None`` when there is none."""
    _, head, rest = text.rpartition(_HEAD)
    if not head:
        return None
    for line in rest.splitlines()[1:]:
        if line.strip() and not line.startswith((" ", "\t")):
            kind, _, message = line.partition(": ")
            return Raised(
                clean(kind.rpartition(".")[2])[:100], shorten(clean(message.strip()), 200), _users(_frames(rest))
            )
    return None
