"""The tables of docs/servers.md, from the JSON reports of whole server runs.

    python -m pytest --wsgi-server=waitress --wsgi-report=json:waitress.json      (one such run per server)
    python tests/peers/server_matrix.py waitress.json gunicorn.json ...

Prints, as Markdown: each server's version and verdicts, the rules of each section held of those judged, and for each
rule of level error the servers that break it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report.document import Record
from pytest_wsgiconform.report.matrix import table
from pytest_wsgiconform.rules.model import Verdict
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.targets.server.launchers import find_launcher

#: The columns of the first table.
VERDICTS = ("held", "broken", "inconclusive", "not-exercised", "not-applicable")


def short(target: str) -> str:
    """Return the known name without the interpreter that ran it."""
    return target.partition("@")[0]


def version(target: str) -> str:
    """Return the version of what *target* starts, as its packages tell it."""
    found = find_launcher(target).versions()
    return ", ".join(f"{name} {number}" for name, number in found.items() if number) or "(no Python package)"


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """Return *rows*, the heading first, as a Markdown table."""
    heading, *rest = rows
    lines = [heading, ["---"] * len(heading), *rest]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def verdict_rows(documents: Iterable[dict[str, Any]]) -> list[list[str]]:
    """Return one row per server: its version, how many rules got which verdict, and how many errors it has."""
    rows = [["server", "version", *VERDICTS, "broken at level error"]]
    for document in documents:
        name = document["targets"][0]["name"]
        counts = Counter(entry["verdict"] for entry in document["rules"])
        errors = {finding["rule"] for finding in document["findings"] if finding["level"] == "error"}
        rows.append([f"`{short(name)}`", version(name), *(str(counts[v]) for v in VERDICTS), str(len(errors))])
    return rows


def records(documents: Iterable[dict[str, Any]]) -> list[Record]:
    """Return what the reports say of each rule, as the matrix of the terminal takes it."""
    order = {name: number for number, name in enumerate(catalogue())}
    return [
        Record(
            target=Target("server", short(entry["target"])),
            rule=entry["rule"],
            verdict=Verdict(entry["verdict"]),
            level=catalogue()[entry["rule"]].level,
            section=catalogue()[entry["rule"]].section,
            order=order[entry["rule"]],
        )
        for document in documents
        for entry in document["rules"]
        if entry["rule"] in catalogue()
    ]


def transposed(rows: list[list[str]]) -> list[list[str]]:
    """Return *rows* with servers down and sections across: there are more servers."""
    return [list(column) for column in zip(*rows, strict=True)]


def error_rows(documents: Iterable[dict[str, Any]]) -> list[list[str]]:
    """Return one row per rule of level error that some server breaks."""
    broken: dict[str, list[str]] = {}
    for document in documents:
        for finding in document["findings"]:
            names = broken.setdefault(finding["rule"], [])
            name = f"`{short(finding['target'])}`"
            if finding["level"] == "error" and name not in names:
                names.append(name)
    order = list(catalogue())
    rules = sorted((rule for rule, names in broken.items() if names), key=order.index)
    return [["rule", "broken by"], *([f"`{rule}`", ", ".join(broken[rule])] for rule in rules)]


def main(paths: Sequence[str]) -> None:
    """Print the tables of the reports in *paths*."""
    documents = [json.loads(Path(path).read_text("utf-8")) for path in paths]
    for rows in (verdict_rows(documents), transposed(table(records(documents))), error_rows(documents)):
        print(markdown(rows), end="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
