"""Apps that never come back. Loaded by name; never call one outside of a child interpreter."""

# ruff: noqa: PLE0303, SIM105

from __future__ import annotations

import ctypes
import os
import re
import select
import signal
import threading
import time

from tests.corpora.apps.answers import ok
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
hostile = corpus.program


@hostile(kind="python")
def hangs_in_call(environ, start_response):
    time.sleep(1e6)


@hostile(kind="python")
def hangs_in_next(environ, start_response):
    ok(start_response)
    yield b"x"
    while True:
        time.sleep(1e6)


class HangsWhenClosed:
    def __iter__(self):
        return iter([b"x"])

    def close(self):
        while True:
            pass


@hostile(kind="python")
def hangs_in_close(environ, start_response):
    ok(start_response)
    return HangsWhenClosed()


class HangsInRepr:
    def __repr__(self):
        while True:
            pass


@hostile(kind="python")
def hangs_in_repr(environ, start_response):
    start_response(HangsInRepr(), [HangsInRepr()])
    return [HangsInRepr()]


class HangsInLen:
    def __len__(self):
        while True:
            pass

    def __iter__(self):
        return iter([b"x"])


@hostile(kind="python")
def hangs_in_len(environ, start_response):
    ok(start_response)
    return HangsInLen()


class HangsInIter:
    def __iter__(self):
        threading.Event().wait()


@hostile(kind="python")
def hangs_in_iter(environ, start_response):
    ok(start_response)
    return HangsInIter()


@hostile(kind="python")
def swallows_every_exception(environ, start_response):
    while True:
        try:
            time.sleep(1e6)
        except BaseException:
            pass


@hostile(kind="python")
def switches_the_alarm_off(environ, start_response):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        pass


@hostile(kind="kills")
def sleeps_without_alarm(environ, start_response):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(1e6)


@hostile(kind="kills")
def hangs_in_a_regular_expression(environ, start_response):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    re.match("(a*)*b", "a" * 60)


@hostile(kind="kills")
def hangs_in_arithmetic(environ, start_response):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return ok(start_response, str(7 ** (10**8)).encode())


@hostile(kind="kills")
def hangs_in_c(environ, start_response):
    libc = ctypes.PyDLL(None)  # keeps the interpreter lock
    libc.sleep(10000)


@hostile(kind="python")
def waits_for_itself(environ, start_response):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@hostile(kind="python")
def selects_for_ever(environ, start_response):
    reader, _writer = os.pipe()
    select.select([reader], [], [])
