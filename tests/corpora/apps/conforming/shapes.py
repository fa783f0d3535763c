"""Conforming apps: what an app may be, and what it may return."""

from __future__ import annotations

import collections
import contextlib
import functools
import io
import itertools
import operator
import queue
import tempfile
import threading
from collections import deque
from typing import Any

from tests.corpora.apps.answers import TEXT, App, is_head
from tests.corpora.apps.conforming.start_response import replaces_the_start
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory = corpus.program, corpus.factory

# -- functions, classes, objects -------------------------------------------------------------------


@app()
def generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"hello "
    yield b"world"


BODY = b"hello world"


@app()
def late_start(environ: Any, start_response: Any) -> Any:
    yield b""
    start_response("200 OK", [TEXT])
    yield BODY


@app()
def starts_in_the_iterable(environ: Any, start_response: Any) -> Any:
    def body() -> Any:
        start_response("200 OK", [TEXT])
        yield BODY

    return body()


class ClassAsApp:
    """The example of PEP 3333: the class is the app, its instance the iterable."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        self.environ, self.start = environ, start_response

    def __iter__(self) -> Any:
        self.start("200 OK", [TEXT])
        yield BODY


corpus.add("class_as_app", lambda: ClassAsApp)


class Instance:
    def __call__(self, environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return (BODY,)


corpus.add("instance", Instance)


class Method:
    def serve(self, environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return deque([BODY])


corpus.add("bound_method", lambda: Method().serve)
corpus.add("partial", lambda: functools.partial(lambda page, e, s: (s("200 OK", [TEXT]), [page])[1], BODY))


@app()
def any_arguments(*args: Any) -> Any:
    _environ, start_response = args
    start_response("200 OK", [TEXT])
    return [BODY]


@app()
def defaults(environ: Any, start_response: Any, page: bytes = BODY) -> Any:
    start_response("200 OK", [TEXT])
    return [page]


@app()
def getitem_only(environ: Any, start_response: Any) -> Any:
    class Body:
        def __getitem__(self, index: int) -> bytes:
            return [b"hello ", b"world"][index]

    start_response("200 OK", [TEXT])
    return Body()


@app()
def endless_sized(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return itertools.repeat(b"x", 10)


@app()
def mapped(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return map(bytes, [b"a", b"b"])


@app()
def closing(environ: Any, start_response: Any) -> Any:
    class Body:
        def __init__(self) -> None:
            self.file = io.BytesIO(BODY)

        def __iter__(self) -> Any:
            return iter(lambda: self.file.read(4), b"")

        def close(self) -> None:
            self.file.close()

    start_response("200 OK", [TEXT])
    return Body()


@app()
def false_body(environ: Any, start_response: Any) -> Any:
    class Body(list):  # type: ignore[type-arg]
        def __bool__(self) -> bool:
            return False

    start_response("200 OK", [TEXT])
    return Body([BODY])


# -- in layers -------------------------------------------------------------------------------------


def upper(inner: App) -> App:
    """Change each block, late starts and ``write`` included."""

    def application(environ: Any, start_response: Any) -> Any:
        def starting(status: Any, headers: Any, exc_info: Any = None) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "etag")]
            write = start_response(status, kept, exc_info) if exc_info else start_response(status, kept)
            return lambda data: write(data.upper())

        result = inner(environ, starting)
        try:
            for block in result:
                yield block.upper()
        finally:
            if hasattr(result, "close"):
                result.close()

    return application


corpus.add("one_layer", lambda: upper(generator))
corpus.add("three_layers", lambda: upper(upper(upper(late_start))))
corpus.add("around_exc_info", lambda: upper(replaces_the_start))
corpus.add("around_a_class", lambda: upper(ClassAsApp))


# -- what an app is, and what it returns -----------------------------------------------------------


@app()
class TheClassIsTheApp:
    def __init__(self, environ: Any, start_response: Any) -> None:
        self.environ, self.start = environ, start_response

    def __iter__(self) -> Any:
        self.start("200 OK", [TEXT])
        if not is_head(self.environ):
            yield b"x"


@factory()
def method_of_a_site() -> App:
    class Site:
        greeting = b"hello"

        def serve(self, environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [TEXT])
            return [] if is_head(environ) else [self.greeting]

    return Site().serve


@factory()
def partial_of_a_function() -> App:
    def serve(greeting: bytes, environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [] if is_head(environ) else [greeting]

    return functools.partial(serve, b"hello")


@app()
def takes_anything(*args: Any, **kwargs: Any) -> Any:
    environ, start = args
    start("200 OK", [TEXT])
    return [] if is_head(environ) else [b"x"]


@app()
def positional_only(environ: Any, start_response: Any, /, greeting: bytes = b"x") -> Any:
    start_response("200 OK", [TEXT])
    return [] if is_head(environ) else [greeting]


class Letters:
    """Only the sequence protocol."""

    def __getitem__(self, index: int) -> bytes:
        return (b"a", b"b", b"c")[index]


@app()
def returns_a_sequence_of_getitem(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [] if is_head(environ) else Letters()


@app()
def returns_a_set(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return set() if is_head(environ) else {b"x"}


@app()
def returns_the_values_of_a_dict(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return {}.values() if is_head(environ) else {1: b"a", 2: b"b"}.values()


@app()
def returns_a_dict_of_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return {} if is_head(environ) else {b"a": 1, b"b": 2}


@app()
def returns_a_deque(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return collections.deque() if is_head(environ) else collections.deque([b"a", b"b"])


@app()
def returns_a_map(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return map(str.encode, () if is_head(environ) else ("a", "b"))


@app()
def returns_a_callable_iterator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return iter(functools.partial(io.BytesIO(b"" if is_head(environ) else b"abcdef").read, 2), b"")


@app()
def returns_a_chain(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return itertools.chain(*([] if is_head(environ) else [[b"a"], (b"b",), iter([b"c"])]))


@app()
def returns_a_repeat(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "4000")])
    return itertools.repeat(b"abcd", 0 if is_head(environ) else 1000)


@app()
def returns_lines_of_a_buffer(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return iter(() if is_head(environ) else b"one\ntwo\n".splitlines(keepends=True))


@app()
def is_its_own_iterator(environ: Any, start_response: Any) -> Any:
    class Steps:
        left = 0 if is_head(environ) else 3
        closed = False

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            if not self.left or self.closed:
                raise StopIteration
            self.left -= 1
            return b"step"

        def close(self) -> None:
            self.closed = True

    start_response("200 OK", [TEXT])
    return Steps()


@app()
def empty_blocks_between(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "2")])
    yield from () if is_head(environ) else (b"", b"a", b"", b"", b"b", b"")


@app()
def no_block_at_all(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Length", "0")])
    return iter(())


@app()
def a_generator_with_a_context(environ: Any, start_response: Any) -> Any:
    with tempfile.TemporaryFile() as file, contextlib.ExitStack() as stack:
        stack.callback(operator.truth, file)
        file.write(b"from a file")
        file.seek(0)
        start_response("200 OK", [TEXT])
        while not is_head(environ) and (block := file.read(4)):
            yield block


@app()
def cleans_up_when_left_early(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        for number in range(0 if is_head(environ) else 50):
            yield b"%d\n" % number
    finally:
        environ["wsgi.errors"].write("left\n")
        environ["wsgi.errors"].flush()


@app()
def returns_an_exact_length(environ: Any, start_response: Any) -> Any:
    class Blocks:
        blocks = [] if is_head(environ) else [b"a", b"b", b""]

        def __len__(self) -> int:
            return len(self.blocks)

        def __iter__(self) -> Any:
            return iter(self.blocks)

    start_response("200 OK", [TEXT])
    return Blocks()


@app()
def produced_by_a_thread(environ: Any, start_response: Any) -> Any:
    blocks: queue.Queue[bytes | None] = queue.Queue(2)

    def produce() -> None:
        for number in range(0 if is_head(environ) else 2):
            blocks.put(b"%d" % number)
        blocks.put(None)

    thread = threading.Thread(target=produce)
    thread.start()
    thread.join(0.001)
    start_response("200 OK", [TEXT])
    result = list(iter(blocks.get, None))
    thread.join()
    return result
