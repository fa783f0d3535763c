"""Every rule of the catalogue: its bad example breaks it and no other error-level rule, its good one none."""

from __future__ import annotations

import gc
import importlib
import inspect
import io
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from pytest_wsgiconform import Finding, Level, Rule
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.gateway import Play
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules.model import HELD, Blame
from pytest_wsgiconform.rules.records.app import AppRun
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.app.model import play
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.wsgiref.util import FileWrapper

RULES = list(catalogue().values())


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """A generator app that uses what it is given: it reads the body and yields two items."""
    length = environ.get("CONTENT_LENGTH")
    if isinstance(length, str) and length.isdigit():
        environ["wsgi.input"].read(int(length))
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello "
    yield b"world"


#: Rules that only another request than the usual POST can break.
METHODS = {"head-without-body": "HEAD"}


def request_environ(rule: Rule | None = None) -> dict[str, Any]:
    method = METHODS.get(rule.id, "POST") if rule is not None else "POST"
    return build_environ("/page", method, body=b"a=b", extra={"wsgi.file_wrapper": FileWrapper})


def run_example(rule: Rule, example: Callable[..., Any]) -> list[Finding]:
    """Run an example as its parameters say, and return what was found."""
    found: list[Finding] = []
    parameters = tuple(inspect.signature(example).parameters)
    if rule.stimuli:
        return judge_runs(rule, example() if parameters == () else example)
    if parameters == ("app", "environ"):
        watched = Validator(hello, found.append, thorough=True)
        example(watched, request_environ())
        return found
    if parameters == ("app",):
        pytest.fail("middleware examples are run by test_middleware_catalogue")
    environ = request_environ(rule)
    app: Callable[..., Any] = example
    if parameters == ("environ",) and rule.side is Blame.SERVER:
        example(environ)
        app = hello
    Play(Validator(app, found.append, thorough=True), environ, label="example", limit=10).run()
    return found


def runs_of(rule: Rule, app: Callable[..., Any]) -> list[AppRun]:
    """Play the stimuli of *rule* on *app*."""
    names = ("get", "post", "options") if rule.stimuli == ("*",) else rule.stimuli
    return [play(s, app, list(RULES), "/page", 10) for s in app_stimuli() if s.id in names]


def judge_runs(rule: Rule, made: Any) -> list[Finding]:
    """Judge a hand-written run by *rule* alone; runs of an app by every rule, so that side effects show."""
    if not callable(made):
        outcome = rule.check(made)
        assert outcome is not None, f"the run of an example of {rule.id} could not break it: check() returned None"
        return [fault_finding(rule, fault) for fault in outcome]
    runs = runs_of(rule, made)
    assert any(rule.check(run) is not None for run in runs), (
        f"an example of {rule.id} could not break it: check() returned None for every run"
    )
    found = [finding for run in runs for finding in run.findings]
    for other in RULES:
        if other.side is Blame.APP and other.stimuli:
            for run in runs:
                if other.stimuli == ("*",) or run.stimulus in other.stimuli:
                    found += [fault_finding(other, fault) for fault in other.check(run) or ()]
    return found


def fault_finding(rule: Rule, fault: Any) -> Finding:
    return Finding(rule.id, rule.level, rule.side, rule.clauses, fault.message)


def is_middleware_example(rule: Rule) -> bool:
    return rule.bad_example is not None and tuple(inspect.signature(rule.bad_example).parameters) == ("app",)


EXAMPLES = [rule for rule in RULES if not is_middleware_example(rule)]


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda rule: rule.id)
def test_bad_example_breaks_its_rule_and_no_other_error_level_rule(rule: Rule) -> None:
    assert rule.bad_example is not None, "see test_card_is_complete"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # examples leave files to the server
        found = run_example(rule, rule.bad_example)
        gc.collect()
    broken = {finding.rule for finding in found}
    assert rule.id in broken, f"the bad example of {rule.id} does not break it; found: {[str(f) for f in found]}"
    others = [str(f) for f in found if f.level is Level.ERROR and f.rule != rule.id]
    assert others == [], f"the bad example of {rule.id} may have one fault only"


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda rule: rule.id)
def test_good_example_breaks_no_rule(rule: Rule) -> None:
    assert rule.good_example is not None, "see test_card_is_complete"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        found = run_example(rule, rule.good_example)
        gc.collect()
    wrong = [str(f) for f in found if f.level is not Level.ADVICE or f.rule == rule.id]
    assert wrong == [], f"the good example of {rule.id} breaks a rule"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_card_is_complete(rule: Rule) -> None:
    name = rule.check.__name__
    assert rule.summary.endswith("."), f"the first paragraph of the docstring of {name} is a sentence: what must hold"
    words = len(rule.why.split())
    assert words >= 12, (
        f"the docstring of {name} says why, and where it stands, after an empty line; it has {words} words"
    )
    assert rule.hint.endswith((".", ")")), f"hint= of {rule.id} is a sentence: what to do about a finding"
    assert rule.id == rule.id.lower() and " " not in rule.id
    for which, example in (("bad", rule.bad_example), ("good", rule.good_example)):
        assert example is not None, f"{rule.id} has no {which} example: write one below the check, @{name}.{which}"
        source = rule.example_source(which)
        assert source.startswith("def "), source
        assert "type: ignore" not in source


def test_good_examples_of_apps_exercise_their_rule() -> None:
    """A good example that can't break the rule would prove nothing."""
    vacuous = []
    for rule in EXAMPLES:
        assert rule.good_example is not None
        if rule.stimuli or tuple(inspect.signature(rule.good_example).parameters) != ("environ", "start_response"):
            continue
        ended: list[Any] = []
        watched = Validator(rule.good_example, lambda finding: None, thorough=True, on_end=ended.append)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            Play(watched, request_environ(rule), label="example", limit=10).run()
            if not ended:  # some exchanges end when their iterable is thrown away
                gc.collect()
        if not ended[0].exercised.get(rule.id) and "not-exercised-when-good" not in NEVER_HELD.get(rule.id, ""):
            vacuous.append(rule.id)
    assert vacuous == [], (
        "these good examples do nothing that could break them, so they prove nothing: let them do it rightly. "
        "A rule that nothing can keep visibly goes into NEVER_HELD"
    )


#: Rules that a program keeps by never doing something, so that no event of keeping them exists.
NEVER_HELD = {
    "write-avoided": "not-exercised-when-good",
    "exc-info-from-handler": "not-exercised-when-good: outside of a handler there is nothing to pass",
    "file-attributes-honest": "not-exercised-when-good: in-process files are only compared when not builtin",
}


def test_held_is_empty() -> None:
    assert HELD == ()


def test_rule_files_are_importable_alone() -> None:
    from pytest_wsgiconform.rules.registry import WINGS, modules_of

    for name in (name for wing in WINGS for name in modules_of(wing)):
        assert importlib.import_module(name).__doc__


def test_the_catalogue_needs_only_text_streams() -> None:
    assert isinstance(request_environ()["wsgi.errors"], io.StringIO)
