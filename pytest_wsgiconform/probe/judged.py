"""The validator around a behaviour: the passive rules that bind servers, judged where the server calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .behaviour import Behaviour, Stage, Watched

if TYPE_CHECKING:
    from pytest_wsgiconform.observe.validator import Validator
    from pytest_wsgiconform.rules.model import Finding
    from pytest_wsgiconform.rules.records.exchange import Exchange


def judged(behaviour: Behaviour, stage: Stage, args: tuple[Any, ...], named: dict[str, Any]) -> Iterable[bytes]:
    """Play *behaviour* behind the validator; its findings and counts go over the side channel at the end.

    :param args, named: what the server called the app with.
    """

    def play(environ: Any, start_response: Any) -> Iterable[bytes]:
        inner = Stage(stage.talk, environ, start_response, stage.marker)
        result = Watched(stage.talk, behaviour.play(inner), last=False)
        stage.talk.event("returned")
        return result

    def ended(exchange: Exchange) -> None:
        stage.talk.event(
            "judged",
            exercised=dict(exchange.exercised),
            findings=[finding.to_dict() for finding in exchange.findings],
        )
        stage.talk.finish()

    result: Iterable[bytes] = _validator(play, ended)(*args, **named)
    return result


def _validator(play: Any, ended: Any) -> Validator:
    from pytest_wsgiconform.observe.validator import Validator

    return Validator(play, _keep, thorough=True, on_end=ended, profiled=False)


def _keep(finding: Finding) -> None:
    """Let nothing be raised into the server: the exchange keeps its findings, and they are sent at its end."""
