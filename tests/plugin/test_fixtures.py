"""The fixtures in users' own tests: what is judged, and how a test is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CONFTEST = """
import apps, pytest

@pytest.fixture
def wsgi_app():
    return apps.{name}
"""


def with_app(pytester: pytest.Pytester, name: str) -> None:
    pytester.makeconftest(CONFTEST.format(name=name))


def test_the_client_is_webtests_and_a_good_app_has_no_findings(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "good")
    pytester.makepyfile(
        """
        import webtest

        def test_requests(wsgi_client, wsgi_findings):
            assert isinstance(wsgi_client, webtest.TestApp)
            assert wsgi_client.lint is False
            assert wsgi_client.get("/a?b=c").text == "hello"
            assert wsgi_client.post("/", {"a": "b"}).status_int == 200
            assert wsgi_client.put_json("/", {"a": "b"}).body == b"hello"
            assert wsgi_client.head("/").content_length == 5
            assert wsgi_findings == []
        """
    )
    assert run("-W", "error").parseoutcomes() == {"passed": 1}


def test_an_error_fails_the_call_of_the_test_with_the_offending_line(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_one="""
        def app(environ, start_response):
            try:
                start_response("200", [("Content-Type", "text/plain")])
            except BaseException:
                pass  # an app that swallows whatever anybody raises
            return [b"hello"]

        def test_it(wsgi_validator, wsgi_environ, wsgi_findings):
            watched = wsgi_validator(app)
            for path in ("/one", "/two"):
                list(watched(wsgi_environ(path), lambda status, headers, exc_info=None: print))
            assert [finding.rule for finding in wsgi_findings].count("status-has-reason") == 2
            print("the test itself passes")
        """
    )
    result = run("-rf")
    assert result.parseoutcomes() == {"failed": 1}, "failed in its call, so neither error nor passed"
    result.stdout.fnmatch_lines(
        [
            "WSGI rules broken: status-has-reason",
            "status-has-reason: the status '200' * the app is to blame?",
            "  *.py:3 in app",
            '      start_response("200", *',
            "  seen in GET /one (2 times)",
            "FAILED test_one.py::test_it - Failed: WSGI rules broken: status-has-*",
        ]
    )


def test_a_warning_is_a_pytest_warning_at_the_apps_line(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "warned")
    pytester.makepyfile("def test_it(wsgi_client):\n    wsgi_client.get('/', expect_errors=True)")
    result = run()
    assert result.parseoutcomes() == {"passed": 1, "warnings": 1}
    result.stdout.fnmatch_lines(["*apps.py:10: ConformanceWarning: status-code-below-600: *"])
    for args in (("-W", "error::pytest_wsgiconform.ConformanceWarning"), ("--wsgi-strict",)):
        assert run(*args).parseoutcomes() == {"failed": 1}


def test_a_test_that_fails_by_itself_shows_what_was_found(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "bad")
    pytester.makepyfile(
        "def test_it(wsgi_validator, wsgi_environ, wsgi_app):\n"
        "    list(wsgi_validator(wsgi_app)(wsgi_environ(), lambda s, h, e=None: print))\n    assert 1 == 2"
    )
    result = run()
    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["E * assert 1 == 2", "*- WSGI findings -*", "status-native-string: *"])


def test_the_marker_allows_rules_by_id_and_glob(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "bad")
    pytester.makepyfile(
        """
        import pytest

        def request(validator, environ, app):
            list(validator(app)(environ, lambda s, h, e=None: print))

        @pytest.mark.wsgi_allow("status-native-string")
        def test_by_id(wsgi_validator, wsgi_environ, wsgi_app, wsgi_findings):
            request(wsgi_validator, wsgi_environ(), wsgi_app)
            assert [f.rule for f in wsgi_findings] == ["status-native-string"]

        @pytest.mark.wsgi_allow("header-*", "status-*")
        class TestGlob:
            def test_by_glob(self, wsgi_validator, wsgi_environ, wsgi_app):
                request(wsgi_validator, wsgi_environ(), wsgi_app)

        @pytest.mark.wsgi_allow("header-*")
        def test_other(wsgi_validator, wsgi_environ, wsgi_app):
            request(wsgi_validator, wsgi_environ(), wsgi_app)

        @pytest.mark.wsgi_allow("status-nativ-string")
        def test_unknown(wsgi_validator):
            pass

        @pytest.mark.xfail(strict=True)
        def test_expected(wsgi_validator, wsgi_environ, wsgi_app):
            request(wsgi_validator, wsgi_environ(), wsgi_app)
        """
    )
    result = run("--strict-markers")
    assert result.parseoutcomes() == {"passed": 2, "failed": 1, "errors": 1, "xfailed": 1}
    result.stdout.fnmatch_lines(
        ["wsgi_allow: no rule matches 'status-nativ-string'; did you mean status-native-string?*"]
    )


def test_select_and_ignore_hold_for_fixtures_too(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "bad")
    pytester.makepyfile(
        "def test_it(wsgi_validator, wsgi_environ, wsgi_app):\n"
        "    list(wsgi_validator(wsgi_app)(wsgi_environ(), lambda s, h, e=None: print))"
    )
    assert run().parseoutcomes() == {"failed": 1}
    assert run("--wsgi-ignore=status-*").parseoutcomes() == {"passed": 1}
    assert run("--wsgi-select=header-*").parseoutcomes() == {"passed": 1}
    assert run("--wsgi-select=status-*,header-*").parseoutcomes() == {"failed": 1}


def test_a_finding_during_teardown_fails_the_teardown(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "bad")
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def late(wsgi_validator, wsgi_environ, wsgi_app):
            yield
            list(wsgi_validator(wsgi_app)(wsgi_environ(), lambda s, h, e=None: print))

        def test_it(late):
            pass
        """
    )
    assert run().parseoutcomes() == {"passed": 1, "errors": 1}


def test_the_app_comes_from_the_option_or_the_ini_file(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import apps\n\ndef test_it(wsgi_app):\n    assert wsgi_app is apps.good")
    assert run("--wsgi-app=apps:good", ".", "-m", "not wsgi").parseoutcomes()["passed"] == 1
    pytester.makeini("[pytest]\nwsgi_app = apps:good")
    assert run("-m", "not wsgi").parseoutcomes()["passed"] == 1
    name = next(pytester.path.glob("test_*.py")).name
    assert run(name).parseoutcomes() == {"passed": 1}


def test_globs_that_match_nothing_are_told_without_a_target_too(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(wsgi_validator): pass")
    for option in ("--wsgi-select=nonesuch", "--wsgi-ignore=nonesuch"):
        result = run(option)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert f"{option}: no rule matches 'nonesuch'" in result.stderr.str()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "wsgi_app: --wsgi-app has to name the application, and none is given."),
        (("--wsgi-app=apps:good", "--wsgi-app=apps:bad"), "and 2 are given (apps:good, apps:bad)."),
    ],
)
def test_without_one_app_the_fixture_says_what_to_do(
    run: Any, pytester: pytest.Pytester, args: tuple[str, ...], message: str
) -> None:
    pytester.makepyfile("def test_it(wsgi_client): pass")
    result = run(".", "-m", "not wsgi", *args)
    assert result.parseoutcomes()["errors"] == 1
    text = " ".join(result.stdout.str().split())
    assert message in text
    assert "define a fixture wsgi_app in conftest.py" in text


def test_the_environ_factory_makes_fresh_complete_environs(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(wsgi_environ):
            first = wsgi_environ("/a%20b?c", "POST", body=b"xyz", headers={"X-One": "1"})
            assert first is not wsgi_environ()
            assert (first["PATH_INFO"], first["QUERY_STRING"], first["HTTP_X_ONE"]) == ("/a b", "c", "1")
            assert first["wsgi.input"].read() == b"xyz"
        """
    )
    assert run().parseoutcomes() == {"passed": 1}


def test_the_server_takes_and_gives_bytes(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "good")
    pytester.makepyfile(
        """
        import apps

        def test_own(wsgi_server):
            response = wsgi_server(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            assert response.startswith(b"HTTP/1.1 200 OK\\r\\n")
            assert response.endswith(b"\\r\\n\\r\\nhello")

        def test_other_app_is_judged(wsgi_server, wsgi_findings):
            wsgi_server(b"GET / HTTP/1.0\\r\\n\\r\\n", app=apps.bad)
            assert wsgi_findings
        """
    )
    assert run().parseoutcomes() == {"passed": 1, "failed": 1}


def test_findings_of_own_tests_go_into_the_report_once(run: Any, pytester: pytest.Pytester, project: Path) -> None:
    with_app(pytester, "bad")
    pytester.makepyfile(
        test_one="""
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_it(wsgi_validator, wsgi_environ, wsgi_app, number):
            list(wsgi_validator(wsgi_app)(wsgi_environ(), lambda s, h, e=None: print))
        """
    )
    for args in ((), ("-n2",)):
        run("--wsgi-report=json:out.json", *args)
        data = json.loads((project / "out.json").read_text("utf-8"))
        assert data["targets"] == []
        assert [(f["rule"], f["target"], f["evidence"]["test"]) for f in data["findings"]] == [
            ("status-native-string", "", f"test_one.py::test_it[{number}]") for number in range(3)
        ]
        assert data["exit"] == 1


def test_unittest_classes_and_threads_are_served(run: Any, pytester: pytest.Pytester) -> None:
    with_app(pytester, "bad")
    pytester.makepyfile(
        """
        import threading, unittest
        import pytest

        class TestCase(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _wsgi(self, wsgi_validator, wsgi_environ, wsgi_app):
                self.app, self.environ = wsgi_validator(wsgi_app), wsgi_environ()

            def test_it(self):
                thread = threading.Thread(
                    target=lambda: list(self.app(self.environ, lambda s, h, e=None: print))
                )
                thread.start()
                thread.join()
        """
    )
    assert run().parseoutcomes() == {"failed": 1}


def test_every_fixture_has_its_manual(run: Any) -> None:
    text = run("--fixtures", "-v").stdout.str()
    for name in ("wsgi_app", "wsgi_client", "wsgi_environ", "wsgi_findings", "wsgi_server", "wsgi_validator"):
        assert f"\n{name}" in text
        manual = text.partition(f"\n{name}")[2].splitlines()[1]
        assert manual.startswith("    ") and "no docstring" not in manual


def test_a_run_without_targets_has_no_header_and_tells_where_its_report_is(
    run: Any, pytester: pytest.Pytester, project: Path
) -> None:
    pytester.makepyfile("def test_it(wsgi_environ): pass")
    text = run("--wsgi-report=json:out.json").stdout.str()
    assert "wsgi: " not in text
    assert f"json report: {project / 'out.json'}" in text.replace("\n/", " /")


def test_the_plugin_can_be_switched_off_by_its_name(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(pytestconfig): assert not pytestconfig.pluginmanager.has_plugin('wsgiconform')")
    done = pytester.runpytest_subprocess("-p", "no:wsgiconform", "-p", "no:hypothesispytest")
    assert done.parseoutcomes() == {"passed": 1}
