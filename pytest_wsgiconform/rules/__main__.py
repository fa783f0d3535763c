"""``python -m pytest_wsgiconform.rules new --kind KIND ID``: write the first draft of a rule, in a checkout.

A program of its own, which nothing imports: it looks at the stimuli, too, and no other part of this room may.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from pathlib import Path

from .._version import __version__
from ..stimuli.app.order import app_stimuli
from ..stimuli.middleware.stimuli import middleware_stimuli
from ..stimuli.server.model import server_stimuli
from .model import Blame, Level
from .scaffold import order as checks
from .scaffold.draft import draft
from .scaffold.order import EVENTS, WINGS, Order, Refused
from .scaffold.report import report

#: The checkout that this package lies in, if it does lie in one.
ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line. :return: 0 when the draft is written, 2 when it is refused."""
    said = _parser().parse_args(arguments)
    try:
        if not (ROOT / "tests" / "corpora").is_dir() or not (ROOT / "pyproject.toml").is_file():
            raise Refused("this works in a checkout of pytest-wsgiconform only, where tests/corpora is")
        order = _order(said)
        made = draft(order)
        made.write()
    except Refused as error:
        print(f"python -m pytest_wsgiconform.rules new: {error}", file=sys.stderr)
        return 2
    print(report(order, made))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_wsgiconform.rules", description="Work on the catalogue.")
    commands = parser.add_subparsers(required=True, metavar="new")
    new = commands.add_parser("new", help="write the first draft of a rule", description=_NEW, epilog=_EXAMPLE)
    new.add_argument("id", metavar="ID", help="what must hold, as close-called-once")
    new.add_argument("--kind", required=True, choices=list(WINGS), help="what the rule judges")
    new.add_argument("--section", required=True, help="the group it stands in, as http or body")
    new.add_argument("--new-section", action="store_true", help="the section is a new one")
    new.add_argument("--negative", action="store_true", help="the id has a 'not' or 'no' in it on purpose")
    new.add_argument("--file", default="", metavar="TOPIC", help="the file in the wing; by default the section's own")
    new.add_argument("--clause", action="append", required=True, metavar="CLAUSE", help="what it covers; repeatable")
    new.add_argument("--level", choices=[level.value for level in Level], help="by default that of the clauses")
    event = new.add_argument_group("event rules")
    event.add_argument("--side", choices=["app", "server"], help="whom it binds; by default app")
    event.add_argument("--header", default="", metavar="NAME", help="the response header that it looks at")
    event.add_argument("--variable", default="", metavar="NAME", help="the variable of environ that it looks at")
    event.add_argument("--on", default="", metavar="EVENT", help=f"the event that it judges: {', '.join(EVENTS)}")
    run = new.add_argument_group("run rules")
    run.add_argument("--stimulus", action="append", default=[], metavar="ID", help="one that is there; repeatable")
    run.add_argument("--new-stimulus", default="", metavar="ID", help="one that is to be written")
    run.add_argument("--stimulus-file", default="", metavar="TOPIC", help="where the new stimulus goes")
    new.add_argument("--corpus", default="", metavar="TOPIC", help="the files in tests/corpora; by default as --file")
    return parser


_NEW = "Write the card, the stub of a stimulus and corpus entries, and say what is left to do."
_EXAMPLE = "Example: new --kind event --section http --file http_headers --header Accept-Ranges accept-ranges-parses"


def _order(said: argparse.Namespace) -> Order:
    """Check what was said against the house.

    :raises Refused: when something of it can't be.
    """
    id = checks.checked_id(said.id, negative=said.negative)
    section = checks.checked_section(said.section, said.kind, new=said.new_section)
    clauses = checks.checked_clauses(said.clause)
    file = checks.checked_file(ROOT, said.kind, section, said.file)
    event = said.kind == "event"
    on = checks.checked_on(said.on, said.header, said.variable) if event else ""
    _only_where_it_means_something(said)
    side = (
        Blame(said.side or ("server" if on == "AppCalled" else "app")) if event else Blame(said.kind.partition("-")[0])
    )
    return Order(
        root=ROOT,
        kind=said.kind,
        id=id,
        section=section,
        file=file,
        clauses=clauses,
        level=Level(said.level) if said.level else checks.level_for(clauses),
        side=side,
        since=checks.next_release(__version__),
        on=on,
        header=said.header,
        variable=said.variable,
        stimuli=() if event else _stimuli(said.kind, said.stimulus, said.new_stimulus),
        new_stimulus=bool(said.new_stimulus),
        stimulus_file=_stimulus_file(said.kind, said.stimulus_file, file) if said.new_stimulus else "",
        corpus=said.corpus,
    )


def _only_where_it_means_something(said: argparse.Namespace) -> None:
    """Refuse options of the other kinds of rule."""
    event = said.kind == "event"
    others = ("stimulus", "new_stimulus", "stimulus_file") if event else ("side", "header", "variable", "on")
    for name in others:
        if getattr(said, name):
            where = "run rules" if event else "event rules"
            raise Refused(f"--{name.replace('_', '-')} is for {where}, and --kind={said.kind} is another kind")


def _stimuli(kind: str, named: list[str], new: str) -> tuple[str, ...]:
    known = _known_stimuli(kind)
    if not named and not new:
        raise Refused("say whose runs it judges: --stimulus=ID for one that is there, or --new-stimulus=ID")
    for name in named:
        if not fnmatch.filter(known, name):
            raise Refused(f"there is no stimulus {name!r}{checks.near(name, known)} A new one is --new-stimulus={name}")
    if new:
        checks.checked_stimulus(kind, new, known)
    return (*named, *filter(None, [new]))


def _known_stimuli(kind: str) -> list[str]:
    if kind == "app":
        return [stimulus.id for stimulus in app_stimuli()]
    if kind == "middleware":
        return [stimulus.id for stimulus in middleware_stimuli()]
    return list(server_stimuli())


def _stimulus_file(kind: str, file: str, topic: str) -> str:
    if kind == "middleware":
        return "stimuli"
    folder = ROOT.joinpath("pytest_wsgiconform", "stimuli", *kind.split("-"))
    return checks.checked_stimulus_file(folder, file, topic, new=kind != "app")


if __name__ == "__main__":
    sys.exit(main())
