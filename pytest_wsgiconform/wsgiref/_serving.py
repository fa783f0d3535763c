"""How a server waits: for clients, for the next request on kept connections, and for its own end.

A single-threaded server must not wait inside a connection, or one silent client stops all the others. It parks silent
connections in the selector that also watches the listener, and turns to whichever speaks first. A server that runs
each connection in a thread or process of its own waits there instead.
"""

from __future__ import annotations

import contextlib
import errno
import select
import selectors
import socket
import socketserver
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import HTTPServer
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, NamedTuple

DISCONNECTS = (ConnectionError, TimeoutError, ssl.SSLError)
"""What a client that went away, or went silent, looks like from here."""

_IDLE_WORKER_SECONDS = 5.0

_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_WITHOUT_ROOM = 0.05


class _Parked(NamedTuple):
    """A silent connection of a single-threaded server, and when to stop waiting for it."""

    request: socket.socket
    client_address: Any
    deadline: float


class WaitingServer(HTTPServer):
    """An `HTTPServer` whose waiting is described above; `WSGIServer` adds what WSGI needs.

    Attributes:
        request_queue_size: how many connections may wait to be accepted.
        idle_timeout: seconds that a silent connection is kept for its first or next request.
        max_idle: the most silent connections that a single-threaded server keeps; for one more, the one that has been
            silent for longest is closed.
    """

    request_queue_size = 128
    idle_timeout: float = 30.0
    max_idle = 500

    # On the class, because a server may be set up without __init__ (test doubles without a socket are).
    closing = False
    _selector: selectors.BaseSelector | None = None
    _serving_thread: int | None = None
    _shutdown_asked = False
    _loop_ended = False
    _next_sweep = 0.0
    _wakers: tuple[socket.socket, socket.socket] | None = None

    def __init__(
        self,
        server_address: Any,
        RequestHandlerClass: Callable[[Any, Any, Any], socketserver.BaseRequestHandler],
        bind_and_activate: bool = True,
    ) -> None:
        self._stopped = threading.Event()
        self._stopped.set()
        self._parked: dict[socket.socket, _Parked] = {}  # the one that has been silent for longest first
        self._waiting: dict[socket.socket, bool] = {}  # in the order in which they began to; see begin_waiting
        super().__init__(server_address, RequestHandlerClass, bind_and_activate)

    @property
    def runs_in_parallel(self) -> bool:
        """Whether each connection has a thread or a process of its own."""
        return self.multithread or self.multiprocess

    @property
    def multithread(self) -> bool:
        """Whether another thread of this process may run the application at the same time."""
        return isinstance(self, socketserver.ThreadingMixIn)

    @property
    def multiprocess(self) -> bool:
        """Whether another process may run the application at the same time."""
        forking = getattr(socketserver, "ForkingMixIn", None)
        return forking is not None and isinstance(self, forking)

    @property
    def keeps_connections(self) -> bool:
        """Whether a connection may be kept for another request now.

        A single-threaded server keeps connections in `serve_forever` only: `handle_request` is for one request.
        """
        if self.closing or self._shutdown_asked or self._loop_ended:
            return False
        return self.runs_in_parallel or self._selector is not None

    # ---- the loop

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Handle requests until `shutdown`.

        Args:
            poll_interval: seconds between calls of `service_actions`; shutdown does not wait for it.
        """
        self._stopped.clear()
        self._loop_ended = False
        self._serving_thread = threading.get_ident()
        selector = selectors.DefaultSelector()
        self._wakers = wakers = socket.socketpair()
        try:
            selector.register(self, selectors.EVENT_READ)
            selector.register(wakers[0], selectors.EVENT_READ)
            self._selector = selector
            while not self._shutdown_asked:
                for key, _ in selector.select(poll_interval):
                    if self._shutdown_asked:
                        break
                    if key.data is not None:
                        self._resume(key.data)
                    elif key.fileobj is self:
                        self._handle_request_noblock()  # type: ignore[attr-defined]
                if not self._shutdown_asked:
                    self.service_actions()
                    self._drop_overdue()
        finally:
            self._loop_ended = True
            self._selector = None
            self._close_parked(selector)
            selector.close()
            self._wakers = None
            for waker in wakers:
                waker.close()
            self._shutdown_asked = False
            self._serving_thread = None
            self._stopped.set()

    def shutdown(self) -> None:
        """Let `serve_forever` return after the request at hand.

        Waits until it has, unless nothing is being served or the call comes from the serving thread itself, which
        could only wait for ever. Called before `serve_forever`, it makes that return at once.
        """
        self._shutdown_asked = True
        wakers = self._wakers
        if wakers is not None:
            with contextlib.suppress(OSError):
                wakers[1].send(b"x")
        if self._serving_thread != threading.get_ident():
            self._stopped.wait()

    def server_close(self) -> None:
        """Close the listener, and the connections on which no request is running."""
        self.closing = True
        super().server_close()
        for connection in list(self._waiting):
            self._end(connection)

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; over TLS, leave the handshake to the handler, whose time limits hold for it."""
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _NO_ROOM:
                # The connection stays in the listener's queue, and would be offered again at once, and again.
                self._make_room()
                time.sleep(_PAUSE_WITHOUT_ROOM)
            raise

    # ---- waiting for a request

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection; a silent one is parked until it speaks."""
        if not self.park(request, client_address):
            super().process_request(request, client_address)

    def park(self, request: Any, client_address: Any, kept: bool = False) -> bool:
        """Set a connection aside until it speaks and it is its turn; return whether that was done.

        Not done by servers that run in parallel or outside `serve_forever`, nor for TLS, where decrypted input may
        wait unseen, nor for a new connection (not `kept`) that has spoken already: it is its turn.
        """
        selector = self._selector
        if selector is None or self.runs_in_parallel or not isinstance(request, socket.socket):
            return False
        if isinstance(request, ssl.SSLSocket) or (not kept and has_input(request)):
            return False
        if len(self._parked) >= self.max_idle:
            self._make_room()
        parked = _Parked(request, client_address, time.monotonic() + self.idle_timeout)
        selector.register(request, selectors.EVENT_READ, parked)
        self._parked[request] = parked
        return True

    def others_wait(self) -> bool:
        """Tell whether, in a single-threaded server, another client wants to be served."""
        selector = self._selector
        return selector is not None and not self.runs_in_parallel and bool(selector.select(0))

    def _make_room(self) -> None:
        """Close the connection that has been silent for longest, if there is one."""
        selector = self._selector
        if selector is None or not self._parked:
            self.end_longest_idle()
            return
        oldest = next(iter(self._parked))
        self._unpark(selector, oldest)
        self.shutdown_request(oldest)

    def _unpark(self, selector: selectors.BaseSelector, request: socket.socket) -> None:
        selector.unregister(request)
        del self._parked[request]

    def _resume(self, parked: _Parked) -> None:
        selector = self._selector
        if selector is None or self._parked.get(parked.request) is not parked:  # closed since, to make room
            return
        self._unpark(selector, parked.request)
        try:
            super().process_request(parked.request, parked.client_address)
        except Exception:
            self.handle_error(parked.request, parked.client_address)
            self.shutdown_request(parked.request)
        except BaseException:
            self.shutdown_request(parked.request)
            raise

    def _drop_overdue(self) -> None:
        now = time.monotonic()
        if self._selector is None or now < self._next_sweep:
            return
        self._next_sweep = now + 1.0
        for parked in [parked for parked in self._parked.values() if parked.deadline <= now]:
            self._unpark(self._selector, parked.request)
            self.shutdown_request(parked.request)

    def _close_parked(self, selector: selectors.BaseSelector) -> None:
        for request in list(self._parked):
            self._unpark(selector, request)
            self.shutdown_request(request)

    def begin_waiting(self, connection: socket.socket, kept: bool) -> None:
        """Note that no request is running on this connection, so that it may be ended.

        Args:
            connection: the socket.
            kept: whether a request has been served on it; a client that has yet to send its first is not turned away.
        """
        self._waiting[connection] = kept
        if self.closing:
            self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)

    def end_waiting(self, connection: socket.socket) -> None:
        """Note that a request has come, or that the connection is over."""
        self._waiting.pop(connection, None)

    def end_longest_idle(self) -> None:
        """End the kept connection that has been without a request for the longest time, if there is one."""
        for connection, kept in list(self._waiting.items()):
            if kept:
                self._end(connection)
                return

    # ---- ends

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, unless it has been parked."""
        if request not in getattr(self, "_parked", ()):
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error that ended a connection: one line for a client that left, else with its traceback."""
        error = sys.exc_info()[1]
        if isinstance(error, DISCONNECTS):
            print(f"Connection of {client_address} lost: {type(error).__name__}", file=sys.stderr)
        else:
            super().handle_error(request, client_address)

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.server_close()


def has_input(connection: socket.socket) -> bool:
    """Tell whether a read would not block: there is input, or the end of it."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([connection], [], [], 0)[0])


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL and in SERVER_NAME (RFC 3875 section 4.1.14)."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


class ThreadedWaitingServer(socketserver.ThreadingMixIn, WaitingServer):
    """`ThreadingMixIn` with threads that are used again, and an end that waits for running requests only so long.

    Attributes:
        shutdown_timeout: seconds that `server_close` waits for running requests.
        max_threads: the most connections served at once; for one more, the longest idle one is ended, and it waits
            if there is none.
    """

    daemon_threads = True
    shutdown_timeout: float = 30.0
    max_threads: int = 1000

    def __init__(self, *args: Any, **options: Any) -> None:
        self._lock = threading.Lock()
        self._idle_workers = 0
        self._jobs: SimpleQueue[tuple[Any, Any] | None] = SimpleQueue()
        self._workers: set[threading.Thread] = set()
        self._backlog: deque[tuple[Any, Any]] = deque()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand a connection to an idle thread, or to a new one."""
        with self._lock:
            if self._idle_workers:
                self._idle_workers -= 1
                self._jobs.put((request, client_address))
                return
            if len(self._workers) >= self.max_threads:
                self._backlog.append((request, client_address))
                self.end_longest_idle()
                return
            worker = threading.Thread(target=self._work, args=(request, client_address), daemon=self.daemon_threads)
            self._workers.add(worker)
        try:
            worker.start()
        except BaseException:
            self._workers.discard(worker)
            raise

    def begin_waiting(self, connection: socket.socket, kept: bool) -> None:
        """Note that no request is running on this connection; end it if another one waits for its thread."""
        super().begin_waiting(connection, kept)
        if kept and self._backlog:
            self._end(connection)

    def _work(self, request: Any, client_address: Any) -> None:
        job: tuple[Any, Any] | None = (request, client_address)
        try:
            while job is not None:
                self.process_request_thread(*job)
                job = self._next_job()
        finally:
            self._workers.discard(threading.current_thread())

    def _next_job(self) -> tuple[Any, Any] | None:
        with self._lock:
            if self._backlog:
                return self._backlog.popleft()
            if self.closing:
                return None
            self._idle_workers += 1
        while True:
            try:
                return self._jobs.get(timeout=_IDLE_WORKER_SECONDS)
            except Empty:
                with self._lock:
                    # A job put in the meantime has been promised to one of the idle workers.
                    if self._jobs.empty():
                        self._idle_workers -= 1
                        return None

    def server_close(self) -> None:
        """Close, and wait for the running requests, at most `shutdown_timeout` seconds."""
        super().server_close()
        with self._lock:
            while self._backlog:
                self.shutdown_request(self._backlog.popleft()[0])
            for _ in range(self._idle_workers):
                self._jobs.put(None)
            self._idle_workers = 0
        deadline = time.monotonic() + self.shutdown_timeout
        for worker in list(self._workers):
            if worker is not threading.current_thread():
                worker.join(max(0.0, deadline - time.monotonic()))
