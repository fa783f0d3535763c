"""Telling a real difference between two answers from the ones that any app may show.

Apps answer equal requests differently for good reasons: dates, counters, tokens, chance. So two groups of answers
are compared part by part, and a part counts only if it is the same all through each group. The groups are played
mixed (base, variant, variant, base, base, variant, base, variant), so that whatever drifts with time or with the
number of requests differs inside a group, too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..model import HELD, Outcome, fault
from ..records.app import AppRun, ExchangeRecord

#: A part has to be steady over this many answers of each group before a difference is believed.
STEADY = 4

#: Fields that are about the moment or the client, and say nothing of how the app understood the request.
_VOLATILE = frozenset({"date", "age", "expires", "set-cookie", "x-request-id", "x-runtime", "server-timing"})


#: Parts that change by themselves when the body does.
OF_THE_BODY = frozenset({"body", "content-length", "etag", "content-md5", "last-modified"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A part in which two groups of answers differ steadily.

    :param part: ``"outcome"``, ``"status"``, ``"body"`` or a field name in lower case.
    :param base: what the one group has, as text. :param variant: what the other has.
    """

    part: str
    base: str
    variant: str


def outcome_of(record: ExchangeRecord) -> str:
    """Say in a few words how an exchange ended: ``"answered"``, or what went wrong."""
    if record.timed_out:
        return "did not end in time"
    if record.error is not None:
        return f"raised {record.error.type}"
    if not record.starts:
        return "never called start_response"
    return "answered" if record.exhausted else "was not read to its end"


def parts_of(record: ExchangeRecord) -> dict[str, str]:
    """Return what can be compared of an answer, by part."""
    fields: dict[str, str] = {}
    for name, value in record.headers:
        if name.lower() not in _VOLATILE:
            fields[name.lower()] = f"{fields[name.lower()]}, {value}" if name.lower() in fields else value
    body = f"{record.size} bytes, SHA-256 {record.digest[:12]}"
    return {"outcome": outcome_of(record), "status": str(record.code), **fields, "body": body}


def alike(one: ExchangeRecord, other: ExchangeRecord) -> bool:
    """Tell whether two answers agree in every part."""
    return parts_of(one) == parts_of(other)


def steady(records: Sequence[ExchangeRecord]) -> dict[str, str]:
    """Return the parts that all *records* agree in; a field that only some have is left out."""
    parts = [parts_of(record) for record in records]
    if not parts:
        return {}
    return {part: text for part, text in parts[0].items() if all(other.get(part) == text for other in parts[1:])}


def differences(base: Sequence[ExchangeRecord], variant: Sequence[ExchangeRecord]) -> list[Difference] | None:
    """Compare two groups of answers.

    :returns: ``None`` when they can't be compared: one is empty, the base wasn't answered each time, or something
        differed and was not repeated often enough to be believed. Else the steady differences.
    """
    if not base or not variant or any(outcome_of(record) != "answered" for record in base):
        return None
    if any(alike(base[0], record) for record in variant):
        return []
    if len(base) < STEADY or len(variant) < STEADY:
        return None
    ours, theirs = steady(base), steady(variant)
    if "outcome" not in theirs:
        return None
    names = [name for name in {**ours, **theirs} if _comparable(name, ours, theirs, base, variant)]
    return [
        Difference(name, ours.get(name, "(absent)"), theirs.get(name, "(absent)"))
        for name in names
        if ours.get(name) != theirs.get(name)
    ]


def _comparable(
    name: str,
    ours: dict[str, str],
    theirs: dict[str, str],
    base: Sequence[ExchangeRecord],
    variant: Sequence[ExchangeRecord],
) -> bool:
    """Tell whether *name* is steady in both groups; a field may be steadily absent."""

    def fixed(mine: dict[str, str], records: Sequence[ExchangeRecord]) -> bool:
        return name in mine or not any(name in parts_of(record) for record in records)

    return fixed(ours, base) and fixed(theirs, variant)


def compare(
    run: AppRun,
    base: str,
    variant: str,
    because: str,
    parts: Collection[str] | None = None,
    shown: Sequence[str] = (),
) -> Outcome:
    """Judge a rule that says that two requests get the same answer.

    :param base, variant: labels of the two groups. :param because: what differs between the requests, to stand
        after "the answer changes when". :param parts: the parts that count; ``None`` for all. :param shown: texts that
        tell, when a body holds one of them, that the app shows the request, so that its body must differ.
    """
    found = differences(run.labelled(base), run.labelled(variant))
    if found is None:
        return None
    found = [difference for difference in found if parts is None or difference.part in parts]
    if shown and echoes([*run.labelled(base), *run.labelled(variant)], shown):
        found = [difference for difference in found if difference.part not in OF_THE_BODY]
    if not found:
        return HELD
    worst = found[0]
    record = run.labelled(variant)[0]
    where = record.error.location if record.error is not None else record.start_location
    return fault(
        f"the answer changes when {because}: {worst.part} is {worst.variant}, not {worst.base}",
        got=worst.variant,
        expected=worst.base,
        location=where,
        exchange=variant,
        parts=[difference.part for difference in found],
    )


def echoes(records: Sequence[ExchangeRecord], texts: Sequence[str]) -> bool:
    """Tell whether a body holds one of *texts* in any case: the app shows the request, so its body must differ."""
    wanted = [text.lower().encode("latin-1") for text in texts]
    return any(text in record.body.lower() for record in records for text in wanted)


def was_answered(record: ExchangeRecord | None) -> bool:
    """Whether there was such an exchange, and it ended in a response."""
    return record is not None and outcome_of(record) == "answered"
