"""Draws references from the code when the docs are built: rules, clauses, options, fixtures.

Nothing of it is written by hand or kept in the repository: ``docs/rules/`` is made anew each time.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from decisions import by_rule, link_rules

from pytest_wsgiconform.report.transcript import example
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.display import markdown
from pytest_wsgiconform.rules.model import Rule
from pytest_wsgiconform.rules.registry import catalogue

_TITLES = {
    "call": "Calling the application",
    "environ": "The environ",
    "input": "wsgi.input",
    "errors": "wsgi.errors",
    "start-response": "start_response and the status",
    "headers": "Headers",
    "body": "The body",
    "close": "close()",
    "write": "write()",
    "file-wrapper": "wsgi.file_wrapper",
    "middleware": "Middleware",
    "http": "HTTP",
    "url": "URL reconstruction",
    "process": "Coming through at all",
}


def title_of(section: str) -> str:
    return _TITLES.get(section, section.replace("-", " ").capitalize())


def rule_page(section: str, rules: list[Rule]) -> str:
    parts = [f"# {title_of(section)}\n"]
    decided = by_rule()
    for rule in rules:
        parts.append(f"(rule-{rule.id})=\n## `{rule.id}`\n")
        parts.append(f"**{markdown(rule.summary)}**\n")
        parts.append(f"Level: {rule.level}. A duty of the {rule.side}'s side. Since {rule.since}.\n")
        parts.append(markdown(rule.why) + "\n")
        parts.append(f"*What to do:* {markdown(rule.hint)}\n")
        for name in rule.clauses:
            clause = clauses()[name]
            parts.append(f"- clause [`{clause.id}`]({clause.url}) ({clause.level}): {clause.says}")
        for decision in decided.get(rule.id, []):
            parts.append(f"- decision [{decision.number} {decision.title}](../decisions/{decision.name}.md)")
        parts.append("")
        for which in ("bad", "good"):
            shown = example(rule, which)
            parts.append(f"{shown.title}:\n\n```{shown.language}\n{shown.text}\n```\n")
    return "\n".join(parts)


def clause_table() -> str:
    covered: dict[str, list[str]] = {}
    for rule in catalogue().values():
        for name in rule.clauses:
            covered.setdefault(name, []).append(f"[`{rule.id}`](#rule-{rule.id})")
    lines = [
        "# Clauses",
        "",
        "Every normative statement of PEP 3333, and of the HTTP RFCs where a WSGI party controls it, and the rules",
        "that judge it. A permission (may) needs no rule; what nobody can observe can have none.",
        "",
        "| clause | level | binds | says | rules |",
        "| --- | --- | --- | --- | --- |",
    ]
    for clause in clauses().values():
        rules = ", ".join(covered.get(clause.id, []))
        if not rules:
            rules = "a permission" if clause.level == "may" else "nobody can observe it" if not clause.decidable else ""
        binds = ", ".join(clause.binds)
        says = clause.says.replace("|", "\\|")
        lines.append(f"| [`{clause.id}`]({clause.url}) | {clause.level} | {binds} | {says} | {rules} |")
    return "\n".join(lines) + "\n"


def options_page() -> str:
    from pytest_wsgiconform.plugin.options import OPTIONS

    lines = ["# Every option", "", "| option | ini key | meaning |", "| --- | --- | --- |"]
    for option in OPTIONS:
        metavar = option.how.get("metavar")
        metavar = str(metavar).replace("|", "\\|") if metavar else ""
        usage = option.flag + (f"={metavar}" if metavar else "")
        lines.append(f"| `{usage}` | `{option.dest}` | {option.help} |")
    return "\n".join(lines) + "\n"


def fixtures_page() -> str:
    import pytest_wsgiconform.plugin.fixtures as fixtures

    tree = ast.parse(Path(str(fixtures.__file__)).read_text(encoding="utf-8"))
    parts = ["# Every fixture\n"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(d) for d in node.decorator_list):
            text = markdown(ast.get_docstring(node) or "")
            parts.append(f"## `{node.name}`\n\n{text}\n")
    return "\n".join(parts)


def write_pages(app: Any) -> None:
    folder = Path(app.srcdir) / "rules"
    folder.mkdir(exist_ok=True)
    sections: dict[str, list[Rule]] = {}
    for rule in catalogue().values():
        sections.setdefault(rule.section, []).append(rule)
    pages = {f"{section}.md": rule_page(section, rules) for section, rules in sections.items()}
    pages["clauses.md"] = clause_table()
    pages["all-options.md"] = options_page()
    pages["all-fixtures.md"] = fixtures_page()
    total = len(catalogue())
    tree = "\n".join(sections)
    pages["index.md"] = (
        f"# Rules\n\nThe catalogue holds {total} rules. `pytest --wsgi-rules` prints it, and\n"
        "`pytest --wsgi-rules='close-*'` a part of it.\n\n"
        "`pytest --wsgi-rules=ID` also lists what a rule is judged by, and where that is defined.\n\n"
        "A rule on apps or middleware shows a program that breaks it and one that keeps it. A rule on servers shows\n"
        "two transcripts: `>` marks what the client sent, `<` what the server sent, both with Python's escapes, and\n"
        "`*` marks a remark. Below stands what the app inside the server saw.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{tree}\nclauses\nall-options\nall-fixtures\n```\n"
    )
    for stale in {path.name for path in folder.glob("*.md")} - set(pages):
        (folder / stale).unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def link_decisions(app: Any, name: str, source: list[str]) -> None:
    """Link the rules that a decision lists, when Sphinx has read its page."""
    if name.startswith("decisions/"):
        source[0] = link_rules(source[0])


def setup(app: Any) -> dict[str, Any]:
    app.connect("builder-inited", write_pages)
    app.connect("source-read", link_decisions)
    return {"version": "1", "parallel_read_safe": True}
