"""Findings about a server: each with the bytes of the conversation that shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...rules.display import clean
from ...rules.model import Blame, Fault, Finding, Rule, merge
from ...rules.records.server import Call, Connection, ServerRun
from ...rules.server.evidence import evidence
from ...rules.server.requests import asked


def finding_of(rule: Rule, fault: Fault, run: ServerRun) -> Finding:
    """Make the finding of *fault*, with the bytes that show it."""
    facts = {**evidence(run), **fault.evidence}
    for key in ("got", "expected"):
        value = getattr(fault, key)
        if value is not None:
            facts[key] = clean(value)
    return Finding(
        rule=rule.id,
        level=rule.level,
        blame=rule.side,
        clauses=rule.clauses,
        message=clean(fault.message.replace(run.token, "TOKEN") if run.token else fault.message),
        stimulus=run.stimulus,
        request=_request(run, run.connection),
        location=fault.location,
        evidence=facts,
        variable=fault.variable,
    )


def with_all_stimuli(findings: list[Finding]) -> list[Finding]:
    """Return *findings* merged; one that several stimuli showed has them all as its evidence ``stimuli``."""
    merged = merge(findings)
    for number, kept in enumerate(merged):
        same = [f.stimulus for f in findings if f.message == kept.message and f.variable == kept.variable]
        if len(set(same)) > 1:
            merged[number] = replace(kept, evidence={**kept.evidence, "stimuli": sorted(set(same))})
    return merged


def found_inside(rule: Rule, run: ServerRun, call: Call) -> tuple[int, list[Finding]]:
    """Return how often *rule* was exercised by the validator inside the server in *call*, and what it found.

    The findings show the connection that carried the request of that call. The line that the validator named is the
    probe's, and left out.
    """
    exercised, findings = 0, []
    request = asked(run, call.label) if call.label else None
    connection = request.connection if request is not None else run.connection
    for report in call.named("judged"):
        exercised += int(report["exercised"].get(rule.id, 0))
        for data in report["findings"]:
            if data["rule"] != rule.id or data["blame"] != Blame.SERVER.value:
                continue
            found = Finding.from_dict(data)
            facts = {**evidence(run, connection), **found.evidence}
            where = _request(run, connection)
            findings.append(replace(found, stimulus=run.stimulus, request=where, location=None, evidence=facts))
    return exercised, findings


def _request(run: ServerRun, connection: Connection) -> dict[str, Any]:
    """Return the first request on *connection* as plain data."""
    line = connection.bytes_sent.split(b"\r\n", 1)[0].decode("latin-1", "replace").split(" ")
    method, path = line[0], line[1] if len(line) > 1 else ""
    if run.token:
        path = path.replace(run.token, "TOKEN")  # the same in every run, for baselines
    return {"method": method[:100], "path": path[:300]}
