"""``--wsgi-rules``: the catalogue on the terminal, a line per rule, or one rule in full."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator

from ..observe.wire import Script
from ..rules.display import plain
from ..rules.model import Rule
from ..rules.registry import matching
from ..stimuli.described import Described, described, place
from .transcript import example
from .wire_text import script_lines

#: Stimuli that are listed; a rule over a whole topic may judge dozens.
STIMULI_SHOWN = 8

#: Bytes that are shown of a stimulus's first message.
_BYTES_SHOWN = 400


def print_catalogue(pattern: str) -> int:
    """Print the rules whose ids match the globs of *pattern* (comma separated); of a single one, all about it.

    :returns: 0, the exit code.
    :raises pytest_wsgiconform.rules.registry.UnknownRule: when a glob matches no rule.
    """
    rules: dict[str, Rule] = {}
    for glob in filter(None, (part.strip() for part in pattern.split(","))):
        rules.update((rule.id, rule) for rule in matching(glob))
    width = min(shutil.get_terminal_size().columns, 120)
    found = list(rules.values())
    print("\n".join(explained(found[0], width) if len(found) == 1 else listed(found, width)))
    return 0


def listed(rules: list[Rule], width: int) -> list[str]:
    """Return a line or two for each rule, grouped by section."""
    sections: dict[str, list[Rule]] = {}
    for rule in rules:
        sections.setdefault(rule.section, []).append(rule)
    lines: list[str] = []
    for section, members in sections.items():
        lines += [section]
        for rule in members:
            lines.append(f"  {rule.id}  ({rule.level}, binds the {rule.side})")
            lines += textwrap.wrap(plain(rule.summary), width, initial_indent="      ", subsequent_indent="      ")
        lines.append("")
    lines.append(f"{len(rules)} rules; use --wsgi-rules=ID for details")
    return lines


def explained(rule: Rule, width: int) -> list[str]:
    """Return everything there is to know of *rule*."""
    lines = [f"{rule.id}  ({rule.level}, binds the {rule.side}; section {rule.section})", ""]
    for paragraph in (rule.summary, *rule.why.split("\n\n"), f"To do: {rule.hint}"):
        lines += [*textwrap.wrap(" ".join(plain(paragraph).split()), width), ""]
    lines += textwrap.wrap(f"Clauses: {', '.join(rule.clauses)}", width, break_on_hyphens=False)
    lines += [f"Defined in {place(rule.check)}"]
    for title, which in (("Breaks it:", "bad"), ("Keeps it:", "good")):
        lines += ["", title, textwrap.indent(example(rule, which).text, "    ")]
    return [*lines, *_stimuli(rule)]


def _stimuli(rule: Rule) -> Iterator[str]:
    """Yield what is tried for *rule*: nothing for a rule on single events, which judges all traffic."""
    found = described(rule)
    if rule.stimuli:
        yield from ("", "Stimuli:" if found else f"Stimuli: all that there are for the {rule.side}")
    for stimulus in found[:STIMULI_SHOWN]:
        summary = f": {stimulus.summary}" if stimulus.summary else ""
        yield f"    {stimulus.id}{summary}  ({stimulus.place})"
        yield from (f"        {line}" for line in _first_message(stimulus))
        yield from (f"        the app's behaviour {name}  ({where})" for name, where in stimulus.behaviours)
    if len(found) > STIMULI_SHOWN:
        yield f"    and {len(found) - STIMULI_SHOWN} more"


def _first_message(stimulus: Described) -> Iterator[str]:
    """Yield the first thing that the client sends, and how much is to come."""
    if not stimulus.scripts:
        return
    first = stimulus.scripts[0]
    head, tail = first.steps[:1], first.steps[1:]
    yield from script_lines(Script(head), _BYTES_SHOWN)
    if tail:
        yield f"* and {len(tail)} more {'step' if len(tail) == 1 else 'steps'}"
    others = len(stimulus.scripts) - 1
    if others:
        yield f"* and {others} more {'connection' if others == 1 else 'connections'}"
