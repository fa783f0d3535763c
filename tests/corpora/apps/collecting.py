"""How the corpora of apps are collected: each app says what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

App = Callable[..., Any]


class Corpus:
    """A list of (label, name, factory) in the order of definition.

    A factory takes nothing and returns a fresh app, so that state kept in one test never reaches another.
    """

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, Callable[[], App]]] = []

    def app(self, label: str) -> Callable[[App], App]:
        """Decorator: add an app without state of its own under *label*."""

        def add(function: App) -> App:
            self.entries.append((label, function.__name__, lambda: function))
            return function

        return add

    def factory(self, label: str) -> Callable[[Callable[[], App]], Callable[[], App]]:
        """Decorator: add a function that makes an app."""

        def add(function: Callable[[], App]) -> Callable[[], App]:
            self.entries.append((label, function.__name__, function))
            return function

        return add

    def answering(self, label: str, name: str, status: Any, headers: Any, *body: Any) -> None:
        """Add an app that always gives the same answer."""

        def app(environ: Any, start_response: Any) -> Any:
            start_response(status, list(headers) if type(headers) is list else headers)
            return list(body)

        self.entries.append((label, name, lambda: app))

    def ids(self) -> list[str]:
        return [f"{label}-{name}" for label, name, _ in self.entries]


TEXT = ("Content-Type", "text/plain")
