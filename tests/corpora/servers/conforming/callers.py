"""Functions that serve an app in odd ways, all of them right."""

from __future__ import annotations

import functools
import io
import tempfile
import types
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers import calling
from tests.corpora.servers.calling import BODY, App, serve, start, variables

corpus = Corpus(__name__)
environ_of = functools.partial(calling.environ_of, corpus)
odd = corpus.program


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


@odd()
def start_response_is_a_bound_method(app: App) -> None:
    class Handler:
        def begin(self, status: Any, headers: list[Any], exc_info: Any = None) -> Any:
            headers.append(("Server", "fresh"))
            return self.write

        def write(self, data: bytes) -> int:
            return len(data)

    serve(app, variables(), Handler().begin)


@odd()
def start_response_is_an_object(app: App) -> None:
    class Begin:
        def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
            return [].append

    serve(app, variables(), Begin())


@odd()
def stops_after_the_first_block_and_closes(app: App) -> None:
    result = app(variables(QUERY_STRING="iterator"), start)
    next(iter(result))
    result.close()


@odd()
def closes_without_a_look(app: App) -> None:
    app(variables(QUERY_STRING="iterator"), start).close()


@odd()
def does_not_close_a_list(app: App) -> None:
    for _ in app(variables(QUERY_STRING="list"), start):
        pass


@odd()
def asks_for_the_length(app: App) -> None:
    result = app(variables(QUERY_STRING="list"), start)
    assert len(result) == 2
    serve(lambda environ, start_response: result, variables())


@odd()
def input_is_a_file(app: App) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(BODY)
        file.seek(0)
        serve(app, variables(wsgi__input=file))


@odd()
def streams_have_nothing_more_than_they_must(app: App) -> None:
    data = io.BytesIO(BODY)
    names = ("read", "readline", "readlines", "__iter__")
    stream = type("Stream", (), {name: staticmethod(getattr(data, name)) for name in names})()
    errors = types.SimpleNamespace(write=lambda text: None, writelines=lambda texts: None, flush=lambda: None)
    serve(app, variables(wsgi__input=stream, wsgi__errors=errors))
