"""Apps that give too much of everything. Never call one outside of a child interpreter."""

from __future__ import annotations

import contextlib
import itertools
import os

from tests.corpora.apps.answers import EVIL, TEXT, ok
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
hostile = corpus.program


@hostile(kind="python")
def endless_body(environ, start_response):
    ok(start_response)
    return itertools.repeat(b"x" * 65536)


@hostile(kind="python")
def endless_nothing(environ, start_response):
    ok(start_response)
    return itertools.repeat(b"")


@hostile(kind="python")
def endless_writing(environ, start_response):
    write = start_response("200 OK", [TEXT])
    while True:
        write(b"x" * 65536)


@hostile(kind="kills")
def giant_item(environ, start_response):
    return ok(start_response, b"x" * (3 << 30))


@hostile(kind="kills")
def grows(environ, start_response):
    kept = []
    while True:
        kept.append(bytearray(b"x" * (1 << 24)))


@hostile(kind="python")
def million_headers(environ, start_response):
    start_response("200 OK", [TEXT, *((f"X-{number}", "x") for number in range(1_000_000))])
    return [b"x"]


@hostile(kind="python")
def million_bad_headers(environ, start_response):
    start_response("200 OK", [(number, EVIL) for number in range(1_000_000)])
    return [b"x"]


@hostile(kind="python")
def giant_header(environ, start_response):
    start_response("200 " + "x" * 50_000_000, [("X" * 50_000_000, "\n" * 50_000_000)])
    return [b"x"]


@hostile(kind="python")
def million_items(environ, start_response):
    return ok(start_response, *([b"x"] * 1_000_000))


@hostile(kind="python")
def million_bad_items(environ, start_response):
    return ok(start_response, *range(1_000_000))


@hostile(kind="python")
def endless_log(environ, start_response):
    for _ in range(2000):
        environ["wsgi.errors"].write(EVIL * 100)
    return ok(start_response)


@hostile(kind="python")
def prints_without_end(environ, start_response):
    for _ in range(2000):
        print(EVIL * 10)
        with contextlib.suppress(OSError):
            os.write(2, b"\x1b[2J" * 100 + b"\n")
    return ok(start_response)
