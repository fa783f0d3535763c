"""Contract tests in code, the live server, and other libraries' test clients, each in a pytest run of its own."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow  # each test is a run of pytest, some over every rule

MIDDLEWARE = """
    def good(app):
        def middleware(environ, start_response):
            return app(environ, start_response)
        return middleware

    def bad(app):
        def middleware(environ, start_response):
            return map(bytes.upper, app(environ, start_response))
        return middleware
"""

APPS = """
    def good(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [environ["wsgi.url_scheme"].encode()]

    def bad(environ, start_response):
        start_response("200", [("Content-Type", "text/plain")])
        return [b"hello"]
"""


def test_a_contract_class_has_a_test_for_each_rule(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=MIDDLEWARE)
    pytester.makepyfile(
        """
        import mine
        from pytest_wsgiconform.contract import MiddlewareContract

        class TestGood(MiddlewareContract):
            middleware = staticmethod(mine.good)

        class TestBad(MiddlewareContract):
            middleware = staticmethod(mine.bad)

        class TestAllowed(MiddlewareContract):
            middleware = staticmethod(mine.bad)
            allow = ("close-forwarded",)
        """
    )
    result = pytester.runpytest_subprocess("-q", "-rfx", "-p", "no:randomly")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["xfailed"] == 1
    assert outcomes["passed"] > 300
    result.stdout.fnmatch_lines(["FAILED *::TestBad::test_rule?close-forwarded?*"])


def test_only_what_the_selected_tests_need_is_played(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from pytest_wsgiconform.contract import MiddlewareContract

        def counting(app):
            def middleware(environ, start_response):
                with open("asked.txt", "a") as file:
                    file.write("x")
                return app(environ, start_response)
            return middleware

        class TestCounting(MiddlewareContract):
            middleware = staticmethod(counting)
        """
    )
    result = pytester.runpytest_inprocess("-q", "-k", "binary-body-unchanged", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])
    asked = len((pytester.path / "asked.txt").read_text())
    # The nine ordinary exchanges, and the two of the rule's own stimulus.
    assert asked == 11


def test_the_contract_fixture_fails_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=MIDDLEWARE)
    pytester.makepyfile(
        """
        import mine

        def test_good(wsgi_middleware_contract):
            assert [f for f in wsgi_middleware_contract(mine.good) if f.level != "advice"] == []

        def test_bad(wsgi_middleware_contract):
            assert "close-forwarded" in {f.rule for f in wsgi_middleware_contract(mine.bad)}
        """
    )
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*WSGI rules broken: close-forwarded*"])


def test_the_live_server_serves_http_and_https(pytester: pytest.Pytester) -> None:
    pytest.importorskip("trustme")
    pytester.makepyfile(apps=APPS)
    pytester.makepyfile(
        """
        import ssl, threading, urllib.request
        import apps

        def test_http(wsgi_live_server):
            server = wsgi_live_server(apps.good)
            assert urllib.request.urlopen(server.url + "/", timeout=30).read() == b"http"

        def test_https(wsgi_live_server):
            server = wsgi_live_server(apps.good, https=True)
            context = ssl.create_default_context(cafile=server.ca_file)
            assert urllib.request.urlopen(server.url + "/", timeout=30, context=context).read() == b"https"

        def test_nothing_is_left(wsgi_live_server):
            assert "serve_forever" not in str(threading.enumerate())

        def test_bad(wsgi_live_server):
            import contextlib
            with contextlib.suppress(Exception):
                urllib.request.urlopen(wsgi_live_server(apps.bad).url, timeout=30).read()
        """
    )
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*WSGI rules broken: *status-has-reason*"])


@pytest.mark.parametrize("client", ["werkzeug", "flask", "httpx", "falcon", "webtest", "wsgiref"])
def test_other_clients_are_validated(client: str, pytester: pytest.Pytester) -> None:
    pytest.importorskip(client)
    call = {
        "werkzeug": "from werkzeug.test import Client; Client(app).get('/')",
        "flask": "import flask; made = flask.Flask('x'); made.wsgi_app = app; made.test_client().get('/')",
        "httpx": "import httpx; httpx.Client(transport=httpx.WSGITransport(app=app)).get('http://x/')",
        "webtest": "import webtest; webtest.TestApp(app, lint=False).get('/', status='*')",
        "wsgiref": "from wsgiref.validate import validator; ask_directly(validator(app))",
        "falcon": "from falcon.testing import simulate_get; simulate_get(app, '/')",
    }[client]
    pytester.makepyfile(apps=APPS)
    pytester.makeini("[pytest]\nwsgi_validate = true\n")
    pytester.makepyfile(
        f"""
        import contextlib
        import unittest
        import wsgiref.util
        import apps

        def ask_directly(app):
            environ = {{"QUERY_STRING": ""}}
            wsgiref.util.setup_testing_defaults(environ)
            with contextlib.suppress(AssertionError):
                body = app(environ, lambda status, headers, exc_info=None: print)
                list(body)
                body.close()

        def ask(app):
            {call}

        def test_good():
            ask(apps.good)

        class TestBad(unittest.TestCase):
            def test_bad(self):
                ask(apps.bad)
        """
    )
    result = pytester.runpytest_subprocess("-q", "-W", "ignore::DeprecationWarning")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*status-has-reason*"])
