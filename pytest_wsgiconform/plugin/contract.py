"""Contract tests for middleware, in code: a base class with one test for each rule.

::

    from pytest_wsgiconform.contract import MiddlewareContract

    class TestGzip(MiddlewareContract):
        middleware = staticmethod(make_gzip)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from ..rules.model import Rule
    from ..targets.base import TargetRun

Factory = Callable[[Callable[..., Any]], Callable[..., Any]]


@cache
def _rules() -> tuple[Rule, ...]:
    from ..rules.registry import choose
    from ..targets.middleware.target import binds_middleware

    return tuple(rule for rule in choose() if binds_middleware(rule))


def middleware_run(name: str, factory: Factory, **settings: Any) -> TargetRun:
    """Return the run of the middleware that *factory* makes; stimuli are played when the first rule is judged.

    :param name: for findings. :param factory: ``factory(app)`` makes the middleware.
    :param settings: fields of :class:`pytest_wsgiconform.settings.Settings`, ``timeout`` for example.
    """
    from ..settings import Settings
    from ..targets.middleware.target import MiddlewareTarget

    return MiddlewareTarget(name, factory, Settings(**settings))


class MiddlewareContract:
    """Judges a middleware by every rule that binds it: one pytest item for each.

    :cvar middleware: ``middleware(app)`` makes the middleware; wrap a function in ``staticmethod``.
    :cvar allow: ids of rules that may be broken; their tests are expected failures. A broken rule of level warning
        is a warning, as with ``--wsgi-middleware``, and one of level advice is nothing.
    :cvar timeout: seconds that one exchange may take.
    """

    middleware: ClassVar[Factory]
    allow: ClassVar[tuple[str, ...]] = ()
    timeout: ClassVar[float] = 10.0
    _run: ClassVar[TargetRun | None] = None

    @classmethod
    def _opened(cls, session: pytest.Session) -> TargetRun:
        if "_run" not in cls.__dict__ or cls._run is None:
            cls._run = middleware_run(cls.__qualname__, cls.middleware, timeout=cls.timeout)
            # Deselected tests ask for nothing to be played.
            left = [item for item in session.items if getattr(item, "cls", None) is cls and hasattr(item, "callspec")]
            cls._run.plan(rule for item in left if (rule := item.callspec.params.get("wsgi_contract_rule")))
        return cls._run

    def test_rule(self, request: pytest.FixtureRequest, wsgi_contract_rule: Rule, wsgi_findings: list[Any]) -> None:
        """The rule holds, or nothing in all the exchanges could have broken it (then the test is skipped)."""
        __tracebackhide__ = True
        weigh(self._opened(request.session), wsgi_contract_rule, wsgi_findings, self.allow)


def weigh(run: TargetRun, rule: Rule, findings: list[Any], allow: tuple[str, ...] = ()) -> None:
    """Judge *rule*; what is found goes to *findings* (the fixture ``wsgi_findings``), which fails or warns for it."""
    __tracebackhide__ = True
    result = run.judge(rule)
    if result.findings and rule.id in allow:
        pytest.xfail(f"{rule.id} is allowed to be broken: {result.findings[0].message}")
    if not result.findings and not result.exercised:
        pytest.skip(f"{result.verdict}: {result.reason}")
    findings.extend(result.findings)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give ``wsgi_contract_rule`` its values; called by the plugin for tests that ask for it."""
    rules = _rules()
    metafunc.parametrize("wsgi_contract_rule", rules, ids=[rule.id for rule in rules])
