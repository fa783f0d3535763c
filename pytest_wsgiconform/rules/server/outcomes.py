"""Verdicts that several rules on servers share, and what became of a request in words."""

from __future__ import annotations

from ..display import show
from ..model import HELD, Outcome
from ..records.server import ServerRun
from .evidence import broken


def must_refuse(run: ServerRun, what: str, *, redirect: bool = False) -> Outcome:
    """Judge that the first request is refused: a 4xx, 501, 503 or 505, or a plain close; and that the app never ran.

    :param what: the request in words, for the message. :param redirect: 301 will do, too (RFC 9112 section 3).
    """
    if not run.took_place:
        return None
    if run.ran_first:
        return broken(run, f"{what} reached the app instead of being refused", got=answered(run), expected="400")
    final = run.first_final
    if final is not None:
        if 400 <= final.status <= 499 or final.status in (501, 503, 505) or (redirect and final.status == 301):
            return HELD
        return broken(run, f"{what} was answered with {final.status}", got=str(final.status), expected="400")
    if run.connection.hung:
        return broken(run, f"{what} was neither refused nor the connection closed", got="silence", expected="400")
    return _passed_over(run, what) if run.passed_over else HELD


def _passed_over(run: ServerRun, what: str) -> Outcome:
    return broken(run, f"{what} got no answer, and the one behind it was served", got="passed over", expected="400")


def turned_away(run: ServerRun, what: str) -> Outcome:
    """Judge a request that did not reach the app and need not: refusing it is fine, passing over it is not.

    :param what: the request in words, for the message.
    """
    if run.passed_over:
        return _passed_over(run, what)
    return HELD if run.refused else None


def answered(run: ServerRun) -> str:
    """Return in words what became of the first request."""
    final = run.first_final
    if final is None:
        return f"no response (the connection ended: {run.connection.ended})"
    return f"{final.status} {final.reason}".strip()


def differs(run: ServerRun, name: str, got: str, wanted: str, why: str) -> Outcome:
    """Judge that a variable has exactly the value *wanted*."""
    if got == wanted:
        return HELD
    return broken(run, f"{name} is {show(got)}, {why}", got=show(got), expected=show(wanted))
