"""How the corpora are collected.

Each module of a corpus makes one :class:`Corpus` named ``corpus``, and registers its programs by decorators.
:func:`programs` returns those of all modules in a folder: a new module is found without an entry anywhere.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Thing = TypeVar("Thing")

#: Ends the line of a program at which its fault is reported.
MARK = "# FAULT"


@dataclass(frozen=True)
class Program:
    """One app, middleware or server.

    :ivar module: the full name of the module that defines it.
    :ivar make: returns the program; that of a factory is a new one at each call.
    :ivar rules: each of these must find it; none for a conforming program.
    :ivar clauses: its one fault breaks one or more of these, at a line that carries the mark.
    :ivar apart: rules that its fault has nothing to do with; they must not report an error.
    :ivar allowed: rules below error level that may report a conforming program.
    :ivar kind: of a hostile app: what can stop it.
    :ivar source: the decorated object.
    """

    name: str
    module: str
    make: Callable[[], Any] = field(repr=False)
    rules: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    kind: str = ""
    source: Any = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The name, after the module's own."""
        return f"{self.module.rpartition('.')[2]}-{self.name}"

    @property
    def file(self) -> str:
        return inspect.getfile(self.source)

    @property
    def lines(self) -> range:
        """The numbers of the lines that define it, decorators included."""
        lines, first = inspect.getsourcelines(self.source)
        return range(first, first + len(lines))

    @property
    def marked_lines(self) -> set[int]:
        """The numbers of its lines that carry the mark."""
        text = Path(self.file).read_text(encoding="utf-8").splitlines()
        return {number for number in self.lines if MARK in text[number - 1]}


class Corpus(list[Program]):
    """The programs of one module, in the order of their definition."""

    def __init__(self, module: str) -> None:
        super().__init__()
        self.module = module

    def add(self, name: str, make: Callable[[], Any], *rules: str, **more: Any) -> None:
        """Add a program that *make* returns. :param more: other fields of :class:`Program`."""
        self.append(Program(name, self.module, make, rules, **more))

    def program(self, *rules: str, wrap: Callable[[Any], Any] | None = None, **more: Any) -> Callable[[Thing], Thing]:
        """Decorator: add the decorated object itself, or what *wrap* makes of it."""

        def register(thing: Thing) -> Thing:
            made: Any = thing if wrap is None else wrap(thing)
            self.add(thing.__name__, lambda: made, *rules, source=thing, **more)  # type: ignore[attr-defined]
            return thing

        return register

    def factory(self, *rules: str, **more: Any) -> Callable[[Thing], Thing]:
        """Decorator: add what the decorated function returns, made anew for each test."""

        def register(make: Thing) -> Thing:
            self.add(make.__name__, make, *rules, source=make, **more)  # type: ignore[attr-defined, arg-type]
            return make

        return register

    def answering(self, rule: str, name: str, status: Any, headers: Any, *body: Any) -> None:
        """Add an app that gives the same answer to every request, HEAD included. :param rule: if it is broken."""

        def app(environ: Any, start_response: Any) -> Any:
            start_response(status, list(headers) if type(headers) is list else headers)
            return list(body)

        self.add(name, lambda: app, *filter(None, [rule]))

    def page(self, name: str, status: str, headers: list[tuple[str, str]], *body: bytes) -> None:
        """Add a conforming app that always gives the same answer, without a body to HEAD."""

        def app(environ: Any, start_response: Any) -> Any:
            start_response(status, list(headers))
            return [] if environ["REQUEST_METHOD"] == "HEAD" else list(body)

        self.add(name, lambda: app)


def programs(folder: str) -> list[Program]:
    """Return the programs of all modules in *folder* of the corpora, as ``"apps/broken"``, in the order of names."""
    package = f"tests.corpora.{folder.replace('/', '.')}"
    found: list[Program] = []
    for info in sorted(pkgutil.iter_modules(importlib.import_module(package).__path__), key=lambda info: info.name):
        found += getattr(importlib.import_module(f"{package}.{info.name}"), "corpus", ())
    return found


def by_rule(folder: str) -> list[tuple[str, Program]]:
    """Return each program of *folder* once for each rule that must find it."""
    return [(rule, program) for program in programs(folder) for rule in program.rules]
