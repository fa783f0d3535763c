"""Several servers side by side: one table of rule groups by server, and where their environ and bytes differ."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..rules.display import clean, show
from ..rules.model import Verdict
from ..rules.records.server import Call, Response, ServerRun
from .document import Record

#: What differs between any two servers by its nature.
_OWN = frozenset(
    {
        "SERVER_SOFTWARE",
        "SERVER_PORT",
        "REMOTE_PORT",
        "HTTP_HOST",
        "wsgi.input",
        "wsgi.errors",
        "wsgi.file_wrapper",
        "WSGICONFORM_DEPLOYER",
    }
)
#: What is compared of environ beside HTTP_* and wsgi.*. Not whatever is in capitals: many servers add their process
#: environment, which says nothing about the request and is nobody's business.
_OF_REQUEST = frozenset(
    {
        "AUTH_TYPE",
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "GATEWAY_INTERFACE",
        "HTTPS",
        "PATH_INFO",
        "PATH_TRANSLATED",
        "QUERY_STRING",
        "RAW_URI",
        "REMOTE_ADDR",
        "REMOTE_HOST",
        "REMOTE_USER",
        "REQUEST_METHOD",
        "REQUEST_SCHEME",
        "REQUEST_URI",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PROTOCOL",
    }
)
_OWN_FIELDS = frozenset({"date", "server"})


def table(records: Iterable[Record]) -> list[list[str]]:
    """Return the table's rows, the heading first: per rule group and server how many rules held of those judged.

    A cell reads ``held/judged``, ``-`` where nothing was judged.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    groups: dict[str, None] = {}
    servers: dict[str, None] = {}
    for record in sorted(records, key=lambda r: r.order):
        if record.target.kind != "server":
            continue
        server = record.target.name
        groups[record.section] = servers[server] = None
        cell = counts.setdefault((record.section, server), [0, 0])
        if record.verdict in (Verdict.HELD, Verdict.BROKEN):
            cell[1] += 1
            cell[0] += record.verdict is Verdict.HELD
    rows = [["rules", *map(clean, servers)]]
    for group in groups:
        cells = [counts.get((group, server), [0, 0]) for server in servers]
        rows.append([group, *(f"{held}/{judged}" if judged else "-" for held, judged in cells)])
    return rows


def table_lines(records: Iterable[Record]) -> list[str]:
    """Return :func:`table` as aligned lines of text."""
    rows = table(records)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


#: A difference that more than so many stimuli show is told once for all of them.
FEW = 3


def difference_lines(runs: Mapping[str, Mapping[str, ServerRun]]) -> Iterator[str]:
    """Yield where the servers differ: first what differs in many stimuli, then what is left, stimulus by stimulus.

    :param runs: per server's name its records by stimulus. Compared are stimuli that all servers were tried with.
    """
    names = list(runs)
    shared = [stimulus for stimulus in runs[names[0]] if all(stimulus in own for own in runs.values())]
    found = [found for stimulus in shared for found in _differences(stimulus, [runs[name][stimulus] for name in names])]
    often = Counter((key, values) for _, key, values in {(s, _general(key), values): None for s, key, values in found})
    for (key, values), count in often.items():
        if count > FEW:
            yield f"in {count} of {len(shared)} stimuli  {clean(key)}"
            yield from _side_by_side(names, values)
    for stimulus, key, values in found:
        if often[_general(key), values] <= FEW:
            yield f"{stimulus}  {clean(key)}"
            yield from _side_by_side(names, values)


def _side_by_side(names: Iterable[str], values: Iterable[str]) -> Iterator[str]:
    return (f"    {clean(name)}: {value}" for name, value in zip(names, values, strict=True))


def _general(key: str) -> str:
    """Return *key* without the label of the request that it is about."""
    return re.sub(r"^environ of \S+: ", "environ: ", key)


def _differences(stimulus: str, runs: Sequence[ServerRun]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield (stimulus, what differs, its value at each server). Of a call that not all made, that alone is told."""
    called = [{call.label for call in run.calls} for run in runs]
    for label in sorted(called[0].union(*called) - called[0].intersection(*called)):
        calls = tuple("called" if label in own else "not called" for own in called)
        yield stimulus, f"the app for the request {label or '?'}", calls
    everywhere = called[0].intersection(*called)
    views = [_view(run, everywhere) for run in runs]
    for key in dict.fromkeys(key for view in views for key in view):
        values = tuple(view.get(key, "(absent)") for view in views)
        if len(set(values)) > 1:
            yield stimulus, key, values


def _view(run: ServerRun, labels: Container[str]) -> dict[str, str]:
    """Return what can be compared of a run: environ of each call, and each response, token and clock left out.

    :param labels: of the calls to compare.
    """
    view: dict[str, str] = {}
    for call in run.calls:
        if call.label in labels:
            view.update(_environ(call, run))
    for number, connection in enumerate(run.connections, 1):
        for count, response in enumerate(connection.responses, 1):
            view.update(_response(f"response {number}.{count}", response, run))
        view[f"connection {number} ended"] = connection.ended
    return view


def _environ(call: Call, run: ServerRun) -> Iterator[tuple[str, str]]:
    for name, value in call.environ.items():
        if name in _OWN or os.environ.get(name) == value:
            continue
        if name in _OF_REQUEST or name.startswith(("HTTP_", "wsgi.")):
            yield f"environ of {call.label or '?'}: {name}", show(_neutral(value, run))


def _response(name: str, response: Response, run: ServerRun) -> Iterator[tuple[str, str]]:
    yield f"{name}: status", f"{response.version} {response.status} {clean(response.reason)}"
    fields = sorted((n.lower(), v) for n, v in response.headers if n.lower() not in _OWN_FIELDS)
    yield f"{name}: fields", show(_neutral(fields, run))
    yield f"{name}: body", show(response.body.replace(run.token.encode(), b"TOKEN") if run.token else response.body)


def _neutral(value: Any, run: ServerRun) -> Any:
    """Return *value* with what belongs to this one run (token and address) replaced."""
    if type(value) is str:
        text = value.replace(run.token, "TOKEN") if run.token else value
        return re.sub(re.escape(run.host), "HOST", text) if run.host else text
    if type(value) is list:
        return [_neutral(item, run) for item in value]
    return tuple(_neutral(item, run) for item in value) if type(value) is tuple else value


def write_matrix(reporter: Any, records: Sequence[Record], servers: Sequence[Any]) -> None:
    """Write the table, and for *servers* (server targets of this process; empty: none) their differences.

    :param reporter: pytest's terminal reporter.
    """
    reporter.write_sep("=", "WSGI servers")
    for line in table_lines(records):
        reporter.write_line(line)
    if len(servers) < 2:
        return
    reporter.write_sep("-", "differences")
    lines = list(difference_lines({run.name: run.runs for run in servers}))
    for line in lines or ["none in what was tried with all of them"]:
        reporter.write_line(line)
