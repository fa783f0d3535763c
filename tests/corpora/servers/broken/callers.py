"""Servers that call an app wrongly or oddly, written from the text of PEP 3333 before looking at any rule.

Each is a function of the watched app. Of the wrong ones the clauses that they break are told.
"""

from __future__ import annotations

import collections
import collections.abc
import io
import tempfile
import types
from collections.abc import Callable
from typing import Any

App = Callable[..., Any]
Server = Callable[[App], None]

WRONG: list[tuple[tuple[str, ...], str, Server]] = []
ODD: list[tuple[str, Server]] = []

BODY = b"a=1&b=2"


def variables(**changed: Any) -> dict[str, Any]:
    """Return an ordinary environ of a POST; ``__`` in a name stands for a dot, ``None`` takes a variable away."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/page",
        "QUERY_STRING": "x=y",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(BODY)),
        "SERVER_NAME": "example.org",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "fresh/1",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "example.org",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(BODY),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in changed.items():
        key = name.replace("__", ".")
        if value is None:
            del environ[key]
        else:
            environ[key] = value
    return environ


def start(status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    """An ordinary start_response."""
    return lambda data: None


def serve(app: App, environ: Any, start_response: Any = start) -> None:
    """Call, iterate and close, as every server should."""
    result = app(environ, start_response)
    try:
        for _ in result:
            pass
    finally:
        if hasattr(result, "close"):
            result.close()


def environ_of(name: str, *clauses: str, **changed: Any) -> None:
    """Add a server that changes only its environ: a wrong one if it breaks *clauses*, else an odd one."""

    def server(app: App) -> None:
        made = {key: value() if isinstance(value, type) else value for key, value in changed.items()}
        serve(app, variables(**made))

    if clauses:
        WRONG.append((clauses, name, server))
    else:
        ODD.append((name, server))


def wrong(*clauses: str) -> Callable[[Server], Server]:
    def add(server: Server) -> Server:
        WRONG.append((clauses, server.__name__, server))
        return server

    return add


def odd(server: Server) -> Server:
    ODD.append((server.__name__, server))
    return server


# -- wrong environs ----------------------------------------------------------------------------------


class Words(str):
    """A str in name only."""


environ_of("method_is_missing", "env-request-method-present", REQUEST_METHOD=None)
environ_of("method_is_empty", "env-request-method-nonempty", REQUEST_METHOD="")
environ_of("method_is_bytes", "env-cgi-str", REQUEST_METHOD=b"POST")
environ_of("name_is_missing", "env-server-name-present", SERVER_NAME=None)
environ_of("name_is_empty", "env-server-name-nonempty", SERVER_NAME="")
environ_of("port_is_missing", "env-server-port-present", SERVER_PORT=None)
environ_of("port_is_an_int", "env-cgi-str", SERVER_PORT=80)
environ_of("port_is_a_word", "env-server-port-digits", SERVER_PORT="http")
environ_of("protocol_is_missing", "env-server-protocol-present", SERVER_PROTOCOL=None)
environ_of("protocol_is_a_number", "env-server-protocol-form", SERVER_PROTOCOL="1.1")
environ_of("query_is_a_subclass", "env-cgi-str", QUERY_STRING=Words("x=y"))
environ_of("path_has_no_slash", "env-path-info-slash", PATH_INFO="page")
environ_of("path_is_real_unicode", "text-server-latin1", PATH_INFO="/\u0441\u0442\u0440")
environ_of("path_holds_surrogates", "text-server-latin1", PATH_INFO="/\udce9")
environ_of("mount_is_a_slash", "env-script-name-not-bare-slash", SCRIPT_NAME="/")
environ_of("mount_has_no_slash", "env-script-name-slash", SCRIPT_NAME="app")
environ_of("no_path_at_all", "env-path-not-both-missing", SCRIPT_NAME="", PATH_INFO="")
environ_of("length_in_arabic_digits", "env-content-length-syntax", CONTENT_LENGTH="\xb2", wsgi__input=io.BytesIO)
environ_of("length_is_negative", "env-content-length-syntax", CONTENT_LENGTH="-1")
environ_of("length_is_an_int", "env-cgi-str", CONTENT_LENGTH=7)
environ_of("length_by_its_http_name", "env-content-not-http", HTTP_CONTENT_LENGTH="7")
environ_of("type_by_its_http_name", "env-content-not-http", HTTP_CONTENT_TYPE="text/plain")
environ_of("header_is_wide", "text-server-latin1", HTTP_X_NAME="\u20ac")
environ_of("header_is_a_list", "env-cgi-str", HTTP_ACCEPT=["a/b", "c/d"])
environ_of("version_is_a_list", "env-wsgi-version-value", wsgi__version=[1, 0])
environ_of("version_is_text", "env-wsgi-version-value", wsgi__version="1.0")
environ_of("version_is_missing", "env-wsgi-version-present", wsgi__version=None)
environ_of("scheme_is_bytes", "env-url-scheme-value", wsgi__url_scheme=b"http")
environ_of("scheme_of_its_own", "env-url-scheme-value", wsgi__url_scheme="coap")
environ_of("scheme_is_missing", "env-url-scheme-present", wsgi__url_scheme=None)
environ_of("input_is_missing", "env-input-present", wsgi__input=None, CONTENT_LENGTH=None)
environ_of("errors_is_missing", "env-errors-present", wsgi__errors=None)
environ_of("run_once_is_missing", "env-run-once-present", wsgi__run_once=None)
environ_of("multithread_is_missing", "env-multithread-present", wsgi__multithread=None)
environ_of("multiprocess_is_missing", "env-multiprocess-present", wsgi__multiprocess=None)
environ_of("wrapper_is_no_callable", "file-wrapper-callable", wsgi__file_wrapper="yes")
environ_of("own_variable_in_capitals", "env-server-var-chars", **{"Fresh.Worker": 7})


@wrong("env-missing-omitted", "env-cgi-str")
def a_variable_is_none(app: App) -> None:
    environ = variables()
    environ["REMOTE_USER"] = None
    serve(app, environ)


@wrong("env-builtin-dict")
def environ_is_an_ordered_dict(app: App) -> None:
    serve(app, collections.OrderedDict(variables()))


@wrong("env-builtin-dict")
def environ_is_a_user_dict(app: App) -> None:
    serve(app, collections.UserDict(variables()))


@wrong("env-builtin-dict")
def environ_is_a_proxy(app: App) -> None:
    serve(app, collections.ChainMap(variables()))


# -- wrong calls -------------------------------------------------------------------------------------


@wrong("call-app-positional")
def calls_by_keyword(app: App) -> None:
    result = app(environ=variables(), start_response=start)
    list(result)
    result.close()


@wrong("start-returns-write")
def gives_no_write(app: App) -> None:
    serve(app, variables(), lambda status, headers, exc_info=None: None)


@wrong("close-called-normal")
def never_closes(app: App) -> None:
    for _ in app(variables(QUERY_STRING="iterator"), start):
        pass


@wrong("close-not-early")
def closes_before_the_last_block(app: App) -> None:
    result = app(variables(QUERY_STRING="iterator"), start)
    steps = iter(result)
    next(steps)
    result.close()
    list(steps)


@wrong("close-once")
def closes_twice(app: App) -> None:
    result = app(variables(QUERY_STRING="iterator"), start)
    list(result)
    result.close()
    result.close()


@wrong("input-bytes")
def input_gives_text(app: App) -> None:
    serve(app, variables(wsgi__input=io.StringIO(BODY.decode())))


@wrong("input-bytes")
def input_gives_a_bytearray(app: App) -> None:
    class Stream(io.BytesIO):
        def read(self, size: Any = -1) -> Any:
            return bytearray(super().read(size))

    serve(app, variables(wsgi__input=Stream(BODY)))


# -- odd and right -----------------------------------------------------------------------------------

environ_of("nothing_but_what_is_required", CONTENT_TYPE=None, REMOTE_ADDR=None, SERVER_SOFTWARE=None)
environ_of("no_query", QUERY_STRING=None)
environ_of("empty_query_and_type", QUERY_STRING="", CONTENT_TYPE="")
environ_of("no_mount", SCRIPT_NAME=None)
environ_of("mounted_and_no_path", SCRIPT_NAME="/app", PATH_INFO=None)
environ_of("bytes_as_latin1", PATH_INFO="/\xd1\x81\x00\xff", QUERY_STRING="\xe9")
environ_of("flags_are_numbers", wsgi__multithread=1, wsgi__multiprocess=0, wsgi__run_once="")
environ_of("http_3", SERVER_PROTOCOL="HTTP/3", wsgi__url_scheme="https", SERVER_PORT="443", HTTPS="on")
environ_of("server_has_an_address", SERVER_NAME="2001:db8::1", SERVER_PORT="8080")
environ_of("a_method_nobody_knows", REQUEST_METHOD="VERSION-CONTROL")
environ_of("variables_of_the_system", PATH="/usr/bin", HOME="/", LC_ALL="C", _="/usr/bin/fresh")
environ_of("variables_of_its_own", **{"fresh.worker": object(), "fresh.socket_2": b"raw", "fresh.nothing": ()})
environ_of("length_of_nothing", CONTENT_LENGTH="0", wsgi__input=io.BytesIO)
environ_of("length_with_zeros", CONTENT_LENGTH="007")
environ_of("headers_joined", HTTP_ACCEPT="a/b, c/d", HTTP_COOKIE="a=1; b=2", HTTP_X_EMPTY="")
environ_of("header_of_raw_bytes", HTTP_USER_AGENT="\xff\x80\xa0 \xe9")
environ_of("names_of_odd_headers", **{"HTTP_X!": "1", "HTTP_": "2", "HTTP_1": "3"})
environ_of("chunked_and_terminated", CONTENT_LENGTH=None, **{"wsgi.input_terminated": True})


@odd
def start_response_is_a_bound_method(app: App) -> None:
    class Handler:
        def begin(self, status: Any, headers: list[Any], exc_info: Any = None) -> Any:
            headers.append(("Server", "fresh"))
            return self.write

        def write(self, data: bytes) -> int:
            return len(data)

    serve(app, variables(), Handler().begin)


@odd
def start_response_is_an_object(app: App) -> None:
    class Begin:
        def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
            return [].append

    serve(app, variables(), Begin())


@odd
def stops_after_the_first_block_and_closes(app: App) -> None:
    result = app(variables(QUERY_STRING="iterator"), start)
    next(iter(result))
    result.close()


@odd
def closes_without_a_look(app: App) -> None:
    app(variables(QUERY_STRING="iterator"), start).close()


@odd
def does_not_close_a_list(app: App) -> None:
    for _ in app(variables(QUERY_STRING="list"), start):
        pass


@odd
def asks_for_the_length(app: App) -> None:
    result = app(variables(QUERY_STRING="list"), start)
    assert len(result) == 2
    serve(lambda environ, start_response: result, variables())


@odd
def input_is_a_file(app: App) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(BODY)
        file.seek(0)
        serve(app, variables(wsgi__input=file))


@odd
def streams_have_nothing_more_than_they_must(app: App) -> None:
    data = io.BytesIO(BODY)
    names = ("read", "readline", "readlines", "__iter__")
    stream = type("Stream", (), {name: staticmethod(getattr(data, name)) for name in names})()
    errors = types.SimpleNamespace(write=lambda text: None, writelines=lambda texts: None, flush=lambda: None)
    serve(app, variables(wsgi__input=stream, wsgi__errors=errors))
