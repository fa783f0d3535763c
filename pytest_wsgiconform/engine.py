"""Judging targets: the one loop that turns (target, rule) into a verdict, without pytest.

A :class:`TargetRun` holds one target for one session. It plays the stimuli that the chosen rules need, each once, and
shares their records between rules; the pytest layer (``suite``) and :func:`pytest_wsgiconform.check_app` are thin
callers of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .rules.model import Finding, Rule, RuleResult
from .rules.records.reach import TargetReach
from .settings import Settings
from .targets.base import TargetError, TargetRun
from .targets.verdicts import as_reached


def open_run(kind: str, name: str, settings: Settings) -> TargetRun:
    """Load or start the target *name*, and return its run; which rules to judge is the caller's choice.

    :param kind: ``"app"``, ``"middleware"`` or ``"server"``. :param name: as the user gave it.
    :raises TargetError: when it can't be loaded or started.
    :raises ValueError: for another *kind*.
    """
    if kind == "app":
        from .targets.app.target import AppTarget
        from .targets.load import load_app

        if settings.layers and not settings.isolate:
            from .targets.app.layers import LayeredTarget

            return LayeredTarget(name, load_app(name, settings.timeout), settings)
        return AppTarget(name, None if settings.isolate else load_app(name, settings.timeout), settings)
    if kind == "middleware":
        from .targets.middleware.load import load_middleware
        from .targets.middleware.target import MiddlewareTarget

        return MiddlewareTarget(name, load_middleware(name, settings.timeout), settings)
    if kind == "server":
        from .targets.server.opening import open_server

        return open_server(name, settings)
    raise ValueError(f"no such kind of target: {kind}")


def judge_all(run: TargetRun, rules: Iterable[Rule] | None = None) -> tuple[list[Finding], list[RuleResult]]:
    """Judge those of *rules* (``None``: all) that bind the target; no more is played than they need.

    :returns: all findings, and the result of each rule in the catalogue's order.
    """
    wanted = None if rules is None else set(rules)
    asked = [rule for rule in run.rules() if wanted is None or rule in wanted]
    run.plan(asked)
    results = [as_reached(run.judge(rule), run.reach()) for rule in asked]
    return [finding for result in results for finding in result.findings], results


class AppReport:
    """What :func:`check_app` found.

    :ivar findings: every finding, merged by rule and place.
    :ivar verdicts: one :class:`RuleResult` per rule that binds an app, in the catalogue's order. None is held when
        the app is not judged.
    :ivar judged: whether at least one path was reached; else the verdicts say nothing but what was found.
    :ivar reason: why it is not judged, ``""`` when it is.
    :ivar routes: for each path its method, whether it was ``reached``, the ``status`` and ``why`` it was not.
    """

    def __init__(self, findings: list[Finding], verdicts: list[RuleResult], reach: TargetReach | None = None) -> None:
        self.findings, self.verdicts = findings, verdicts
        reach = reach or TargetReach(judged=True)
        self.judged, self.reason, self.routes = reach.judged, reach.reason, reach.routes

    @property
    def reached(self) -> int:
        """How many paths were reached."""
        return sum(route.reached for route in self.routes)


def check_app(
    app: Callable[..., Any],
    paths: Iterable[str] = ("/",),
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    timeout: float = 10.0,
) -> AppReport:
    """Run the whole app suite on *app*, without pytest.

    :param app: a WSGI application. :param paths: request targets, each with a leading slash.
    :param select, ignore: globs of rule ids; all rules when empty. Only what the chosen ones need is played.
    :param timeout: seconds that one exchange may take.
    :returns: findings and verdicts. Nothing that the app does is raised.
    :raises LookupError: for a glob that matches no rule.
    :raises ValueError: for a path without its leading slash, or a timeout that isn't positive.
    """
    from .rules.registry import choose
    from .targets.app.target import AppTarget

    paths = tuple(paths)
    for path in paths:
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, not {path!r}")
    if timeout <= 0:
        raise ValueError(f"timeout is a positive number of seconds, not {timeout!r}")
    rules = choose(select, ignore)
    target = AppTarget("", app, Settings(paths=paths, timeout=timeout))
    return AppReport(*judge_all(target, rules), target.reach())


__all__ = ["AppReport", "TargetError", "TargetRun", "check_app", "judge_all", "open_run"]
