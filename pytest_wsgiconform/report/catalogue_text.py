"""``--wsgi-rules``: the catalogue on the terminal, a line per rule, or one rule in full."""

from __future__ import annotations

import shutil
import textwrap

from ..rules.model import Rule
from ..rules.registry import matching


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
            lines += textwrap.wrap(rule.summary, width, initial_indent="      ", subsequent_indent="      ")
        lines.append("")
    lines.append(f"{len(rules)} rules; --wsgi-rules=ID tells all about one")
    return lines


def explained(rule: Rule, width: int) -> list[str]:
    """Return everything there is to know of *rule*."""
    lines = [f"{rule.id}  ({rule.level}, binds the {rule.side}; section {rule.section})", ""]
    for paragraph in (rule.summary, *rule.why.split("\n\n"), f"To do: {rule.hint}"):
        lines += [*textwrap.wrap(" ".join(paragraph.split()), width), ""]
    lines += textwrap.wrap(f"Clauses: {', '.join(rule.clauses)}", width, break_on_hyphens=False)
    for title, which in (("Breaks it:", "bad"), ("Keeps it:", "good")):
        lines += ["", title, textwrap.indent(rule.example_source(which), "    ")]
    return lines
