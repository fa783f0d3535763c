"""How often a middleware is made, and what becomes of one that can be made only once or keeps answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform import Level
from pytest_wsgiconform.engine import judge_all, open_run
from pytest_wsgiconform.observe.sandwich import Sandwich
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.middleware.stimuli import middleware_stimuli
from pytest_wsgiconform.targets.base import TargetError
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget

App = Callable[..., Any]
STIMULI = [stimulus for stimulus in middleware_stimuli() if stimulus.id != "large"]


def plain(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    return middleware


class Counted:
    """A factory that counts its calls, and does *later* instead from call number *last* + 1 on."""

    def __init__(self, factory: Callable[[App], App], last: int = 10_000, later: Any = None) -> None:
        self.factory, self.last, self.later, self.calls = factory, last, later, 0

    def __call__(self, app: App) -> Any:
        self.calls += 1
        return self.factory(app) if self.calls <= self.last else self.later()


def target_of(factory: Any, timeout: float = 5.0) -> MiddlewareTarget:
    return MiddlewareTarget("made", factory, Settings(timeout=timeout), STIMULI, as_app=False)


def faults(target: MiddlewareTarget) -> list[str]:
    return [f"{finding}" for finding in judge_all(target)[0] if finding.level is not Level.ADVICE]


def test_it_is_made_once_for_each_stimulus() -> None:
    counted = Counted(plain)
    target = target_of(counted)
    assert faults(target) == []
    assert len(STIMULI) < sum(len(run.crossings) for run in target.played())
    assert counted.calls == len(STIMULI) + 1, "and once to see whether it can be made"


Answer = tuple[str, list[tuple[str, str]], list[bytes]]


def whole_answer(app: App, environ: Any) -> Answer:
    """What *app* answers, from end to end."""
    heads: list[Any] = []
    body: list[bytes] = []

    def start(status: str, headers: Any, exc_info: Any = None) -> Any:
        heads[:] = [status, list(headers)]
        return body.append

    result = app(environ, start)
    try:
        body += result
    finally:
        if hasattr(result, "close"):
            result.close()
    return heads[0], heads[1], body


def caching(app: App) -> App:
    """Answers an equal request as it did before, without asking the app."""
    answers: dict[tuple[str, str], Answer] = {}

    def middleware(environ: Any, start_response: Any) -> Any:
        key = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if key not in answers:
            answers[key] = whole_answer(app, environ)
        status, headers, body = answers[key]
        start_response(status, list(headers))
        return list(body)

    return middleware


def revalidating(app: App) -> App:
    """Asks the app each time, and answers as it did the first time all the same."""
    first: list[Answer] = []

    def middleware(environ: Any, start_response: Any) -> Any:
        first.append(whole_answer(app, environ))
        status, headers, body = first[0]
        start_response(status, list(headers))
        return list(body)

    return middleware


def throttling(app: App) -> App:
    """Lets two requests through, and refuses the rest."""
    seen: list[int] = []

    def middleware(environ: Any, start_response: Any) -> Any:
        seen.append(1)
        if len(seen) > 2:
            start_response("429 Too Many Requests", [("Content-Type", "text/plain"), ("Content-Length", "5")])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"wait\n"]
        return app(environ, start_response)

    return middleware


def one_shot(app: App) -> App:
    """Raises from its second request on."""
    seen: list[int] = []

    def middleware(environ: Any, start_response: Any) -> Any:
        seen.append(1)
        if len(seen) > 1:
            app(environ, start_response)
            raise RuntimeError("one is enough")
        return app(environ, start_response)

    return middleware


@pytest.mark.parametrize("factory", [caching, revalidating, throttling, one_shot])
def test_an_answer_of_another_exchange_is_not_judged(factory: Any) -> None:
    """The stimulus that plays equal requests through one middleware aside: there it is the question."""
    counted = Counted(factory)
    target = target_of(counted)
    judge_all(target)
    again = target_of(factory)
    for run in target.played():
        if run.stimulus == "repeated":
            continue
        fresh = _alone(again, run.stimulus)
        assert [c.label for c in run.crossings] == [c.label for c in fresh]
        for crossing, other in zip(run.crossings, fresh, strict=True):
            assert crossing.inners, (run.stimulus, crossing.label)
            assert (crossing.outer.status, crossing.outer.digest) == (other.outer.status, other.outer.digest)
    assert counted.calls > len(STIMULI) + 1


def _alone(target: MiddlewareTarget, stimulus: str) -> list[Any]:
    """Play *stimulus* with a new middleware for each exchange."""

    class Anew(Sandwich):
        def play(self, *args: Any, **kwargs: Any) -> Any:
            self._renew()
            return super().play(*args, **kwargs)

    sandwich = Anew(target._maker, (), 5.0, stimulus)
    next(each for each in STIMULI if each.id == stimulus).play(sandwich)
    return sandwich.run.crossings


def set_up_twice() -> Any:
    raise RuntimeError("the handlers are set up already")


def hangs() -> Any:
    time.sleep(60)


@pytest.mark.parametrize("last", [1, 2, 7])
@pytest.mark.parametrize(
    ("later", "told"),
    [
        (set_up_twice, "raised RuntimeError: the handlers are set up already"),
        (lambda: None, "returned a NoneType, which can't be called"),
        (lambda: exit(3), "raised SystemExit"),
    ],
)
def test_what_was_made_first_is_used_when_it_cannot_be_made_again(last: int, later: Any, told: str) -> None:
    counted = Counted(plain, last, later)
    target = target_of(counted)
    assert faults(target) == []
    assert counted.calls == last + 1, "a factory that failed is not called again"
    assert all(crossing.inners for run in target.played() for crossing in run.crossings)
    (line,) = (line for line in target.summary_lines() if "only once" in line)
    assert told in line


def test_the_rules_for_apps_are_judged_with_the_only_one_as_well() -> None:
    target = MiddlewareTarget("made", Counted(plain, 1, set_up_twice), Settings(timeout=5.0), STIMULI)
    findings, results = judge_all(target)
    assert [str(finding) for finding in findings if finding.level is not Level.ADVICE] == []
    both = MiddlewareTarget("made", plain, Settings(timeout=5.0), STIMULI)
    assert {r.rule: r.verdict for r in results} == {r.rule: r.verdict for r in judge_all(both)[1]}


def test_a_factory_that_hangs_later_is_stopped() -> None:
    began = time.monotonic()
    target = target_of(Counted(plain, 2, hangs), timeout=0.5)
    assert faults(target) == []
    assert time.monotonic() - began < 30
    (line,) = (line for line in target.summary_lines() if "only once" in line)
    assert "a later call did not come to an end (" in line and "test_made_once.py:" in line


@pytest.mark.parametrize("body", ["    time.sleep(60)", "    while True: pass"])
def test_a_factory_that_hangs_at_once_is_a_usage_error(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"hanging{len(body)}.py").write_text(f"import time\ndef make(app):\n{body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TargetError) as caught:
        open_run("middleware", f"hanging{len(body)}:make", Settings(timeout=0.2))
    told = str(caught.value)
    assert "making the middleware around an app took more than 0.6 seconds (3 times --wsgi-timeout)" in told
    assert f'hanging{len(body)}.py", line 3, in make' in told
