"""What middleware for tests is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

App = Callable[..., Any]


def close(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()


class Wrapped:
    """A well-made wrapper: iterates by *steps*, a function of the inner iterable, and closes what it wraps."""

    def __init__(self, body: Any, steps: Callable[[Any], Iterable[bytes]]) -> None:
        self.body, self.steps = body, steps

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.steps(self.body))

    def close(self) -> None:
        close(self.body)


def around_body(steps: Callable[[Any], Iterable[bytes]]) -> Callable[[App], App]:
    """A middleware that does nothing but hand the inner iterable through *steps*."""
    return lambda app: lambda environ, start_response: Wrapped(app(environ, start_response), steps)


def around_start(change: Callable[[App, dict[str, Any]], App]) -> Callable[[App], App]:
    """A middleware that does nothing but put *change* of the server's start_response in its place."""
    return lambda app: lambda environ, start_response: app(environ, change(start_response, environ))


def around_environ(change: Callable[[dict[str, Any]], Any]) -> Callable[[App], App]:
    """A middleware that does nothing but let *change* work on environ; what that returns is handed on, if anything."""
    return lambda app: lambda environ, start_response: app(change(environ) or environ, start_response)


class Deferred:
    """Keeps start_response calls until the first block, as a middleware must that decides by the body."""

    def __init__(self, start_response: App) -> None:
        self.start_response, self.call, self.written = start_response, None, list[bytes]()
        self.begun = self.sent = False

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if self.begun and not exc_info:
            raise RuntimeError("start_response was called twice without exc_info")
        self.begun = True
        if self.sent:
            return self.start_response(status, headers, exc_info)
        self.call = (status, headers, exc_info)  # type: ignore[assignment]
        return self.written.append

    def send(self, *more: tuple[str, str]) -> None:
        if self.call is not None and not self.sent:
            status, headers, exc_info = self.call
            self.sent = True
            self.start_response(status, [*headers, *more], exc_info)


class Body:
    """A correct wrapper, for middleware that is broken elsewhere."""

    def __init__(self, inner: Any, change: Callable[[bytes], bytes] = bytes) -> None:
        self.inner, self.change = inner, change

    def __iter__(self) -> Iterator[bytes]:
        return map(self.change, self.inner)

    def close(self) -> None:
        close(self.inner)


def lookup(headers: list[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def without(headers: list[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    return [(key, value) for key, value in headers if key.lower() not in names]
