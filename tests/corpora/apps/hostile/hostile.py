"""Apps that do their worst to whoever runs them. Loaded by name; never call one outside of a child interpreter."""

# ruff: noqa: PLE0303, SIM105

from __future__ import annotations

import atexit
import builtins
import contextlib
import ctypes
import gc
import io
import itertools
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time

TEXT = ("Content-Type", "text/plain")
EVIL = "\x1b[31m\x1b]0;pwned\x07\u202egnp.exe\x00\udc80\x9b2J\r\n<script>alert(1)</script>"
APPS: dict[str, str] = {}


def hostile(kind):
    """Decorator: file an app under *kind*: ``"python"`` for what Python code can stop and undo, else ``"kills"``."""

    def add(function):
        APPS[function.__name__] = kind
        return function

    return add


def ok(start_response, *body):
    start_response("200 OK", [TEXT])
    return list(body or (b"x",))


# -- hanging -------------------------------------------------------------------------------------------


@hostile("python")
def hangs_in_call(environ, start_response):
    time.sleep(1e6)


@hostile("python")
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


@hostile("python")
def hangs_in_close(environ, start_response):
    ok(start_response)
    return HangsWhenClosed()


class HangsInRepr:
    def __repr__(self):
        while True:
            pass


@hostile("python")
def hangs_in_repr(environ, start_response):
    start_response(HangsInRepr(), [HangsInRepr()])
    return [HangsInRepr()]


class HangsInLen:
    def __len__(self):
        while True:
            pass

    def __iter__(self):
        return iter([b"x"])


@hostile("python")
def hangs_in_len(environ, start_response):
    ok(start_response)
    return HangsInLen()


class HangsInIter:
    def __iter__(self):
        threading.Event().wait()


@hostile("python")
def hangs_in_iter(environ, start_response):
    ok(start_response)
    return HangsInIter()


@hostile("python")
def swallows_every_exception(environ, start_response):
    while True:
        try:
            time.sleep(1e6)
        except BaseException:
            pass


@hostile("python")
def switches_the_alarm_off(environ, start_response):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        pass


@hostile("kills")
def sleeps_without_alarm(environ, start_response):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(1e6)


@hostile("kills")
def hangs_in_a_regular_expression(environ, start_response):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    re.match("(a*)*b", "a" * 60)


@hostile("kills")
def hangs_in_arithmetic(environ, start_response):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return ok(start_response, str(7 ** (10**8)).encode())


@hostile("kills")
def hangs_in_c(environ, start_response):
    libc = ctypes.PyDLL(None)  # keeps the interpreter lock
    libc.sleep(10000)


@hostile("python")
def waits_for_itself(environ, start_response):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@hostile("python")
def selects_for_ever(environ, start_response):
    reader, _writer = os.pipe()
    select.select([reader], [], [])


# -- dying ---------------------------------------------------------------------------------------------


@hostile("kills")
def exits_at_once(environ, start_response):
    os._exit(0)


@hostile("kills")
def exits_in_the_middle(environ, start_response):
    ok(start_response)
    yield b"x"
    os._exit(7)


@hostile("kills")
def aborts(environ, start_response):
    os.abort()


@hostile("kills")
def crashes(environ, start_response):
    ctypes.string_at(0)


@hostile("kills")
def kills_itself(environ, start_response):
    os.kill(os.getpid(), signal.SIGKILL)


@hostile("kills")
def kills_its_group(environ, start_response):
    os.killpg(0, signal.SIGKILL)


@hostile("kills")
def kills_its_parent(environ, start_response):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1)
    return ok(start_response)


@hostile("kills")
def terminates_itself(environ, start_response):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)


@hostile("kills")
def becomes_another_program(environ, start_response):
    os.execv("/bin/sh", ["sh", "-c", "sleep 1000"])


@hostile("kills")
def recurses_to_death(environ, start_response):
    sys.setrecursionlimit(10**9)

    def down(x):
        return json.dumps(x, default=down)

    return [down(object())]


@hostile("kills")
def forks_and_answers_twice(environ, start_response):
    os.fork()
    return ok(start_response)


@hostile("python")
def exits_politely(environ, start_response):
    sys.exit(EVIL)


@hostile("python")
def interrupts(environ, start_response):
    raise KeyboardInterrupt(EVIL)


@hostile("python")
def interrupts_in_close(environ, start_response):
    class Body:
        def __iter__(self):
            return iter([b"x"])

        def close(self):
            raise KeyboardInterrupt

    ok(start_response)
    return Body()


@hostile("python")
def stops_iteration(environ, start_response):
    raise StopIteration


@hostile("python")
def exits_generators(environ, start_response):
    ok(start_response)
    yield b"x"
    raise GeneratorExit


@hostile("python")
def recurses(environ, start_response):
    return recurses(environ, start_response)


@hostile("python")
def out_of_memory_it_says(environ, start_response):
    raise MemoryError


# -- too much of everything ----------------------------------------------------------------------------


@hostile("python")
def endless_body(environ, start_response):
    ok(start_response)
    return itertools.repeat(b"x" * 65536)


@hostile("python")
def endless_nothing(environ, start_response):
    ok(start_response)
    return itertools.repeat(b"")


@hostile("python")
def endless_writing(environ, start_response):
    write = start_response("200 OK", [TEXT])
    while True:
        write(b"x" * 65536)


@hostile("kills")
def giant_item(environ, start_response):
    return ok(start_response, b"x" * (3 << 30))


@hostile("kills")
def grows(environ, start_response):
    kept = []
    while True:
        kept.append(bytearray(b"x" * (1 << 24)))


@hostile("python")
def million_headers(environ, start_response):
    start_response("200 OK", [TEXT, *((f"X-{number}", "x") for number in range(1_000_000))])
    return [b"x"]


@hostile("python")
def million_bad_headers(environ, start_response):
    start_response("200 OK", [(number, EVIL) for number in range(1_000_000)])
    return [b"x"]


@hostile("python")
def giant_header(environ, start_response):
    start_response("200 " + "x" * 50_000_000, [("X" * 50_000_000, "\n" * 50_000_000)])
    return [b"x"]


@hostile("python")
def million_items(environ, start_response):
    return ok(start_response, *([b"x"] * 1_000_000))


@hostile("python")
def million_bad_items(environ, start_response):
    return ok(start_response, *range(1_000_000))


@hostile("python")
def endless_log(environ, start_response):
    for _ in range(2000):
        environ["wsgi.errors"].write(EVIL * 100)
    return ok(start_response)


@hostile("python")
def prints_without_end(environ, start_response):
    for _ in range(2000):
        print(EVIL * 10)
        with contextlib.suppress(OSError):
            os.write(2, b"\x1b[2J" * 100 + b"\n")
    return ok(start_response)


# -- tampering -----------------------------------------------------------------------------------------


@hostile("python")
def breaks_builtins(environ, start_response):
    start = ok(start_response)
    for name in ("len", "isinstance", "getattr", "type", "str", "dict", "list", "print", "open", "any", "max"):
        setattr(builtins, name, None)
    return start


@hostile("python")
def breaks_builtins_slyly(environ, start_response):
    builtins.len = lambda thing: 0
    builtins.isinstance = lambda thing, kind: True
    return ok(start_response)


@hostile("python")
def breaks_time(environ, start_response):
    time.monotonic = time.time = time.perf_counter = lambda: 0.0
    time.sleep = lambda seconds: None
    return ok(start_response)


@hostile("python")
def breaks_os(environ, start_response):
    os.write = os.read = os.kill = os.getpid = os._exit = os.fstat = os.dup2 = None
    return ok(start_response)


@hostile("python")
def breaks_sys(environ, start_response):
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None
    sys.path = sys.excepthook = sys.exc_info = sys._getframe = None
    sys.argv[:] = []
    return ok(start_response)


@hostile("python")
def breaks_gc(environ, start_response):
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect = lambda: time.sleep(1e6)
    return ok(start_response)


@hostile("python")
def breaks_json(environ, start_response):
    json.dumps = json.loads = lambda *args, **kwargs: EVIL
    return ok(start_response)


@hostile("python")
def breaks_signals(environ, start_response):
    for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    signal.signal = signal.setitimer = None
    return ok(start_response)


@hostile("python")
def traces_everything(environ, start_response):
    def hook(*_args):
        raise RuntimeError(EVIL)

    result = ok(start_response)
    sys.settrace(hook)
    sys.setprofile(hook)
    return result


@hostile("python")
def tiny_recursion_limit(environ, start_response):
    result = ok(start_response)
    with contextlib.suppress(RecursionError):
        sys.setrecursionlimit(60)
    return result


@hostile("kills")
def closes_all_descriptors(environ, start_response):
    os.closerange(3, 1000)
    return ok(start_response)


@hostile("python")
def closes_standard_streams(environ, start_response):
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        with contextlib.suppress(Exception):
            stream.close()
    os.closerange(0, 3)
    return ok(start_response)


@hostile("kills")
def writes_to_every_descriptor(environ, start_response):
    for number in range(3, 40):
        with contextlib.suppress(OSError):
            os.write(number, b'5\n{"x"' * 1000)
    return ok(start_response)


@hostile("python")
def leaves_the_directory(environ, start_response):
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)
    return ok(start_response)


@hostile("python")
def empties_the_interpreter(environ, start_response):
    sys.path[:] = []
    sys.path_hooks[:] = []
    sys.path_importer_cache.clear()
    os.environ.clear()
    return ok(start_response)


@hostile("python")
def refuses_imports(environ, start_response):
    class Refuses:
        def find_spec(self, *args):
            raise ImportError(EVIL)

    sys.meta_path.insert(0, Refuses())
    return ok(start_response)


@hostile("kills")
def lowers_its_limits(environ, start_response):
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    while True:
        pass


@hostile("kills")
def leaves_threads(environ, start_response):
    for _ in range(3):
        threading.Thread(target=time.sleep, args=(1e5,), daemon=False).start()
    atexit.register(time.sleep, 1e5)
    return ok(start_response)


@hostile("kills")
def leaves_processes(environ, start_response):
    subprocess.Popen(["sleep", "54321"])
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", "54321"])
        os._exit(0)
    return ok(start_response)


# -- evil text and evil objects ------------------------------------------------------------------------


@hostile("python")
def evil_text_everywhere(environ, start_response):
    environ["wsgi.errors"].write(EVIL)
    start_response("200 " + EVIL, [(EVIL, EVIL), ("Location", EVIL), ("Set-Cookie", EVIL)])
    return [EVIL, EVIL.encode("utf-8", "surrogatepass")]


@hostile("python")
def evil_exception(environ, start_response):
    raise type("E\x1b[31m", (Exception,), {"__module__": EVIL, "__qualname__": EVIL})(EVIL)


class Unprintable(Exception):
    def __str__(self):
        raise Unprintable

    __repr__ = __str__


@hostile("python")
def unprintable_exception(environ, start_response):
    raise Unprintable


@hostile("python")
def cyclic_exception(environ, start_response):
    first, second = ValueError(EVIL), TypeError(EVIL)
    first.__context__, second.__context__ = second, first
    first.__cause__, second.__cause__ = second, first
    raise first


class Meta(type):
    def __getattribute__(cls, name):
        raise RuntimeError(EVIL)

    def __instancecheck__(cls, instance):
        raise RuntimeError(EVIL)


class Evil(metaclass=Meta):
    def __getattribute__(self, name):
        raise RuntimeError(EVIL)

    def __eq__(self, other):
        raise RuntimeError(EVIL)

    def __hash__(self):
        raise RuntimeError(EVIL)

    def __bool__(self):
        raise RuntimeError(EVIL)


@hostile("python")
def evil_objects(environ, start_response):
    evil = object.__new__(Evil)
    start_response(evil, [evil, (evil, evil)], evil)
    return evil


class EvilText(str):
    def __getattribute__(self, name):
        raise RuntimeError(EVIL)

    def __eq__(self, other):
        raise RuntimeError(EVIL)

    def __hash__(self):
        raise RuntimeError(EVIL)


class EvilBytes(bytes):
    def __len__(self):
        raise RuntimeError(EVIL)


class EvilList(list):
    def __iter__(self):
        raise RuntimeError(EVIL)

    def __len__(self):
        return -1


@hostile("python")
def evil_subclasses(environ, start_response):
    start_response(EvilText("200 OK"), EvilList([(EvilText("X-A"), EvilText("b"))]))
    return EvilList([EvilBytes(b"x")])


@hostile("python")
def body_of_itself(environ, start_response):
    class Body:
        def __iter__(self):
            return self

        def __next__(self):
            return self

    ok(start_response)
    return Body()


@hostile("python")
def fills_environ_with_evil(environ, start_response):
    environ.clear()
    environ[object()] = object.__new__(Evil)
    environ["wsgi.input"] = environ["wsgi.errors"] = environ["REQUEST_METHOD"] = object.__new__(Evil)
    return ok(start_response)


class RaisesWhenDeleted:
    def __iter__(self):
        return iter([b"x"])

    def __del__(self):
        raise RuntimeError(EVIL)


@hostile("python")
def raises_when_deleted(environ, start_response):
    ok(start_response)
    return RaisesWhenDeleted()


@hostile("python")
def gives_itself_as_error_stream(environ, start_response):
    environ["wsgi.errors"].write(io)
    return ok(start_response)
