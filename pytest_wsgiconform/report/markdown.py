"""The report as Markdown: a job summary that fits one screen."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..rules.model import Finding, Verdict
from .baseline import Entry, Outdated
from .document import Document, Record
from .files import write_text
from .policy import ORDER
from .reached import missed
from .tally import Tally, tally

#: Variables that CI systems set to the file whose Markdown they show with the job.
SUMMARY_VARIABLES = ("GITHUB_STEP_SUMMARY", "FORGEJO_STEP_SUMMARY", "GITEA_STEP_SUMMARY")

#: How many rows a table has before it says how many more there are.
ROWS = 15


def write(document: Document, path: Path) -> None:
    """Write *document* to *path* as Markdown.

    The path ``-`` means the CI's summary file, to which the text is appended, as other steps write there too; where
    no CI names one, it means standard output.

    :raises OSError: when the file can't be written.
    """
    text = render(document)
    if str(path) != "-":
        write_text(path, text)
        return
    summary = next((os.environ[name] for name in SUMMARY_VARIABLES if os.environ.get(name)), None)
    if summary is None:
        print(text, end="")
        return
    with open(summary, "a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)


def render(document: Document) -> str:
    """Return *document* as GitHub-flavoured Markdown; all that comes from the target is escaped."""
    counts = tally(document)
    parts = [f"## {_verdict(document, counts)}", *_reached(document), _numbers(document, counts)]
    parts += _broken(document.findings)
    parts += _baseline(document.baseline or Outdated())
    parts += _not_exercised(document.records)
    return "\n\n".join(parts) + "\n"


def _verdict(document: Document, counts: Tally) -> str:
    names = ", ".join(code(target.name) for target in document.targets) or "the tests' own traffic"
    if document.unjudged:
        reasons = "; ".join(escape(reach.reason) for reach in document.unjudged.values())
        unjudged = ", ".join(code(target.name) for target in document.unjudged)
        return f"❌ WSGI conformance: {unjudged} was not judged: {reasons}"
    if not document.complete:
        return f"⚠️ WSGI conformance: the run on {names} was cut short"
    if counts.failing:
        return f"❌ WSGI conformance: {names} breaks {_plural(len(counts.broken_rules), 'rule')}"
    if document.exit not in (0, 5):
        return f"❌ WSGI conformance: the run on {names} failed, though not by a new finding"
    if document.short:
        return f"⚠️ WSGI conformance: of {names}, {escape(missed(document))}"
    if counts.findings:
        return f"✅ WSGI conformance: {names} has nothing new to answer for"
    return f"✅ WSGI conformance: {names} keeps what was put to the test"


def _reached(document: Document) -> list[str]:
    """Return what the headline does not say of routes that were not reached."""
    lacking = [(target, reach) for target, reach in document.reach.items() if not reach.enough]
    lines = [f"{code(target.name)}: {escape(reach.reason)}." for target, reach in lacking]
    if lines:
        return ["\n".join(lines)]
    if document.short and (document.unjudged or not document.complete or document.exit not in (0, 5)):
        return [f"{escape(missed(document))}."]
    return []


def _numbers(document: Document, counts: Tally) -> str:
    total = document.clauses
    known = f", {counts.baselined} of them known" if counts.baselined else ""
    levels = ", ".join(f"{number} {level}" for level, number in counts.by_level.items() if number)
    found = f"{_plural(counts.findings, 'finding')}{f' ({levels})' if levels else ''}{known}."
    return (
        f"{found} Rules: {counts.verdicts[Verdict.BROKEN]} broken, {counts.verdicts[Verdict.HELD]} held, "
        f"{counts.verdicts[Verdict.NOT_EXERCISED]} not exercised. "
        f"Clauses: {total.held} held and {total.broken} broken of {total.total}."
    )


def _broken(findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    rows = ["| | rule | blame | where | what was seen |", "| --- | --- | --- | --- | --- |"]
    ordered = sorted(findings, key=lambda f: (f.baselined, ORDER.index(f.level)))
    for finding in ordered[:ROWS]:
        level = "known" if finding.baselined else finding.level
        rows.append(f"| {level} | {code(finding.rule)} | {finding.blame} | {_where(finding)} | {_short(finding)} |")
    table = "\n".join(rows)
    left = len(ordered) - ROWS
    return [table, f"… and {left} more."] if left > 0 else [table]


def _where(finding: Finding) -> str:
    place = finding.location
    if place is not None:
        return code(f"{place.file}:{place.line}")
    return code(finding.stimulus) if finding.stimulus else escape(finding.target)


def _short(finding: Finding) -> str:
    message = finding.message
    return escape(message if len(message) <= 160 else f"{message[:159]}…")


def _baseline(outdated: Outdated) -> list[str]:
    lines = _entries(outdated.stale, "no longer occurs: take it out of the baseline")
    lines += _entries(outdated.expired, "has expired")
    return ["\n".join(["**Baseline**", "", *lines])] if lines else []


def _entries(entries: Sequence[Entry], text: str) -> list[str]:
    return [f"- {code(entry.rule)} at {code(entry.where)} {text}." for entry in entries[:ROWS]]


def _not_exercised(records: Sequence[Record]) -> list[str]:
    names = list(dict.fromkeys(record.rule for record in records if record.verdict is Verdict.NOT_EXERCISED))
    if not names:
        return []
    listed = ", ".join(code(name) for name in names)
    return [f"<details><summary>Not exercised: {_plural(len(names), 'rule')}</summary>\n\n{listed}\n\n</details>"]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def escape(text: str) -> str:
    """Return *text* as Markdown that shows it literally, also inside a table's cell, and on one line."""
    flat = " ".join(text.split())
    escaped = re.sub(r"([\\`*_{}\[\]|~$])", r"\\\1", flat)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Return *text* as a code span, whatever backticks and bars it holds, on one line."""
    flat = " ".join(text.split()) or " "
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat[0] == "`" or flat[-1] == "`" else ""
    # In a table a bar ends the cell even inside a code span, unless escaped.
    return f"{fence}{pad}{flat}{pad}{fence}".replace("|", "\\|")
