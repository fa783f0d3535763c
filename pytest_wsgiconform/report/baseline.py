"""The baseline: findings that are known, and therefore don't fail the run.

A TOML file with one ``[[finding]]`` table per known finding::

    [[finding]]
    rule = "status-native-string"
    target = "shop:app"
    where = "shop/views.py::index"
    seen = "start_response got a status of type bytes"
    why = "The framework is replaced in spring."
    issue = "https://example.org/issues/12"
    expires = 2027-03-31

``rule``, ``target`` and ``where`` are the key; see :func:`pytest_wsgiconform.report.places.where` for the last.
There is no line number in it, so code may move. Two findings with the same key need two entries: a further fault in
a function with a known one is new. ``seen`` tells which of them is which, as well as it can; ``why``, ``issue`` and
``expires`` are for people, and are kept when the file is written anew.
"""

from __future__ import annotations

import datetime
import importlib
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..rules.model import Finding, merge
from .files import write_text
from .places import line_of, where
from .toml_text import table

# Python 3.10 has no reader of its own; there the package depends on tomli, which is the same code.
_toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

_HEAD = """\
# Known findings of pytest-wsgiconform: they don't fail the run, new ones do.
# Say in `why` what the plan is; `issue` (a link) and `expires` (a date) are optional.
# Written by --wsgi-write-baseline, which keeps what you wrote here.
"""

#: What a new entry says until somebody says more.
UNEXPLAINED = "Known when the baseline was written."

_REQUIRED = ("rule", "target", "where")
_OPTIONAL = ("seen", "why", "issue")


class BaselineError(Exception):
    """The baseline can't be used; ``str()`` of it is one clear paragraph."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One known finding.

    :param rule: the rule's id. :param target: the target's name, ``""`` for traffic of the user's own tests.
    :param where: the place, without a line. :param seen: the message it had when it was written down.
    :param why: the reason it is accepted. :param issue: a link, ``""`` when there is none.
    :param expires: the last day on which it holds, ``None`` for no end.
    """

    rule: str
    target: str
    where: str
    seen: str = ""
    why: str = ""
    issue: str = ""
    expires: datetime.date | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule, self.target, self.where

    def expired(self, today: datetime.date) -> bool:
        """Whether *today* is past the last day on which the entry holds."""
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True)
class Outdated:
    """Entries to take out of the file. :param stale: they know nothing any more. :param expired: their day is over."""

    stale: tuple[Entry, ...] = ()
    expired: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """The known findings of one file.

    :param entries: in the order of the file. :param root: findings' files are named relative to this folder.
    """

    entries: tuple[Entry, ...] = ()
    root: Path | None = None

    @classmethod
    def load(cls, path: Path, root: Path | None = None, known_rules: Collection[str] | None = None) -> Baseline:
        """Read the baseline at *path*.

        :param known_rules: ids of the catalogue; an entry for another rule is an error. ``None``: don't look.
        :raises BaselineError: when the file can't be read, is no TOML, or says something that isn't understood.
        """
        try:
            data = _toml.loads(path.read_bytes().decode("utf-8"))
        except OSError as error:
            raise BaselineError(f"The baseline {path} can't be read: {error.strerror or error}.") from None
        except (_toml.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BaselineError(f"The baseline {path} is not a TOML file: {error}.") from None
        try:
            return cls(tuple(_entries(data, known_rules)), root)
        except ValueError as error:
            raise BaselineError(f"The baseline {path} can't be used: {error}.") from None

    def match(self, findings: Iterable[Finding]) -> list[Entry | None]:
        """Return for each of *findings* the entry that knows it, or ``None`` for a new one.

        An entry knows one finding, so pass all findings of a rule and target together. Those whose message the
        entry remembers come first, the others in the order of their lines. Entries that have expired match too;
        it is the caller who decides what that means.
        """
        listed = list(findings)
        groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for index, finding in enumerate(listed):
            groups[finding.rule, finding.target, where(finding, self.root)].append(index)
        matched: list[Entry | None] = [None] * len(listed)
        for key, indices in groups.items():
            free = [entry for entry in self.entries if entry.key == key]
            in_order = sorted(indices, key=lambda i: (line_of(listed[i]), i))
            for exactly in (True, False):
                for index in in_order:
                    if matched[index] is None:
                        matched[index] = _take(free, listed[index].message if exactly else None)
        return matched

    def mark(self, findings: Sequence[Finding], today: datetime.date) -> list[Finding]:
        """Return *findings* with ``baselined`` set for those that an unexpired entry knows; see :meth:`match`."""
        return [
            replace(finding, baselined=True) if entry is not None and not entry.expired(today) else finding
            for finding, entry in zip(findings, self.match(findings), strict=True)
        ]

    def stale(self, findings: Iterable[Finding], judged: Collection[tuple[str, str]]) -> list[Entry]:
        """Return the entries that have nothing to know any more, in the order of the file.

        :param findings: all that the run found.
        :param judged: (rule, target) of every verdict that was ``broken`` or ``held``. What was not put to the
            test may still be broken, so its entries are not stale.
        """
        left = list(self.entries)
        for entry in self.match(findings):
            if entry is not None:
                left.remove(entry)
        return [entry for entry in left if (entry.rule, entry.target) in judged]

    def expired(self, today: datetime.date) -> list[Entry]:
        """Return the entries that hold no more on *today*, in the order of the file."""
        return [entry for entry in self.entries if entry.expired(today)]

    def updated(self, findings: Iterable[Finding], judged: Collection[tuple[str, str]]) -> Baseline:
        """Return the baseline that knows all of *findings*, for writing.

        Entries that still match keep what people wrote in them, and so do entries about which this run can't tell
        (see :meth:`stale`); stale ones go. A new message replaces the one an entry remembers.
        """
        listed = merge(findings)
        kept = list(self.entries)
        for stale in self.stale(listed, judged):
            kept.remove(stale)
        written = []
        for finding, entry in zip(listed, self.match(listed), strict=True):
            if entry is None:
                place = where(finding, self.root)
                written.append(Entry(finding.rule, finding.target, place, finding.message, UNEXPLAINED))
            else:
                kept.remove(entry)
                written.append(replace(entry, seen=finding.message))
        return replace(self, entries=tuple(sorted(written + kept, key=lambda e: (e.target, e.rule, e.where, e.seen))))

    def render(self) -> str:
        """Return the text of the file: one table per entry, so that a diff shows one table per change."""
        return "\n".join([_HEAD, *(table("finding", _values(entry)) for entry in self.entries)])

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        :raises BaselineError: when it can't be written; an earlier file is still there.
        """
        try:
            write_text(path, self.render())
        except OSError as error:
            raise BaselineError(f"The baseline {path} can't be written: {error.strerror or error}.") from None


def _take(free: list[Entry], message: str | None) -> Entry | None:
    """Take the first of the entries not yet used, of those that remember *message* when one is given."""
    for entry in free:
        if message is None or entry.seen == message:
            free.remove(entry)
            return entry
    return None


def _values(entry: Entry) -> dict[str, str | datetime.date]:
    values: dict[str, str | datetime.date] = {name: getattr(entry, name) for name in _REQUIRED}
    values |= {name: getattr(entry, name) for name in _OPTIONAL if getattr(entry, name)}
    if entry.expires is not None:
        values["expires"] = entry.expires
    return values


def _entries(data: Mapping[str, Any], known_rules: Collection[str] | None) -> Iterable[Entry]:
    for key in data:
        if key != "finding":
            raise ValueError(f"it has a key {key!r}, where only [[finding]] tables may stand")
    tables = data.get("finding", [])
    if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        raise ValueError("'finding' must be written as [[finding]] tables")
    for number, values in enumerate(tables, 1):
        yield _entry(f"entry {number}", values, known_rules)


def _entry(name: str, values: Mapping[str, Any], known_rules: Collection[str] | None) -> Entry:
    unknown = [key for key in values if key not in (*_REQUIRED, *_OPTIONAL, "expires")]
    if unknown:
        raise ValueError(f"{name} has an unknown key {unknown[0]!r}")
    for key in _REQUIRED:
        if key not in values:
            raise ValueError(f"{name} has no {key!r}")
    for key in (*_REQUIRED, *_OPTIONAL):
        if not isinstance(values.get(key, ""), str):
            raise ValueError(f"{name}: {key!r} must be a string")
    expires = values.get("expires")
    # A TOML date-time is a datetime, which is a date to isinstance().
    if expires is not None and type(expires) is not datetime.date:
        raise ValueError(f"{name}: 'expires' must be a date such as 2027-03-31, without quotes")
    rule = values["rule"]
    if known_rules is not None and rule not in known_rules:
        raise ValueError(f"{name} names the rule {rule!r}, which does not exist{_near(rule, known_rules)}")
    return Entry(**{**values, "expires": expires})


def _near(rule: str, known: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(rule, known, n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
