"""Apps that tamper with the interpreter. Never call one outside of a child interpreter."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

from tests.corpora.apps.answers import EVIL, ok
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
hostile = corpus.program


@hostile(kind="python")
def breaks_builtins(environ, start_response):
    start = ok(start_response)
    for name in ("len", "isinstance", "getattr", "type", "str", "dict", "list", "print", "open", "any", "max"):
        setattr(builtins, name, None)
    return start


@hostile(kind="python")
def breaks_builtins_slyly(environ, start_response):
    builtins.len = lambda thing: 0
    builtins.isinstance = lambda thing, kind: True
    return ok(start_response)


@hostile(kind="python")
def breaks_time(environ, start_response):
    time.monotonic = time.time = time.perf_counter = lambda: 0.0
    time.sleep = lambda seconds: None
    return ok(start_response)


@hostile(kind="python")
def breaks_os(environ, start_response):
    os.write = os.read = os.kill = os.getpid = os._exit = os.fstat = os.dup2 = None
    return ok(start_response)


@hostile(kind="python")
def breaks_sys(environ, start_response):
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None
    sys.path = sys.excepthook = sys.exc_info = sys._getframe = None
    sys.argv[:] = []
    return ok(start_response)


@hostile(kind="python")
def breaks_gc(environ, start_response):
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect = lambda: time.sleep(1e6)
    return ok(start_response)


@hostile(kind="python")
def breaks_json(environ, start_response):
    json.dumps = json.loads = lambda *args, **kwargs: EVIL
    return ok(start_response)


@hostile(kind="python")
def breaks_signals(environ, start_response):
    for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    signal.signal = signal.setitimer = None
    return ok(start_response)


@hostile(kind="python")
def traces_everything(environ, start_response):
    def hook(*_args):
        raise RuntimeError(EVIL)

    result = ok(start_response)
    sys.settrace(hook)
    sys.setprofile(hook)
    return result


@hostile(kind="python")
def tiny_recursion_limit(environ, start_response):
    result = ok(start_response)
    with contextlib.suppress(RecursionError):
        sys.setrecursionlimit(60)
    return result


@hostile(kind="kills")
def closes_all_descriptors(environ, start_response):
    os.closerange(3, 1000)
    return ok(start_response)


@hostile(kind="python")
def closes_standard_streams(environ, start_response):
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        with contextlib.suppress(Exception):
            stream.close()
    os.closerange(0, 3)
    return ok(start_response)


@hostile(kind="kills")
def writes_to_every_descriptor(environ, start_response):
    for number in range(3, 40):
        with contextlib.suppress(OSError):
            os.write(number, b'5\n{"x"' * 1000)
    return ok(start_response)


@hostile(kind="python")
def leaves_the_directory(environ, start_response):
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)
    return ok(start_response)


@hostile(kind="python")
def empties_the_interpreter(environ, start_response):
    sys.path[:] = []
    sys.path_hooks[:] = []
    sys.path_importer_cache.clear()
    os.environ.clear()
    return ok(start_response)


@hostile(kind="python")
def refuses_imports(environ, start_response):
    class Refuses:
        def find_spec(self, *args):
            raise ImportError(EVIL)

    sys.meta_path.insert(0, Refuses())
    return ok(start_response)


@hostile(kind="kills")
def lowers_its_limits(environ, start_response):
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    while True:
        pass


@hostile(kind="kills")
def leaves_threads(environ, start_response):
    for _ in range(3):
        threading.Thread(target=time.sleep, args=(1e5,), daemon=False).start()
    atexit.register(time.sleep, 1e5)
    return ok(start_response)


@hostile(kind="kills")
def leaves_processes(environ, start_response):
    subprocess.Popen(["sleep", "54321"])
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", "54321"])
        os._exit(0)
    return ok(start_response)
