"""What a rule is judged by, for its reader: what is sent, and where its stimuli and their behaviours are defined."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..observe.wire import Script
from ..probe.behaviour import BEHAVIOURS
from ..rules.model import Blame, Rule
from .app.order import app_stimuli
from .middleware.stimuli import middleware_stimuli
from .server.model import ServerStimulus, Setting, chosen

_PACKAGE = Path(__file__).resolve().parent.parent

#: What a rule names to judge the runs of all stimuli.
_ALL = "*"

_BEHAVIOUR = re.compile(rb"/probe/([\w-]+)/")


@dataclass(frozen=True, slots=True)
class Described:
    """One stimulus of a rule.

    :param id: its id. :param place: ``file:line`` where it is defined.
    :param summary: what happens, one sentence; ``""`` for a stimulus on servers, whose *scripts* say it.
    :param scripts: what the client does, one script per connection. Only of a stimulus on servers.
    :param behaviours: what the app inside the server does: names of behaviours of the probe, with their places.
    """

    id: str
    place: str
    summary: str = ""
    scripts: tuple[Script, ...] = ()
    behaviours: tuple[tuple[str, str], ...] = ()


def described(rule: Rule) -> list[Described]:
    """Return the stimuli of *rule*, in the order in which they are played; none for a rule on single events.

    A rule that judges the runs of all stimuli gets an empty list, too.

    :raises LookupError: when it names a stimulus that does not exist.
    """
    if not rule.stimuli or rule.stimuli == (_ALL,):
        return []
    if rule.side is Blame.SERVER:
        return [_of_server(stimulus) for stimulus in chosen(rule.stimuli)]
    stimuli = app_stimuli() if rule.side is Blame.APP else middleware_stimuli()
    return [Described(s.id, place(s.play), s.summary) for s in stimuli if s.id in rule.stimuli]


def place(function: Callable[..., Any]) -> str:
    """Return ``file:line`` of *function*, relative to this package when it lies in it."""
    code = inspect.unwrap(function).__code__
    return f"{_relative(code.co_filename)}:{code.co_firstlineno}"


def _relative(file: str) -> str:
    path = Path(file).resolve()
    return path.relative_to(_PACKAGE).as_posix() if path.is_relative_to(_PACKAGE) else str(path)


def _of_server(stimulus: ServerStimulus) -> Described:
    scripts = tuple(stimulus.scripts(Setting("127.0.0.1:8000")))
    sent = b"\n".join(getattr(step, "data", b"") for script in scripts for step in script.steps)
    names = dict.fromkeys(name.decode("ascii") for name in _BEHAVIOUR.findall(sent))
    known = [(name, place(BEHAVIOURS[name].play)) for name in names if name in BEHAVIOURS]
    return Described(stimulus.id, _registration(stimulus), "", scripts, tuple(known))


def _registration(stimulus: ServerStimulus) -> str:
    """Return where *stimulus* is registered: the line with its id, or with the parts of it.

    Many are registered by a function that puts topic and variant together, or in a loop over a table of variants.
    """
    code = stimulus.build.__code__
    lines = Path(code.co_filename).read_text(encoding="utf-8").splitlines()
    topic, _, variant = stimulus.id.partition(":")
    whole, first, second = (re.compile(f"[\"']{re.escape(text)}[\"']") for text in (stimulus.id, topic, variant))
    begun = re.compile(f"[\"']{re.escape(topic)}[\"':]")
    tests: tuple[Callable[[int], Any], ...] = (
        lambda n: whole.search(lines[n]),
        lambda n: second.search(lines[n]) and any(first.search(line) for line in lines[max(0, n - 2) : n + 1]),
        lambda n: begun.search(lines[n]),
    )
    found = (n + 1 for test in tests for n in range(len(lines)) if test(n))
    return f"{_relative(code.co_filename)}:{next(found, code.co_firstlineno)}"
