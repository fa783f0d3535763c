"""The page of the library reference, line by line: names, signatures, defaults, and who is a subclass of whom.

What each of them does is tested module by module; here it is that nothing documented is missing or called otherwise.
"""

from __future__ import annotations

import http.server
import inspect
import io
import itertools
import sys
import warnings
from typing import Any

import pytest

from tests.wsgiref.handler_tools import OURS, STANDARD, Recorder, app_of, request
from tests.wsgiref.server_tools import serving

SIGNATURES = {
    "util.guess_scheme": "(environ)",
    "util.request_uri": "(environ, include_query=True)",
    "util.application_uri": "(environ)",
    "util.shift_path_info": "(environ)",
    "util.setup_testing_defaults": "(environ)",
    "util.is_hop_by_hop": "(header_name)",
    "util.FileWrapper": "(filelike, blksize=8192)",
    "headers.Headers": "(headers=None)",
    "simple_server.make_server": "(host, port, app, server_class=WSGIServer, handler_class=WSGIRequestHandler)",
    "simple_server.demo_app": "(environ, start_response)",
    "simple_server.WSGIServer": "(server_address, RequestHandlerClass)",
    "simple_server.WSGIRequestHandler": "(request, client_address, server)",
    "validate.validator": "(application)",
    "handlers.CGIHandler": "()",
    "handlers.IISCGIHandler": "()",
    "handlers.BaseCGIHandler": "(stdin, stdout, stderr, environ, multithread=True, multiprocess=False)",
    "handlers.SimpleHandler": "(stdin, stdout, stderr, environ, multithread=True, multiprocess=False)",
    "handlers.BaseHandler": "()",
    "handlers.read_environ": "()",
}

METHODS = {
    "headers.Headers": {
        "get_all": "(name)",
        "get": "(name, default=None)",
        "setdefault": "(name, value)",
        "keys": "()",
        "values": "()",
        "items": "()",
        "__getitem__": "(name)",
        "__delitem__": "(name)",
        "__contains__": "(name)",
        "__len__": "()",
        "__bytes__": "()",
    },
    "simple_server.WSGIServer": {
        "set_app": "(application)",
        "get_app": "()",
        "serve_forever": "(poll_interval=0.5)",
        "handle_request": "()",
    },
    "simple_server.WSGIRequestHandler": {"get_environ": "()", "get_stderr": "()", "handle": "()"},
    "handlers.BaseHandler": {
        **dict.fromkeys(("_flush", "get_stdin", "get_stderr", "add_cgi_vars", "get_scheme", "setup_environ"), "()"),
        "run": "(app)",
        "_write": "(data)",
        "log_exception": "(exc_info)",
        "error_output": "(environ, start_response)",
        "sendfile": "()",
    },
}


def at(package: Any, name: str) -> Any:
    module, _, attribute = name.partition(".")
    return getattr(getattr(package, module), attribute)


def parameters(of: Any) -> list[tuple[str, Any]]:
    """Name and default of all that can be given by position, without ``self``."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [(each.name, each.default) for each in inspect.signature(of).parameters.values() if each.kind in kinds]
    return found[1:] if found and found[0][0] == "self" else found


def documented(text: str, package: Any) -> list[tuple[str, Any]]:
    names = vars(package.simple_server)
    empty = inspect.Parameter.empty
    parts = [part.strip().partition("=") for part in text.strip("()").split(",") if part.strip()]
    return [(name, eval(value, dict(names)) if equals else empty) for name, equals, value in parts]


# Beyond the documentation, and so behind what is documented.
EXTENDED = {"simple_server.WSGIServer": ["bind_and_activate"], "handlers.read_environ": ["encoding"]}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    expected = documented(SIGNATURES[name], OURS)
    found = parameters(at(OURS, name))
    assert found[: len(expected)] == expected
    assert [each for each, _ in found[len(expected) :]] == EXTENDED.get(name, [])


@pytest.mark.parametrize(("kind", "method"), [(kind, method) for kind in METHODS for method in METHODS[kind]])
def test_methods(kind: str, method: str) -> None:
    expected = documented(METHODS[kind][method], OURS)
    assert parameters(getattr(at(OURS, kind), method)) == expected


@pytest.mark.parametrize("module", ["util", "headers", "handlers", "simple_server", "validate"])
def test_whatever_the_standard_one_exports_is_there(module: str) -> None:
    ours, standard = getattr(OURS, module), getattr(STANDARD, module)
    exported = set(getattr(standard, "__all__", ["Headers"]))
    assert exported <= set(ours.__all__)
    for name in exported:
        assert callable(getattr(ours, name)) is callable(getattr(standard, name))


def test_who_is_a_subclass_of_whom() -> None:
    handlers, server = OURS.handlers, OURS.simple_server
    assert issubclass(handlers.IISCGIHandler, handlers.BaseCGIHandler)
    chain = [handlers.CGIHandler, handlers.BaseCGIHandler, handlers.SimpleHandler, handlers.BaseHandler]
    for child, parent in itertools.pairwise(chain):
        assert issubclass(child, parent) and child is not parent
    assert issubclass(server.WSGIServer, http.server.HTTPServer)
    assert issubclass(server.WSGIRequestHandler, http.server.BaseHTTPRequestHandler)
    for name in ("get_stdin", "get_stderr", "add_cgi_vars", "_write", "_flush", "__init__"):
        assert getattr(handlers.SimpleHandler, name) is not getattr(handlers.BaseHandler, name)


DEFAULTS: dict[str, dict[str, Any]] = {
    "BaseHandler": {
        "wsgi_multithread": True,
        "wsgi_multiprocess": True,
        "wsgi_run_once": False,
        "server_software": None,
        "traceback_limit": None,
        "error_headers": [("Content-Type", "text/plain")],
        "error_body": b"A server error occurred.  Please contact the administrator.",
        "wsgi_file_wrapper": OURS.util.FileWrapper,
        "origin_server": True,
        "http_version": "1.0",
    },
    "SimpleHandler": {"origin_server": True, "wsgi_run_once": False},
    "BaseCGIHandler": {"origin_server": False, "wsgi_run_once": False},
    "CGIHandler": {"origin_server": False, "wsgi_run_once": True},
    "IISCGIHandler": {"origin_server": False, "wsgi_run_once": True},
}


@pytest.mark.parametrize("kind", DEFAULTS)
def test_the_defaults_of_handlers(kind: str) -> None:
    handler = getattr(OURS.handlers, kind)
    assert {name: getattr(handler, name) for name in DEFAULTS[kind]} == DEFAULTS[kind]
    assert handler.error_status[:4] == "500 " and handler.error_status == getattr(STANDARD.handlers, kind).error_status


@pytest.mark.parametrize("name", ["SimpleHandler", "BaseCGIHandler"])
def test_what_the_constructor_is_given_is_stored(name: str) -> None:
    stdin, stdout, stderr, environ = io.BytesIO(), Recorder(), io.StringIO(), request()
    handler = getattr(OURS.handlers, name)(stdin, stdout, stderr, environ)
    assert (handler.stdin, handler.stdout, handler.stderr, handler.environ) == (stdin, stdout, stderr, environ)
    assert (handler.wsgi_multithread, handler.wsgi_multiprocess) == (True, False)
    handler = getattr(OURS.handlers, name)(stdin, stdout, stderr, environ, False, True)
    assert (handler.wsgi_multithread, handler.wsgi_multiprocess) == (False, True)
    handler.run(app_of(b""))
    assert [handler.environ[f"wsgi.{flag}"] for flag in ("multithread", "multiprocess")] == [False, True]


def test_the_documented_behaviour_of_sendfile_and_the_file_wrapper() -> None:
    handler = OURS.handlers.SimpleHandler(io.BytesIO(), Recorder(), io.StringIO(), request())
    assert not handler.sendfile()
    handler.wsgi_file_wrapper = None
    handler.setup_environ()
    assert "wsgi.file_wrapper" not in handler.environ


@pytest.mark.parametrize("origin", [True, False])
@pytest.mark.parametrize("software", ["mine/1", None])
@pytest.mark.parametrize("present", [True, False])
def test_server_software_of_the_environ(origin: bool, software: str | None, present: bool) -> None:
    kind = type("Handler", (OURS.handlers.SimpleHandler,), {"origin_server": origin, "server_software": software})
    environ = request(SERVER_SOFTWARE="theirs") if present else request()
    handler = kind(io.BytesIO(), Recorder(), io.StringIO(), environ)
    handler.setup_environ()
    expected = "theirs" if present else software if origin else None
    assert handler.environ.get("SERVER_SOFTWARE") == expected


def test_shift_path_info_does_what_the_page_tells() -> None:
    environ = {"SCRIPT_NAME": "/foo", "PATH_INFO": "/bar/baz"}
    shift = OURS.util.shift_path_info
    assert (shift(environ), environ) == ("bar", {"SCRIPT_NAME": "/foo/bar", "PATH_INFO": "/baz"})
    assert (shift(environ), environ) == ("baz", {"SCRIPT_NAME": "/foo/bar/baz", "PATH_INFO": ""})
    assert (shift(environ), environ) == (None, {"SCRIPT_NAME": "/foo/bar/baz", "PATH_INFO": ""})
    environ = {"SCRIPT_NAME": "/x", "PATH_INFO": "/"}
    assert (shift(environ), environ) == ("", {"SCRIPT_NAME": "/x/", "PATH_INFO": ""})


def test_get_environ_copies_base_environ_and_is_new_each_time() -> None:
    made: list[dict[str, Any]] = []

    class Handler(OURS.simple_server.WSGIRequestHandler):  # type: ignore[misc]
        def get_environ(self) -> dict[str, Any]:
            made.extend([super().get_environ(), super().get_environ()])
            return made[0]

    with serving(app_of(b"x"), handler_class=Handler) as live, live.connect() as client:
        live.server.base_environ["deployed.with"] = "this"
        assert client.get().status == 200
        assert made[0] is not made[1]
        for environ in made:
            assert environ["deployed.with"] == "this" and environ["REQUEST_METHOD"] == "GET"
            assert environ is not live.server.base_environ
        assert "REQUEST_METHOD" not in live.server.base_environ


def test_get_stderr_is_sys_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    handler = OURS.simple_server.WSGIRequestHandler.__new__(OURS.simple_server.WSGIRequestHandler)
    assert handler.get_stderr() is stream


def test_the_validator_forwards_all_requests_and_changes_nothing() -> None:
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append((environ["PATH_INFO"], environ["wsgi.input"].read(3), environ["custom.object"]))
        environ["wsgi.errors"].write("noted\n")
        start_response("201 Made", [("Content-Type", "text/plain"), ("X", "y")])
        return [b"a", b"b"]

    def start(*arguments: Any) -> Any:
        started.append(arguments)
        return lambda data: None

    started: list[Any] = []
    marker = object()
    for package in (OURS, STANDARD):
        environ = request(QUERY_STRING="")
        errors = io.StringIO()
        environ.update({"wsgi.input": io.BytesIO(b"body"), "wsgi.errors": errors, "custom.object": marker})
        OURS.util.setup_testing_defaults(environ)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            body = package.validate.validator(app)(environ, start)
            assert list(body) == [b"a", b"b"]
            body.close()
        assert seen.pop() == ("/", b"bod", marker)
        assert errors.getvalue() == "noted\n"
        assert started.pop() == ("201 Made", [("Content-Type", "text/plain"), ("X", "y")])


def test_an_assertion_error_of_the_validator_is_a_traceback_in_the_log_and_an_error_page() -> None:
    def broken(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-type", "text/plain")])
        return b"Hello World"

    with serving(OURS.validate.validator(broken)) as live:
        with live.connect() as client:
            response = client.get()
        assert response.status == 500
        assert response.body.startswith(b"A server error occurred.")
        assert "AssertionError" in live.errors.getvalue() and "Traceback" in live.errors.getvalue()


def test_warnings_go_to_sys_stderr_not_to_wsgi_errors() -> None:
    environ = request(QUERY_STRING="")
    OURS.util.setup_testing_defaults(environ)
    with pytest.warns(OURS.validate.WSGIWarning):
        app_under_test = OURS.validate.validator(app_of(b"x", status="999 Odd"))
        body = app_under_test(environ, lambda status, headers, exc_info=None: lambda data: None)
        list(body)
        body.close()
    assert environ["wsgi.errors"].getvalue() == ""


def test_our_modules_are_not_the_standard_ones() -> None:
    for name, module in vars(OURS).items():
        if name != "package":
            assert module is not getattr(STANDARD, name)
            for exported in module.__all__:
                owner = getattr(getattr(module, exported), "__module__", "")
                assert owner.startswith("pytest_wsgiconform."), f"{name}.{exported} is from {owner}"
