"""Bad input: a usage error of one paragraph, exit code 4, nothing collected, and no traceback of ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest


def usage_error(result: pytest.RunResult) -> str:
    text = result.stderr.str()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text + result.stdout.str()
    assert "collected" not in result.stdout.str()
    return text


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--wsgi-app=appss:good"], "ERROR: --wsgi-app=appss:good: there is no module 'appss'; did you mean apps?"),
        (["--wsgi-app=apps:god"], "ERROR: --wsgi-app=apps:god: module 'apps' has no attribute 'god'; did you mean"),
        (["--wsgi-app=apps"], "write MODULE:ATTR; did you mean apps:make_app"),
        (["--wsgi-app=apps:setting"], "apps:setting is {'debug': True} of type dict, which can't be called"),
        (["--wsgi-app=apps:make_app(loud=True)"], "    RuntimeError: the factory does not like it loud"),
        (["--wsgi-app=apps:asgi"], "apps:asgi is an async callable (ASGI?)"),
        (["--wsgi-app=apps:good", "--wsgi-select=status-nativ-string"], "did you mean status-native-string"),
        (["--wsgi-app=apps:good", "--wsgi-ignore=header-*,zzz*"], "no rule matches 'zzz*'"),
        (["--wsgi-app=apps:good", "--wsgi-path=about"], "a path begins with a slash; did you mean /about?"),
        (
            ["--wsgi-app=apps:good", "--wsgi-report=jsn:x"],
            "no format 'jsn', only json, html, sarif, markdown, badge; did",
        ),
        (["--wsgi-app=apps:good", "--wsgi-report=json"], "write FORMAT:PATH, for example json:wsgi.json"),
        (["--wsgi-app=apps:good", "--wsgi-report=json:"], "write FORMAT:PATH, for example json:wsgi.json"),
        (["--wsgi-app=apps:good", "--wsgi-report=json:apps.py/such/x.json"], "apps.py is a file"),
        (["--wsgi-app=apps:good", "--wsgi-report=json:no/such/x.json"], "no/such does not exist"),
        (["--wsgi-app=apps:good", "--wsgi-report=json:."], "is a folder; name a file"),
        (["--wsgi-app=apps:good", "--wsgi-timeout=soon"], "--wsgi-timeout: invalid float value: 'soon'"),
        (["--wsgi-app=apps:good", "--wsgi-timeout=0"], "--wsgi-timeout=0"),
        (["--wsgi-app=apps:good", "--wsgi-timeout=-1"], "--wsgi-timeout=-1.0: a number from 0 up is needed"),
        (["--wsgi-app=apps:good", "--wsgi-timeout=nan"], "--wsgi-timeout=nan: a number from 0 up is needed"),
        (["--wsgi-app=apps:good", "--wsgi-fuzz=-3"], "--wsgi-fuzz=-3: a number from 0 up is needed"),
        (["--wsgi-app=apps:good", "--wsgi-fuzz=many"], "--wsgi-fuzz: invalid int value: 'many'"),
        (["--wsgi-rules=nosuchrule"], "--wsgi-rules=nosuchrule: no rule matches 'nosuchrule'"),
        (["--wsgi-rules=status-native-strin"], "did you mean status-native-string"),
    ],
)
def test_a_mistake_is_told_in_one_paragraph(run: Any, args: list[str], message: str) -> None:
    assert message in usage_error(run(*args))


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        ("wsgi_timeout = soon", "wsgi_timeout"),
        ("wsgi_strict = perhaps", "perhaps"),
        ("wsgi_path = about", "did you mean /about?"),
        ("wsgi_app = apps:god", "did you mean apps:good?"),
        ("wsgi_report = json:apps.py/such/x.json", "apps.py is a file"),
    ],
)
def test_a_mistake_in_the_ini_file_too(run: Any, pytester: pytest.Pytester, ini: str, message: str) -> None:
    pytester.makeini(f"[pytest]\n{ini}\n")
    assert message in usage_error(run())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_thing", "No module named 'no_such_thing'"),
        ("def app(:", "SyntaxError"),
        ("import sys; sys.exit('no configuration')", "SystemExit: no configuration"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class Odd(BaseException): pass\nraise Odd('very')", "Odd: very"),
        ("def f(): f()\nf()", "RecursionError"),
        ("raise ValueError('\\x1b[31mred\\x07')", "ValueError: \\x1b[31mred\\x07"),
    ],
)
def test_a_module_that_fails_shows_its_own_error(run: Any, project: Path, code: str, message: str) -> None:
    (project / "failing.py").write_text(code)
    text = usage_error(run("--wsgi-app=failing:app"))
    assert "importing module 'failing' failed:" in text
    assert message in text
    assert "\x1b[31mred" not in text
    assert len(text.strip().splitlines()) < 16


def test_what_a_module_prints_stays_off_the_terminal(run: Any, project: Path) -> None:
    (project / "loud.py").write_text(
        "import os, sys\nfrom apps import good as app\n"
        "print('I am loaded'); print('me too', file=sys.stderr); os.write(1, b'raw bytes\\n')\n"
        "sys.stdout.buffer.write(b'buffered\\n'); sys.stdout.flush()\n"
    )
    result = run("--wsgi-app=loud:app")
    assert result.ret == 0
    for text in ("I am loaded", "me too", "raw bytes", "buffered"):
        assert text not in result.stdout.str() + result.stderr.str()
    (project / "louder.py").write_text("from loud import app\nprint('I am louder')\n")
    assert "I am louder" in run("--wsgi-app=louder:app", "-s").stdout.str()


def test_what_a_failing_module_printed_is_shown_with_its_error(run: Any, project: Path) -> None:
    (project / "loud.py").write_text("print('DATABASE is not set'); raise SystemExit(1)")
    text = usage_error(run("--wsgi-app=loud:app"))
    assert "It printed:\n    DATABASE is not set" in text


def test_help_works_in_a_project_whose_target_does_not(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nwsgi_app = nowhere:app\nwsgi_rules =\n")
    for option in ("--help", "--version", "--markers"):
        assert run(option).ret == 0


def test_a_report_whose_library_is_missing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    text = usage_error(run("--wsgi-app=apps:good", "--wsgi-report=html:x.html"))
    assert "needs jinja2: pip install 'pytest-wsgiconform[html]'" in text


def test_a_report_that_may_not_be_written(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    may = os.access
    # Root may write everywhere, so ask somebody else.
    monkeypatch.setattr(os, "access", lambda path, mode: mode & os.W_OK == 0 and may(path, mode))
    assert "no permission to write" in usage_error(run("--wsgi-app=apps:good", "--wsgi-report=json:x.json"))


def test_a_report_that_can_no_more_be_written_fails_the_run(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="import os, shutil\ndef test_it(): shutil.rmtree('out'); open('out', 'w').close()")
    pytester.mkdir("out")
    result = run("--wsgi-app=apps:good", ".", "--wsgi-report=json:out/x.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*the json report could not be written: *"])
    assert "INTERNALERROR" not in result.stdout.str()
