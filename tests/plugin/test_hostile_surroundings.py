"""Targets that hang while they are loaded, that delete the working directory, that claim to come from odd files."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

SELECT = "--wsgi-select=status-*"

HANGING = """
import time

def sleeps():
    time.sleep(60)

def loops():
    while True:
        pass

def swallows():
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

def make_middleware(app):
    sleeps()

def in_c_code():
    sum(iter(int, 1))
"""


@pytest.mark.parametrize("isolate", [(), ("--wsgi-isolate",)], ids=["here", "isolated"])
@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("--wsgi-app=hanging:sleeps()", 'hanging.py", line 4, in sleeps'),
        ("--wsgi-app=hanging:loops()", "in loops"),
        ("--wsgi-app=hanging:swallows()", "in swallows"),
        ("--wsgi-app=hanging_import:app", 'hanging_import.py", line 2, in <module>'),
        ("--wsgi-middleware=hanging:make_middleware", 'hanging.py", line 4, in sleeps'),
    ],
)
def test_what_hangs_while_it_is_loaded(
    pytester: pytest.Pytester, option: str, line: str, isolate: tuple[str, ...]
) -> None:
    pytester.makepyfile(hanging=HANGING, hanging_import="import time\ntime.sleep(60)\n")
    began = time.monotonic()
    result = pytester.runpytest_subprocess(option, "--wsgi-timeout=0.3", *isolate, "-p", "no:hypothesispytest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert time.monotonic() - began < 40
    told = result.stderr.str()
    assert "took more than 0.9 seconds (3 times --wsgi-timeout) and was stopped here:" in told
    assert line in told
    assert "pytest_wsgiconform" not in told, "lines of our own say nothing about the target"


def test_what_hangs_in_c_code_is_ended_in_the_child(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(hanging=HANGING)
    result = pytester.runpytest_subprocess(
        "--wsgi-app=hanging:in_c_code()", "--wsgi-timeout=0.3", "--wsgi-isolate", "-p", "no:hypothesispytest"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = result.stderr.str()
    assert "the child interpreter hung, where no time limit of Python's reaches, while it loaded it" in told
    assert 'hanging.py", line 21 in in_c_code' in told


def test_a_later_call_of_a_factory_that_fails_is_told_in_the_summary(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        once="""
        made = []

        def make(app):
            if made:
                raise RuntimeError("the handlers are set up already")
            made.append(app)
            return lambda environ, start_response: app(environ, start_response)
        """
    )
    result = run("--wsgi-middleware=once:make", SELECT)
    assert result.ret == pytest.ExitCode.OK
    text = " ".join(result.stdout.str().split())
    assert "a later call raised RuntimeError: the handlers are set up already (" in text
    assert "INTERNALERROR" not in text


DELETING = """
import os, shutil

def app(environ, start_response):
    if os.path.exists("delete_me"):
        shutil.rmtree(os.getcwd())
    start_response(b"200 OK", [("Content-Type", "text/plain")])
    return [b"gone"]

def middleware(inner):
    def around(environ, start_response):
        if os.path.exists("delete_me"):
            shutil.rmtree(os.getcwd())
        return app(environ, start_response)
    return around

def deletes_early():
    shutil.rmtree(os.getcwd())
    return app
"""


@pytest.mark.parametrize("isolate", [(), ("--wsgi-isolate",)], ids=["here", "isolated"])
@pytest.mark.parametrize(
    "option",
    ["--wsgi-app=deleting:app", "--wsgi-middleware=deleting:middleware", "--wsgi-app=deleting:deletes_early()"],
)
def test_a_working_directory_that_is_deleted_costs_no_report(
    pytester: pytest.Pytester, tmp_path: Path, option: str, isolate: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deleting.py").write_text(DELETING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    folder = pytester.mkdir("inner")
    (folder / "delete_me").touch()
    monkeypatch.chdir(folder)
    result = pytester.runpytest_subprocess(
        option, SELECT, "--wsgi-report=json:out.json", "--wsgi-report=html:out.html", "--rootdir=.", *isolate
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    data = json.loads((folder / "out.json").read_text("utf-8"))
    assert "status-native-string" in {finding["rule"] for finding in data["findings"]}
    assert (folder / "out.html").stat().st_size > 0


ODD_FILE = """
import os

SOURCE = '''
import warnings

def app(environ, start_response):
    warnings.warn("look here")
    start_response(b"200 OK", [("Content-Type", "text/plain")])
    return ["text"]

def raising(environ, start_response):
    raise ValueError("look here")

def factory():
    raise ValueError("look here")
'''

def of(name):
    names = {"__name__": "odd"}
    exec(compile(SOURCE, name, "exec"), names)
    return names["app"], names["raising"], names["factory"]

if not os.path.exists("pipe.py"):
    os.mkfifo("pipe.py")
pipe, pipe_raising, pipe_factory = of(os.path.abspath("pipe.py"))
zero, zero_raising, zero_factory = of("/dev/zero")
"""


@pytest.mark.parametrize("name", ["pipe", "zero"])
def test_code_that_claims_to_come_from_no_ordinary_file(pytester: pytest.Pytester, name: str) -> None:
    pytester.makepyfile(odd=ODD_FILE)
    result = pytester.runpytest_subprocess(f"--wsgi-app=odd:{name}", SELECT, timeout=60)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*status-native-string*"])
    assert "look here" in result.stdout.str(), "the warning is shown"
    raising = pytester.runpytest_subprocess(f"--wsgi-app=odd:{name}_raising", SELECT, timeout=60)
    assert "ValueError: look here" in raising.stdout.str()
    factory = pytester.runpytest_subprocess(f"--wsgi-app=odd:{name}_factory()", SELECT, timeout=60)
    assert factory.ret == pytest.ExitCode.USAGE_ERROR
    assert "ValueError: look here" in factory.stderr.str()
