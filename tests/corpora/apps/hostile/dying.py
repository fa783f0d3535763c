"""Apps that end the interpreter, or try to. Never call one outside of a child interpreter."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time

from tests.corpora.apps.answers import EVIL, ok
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
hostile = corpus.program


@hostile(kind="kills")
def exits_at_once(environ, start_response):
    os._exit(0)


@hostile(kind="kills")
def exits_in_the_middle(environ, start_response):
    ok(start_response)
    yield b"x"
    os._exit(7)


@hostile(kind="kills")
def aborts(environ, start_response):
    os.abort()


@hostile(kind="kills")
def crashes(environ, start_response):
    ctypes.string_at(0)


@hostile(kind="kills")
def kills_itself(environ, start_response):
    os.kill(os.getpid(), signal.SIGKILL)


@hostile(kind="kills")
def kills_its_group(environ, start_response):
    os.killpg(0, signal.SIGKILL)


@hostile(kind="kills")
def kills_its_parent(environ, start_response):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1)
    return ok(start_response)


@hostile(kind="kills")
def terminates_itself(environ, start_response):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)


@hostile(kind="kills")
def becomes_another_program(environ, start_response):
    os.execv("/bin/sh", ["sh", "-c", "sleep 1000"])


@hostile(kind="kills")
def recurses_to_death(environ, start_response):
    sys.setrecursionlimit(10**9)

    def down(x):
        return json.dumps(x, default=down)

    return [down(object())]


@hostile(kind="kills")
def forks_and_answers_twice(environ, start_response):
    os.fork()
    return ok(start_response)


@hostile(kind="python")
def exits_politely(environ, start_response):
    sys.exit(EVIL)


@hostile(kind="python")
def interrupts(environ, start_response):
    raise KeyboardInterrupt(EVIL)


@hostile(kind="python")
def interrupts_in_close(environ, start_response):
    class Body:
        def __iter__(self):
            return iter([b"x"])

        def close(self):
            raise KeyboardInterrupt

    ok(start_response)
    return Body()


@hostile(kind="python")
def stops_iteration(environ, start_response):
    raise StopIteration


@hostile(kind="python")
def exits_generators(environ, start_response):
    ok(start_response)
    yield b"x"
    raise GeneratorExit


@hostile(kind="python")
def recurses(environ, start_response):
    return recurses(environ, start_response)


@hostile(kind="python")
def out_of_memory_it_says(environ, start_response):
    raise MemoryError
