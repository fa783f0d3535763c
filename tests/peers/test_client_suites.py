"""Other projects' own test suites, with our client or our validation in them.

Each suite comes from its source distribution and runs twice, as it is and with us. A test that fails only with us has
to be one that we know, for a finding that was judged by hand in the project's source, or for a reason that is written
here.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import pytest_wsgiconform

from .environments import python_with

HERE = Path(__file__).parent

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Suite:
    """A project's own tests.

    :ivar project: ``NAME==VERSION``. :ivar requirements: what they need besides. :ivar tests: where they are.
    :ivar known: for a rule that tests of theirs break, the names of those tests. :ivar options: for both runs.
    """

    project: str
    requirements: str
    tests: str
    known: Mapping[str, set[str]] = field(default_factory=dict)
    options: tuple[str, ...] = ()


OURS = ("pytest==8.4.2", "webtest==3.0.7", "hypothesis", "coverage")

FLASK = Suite(
    "flask==3.1.3",
    "werkzeug==3.1.9 asgiref python-dotenv",
    "tests",
    {
        # werkzeug/wsgi.py, LimitedStream.readinto: uses readinto() of wsgi.input where there is one.
        "input-only-listed-methods": {
            "test_session_accessed",
            "test_enctype_debug_helper",
            "test_routing_redirect_debugging",
            "test_json_bad_requests",
            "test_json_custom_mimetypes",
            "test_json_attr",
            "test_json_customization",
            "test_session_dynamic_cookie_name",
            "test_full_url_request",
            "test_json_request_and_response",
            "test_client_json_no_app_context",
        },
        # It returns "lambda: None" as a WSGI application, to see the error message.
        "app-takes-two-arguments": {"test_response_type_errors"},
    },
)

BOTTLE = Suite(
    "bottle==0.13.4",
    "mako jinja2",
    "test",
    {
        # A bare abort(401).
        "challenge-with-401": {"test_401", "test_view_error"},
        # For a table of status codes, 100 among them, it answers with each.
        "status-not-interim": {"test_truncate_body"},
        "no-hop-by-hop-features": {"test_truncate_body"},
    },
)

FALCON = Suite(
    "falcon==4.2.0",
    (
        "pyyaml requests testtools aiofiles httpx uvicorn websockets cbor2 msgpack mujson ujson orjson msgspec "
        "python-rapidjson jsonschema jinja2"
    ),
    "tests",
    {
        # An HTTPUnauthorized or HTTP_401 without challenges.
        "challenge-with-401": {"test_401[wsgi]", "test_app_fancy_req", "test_app_fancy_both"},
        # Headers with control characters and with letters that no token has, on purpose.
        "header-value-no-control": {"test_unicode_headers_contain_non_ascii[wsgi-PATCH]"},
        "header-name-token": {"test_unicode_headers_contain_non_ascii[wsgi-POST]"},
    },
    # ASGI is not WSGI, and those tests wait for servers by the clock.
    ("--ignore=tests/asgi",),
)

WEBTEST = Suite("webtest==3.0.7", "PasteDeploy==3.1.0 pyquery WSGIProxy2==0.5.1", "tests")

#: WebTest's tests of its lint's own InputWrapper look into that object; our client puts no lint there.
OF_THE_LINT = {"test_read", "test_readline", "test_readlines"}


def source_of(suite: Suite, python: str, folder: Path) -> Path:
    """Return the unpacked source distribution of *suite*'s project; skips the test when it can't be had."""
    name = suite.project.partition("=")[0]
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name, "-d", str(folder)]
    done = subprocess.run([*command, suite.project], capture_output=True, text=True, timeout=600, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        pytest.skip(f"{suite.project} can't be downloaded here: {done.stderr[-300:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def run(python: str, source: Path, tests: str, *options: str, path: Path, found: str = "") -> dict[str, str | None]:
    """Run *tests* in *source*, and return for each test the message of its failure, ``None`` when it passed."""
    package = path / "package"
    package.mkdir(exist_ok=True)
    if not (package / "pytest_wsgiconform").exists():
        # Not the whole checkout: beside the package there are the metadata that would load the plugin in both runs.
        (package / "pytest_wsgiconform").symlink_to(Path(pytest_wsgiconform.__file__).parent)
    report = path / "report.xml"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))},
        "PYTHONPATH": os.pathsep.join([str(package), str(HERE / "client_suites")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WSGICONFORM_FOUND": found,
    }
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *options, tests]
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, timeout=3000, check=False
    )
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    assert "INTERNALERROR" not in done.stdout
    results: dict[str, str | None] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error")]
        results[f"{case.get('classname')}::{case.get('name')}"] = (bad[0].get("message") or "") if bad else None
    return results


def newly_failing(without: dict[str, str | None], having: dict[str, str | None]) -> dict[str, str]:
    """Return the tests that fail only with us, by their message."""
    assert set(without) == set(having)
    return {name: text for name, text in having.items() if text is not None and without[name] is None}


def rules_in(message: str) -> set[str]:
    """Return the ids of the rules that a failure message of ours names."""
    head, _, told = message.partition("\n")[0].partition("WSGI rules broken: ")
    return {rule.strip() for rule in told.split(",")} if not head.strip(" Failed:") else set()


@pytest.mark.parametrize("suite", [FLASK, BOTTLE, FALCON], ids=lambda suite: suite.project)
def test_suite_with_validation(suite: Suite, tmp_path: Path) -> None:
    python = python_with(suite.project, *suite.requirements.split(), *OURS)
    folder = tmp_path / "source"
    folder.mkdir()
    source = source_of(suite, python, folder)
    without = run(python, source, suite.tests, *suite.options, path=tmp_path)
    options = ("-p", "pytest_wsgiconform.plugin", "-o", "wsgi_validate=true")
    having = run(python, source, suite.tests, *suite.options, *options, path=tmp_path)
    assert sum(text is None for text in without.values()) > 300
    unknown = {}
    seen: set[str] = set()
    for name, text in newly_failing(without, having).items():
        broken = rules_in(text)
        seen |= broken
        test = name.rpartition("::")[2]
        if not broken or any(test not in suite.known.get(rule, set()) for rule in broken):
            unknown[name] = text[:500]
    assert unknown == {}
    # That it watches at all: what is known is found again.
    assert seen == set(suite.known)


def test_webtests_own_suite_with_our_client(tmp_path: Path) -> None:
    python = python_with(WEBTEST.project, *WEBTEST.requirements.split(), *OURS)
    folder = tmp_path / "source"
    folder.mkdir()
    source = source_of(WEBTEST, python, folder)
    without = run(python, source, WEBTEST.tests, path=tmp_path)
    found = tmp_path / "found.jsonl"
    having = run(python, source, WEBTEST.tests, "-p", "swap_client", path=tmp_path, found=str(found))
    assert len(having) >= 200
    assert {name.rpartition("::")[2] for name in newly_failing(without, having)} == OF_THE_LINT
    findings = [json.loads(line) for line in found.read_text(encoding="utf-8").splitlines()]
    assert {finding["rule"] for finding in findings if finding["level"] == "error"} == {
        "status-native-string",  # apps of the tests: to_bytes("200 OK"), as for Python 2
        "no-content-length-with-204",  # WebOb's response to a 204 in webtest.debugapp
        "input-only-listed-methods",  # tests/test_lint.py:30 looks at wsgi.input.input
        "exc-info-is-triple",  # tests/test_lint.py:130 passes a tuple of one
    }
