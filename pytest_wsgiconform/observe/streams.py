"""``wsgi.input`` and ``wsgi.errors`` as the app sees them while it is watched.

The observers pass everything on to the server's own streams, attributes they don't know included, and
change neither what is returned nor what is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..rules.records.exchange import MISSING, ErrorsUsed, InputUsed
from .file_wrapper import observing_file_wrapper
from .location import in_standard_library, of_caller, of_user
from .watcher import Watcher

#: How often the faultless use of one stream is judged even so. An app that reads byte by byte must not run out of
#: time because it is watched.
_ENOUGH = 1000


class InputObserver:
    """Stands before ``wsgi.input``."""

    __slots__ = ("_judged", "_stream", "_watcher")

    def __init__(self, stream: Any, watcher: Watcher) -> None:
        self._stream = stream
        self._watcher = watcher
        self._judged = 0

    @property
    def __class__(self) -> type[Any]:
        """The stream's own class, for ``isinstance``: watching changes nothing."""
        return type(self._stream)

    @__class__.setter
    def __class__(self, kind: type[Any]) -> None:
        raise TypeError("the class of a watched stream can't be changed")

    def read(self, *args: Any, **kwargs: Any) -> Any:
        value = self._stream.read(*args, **kwargs)
        watcher = self._watcher
        exchange = watcher.exchange
        quick = not watcher.thorough or self._judged >= _ENOUGH
        if quick and type(value) is bytes and args and not kwargs:
            watcher.settle_request()
            size, declared = args[0], exchange.declared_length
            if type(size) is int and size >= 0 and declared is not None and exchange.consumed + size <= declared:
                exchange.input_used = True
                exchange.consumed += len(value)
                return value
        size = args[0] if args else next(iter(kwargs.values()), None)
        self._used("read", bool(args or kwargs), size, value)
        return value

    def readline(self, *args: Any, **kwargs: Any) -> Any:
        value = self._stream.readline(*args, **kwargs)
        if self._judged >= _ENOUGH and type(value) is bytes:
            self._watcher.exchange.consumed += len(value)
            return value
        self._used("readline", bool(args or kwargs), args[0] if args else None, value)
        return value

    def readlines(self, *args: Any, **kwargs: Any) -> Any:
        value = self._stream.readlines(*args, **kwargs)
        self._used("readlines", bool(args or kwargs), args[0] if args else None, value)
        return value

    def __iter__(self) -> Iterator[Any]:
        return self._iterate(iter(self._stream))

    def _iterate(self, lines: Iterator[Any]) -> Iterator[Any]:
        for line in lines:
            if self._judged >= _ENOUGH and type(line) is bytes:
                self._watcher.exchange.consumed += len(line)
            else:
                self._used("iter", False, None, line)
            yield line

    def __next__(self) -> Any:
        self._used("__next__", False, None, MISSING, listed=False)
        return next(self._stream)

    def __enter__(self) -> Any:
        entered = self._stream.__enter__()
        return self if entered is self._stream else entered

    def __exit__(self, *exc_info: Any) -> Any:
        # Leaving a with block closes the stream: that is the fault, not the attribute.
        self._used("close", False, None, MISSING, listed=False)
        return self._stream.__exit__(*exc_info)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._stream, name, MISSING)
        # What a test does to the stream once the response is over is not the application's doing.
        if not (name.startswith("__") and name.endswith("__")) and not self._watcher.finished:
            self._used(name, False, None, MISSING, listed=False)
        if value is MISSING:
            return getattr(self._stream, name)  # raises the stream's own AttributeError
        return value

    def _used(self, method: str, sized: bool, size: Any, value: Any, listed: bool = True) -> None:
        watcher = self._watcher
        exchange = watcher.exchange
        exchange.input_used = True
        self._judged += 1
        event = InputUsed(method, listed, sized, size, value, exchange.consumed, of_user())
        if type(value) is bytes:
            exchange.consumed += len(value)
        elif type(value) is list:
            exchange.consumed += sum(len(item) for item in value if type(item) is bytes)
        watcher.happened(event)


class ErrorsObserver:
    """Stands before ``wsgi.errors``."""

    __slots__ = ("_stream", "_watcher")

    def __init__(self, stream: Any, watcher: Watcher) -> None:
        self._stream = stream
        self._watcher = watcher

    def write(self, *args: Any, **kwargs: Any) -> Any:
        text = args[0] if args else MISSING
        if self._watcher.thorough or type(text) is not str or "\r" in text:
            self._used("write", args[:1])
        return self._stream.write(*args, **kwargs)

    def writelines(self, *args: Any, **kwargs: Any) -> Any:
        if args:
            # A generator can be read only once: we read it, and the server gets what it gave.
            lines = tuple(args[0])
            self._used("writelines", lines)
            args = (args[0] if type(args[0]) in (list, tuple) else list(lines), *args[1:])
        return self._stream.writelines(*args, **kwargs)

    def flush(self, *args: Any, **kwargs: Any) -> Any:
        if self._watcher.thorough:
            self._used("flush", ())
        return self._stream.flush(*args, **kwargs)

    def __enter__(self) -> Any:
        entered = self._stream.__enter__()
        return self if entered is self._stream else entered

    def __exit__(self, *exc_info: Any) -> Any:
        self._used("close", (), listed=False)
        return self._stream.__exit__(*exc_info)

    def __iter__(self) -> Any:
        self._used("__iter__", (), listed=False)
        return iter(self._stream)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._stream, name, MISSING)
        if not (name.startswith("__") and name.endswith("__")):
            self._used(name, (), listed=False)
        if value is MISSING:
            return getattr(self._stream, name)
        return value

    def _used(self, method: str, texts: tuple[Any, ...], listed: bool = True) -> None:
        if not listed and method != "close" and in_standard_library(of_caller()):
            # traceback, logging and print may ask a stream for isatty() or encoding before they write to
            # it; the app handed them a text stream, which the PEP says this is (section "Input and Error
            # Streams"), and it is not the app that looks.
            return
        self._watcher.exchange.errors_used = True
        self._watcher.happened(ErrorsUsed(method, listed, texts, of_user()))


def put_observers(environ: dict[Any, Any], watcher: Watcher) -> None:
    """Put observers before the streams and the file wrapper, in the server's own environ."""
    stream, log = environ.get("wsgi.input"), environ.get("wsgi.errors")
    if stream is not None:
        # An environ whose last conversation was never ended still has the observer of that time.
        again = type(stream) is InputObserver and stream._watcher.over
        environ["wsgi.input"] = InputObserver(stream._stream if again else stream, watcher)
    if log is not None:
        again = type(log) is ErrorsObserver and log._watcher.over
        environ["wsgi.errors"] = ErrorsObserver(log._stream if again else log, watcher)
    if "wsgi.file_wrapper" in environ:
        environ["wsgi.file_wrapper"] = observing_file_wrapper(environ["wsgi.file_wrapper"])


def take_observers_away(environ: dict[Any, Any], watcher: Watcher) -> None:
    """Give the environ its own streams back, which also frees *watcher* from a reference cycle."""
    stream, log = environ.get("wsgi.input"), environ.get("wsgi.errors")
    if type(stream) is InputObserver and stream._watcher is watcher:
        environ["wsgi.input"] = stream._stream
    if type(log) is ErrorsObserver and log._watcher is watcher:
        environ["wsgi.errors"] = log._stream
