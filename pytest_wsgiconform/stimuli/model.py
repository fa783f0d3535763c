"""What a stimulus is, and the stage it plays on.

A stimulus is a conforming but awkward server (and client): it never does what a server may not do, so what
goes wrong is the app's. It runs from (app, path) to an :class:`AppRun` of plain data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..environ import build_environ
from ..observe.gateway import Play
from ..observe.validator import Validator
from ..rules.app_run import AppRun, ExchangeRecord
from ..rules.model import Rule


@dataclass(frozen=True)
class Stimulus:
    """A named way of treating an app.

    :param id: kebab-case name; findings and exchange rules refer to it.
    :param summary: one sentence: what is sent and how our side behaves.
    :param play: plays it on a :class:`Stage`; whatever it plays there is recorded.
    """

    id: str
    summary: str
    play: Callable[[Stage], None]


class Stage:
    """Where a stimulus plays: one app, one path.

    :param app: the WSGI callable. :param rules: the event rules that watch.
    :param path: the path below the mount point, with its leading slash; may carry ``?query``.
    :param limit: seconds for one exchange. :param stimulus: id of the stimulus that plays.
    :ivar run: what has been recorded so far.
    """

    def __init__(self, app: Any, rules: list[Rule], path: str, limit: float, stimulus: str) -> None:
        self.app, self.path, self.limit = app, path, limit
        self.run = AppRun(stimulus, path)
        self.validator = Validator(app, _ignore, rules=rules, thorough=True, on_end=self._ended)

    def environ(self, method: str = "GET", **options: Any) -> dict[str, Any]:
        """Return a fresh complete environ for the stage's path; options as for ``build_environ``."""
        return build_environ(options.pop("path", self.path), method, **options)

    def play(self, label: str, environ: dict[str, Any] | None = None, **behaviour: Any) -> ExchangeRecord:
        """Play one whole exchange and record it.

        :param label: what exchange rules will call it. :param environ: ``None`` for an ordinary GET.
        :param behaviour: how our side behaves, see :class:`Play`.
        """
        return self.begin(label, environ, **behaviour).run()

    def begin(self, label: str, environ: dict[str, Any] | None = None, **behaviour: Any) -> Play:
        """Begin an exchange that the stimulus steps through itself; it must call ``finish()``."""
        play = Play(
            self.validator,
            self.environ() if environ is None else environ,
            label=label,
            limit=behaviour.pop("limit", self.limit),
            **behaviour,
        )
        self.run.exchanges.append(play.record)
        return play

    def _ended(self, exchange: Any) -> None:
        self.run.findings.extend(exchange.findings)
        for rule_id, count in exchange.exercised.items():
            self.run.exercised[rule_id] = self.run.exercised.get(rule_id, 0) + count


def _ignore(_finding: Any) -> None:
    """Findings are taken from the exchanges, with their counts."""
