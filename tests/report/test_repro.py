"""Reproductions run by themselves, fail for the named clause, and pass once the fault is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_wsgiconform import repeat
from pytest_wsgiconform.engine import judge_all, open_run
from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report import repro
from pytest_wsgiconform.report.document import Document, build, record
from pytest_wsgiconform.rules.model import Location
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.app.order import MOUNT
from tests.report.documents import document, finding

BROKEN = '''
def app(environ, start_response):
    start_response("200 OK ", [("Content-Type", "text/plain"), ("Connection", "close"), ("X-Name", "a\\nb")])
    yield "text"


class Closing:
    def __call__(self, environ, start_response):
        start_response("204 No Content", [("Content-Length", "0")])
        environ["wsgi.input"].close()
        environ["wsgi.errors"].write(b"bytes")
        return b"stray"


closing = Closing()


def starts_twice(environ, start_response):
    start_response(b"200 OK", {})
    start_response("200 OK", [("Content-Length", "3")])
    return [b"four"]


def where(environ, start_response):
    """Breaks only below /a path/é?q=1, and only when mounted."""
    bad = environ["SCRIPT_NAME"] and "\\xc3\\xa9" in environ["PATH_INFO"] and environ["QUERY_STRING"] == "q=1"
    start_response("200" if bad else "200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
'''

GOOD = """
def app(environ, start_response):
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [body]


closing = starts_twice = where = app
"""


def judged(target: str, paths: tuple[str, ...] = ("/",)) -> Document:
    """Return the report of *target*, as a run of pytest would have it."""
    run = open_run("app", target, Settings(paths=paths))
    try:
        _, results = judge_all(run)
        rules = {rule.id: rule for rule in run.rules()}
    finally:
        run.close()
    records = [record(result, rules[result.rule], "app", n) for n, result in enumerate(results)]
    return build(records, [Target("app", target)], exit_status=1)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "broken_shop.py").write_text(BROKEN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "broken_shop", raising=False)
    return tmp_path


def run_alone(script: Path) -> subprocess.CompletedProcess[str]:
    # -S -E -s: no site-packages, no PYTHONPATH; what is left is the standard library.
    command = [sys.executable, "-S", "-E", "-s", str(script)]
    return subprocess.run(command, cwd=script.parent.parent, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("name", "paths"),
    [("app", ("/",)), ("closing", ("/",)), ("starts_twice", ("/",)), ("where", ("/", "/a%20path/%C3%A9?q=1"))],
)
def test_every_finding_repeats_itself_and_passes_once_mended(project: Path, name: str, paths: tuple[str, ...]) -> None:
    made = judged(f"broken_shop:{name}", paths)
    told = repro.write(made, project / "repro", [str(project)])
    scripts = sorted((project / "repro").glob("*.py"))
    assert len(scripts) == len(made.findings) >= 1
    for script, found in zip(scripts, sorted(told.findings, key=lambda f: f.evidence["repro"]), strict=True):
        assert found.evidence["repro"] == f"python {script}"
        done = run_alone(script)
        assert (done.returncode, done.stderr) == (repeat.BROKEN, ""), script
        assert done.stdout.startswith(f"{found.rule}: ")
        assert f"broken clause {found.clauses[0]}: " in done.stdout
    (project / "broken_shop.py").write_text(GOOD, encoding="utf-8")
    for script in scripts:
        done = run_alone(script)
        assert (done.returncode, done.stderr) == (repeat.HELD, ""), script


def test_an_app_that_cannot_be_loaded_is_told(project: Path) -> None:
    repro.write(
        document([finding("status-native-string", target="nonesuch:app")], ("app", "nonesuch:app")), project / "r"
    )
    (script,) = (project / "r").glob("*.py")
    done = run_alone(script)
    assert done.returncode == repeat.UNUSABLE
    assert "there is no module 'nonesuch'" in done.stdout


def test_the_copy_is_only_what_drives_and_judges(project: Path) -> None:
    repro.write(document([finding("status-native-string")]), project / "repro")
    copied = {path.name for path in (project / "repro" / "_wsgiconform").iterdir()}
    assert copied == {*repro._FOLDERS, *repro._MODULES}


def test_what_the_target_says_is_no_code_in_a_script(project: Path) -> None:
    hostile = '"""\nraise SystemExit(7)\n"""\\'
    made = document(
        [finding("status-native-string", message=hostile, target=hostile, location=Location(hostile, 1, hostile))],
        ("app", hostile),
    )
    repro.write(made, project / "repro", [hostile])
    (script,) = (project / "repro").glob("*.py")
    assert run_alone(script).returncode == repeat.UNUSABLE


def test_a_server_gets_the_bytes_and_how_they_were_sent(tmp_path: Path) -> None:
    sent = {"sent": r"GET / HTTP/1.1\r\nA: \xff\x00\r\n\r\n", "received": "", "repro": "printf 'GET' | nc ::1 80"}
    made = document([finding("status-native-string", None, target="waitress", evidence=sent)], ("server", "waitress"))
    told = repro.write(made, tmp_path)
    (bytes_file,) = tmp_path.glob("*.bin")
    (text_file,) = tmp_path.glob("*.txt")
    assert bytes_file.read_bytes() == b"GET / HTTP/1.1\r\nA: \xff\x00\r\n\r\n"
    assert "printf 'GET' | nc ::1 80" in text_file.read_text()
    assert told.findings[0].evidence["repro"] == "printf 'GET' | nc ::1 80"
    assert not (tmp_path / "_wsgiconform").exists()


def test_bytes_that_were_not_kept_whole_are_not_written(tmp_path: Path) -> None:
    sent = {"sent": "GET ...(90000 more bytes)...x", "repro": "python3 -c ..."}
    repro.write(document([finding("status-native-string", None, target="s", evidence=sent)], ("server", "s")), tmp_path)
    assert list(tmp_path.glob("*.bin")) == []
    assert "python3 -c ..." in next(tmp_path.glob("*.txt")).read_text()


def test_a_finding_of_a_test_is_repeated_by_the_test(tmp_path: Path) -> None:
    loose = finding("status-native-string", target="", evidence={"test": "tests/test_x.py::test_it"})
    told = repro.write(document([loose]), tmp_path)
    assert told.findings[0].evidence["repro"] == "pytest 'tests/test_x.py::test_it'"
    assert list(tmp_path.glob("*.py")) == []


def test_reproductions_of_an_earlier_run_go_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.py").write_text("mine")
    outside = tmp_path.parent / "outside.py"
    outside.write_text("mine")
    repro.write(document([finding("status-native-string"), finding("header-no-persistence")]), tmp_path)
    with (tmp_path / ".wsgiconform-repro").open("a") as listed:
        listed.write("../outside.py\n")
    repro.write(document([finding("status-native-string")]), tmp_path)
    names = sorted(path.name.rpartition("-")[0] or path.name for path in tmp_path.glob("*.py"))
    assert names == ["notes.py", "status-native-string"]
    assert outside.read_text() == "mine"


@pytest.mark.parametrize(
    ("path", "stimulus", "sent"),
    [
        ("/a b", "get", "/a%20b"),
        (f"{MOUNT}/x", "mounted", "/x"),
        (MOUNT, "mounted", "/"),
        ("/\xc3\xa9", "get", "/%C3%A9"),
        ("", "get", "/"),
        ("*", "options-asterisk", "/"),
    ],
)
def test_the_path_is_the_one_a_url_would_have(path: str, stimulus: str, sent: str) -> None:
    found = finding("status-native-string", stimulus=stimulus, request={"method": "GET", "path": path, "query": "q"})
    assert repro._paths(found) == [f"{sent}?q"]


def test_repeating_says_what_came_of_it(project: Path) -> None:
    lines: list[str] = []
    assert repeat.repeat("app", "broken_shop:app", "status-no-line-end", ["/"], 5, lines.append) == repeat.HELD
    assert lines == ["status-no-line-end: held"]
    lines.clear()
    assert repeat.repeat("app", "broken_shop:app", "body-native-bytes", ["/"], 5, lines.append) == repeat.BROKEN
    assert lines[0].startswith("body-native-bytes: ")
    assert lines[1].startswith(f"  at {project / 'broken_shop.py'}:4 app")
    before = list(sys.path)
    assert (
        repeat.main(
            import_from=["/nowhere"], kind="app", target="nonesuch:x", rule="header-list", paths=["/"], timeout=5
        )
        == repeat.UNUSABLE
    )
    assert sys.path[0] == "/nowhere"
    sys.path[:] = before
