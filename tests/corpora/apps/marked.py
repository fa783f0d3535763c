"""How apps are collected that name the clauses of PEP 3333 they break, and mark the line that breaks them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

App = Callable[..., Any]

TEXT = ("Content-Type", "text/plain")
MARK = "# FAULT"


class Broken(NamedTuple):
    """One broken app: any one of *clauses* names its fault; *lines* of *file* are where the fault stands."""

    clauses: tuple[str, ...]
    name: str
    make: Callable[[], App]
    file: str
    lines: range


class BrokenApps(list[Broken]):
    """Broken apps in the order of their definition; ``make`` gives a fresh one."""

    def app(self, *clauses: str) -> Callable[[App], App]:
        """Decorator: add an app without state of its own."""

        def add(app: App) -> App:
            self._add(clauses, app, lambda: app)
            return app

        return add

    def factory(self, *clauses: str) -> Callable[[Callable[[], App]], Callable[[], App]]:
        """Decorator: add a function that makes an app."""

        def add(make: Callable[[], App]) -> Callable[[], App]:
            self._add(clauses, make, make)
            return make

        return add

    def _add(self, clauses: tuple[str, ...], source: Any, make: Callable[[], App]) -> None:
        lines, first = inspect.getsourcelines(source)
        self.append(Broken(clauses, source.__name__, make, inspect.getfile(source), range(first, first + len(lines))))


def marked_lines(broken: Broken) -> set[int]:
    """Return the numbers of the lines of *broken* that carry the mark."""
    text = Path(broken.file).read_text(encoding="utf-8").splitlines()
    return {number for number in broken.lines if MARK in text[number - 1]}


class RightApps(list[tuple[str, Callable[[], App]]]):
    """Apps without a fault in the order of their definition: a name, and a function that makes a fresh one."""

    def app(self, app: App) -> App:
        """Decorator: add an app without state of its own."""
        self.append((app.__name__, lambda: app))
        return app

    def factory(self, make: Callable[[], App]) -> Callable[[], App]:
        """Decorator: add a function that makes an app."""
        self.append((make.__name__, make))
        return make

    def answering(self, name: str, status: str, headers: list[tuple[str, str]], *body: bytes) -> None:
        """Add an app that always gives the same answer, and no body to HEAD."""

        def app(environ: Any, start_response: Any) -> Any:
            start_response(status, list(headers))
            return [] if environ["REQUEST_METHOD"] == "HEAD" else list(body)

        self.append((name, lambda: app))
