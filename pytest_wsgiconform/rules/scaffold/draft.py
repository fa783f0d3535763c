"""What an order changes in the checkout: composed in memory, and written only when all of it was possible."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import templates
from .order import Order, Refused
from .source import (
    NoPlace,
    defined,
    string_assigned,
    tuple_of_calls,
    with_block,
    with_block_before,
    with_import,
    with_item,
)

_CORPORA = Path("tests", "corpora")
_STIMULI = Path("pytest_wsgiconform", "stimuli")


@dataclass(frozen=True)
class Place:
    """One spot that is left to be written. :ivar path: from the root. :ivar what: what belongs there."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}: {self.what}"


class Draft:
    """The new texts of the files of a checkout.

    :param root: the checkout.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: dict[Path, str] = {}

    def text(self, path: Path) -> str:
        """Return the text that *path* will have, ``""`` for a file that is not there."""
        if path in self._texts:
            return self._texts[path]
        file = self._root / path
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def edit(self, path: Path, change: Callable[..., str], *arguments: str) -> None:
        """Put ``change(text, *arguments)`` in the place of a file's text.

        :raises Refused: when there is no place for it.
        """
        try:
            self._texts[path] = change(self.text(path), *arguments)
        except NoPlace as error:
            raise Refused(f"{path.as_posix()}: {error}") from error

    def begin(self, path: Path, head: str) -> None:
        """Begin a file with *head* unless it is there."""
        if not self.text(path):
            self._texts[path] = head

    def write(self) -> None:
        """Write all files."""
        for path, text in self._texts.items():
            (self._root / path).write_text(text, encoding="utf-8")

    def places(self, rule: str) -> list[Place]:
        """Return what is left to be written for *rule*, in the order in which the files were begun."""
        mark = re.compile(rf"{templates.MARK}\({re.escape(rule)}\): *([^\"]+)")
        return [
            Place(path, number, found[1].strip())
            for path, text in self._texts.items()
            for number, line in enumerate(text.splitlines(), 1)
            if (found := mark.search(line))
        ]


def draft(order: Order) -> Draft:
    """Compose everything that *order* asks for.

    :raises Refused: when a file has no place for what belongs into it.
    """
    made = Draft(order.root)
    _card(made, order)
    if order.new_stimulus:
        _stimulus(made, order)
    for folder, entries in _wanted(order):
        _corpus(made, order, folder, entries)
    return made


def _card(made: Draft, order: Order) -> None:
    path = order.wing / f"{order.file}.py"
    dots = "." * (len(order.wing.parts) - 1)
    if not made.text(path):
        made.begin(path, _new_file(f"Rules on {order.file.replace('_', ' ')}.", dots, order))
        made.edit(order.wing / "__init__.py", with_item, "MODULES", f'"{order.file}"')
    if order.name in defined(made.text(path)):
        raise Refused(f"{path.as_posix()} has a function {order.name} already")
    for module, names in _card_imports(order):
        made.edit(path, with_import, dots + module, *names)
    made.edit(path, with_block, templates.card(order, string_assigned(made.text(path), "SECTION")))


def _new_file(title: str, dots: str, order: Order) -> str:
    head = f'"""{title}"""\n\nfrom __future__ import annotations\n'
    registry = f"from {dots}registry import {templates.decorator(order)}\n"
    return f'{head}\n{registry}\nSECTION = "{order.section}"\n'


def _card_imports(order: Order) -> list[tuple[str, tuple[str, ...]]]:
    """Return the modules, from the root of ``rules/``, and the names that a card uses."""
    words = ("Level", "Outcome") if order.kind != "event" else ("Blame", "Level", "Outcome")
    records = {
        "event": ("exchange", ("Exchange", order.on)),
        "app": ("app", ("AppRun",)),
        "middleware": ("middleware", ("MiddlewareRun",)),
    }.get(order.kind, ("server", ("Call", "Response", "ServerRun", "one_connection")))
    return [
        ("model", words),
        (f"records.{records[0]}", records[1]),
        ("registry", (templates.decorator(order),)),
    ]


def _stimulus(made: Draft, order: Order) -> None:
    side, _, wing = order.kind.partition("-")
    path = _STIMULI / side / wing / f"{order.stimulus_file}.py"
    if wing and not made.text(path):
        title = f"Stimuli for servers: {order.stimulus_file.replace('_', ' ')}."
        head = f'"""{title}"""\n\nfrom __future__ import annotations\n\nfrom ..model import Setting, stimulus\n'
        made.begin(path, head)
        made.edit(path.parent / "__init__.py", with_item, "MODULES", f'"{order.stimulus_file}"')
    if templates.stimulus_name(order) in defined(made.text(path)):
        raise Refused(f"{path.as_posix()} has a function {templates.stimulus_name(order)} already")
    if wing:
        made.edit(path, with_import, "..model", "Setting", "stimulus")
        made.edit(path, with_block, templates.stimulus_function(order) + "\n\n\n" + templates.stimulus_call(order))
        return
    kind = "Stimulus" if order.kind == "app" else "MiddlewareStimulus"
    name = _tuple_of(made, path, kind)
    made.edit(path, with_item, name, templates.stimulus_item(order))
    made.edit(path, with_block_before, name, templates.stimulus_function(order))


def _tuple_of(made: Draft, path: Path, kind: str) -> str:
    try:
        return tuple_of_calls(made.text(path), kind)
    except NoPlace as error:
        raise Refused(f"{path.as_posix()}: {error}") from error


def _wanted(order: Order) -> list[tuple[str, int]]:
    """Return the folders of the corpus that get entries, and how many: two broken ones where a test wants two."""
    if order.kind.startswith("server"):
        return [("broken", 1)]
    return [("broken", 1 if order.kind == "event" else 2), ("conforming", 1)]


def _corpus(made: Draft, order: Order, folder: str, entries: int) -> None:
    path = corpus_file(order, folder)
    if not made.text(path):
        head = f"{folder.title()} {path.parts[-3]}: {path.stem.replace('_', ' ')}."
        made.begin(
            path, f'"""{head}"""\n\nfrom __future__ import annotations\n\n{_COLLECTING}\ncorpus = Corpus(__name__)\n'
        )
    if not re.search(r"^corpus = Corpus\(__name__\)$", made.text(path), re.MULTILINE):
        raise Refused(f"{path.as_posix()} has no corpus = Corpus(__name__); say another topic by --corpus")
    for module, names in _corpus_imports(order):
        made.edit(path, with_import, module, *names)
    for number in range(1, entries + 1):
        made.edit(path, with_block, templates.corpus_entry(order, folder, number))


_COLLECTING = "from tests.corpora.collecting import Corpus\n"


def _corpus_imports(order: Order) -> list[tuple[str, tuple[str, ...]]]:
    if order.is_caller:
        return [("tests.corpora.servers.calling", ("App",))]
    if order.kind.startswith("server"):
        return [
            ("tests.corpora.servers.parts", ("server_of",)),
            ("tests.corpora.servers.base_response", ("Responder",)),
        ]
    if order.kind == "middleware":
        return [("tests.corpora.middleware.wrapping", ("App",))]
    if order.header:
        return [("tests.corpora.apps.answers", ("TEXT",))]
    return [("typing", ("Any",))]


def corpus_file(order: Order, folder: str) -> Path:
    """Return the file of the corpus for entries of *order*: the one of its topic or its section, else a new one."""
    if order.is_caller:
        return _CORPORA / "servers" / folder / "callers.py"
    kind = order.kind.partition("-")[0]
    programs = "apps" if kind in ("event", "app") else "servers" if kind == "server" else "middleware"
    home = _CORPORA / programs / folder
    topics = (order.corpus or order.file, order.section.replace("-", "_"), order.file)
    return next(
        (home / f"{t}.py" for t in topics if (order.root / home / f"{t}.py").exists()), home / f"{topics[0]}.py"
    )
