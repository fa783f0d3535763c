"""Blame goes to the layer that broke the rule first."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from pytest_wsgiconform import Blame, Finding, Verdict
from pytest_wsgiconform.engine import judge_all, open_run
from pytest_wsgiconform.rules.registry import choose
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.app.layers import LayeredTarget, Layers

App = Callable[..., Any]


def page(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"a page"]


def bad_page(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200", [("Content-Type", "text/plain")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"a page"]


class Plain:
    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


class ShortStatus(Plain):
    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, lambda status, headers, exc_info=None: start_response(status[:3], headers, exc_info))


class EnvironCopy(dict):  # type: ignore[type-arg]
    pass


class OtherEnviron(Plain):
    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(EnvironCopy(environ), start_response)


class Slotted:
    __slots__ = ("wrapped",)

    def __init__(self, wrapped: App) -> None:
        self.wrapped = wrapped

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.wrapped(environ, start_response)


def decorated(app: App) -> App:
    @functools.wraps(app)
    def middleware(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    return middleware


def judged(app: App, rule: str) -> list[Finding]:
    target = LayeredTarget("", app, Settings(paths=("/page",)))
    try:
        return judge_all(target, choose((rule,)))[0]
    finally:
        target.close()


def names(app: App) -> list[str]:
    layers = Layers(app, [])
    try:
        return [layer.name.rpartition(".")[2] for layer in layers.outermost.all()]
    finally:
        layers.restore()


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (page, ["page"]),
        (Plain(page), ["Plain", "page"]),
        (Plain(ShortStatus(Slotted(page))), ["Plain", "ShortStatus", "Slotted", "page"]),
        (ProxyFix(Plain(page)), ["ProxyFix", "Plain", "page"]),
        (DispatcherMiddleware(page, {"/a": Plain(bad_page)}), ["DispatcherMiddleware", "page", "Plain", "bad_page"]),
    ],
    ids=["app alone", "attribute", "slots", "werkzeug", "dispatcher"],
)
def test_layers_are_found(app: App, expected: list[str]) -> None:
    assert names(app) == expected


def test_layers_in_closures_are_found() -> None:
    app = decorated(Plain(page))
    layers = Layers(app, [])
    assert [layer.app for layer in layers.outermost.all()][2] is page
    layers.restore()


def test_everything_is_put_back() -> None:
    inner = Plain(page)
    app = decorated(inner)
    layers = Layers(app, [])
    assert inner.app is not page
    layers.restore()
    assert inner.app is page
    assert app.__closure__ is not None
    assert app.__closure__[0].cell_contents is inner


def test_the_app_is_blamed_for_what_layers_pass_on() -> None:
    findings = judged(Plain(ProxyFix(bad_page)), "status-has-reason")
    assert {f.blame for f in findings} == {Blame.APP}
    assert {f.evidence["layer"].partition(" ")[0] for f in findings} == {"bad_page"}
    assert all(f.location is not None and f.location.function == "bad_page" for f in findings)


def test_the_layer_that_broke_it_is_blamed() -> None:
    findings = judged(Plain(ShortStatus(Plain(page))), "status-has-reason")
    assert {f.blame for f in findings} == {Blame.MIDDLEWARE}
    assert all("ShortStatus" in f.evidence["layer"] for f in findings)
    assert all("test_layers.py" in f.evidence["layer"] for f in findings)


def test_the_layer_that_called_wrongly_is_blamed() -> None:
    findings = judged(Plain(OtherEnviron(Plain(page))), "environ-builtin-dict")
    assert {f.blame for f in findings} == {Blame.MIDDLEWARE}
    assert all("OtherEnviron" in f.evidence["layer"] for f in findings)


def test_correct_layers_have_no_findings_and_rules_between_them_held() -> None:
    target = LayeredTarget("", Plain(decorated(page)), Settings(paths=("/page",)))
    _, results = judge_all(target, choose(("environ-builtin-dict",)))
    assert [result.verdict for result in results] == [Verdict.HELD]
    assert target.summary_lines()[-1].startswith("3 layers: ")
    target.close()


def test_an_app_without_layers_is_judged_as_ever() -> None:
    target = LayeredTarget("", bad_page, Settings(paths=("/page",)))
    findings, results = judge_all(target, choose(("status-has-reason", "environ-builtin-dict")))
    assert [result.rule for result in results] == ["status-has-reason"]
    assert findings[0].blame is Blame.APP
    target.close()


def test_open_run_makes_a_layered_target(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "layered_site.py").write_text("def app(environ, start_response):\n    return []\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(open_run("app", "layered_site:app", Settings(layers=True)), LayeredTarget)
