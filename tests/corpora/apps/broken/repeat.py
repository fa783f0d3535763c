"""Broken apps: requests that come again or at once, and iterables that are left early."""

from __future__ import annotations

import io
import threading
import time
from typing import Any

from tests.corpora.apps.answers import TEXT, App, plain
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory = corpus.program, corpus.factory

# -- iterables that are left early, and requests that come again -----------------------------------


@factory(clauses=("call-app-repeatable", "rfc-head-app-fields"))
def one_iterator_for_all() -> App:
    blocks = iter([b"hello"])

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])  # FAULT
        return blocks  # FAULT

    return app


@factory(clauses=("call-app-repeatable", "exc-app-traps-own", "env-run-once-no-guarantee"))
def answers_once_only() -> App:
    used: list[bool] = []

    def app(environ: Any, start_response: Any) -> Any:
        if used:
            raise RuntimeError("this app has been used")  # FAULT
        used.append(True)
        start_response("200 OK", [TEXT])
        return [b"hello"]

    return app


@factory(clauses=("env-multithread-truth", "call-app-repeatable"))
def keeps_the_request_in_a_shared_place() -> App:
    current: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        current["query"] = environ.get("QUERY_STRING", "")
        start_response("200 OK", [TEXT])  # FAULT

        def body() -> Any:
            for _ in range(3):
                yield b"q=" + current["query"].encode("latin-1")  # FAULT

        return body()

    return app


@app(clauses=("close-app-early-safe",))
class LeftEarly:
    """Its close fails unless everything was taken."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        start_response("200 OK", [TEXT])
        self.blocks = [b"one", b"two"]

    def __iter__(self) -> Any:
        while self.blocks:
            yield self.blocks.pop()

    def close(self) -> None:
        if self.blocks:
            raise RuntimeError("not everything was taken")  # FAULT


@app(clauses=("close-app-early-safe",))
def goes_on_when_closed(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])  # FAULT
    for _ in range(3):
        try:
            yield b"block"
        except GeneratorExit:
            yield b"not yet"  # FAULT


# -- again, at once, in threads --------------------------------------------------------------------


@factory("app-called-again")
def one_generator_for_all() -> App:
    parts = (part for part in [b"a", b"b"])

    def application(environ: Any, start_response: Any) -> Any:
        plain(start_response)
        return parts

    return application


@factory("app-called-again")
def works_once() -> App:
    done: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        if done:
            raise RuntimeError("called twice")
        done.append(1)
        return plain(start_response, b"x")

    return application


@factory("app-called-again")
def starts_once_only() -> App:
    calls: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            start_response("200 OK", [TEXT])
        return [b"x"]

    return application


@factory("body-comes-each-time")
def file_read_to_its_end() -> App:
    file = io.BytesIO(b"page")

    def application(environ: Any, start_response: Any) -> Any:
        return plain(start_response, file.read())

    return application


@factory("body-comes-each-time")
def buffer_given_away() -> App:
    parts = [b"a", b"b"]

    def application(environ: Any, start_response: Any) -> Any:
        plain(start_response)
        while parts:
            yield parts.pop()

    return application


@factory("run-once-not-relied-on")
def closes_its_store() -> App:
    store: list[bytes] = [b"x"]

    def application(environ: Any, start_response: Any) -> Any:
        page = store[0]
        if environ["wsgi.run_once"]:
            store.clear()
        return plain(start_response, page)

    return application


@factory("run-once-not-relied-on")
def stays_silent_after_the_once() -> App:
    done: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        if environ["wsgi.run_once"]:
            if done:
                return []
            done.append(1)
        return plain(start_response, b"x")

    return application


class KeepsTheRequest:
    """The request on the application object."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.environ = environ
        start_response("200 OK", [TEXT])
        yield b"for "
        yield self.environ["QUERY_STRING"].encode("latin-1")


@factory("requests-kept-apart")
def request_on_the_object() -> App:
    return KeepsTheRequest()


@factory("requests-kept-apart")
def shared_buffer() -> App:
    buffer = io.BytesIO()

    def application(environ: Any, start_response: Any) -> Any:
        buffer.seek(0)
        buffer.truncate()
        buffer.write(environ["QUERY_STRING"].encode("latin-1"))
        plain(start_response)
        yield b""
        yield buffer.getvalue()

    return application


@factory("requests-kept-apart")
def slow_global() -> App:
    current: dict[str, Any] = {}

    def application(environ: Any, start_response: Any) -> Any:
        current["query"] = environ["QUERY_STRING"]
        time.sleep(0.002)
        return plain(start_response, current["query"].encode("latin-1"))

    return application


@factory("requests-kept-apart")
def refuses_a_second_guest() -> App:
    lock = threading.Lock()

    def application(environ: Any, start_response: Any) -> Any:
        if not lock.acquire(blocking=False):
            raise RuntimeError("busy")
        try:
            plain(start_response)
            yield b"a"
            yield b"b"
        finally:
            lock.release()

    return application


@app("works-inside-middleware")
def wants_the_server_s_own(environ: Any, start_response: Any) -> Any:
    own = "wsgiconform" in type(start_response).__module__  # by whatever name a reproduction has it
    return plain(start_response, b"own" if own else b"foreign")


@app("works-inside-middleware")
def refuses_functions(environ: Any, start_response: Any) -> Any:
    if type(start_response).__name__ == "function":
        raise TypeError("not the server")
    return plain(start_response, b"x")
