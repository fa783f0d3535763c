"""Functions that serve an app wrongly, with the clauses that each breaks."""

from __future__ import annotations

import collections
import collections.abc
import functools
import io
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers import calling
from tests.corpora.servers.calling import BODY, App, serve, start, variables

corpus = Corpus(__name__)
environ_of = functools.partial(calling.environ_of, corpus)


def wrong(*clauses: str) -> Any:
    """Decorator: add a server that breaks *clauses*."""
    return corpus.program(clauses=clauses)


# -- environs --------------------------------------------------------------------------------------


environ_of("method_is_missing", "env-request-method-present", REQUEST_METHOD=None)
environ_of("method_is_empty", "env-request-method-nonempty", REQUEST_METHOD="")
environ_of("method_is_bytes", "env-cgi-str", REQUEST_METHOD=b"POST")
environ_of("name_is_missing", "env-server-name-present", SERVER_NAME=None)
environ_of("name_is_empty", "env-server-name-nonempty", SERVER_NAME="")
environ_of("port_is_missing", "env-server-port-present", SERVER_PORT=None)
environ_of("port_is_empty", "env-server-port-nonempty", SERVER_PORT="")
environ_of("port_is_an_int", "env-cgi-str", SERVER_PORT=80)
environ_of("port_is_a_word", "env-server-port-digits", SERVER_PORT="http")
environ_of("protocol_is_missing", "env-server-protocol-present", SERVER_PROTOCOL=None)
environ_of("protocol_is_a_number", "env-server-protocol-form", SERVER_PROTOCOL="1.1")


class Words(str):
    """A str in name only."""


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


# -- calls -----------------------------------------------------------------------------------------


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
