"""A finding as lines of text: the one wording for failures, the terminal and a user's own tests."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..observe import sources
from ..rules.display import clean, plain, shorten
from ..rules.model import Finding, Location
from .places import relative


def failure_text(findings: Iterable[Finding], hint: str = "") -> str:
    """Return what went wrong and where, for people who see only this: a test's failure.

    :param hint: what to do about it, ``""`` to leave it out.
    """
    lines: list[str] = []
    for finding in findings:
        lines += [f"{finding.rule}: {sentence(finding)} [{finding.level}, the {finding.blame} is to blame]"]
        lines += [f"  {line}" for line in details(finding)]
    if hint:
        lines += [f"  to do: {plain(hint)}"]
    return "\n".join(lines)


def sentence(finding: Finding) -> str:
    """Return what was seen, with what was got and expected unless the message says so already."""
    message = clean(finding.message)
    more = []
    for key in ("got", "expected"):
        value = finding.evidence.get(key)
        if value is not None and clean(str(value)) not in message:
            more.append(f"{key} {shorten(clean(str(value)), 160)}")
    return f"{message} ({', '.join(more)})" if more else message


def details(finding: Finding) -> list[str]:
    """Return the place with its source line, and the request that shows it, one a line."""
    lines = []
    location = finding.location
    if location is not None:
        lines.append(place(location))
        source = source_line(location)
        if source:
            lines.append(f"    {source}")
    shown = request(finding)
    if shown:
        lines.append(f"seen in {shown}")
    return lines


def place(location: Location) -> str:
    """Return ``file:line in function``, the file relative to the current folder when it lies below."""
    try:
        file = relative(location.file, os.getcwd())
    except OSError:  # the folder was deleted
        file = location.file
    text = f"{file}:{location.line}"
    return clean(f"{text} in {location.function}" if location.function else text)


def source_line(location: Location) -> str:
    """Return the source text of that line, ``""`` when it can't be read."""
    return clean(shorten(sources.line(location.file, location.line).strip(), 160))


def request(finding: Finding) -> str:
    """Return the request that shows the finding and how often it was seen, ``""`` when neither is known."""
    asked = finding.request
    times = f"{finding.count} times" if finding.count > 1 else ""
    if "repro" in finding.evidence:  # of a server: a request alone does not tell what it is about
        shown = finding.evidence.get("stimuli") or [finding.stimulus]
        more = f" and {len(shown) - 4} more" if len(shown) > 4 else ""
        names = clean(", ".join(map(str, shown[:4])) + more)
        times = f"{times}: {names}" if times else names
    if not asked:
        return times
    query = f"?{asked['query']}" if asked.get("query") else ""
    text = shorten(clean(f"{asked.get('method', '')} {asked.get('path', '')}{query}".strip()), 160)
    return f"{text} ({times})" if times else text
