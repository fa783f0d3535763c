"""Conforming apps: what they remember, and how they keep requests apart."""

from __future__ import annotations

import contextvars
import functools
import itertools
import random
import secrets
import sys
import threading
import time
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, quote

from tests.corpora.apps.answers import TEXT, App, answer
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory = corpus.program, corpus.factory

# -- what an app remembers -------------------------------------------------------------------------


@factory()
def caches_its_page() -> App:
    @functools.cache
    def render(path: str) -> tuple[bytes, ...]:
        return (b"page ", quote(path, encoding="latin-1").encode())

    def app(environ: Any, start_response: Any) -> Any:
        blocks = render(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        start_response("200 OK", [TEXT, ("Content-Length", str(sum(map(len, blocks))))])
        return () if environ["REQUEST_METHOD"] == "HEAD" else blocks

    return app


@factory()
def keeps_the_request_in_a_thread_local() -> App:
    local = threading.local()

    def app(environ: Any, start_response: Any) -> Any:
        local.environ = environ
        try:
            return answer(local.environ, start_response, local.environ.get("QUERY_STRING", "").encode("latin-1"))
        finally:
            del local.environ

    return app


@factory()
def keeps_the_request_in_a_context() -> App:
    current: contextvars.ContextVar[Any] = contextvars.ContextVar("current")

    def body() -> list[bytes]:
        return [current.get().get("QUERY_STRING", "").encode("latin-1")]

    def app(environ: Any, start_response: Any) -> Any:
        context = contextvars.copy_context()
        context.run(current.set, environ)
        start_response("200 OK", [TEXT])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else context.run(body)

    return app


@factory()
def a_module_of_constants() -> App:
    headers, body = (TEXT, ("Content-Length", "5")), (b"hel", b"lo")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(headers))
        return body if environ["REQUEST_METHOD"] != "HEAD" else ()

    return app


@app()
def traps_what_goes_wrong(environ: Any, start_response: Any) -> Any:
    try:
        number = int(parse_qs(environ.get("QUERY_STRING", ""), encoding="latin-1")["n"][0])
        return answer(environ, start_response, b"%d" % (10 // number))
    except Exception:
        start_response("400 Bad Request", [TEXT], sys.exc_info())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"n is missing"]


# -- answers that differ from one request to the next ----------------------------------------------


@app()
def tells_the_time(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Date", formatdate(usegmt=True))])
    return [repr(time.time()).encode()]


@app()
def gives_a_token(environ: Any, start_response: Any) -> Any:
    token = secrets.token_hex(8)
    start_response(
        "200 OK", [TEXT, ("Set-Cookie", f"csrf={token}; Path=/; HttpOnly; SameSite=Lax"), ("ETag", f'"{token}"')]
    )
    return [token.encode()]


@factory()
def counts() -> App:
    numbers = itertools.count()

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [str(next(numbers)).encode()]

    return application


@factory()
def counts_to_three() -> App:
    numbers = itertools.cycle((1, 2, 3))

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [str(next(numbers)).encode()]

    return application


@factory()
def throws_a_coin() -> App:
    coin = random.Random(7)

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [coin.choice([b"heads", b"tails"])]

    return application


BODY = b"hello world"


@factory()
def round_robin_of_backends() -> App:
    names = itertools.cycle(("a", "b"))

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT, ("X-Backend", next(names))])
        return [BODY]

    return application


# -- threads and contexts --------------------------------------------------------------------------


@factory()
def thread_local() -> App:
    local = threading.local()

    def application(environ: Any, start_response: Any) -> Any:
        local.query = environ.get("QUERY_STRING", "")
        start_response("200 OK", [TEXT])
        return [local.query.encode("latin-1")]

    return application


@factory()
def context_variable() -> App:
    current: contextvars.ContextVar[str] = contextvars.ContextVar("current")

    def application(environ: Any, start_response: Any) -> Any:
        current.set(environ.get("QUERY_STRING", ""))
        start_response("200 OK", [TEXT])
        return [current.get().encode("latin-1")]

    return application


@factory()
def locks_briefly() -> App:
    lock, hits = threading.Lock(), [0]

    def application(environ: Any, start_response: Any) -> Any:
        with lock:
            hits[0] += 1
        start_response("200 OK", [TEXT, ("X-Hits", str(hits[0]))])
        return [environ.get("QUERY_STRING", "").encode("latin-1")]

    return application


@factory()
def keeps_the_request_by_thread_while_it_streams() -> App:
    local = threading.local()

    def application(environ: Any, start_response: Any) -> Any:
        local.query = environ.get("QUERY_STRING", "")
        start_response("200 OK", [TEXT])
        return stream()

    def stream() -> Any:
        yield b"you asked for "
        yield local.query.encode("latin-1")

    return application


def bodyless(environ: Any) -> bool:
    return bool(environ["REQUEST_METHOD"] == "HEAD")


class OneAtATime:
    """Holds a lock from its first item to its end or close."""

    def __init__(self, lock: Any) -> None:
        self.lock, self.left, self.held = lock, [b"one ", b"two ", b"three"], False

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> bytes:
        if not self.held:
            self.lock.acquire()
            self.held = True
        if not self.left:
            raise StopIteration
        return self.left.pop(0)

    def close(self) -> None:
        if self.held:
            self.held = False
            self.lock.release()


@factory()
def serves_one_response_at_a_time() -> App:
    lock = threading.Lock()

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return () if bodyless(environ) else OneAtATime(lock)

    return application
