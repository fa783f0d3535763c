"""What of an app was played and came to nothing: exchanges that failed in the middle, and requests that it refused."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ...rules.display import clean, shorten
from ...rules.model import Location
from ...rules.records.app import AppRun, ExchangeRecord
from ...rules.records.reach import TargetReach
from ...stimuli.app.asking import WITH_BODY
from .raised import raised_in
from .reach import length_announced
from .routes import Route

#: Statuses by which an app refuses a request without looking at what it asks for.
REFUSALS = frozenset({401, 403, 405, 413, 415, 429})

#: What our own side says when it raises: if that comes out of the app again, the app has not failed.
_OURS = ("the client closed the connection", "past the end of the body")

_CSRF = re.compile(rb"[^<>\n\"{}]{0,60}\b(?:csrf|cross[- ]site request)\b[^<>\n\"{}]{0,60}", re.IGNORECASE)

#: What to do about a refusal, by its status.
_ADVICE = {
    401: "--wsgi-auth, --wsgi-login or a session hook opens a session",
    403: "--wsgi-login, --wsgi-header or a hook gives what it asks for",
    413: "raise the limit in the settings that are used here",
    415: "--wsgi-request sends a request of your own with the right media type",
    429: "turn the throttle off here, or empty it in the hook pytest_wsgiconform_reset",
}
_CSRF_ADVICE = "turn the check off in the settings that are used here, or add the token in pytest_wsgiconform_request"


def failures(runs: Iterable[tuple[Route, AppRun]], root: str) -> list[str]:
    """Say how many exchanges ended in an exception, or broke off after the first byte, and what raised most often.

    :param root: files below this folder are named relative to it.
    """
    records = [record for _, run in runs for record in run.exchanges]
    failed = [record for record in records if _failed(record)]
    broken_off = sum(_broke_off(record) for record in records)
    parts = []
    if failed:
        raised = Counter(_named(record, root) for record in failed)
        (commonest, number), *others = raised.most_common()
        often = f"most often {commonest} ({number} times)" if others else commonest
        parts.append(f"{len(failed)} of {len(records)} exchanges ended in an exception: {often}")
    if broken_off:
        parts.append(f"{broken_off} of {len(records)} exchanges broke off after the first byte")
    return parts


def _failed(record: ExchangeRecord) -> bool:
    """Tell whether an exception of the app's own left it."""
    error = record.error
    return error is not None and not record.facts.get("reraised") and not any(text in error.message for text in _OURS)


def _named(record: ExchangeRecord, root: str) -> str:
    raised = raised_in(record)
    return f"{raised}{_place(raised.location, root)}" if raised is not None else "an exception"


def _place(location: Location | None, root: str) -> str:
    if location is None:
        return ""
    return f" ({location.file.removeprefix(root + os.sep) if root else location.file}:{location.line})"


def _broke_off(record: ExchangeRecord) -> bool:
    """Tell whether a response ended after its first byte and before its last."""
    if not record.size or record.stopped_early:
        return False
    if record.error is not None:
        return _failed(record) and record.error.phase != "close"
    announced = length_announced(record)
    return record.timed_out or (announced is not None and record.size < announced)


# -- refusals


@dataclass(frozen=True)
class Refusal:
    """How an app refused a request. :param code: of the status. :param text: what it said. :param csrf: no token."""

    code: int
    text: str
    csrf: bool = False


def refusal_in(record: ExchangeRecord) -> Refusal | None:
    """Return how *record* was refused, ``None`` when it was not."""
    code = record.code
    said = _CSRF.search(record.body[:20000]) or _CSRF.search((record.status or "").encode("latin-1", "replace"))
    csrf = said is not None and code in (400, 403, 419)
    if code is None or not (code in REFUSALS or csrf):
        return None
    reason = (record.status or "")[4:]
    if csrf and said is not None and b"csrf" not in reason.lower().encode("latin-1", "replace"):
        reason = " ".join(said.group().decode("latin-1").split())
    return Refusal(code, clean(shorten(f"{code} {reason}".strip(), 120)), csrf)


def is_refused(run: AppRun) -> bool:
    """Tell whether *run* says nothing of what the app does with what was sent, because all of that was refused.

    What is sent are the requests with a body; where there is none, a throttle or a lost login may refuse them all.
    """
    sent = [record for record in run.exchanges if record.method in WITH_BODY]
    if sent:
        return all(refusal_in(record) is not None for record in sent)
    return bool(run.exchanges) and all(record.code in (401, 403, 429) for record in run.exchanges)


def refusals(runs: Iterable[tuple[Route, AppRun]], reach: TargetReach) -> list[str]:
    """Say which methods the app refused on the routes that were reached, how often, and what to do about it."""
    reached = {(route.method, route.path) for route in reach.routes if route.reached}
    sent: Counter[tuple[str, str]] = Counter()
    refused: dict[str, dict[str, list[Refusal]]] = {}
    for route, run in runs:
        if (route.method, route.path) not in reached or run.stimulus in ("odd-methods", "options"):
            continue
        for record in run.exchanges:
            if not _is_asked(record, route):
                continue
            sent[record.method, route.path] += 1
            found = refusal_in(record)
            if found is not None:
                refused.setdefault(record.method, {}).setdefault(route.path, []).append(found)
    lines = []
    for method, by_path in sorted(refused.items()):
        count = sum(sent[method, path] for path in by_path)  # the routes that refuse none of them say nothing here
        lines.append(_refused_line(method, count, by_path))
    return lines


def _is_asked(record: ExchangeRecord, route: Route) -> bool:
    """Tell whether *record* is a request that the route may take: a method that its table leaves out is none."""
    if record.code == 405 and (route.named or record.method != "POST"):
        return False
    return record.method in (*WITH_BODY, "GET", "DELETE")


def _refused_line(method: str, sent: int, by_path: dict[str, list[Refusal]]) -> str:
    refused = [refusal for found in by_path.values() for refusal in found]
    commonest = Counter(refused).most_common(1)[0][0]
    passed = sent - len(refused)
    line = f'{passed} of {sent} {method} request{"s" if sent != 1 else ""} got past "{commonest.text}"'
    paths = [clean(shorten(path, 80)) for path in by_path]
    line += f" (on {', '.join(paths[:3])}{f' and {len(paths) - 3} more' if len(paths) > 3 else ''})"
    advice = _CSRF_ADVICE if commonest.csrf else _ADVICE.get(commonest.code, "")
    return f"{line}: {advice}" if advice else line
