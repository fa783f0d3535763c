"""What is ordered: the answers to "which rule?", checked against the house before a file is touched."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..clauses import clauses
from ..model import Blame, Level
from ..records import exchange
from ..registry import catalogue, modules_of
from .source import string_assigned

#: Each kind of rule with its wing in ``rules/``.
WINGS = {
    "event": "events",
    "app": "app",
    "middleware": "middleware",
    "server-wsgi": "server.wsgi",
    "server-wire": "server.wire",
}

#: The events that a rule can be on, by name.
EVENTS = tuple(sorted(event.__name__ for event in exchange.Event.__subclasses__()))

_SHAPE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_NEGATIONS = frozenset({"cannot", "dont", "isnt", "never", "no", "non", "none", "not", "without"})
_VERSIONS = re.compile(r"(rfc|pep|v)\d*")
#: Most characters of an id.
LONGEST = 40


class Refused(ValueError):
    """The order can't be carried out; the text says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """One new rule.

    :ivar root: the checkout. :ivar kind: one of :data:`WINGS`. :ivar id: the rule's. :ivar section: its section.
    :ivar file: the topic of its file in the wing. :ivar clauses: ids, at least one.
    :ivar level, side: as on the card. :ivar since: the next release.
    :ivar on: name of the event type, for an event rule. :ivar header, variable: what that looks at, ``""`` for neither.
    :ivar stimuli: ids, for a run rule. :ivar new_stimulus: whether the last of them has to be written.
    :ivar stimulus_file: the topic of the file for it. :ivar corpus: the topic of its files in ``tests/corpora``.
    """

    root: Path
    kind: str
    id: str
    section: str
    file: str
    clauses: tuple[str, ...]
    level: Level
    side: Blame
    since: str
    on: str = ""
    header: str = ""
    variable: str = ""
    stimuli: tuple[str, ...] = ()
    new_stimulus: bool = False
    stimulus_file: str = ""
    corpus: str = ""

    @property
    def name(self) -> str:
        """The rule's id as a Python name."""
        return self.id.replace("-", "_")

    @property
    def is_caller(self) -> bool:
        """Whether what breaks it is a function that calls an app, as a server would."""
        return self.kind == "event" and self.side is Blame.SERVER

    @property
    def wing(self) -> Path:
        """The folder of its file, from the root."""
        return Path("pytest_wsgiconform", "rules", *WINGS[self.kind].split("."))


def near(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence: a question for the known words that look like *word*, if any does."""
    found = difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(found)}?" if found else "."


def checked_id(id: str, *, negative: bool = False) -> str:
    """Return *id* when a rule can be called so. :param negative: words of negation are meant."""
    words = id.split("-")
    if not _SHAPE.fullmatch(id):
        raise Refused(f"{id!r} is not an id: two or more words in lower case, joined by hyphens, as close-called-once")
    if len(id) > LONGEST:
        raise Refused(f"{id} has {len(id)} characters; {LONGEST} are the most")
    if id in catalogue():
        raise Refused(f"there is a rule {id} already: python -m pytest --wsgi-rules={id}")
    versions = [word for word in words if _VERSIONS.fullmatch(word)]
    if versions:
        raise Refused(f"{id} names a version or a document ({versions[0]}); an id says what must hold")
    negations = [word for word in words if word in _NEGATIONS]
    if negations and not negative:
        raise Refused(
            f"{id} says what must not be ({negations[0]}); say what must hold, so that 'held' and 'broken' read true. "
            "Where there is no positive word, add --negative"
        )
    return id


def checked_section(section: str, kind: str, *, new: bool = False) -> str:
    """Return *section* when the rules of this kind of target have it. :param new: it is meant as a new one."""
    known = {rule.section for rule in catalogue().values()}
    if section not in known and not new:
        raise Refused(f"no rule stands in a section {section!r}{near(section, known)} A new one needs --new-section")
    if new and not re.fullmatch(r"[a-z]+(-[a-z]+)*", section):
        raise Refused(f"{section!r} is not a name of a section: lower case, words joined by hyphens")
    return section


def checked_clauses(names: Iterable[str]) -> tuple[str, ...]:
    """Return *names* when all are clauses."""
    for name in names:
        if name not in clauses():
            raise Refused(
                f"there is no clause {name!r}{near(name, clauses())} A new one is written into "
                "pytest_wsgiconform/rules/clauses.json first"
            )
    return tuple(names)


def level_for(names: Iterable[str]) -> Level:
    """Return the highest level that the clauses *names* bear."""
    levels = {clauses()[name].level for name in names}
    if levels & {"must", "must-not", "implied"}:
        return Level.ERROR
    return Level.WARNING if levels & {"should", "should-not"} else Level.ADVICE


def checked_file(root: Path, kind: str, section: str, file: str) -> str:
    """Return the topic of the file for a rule of *section*: *file* when given, else the only one that fits."""
    if file:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", file):
            raise Refused(f"--file={file}: give the topic, in lower case, without folder and ending")
        return file
    package = Path(root, "pytest_wsgiconform", "rules", *WINGS[kind].split("."))
    topics = [name.rpartition(".")[2] for name in modules_of(WINGS[kind])]
    text_of = {topic: (package / f"{topic}.py").read_text(encoding="utf-8") for topic in topics}
    own = [topic for topic in topics if string_assigned(text_of[topic], "SECTION") == section]
    if len(own) > 1:
        raise Refused(f"rules of the section {section} are in {', '.join(own)}: say which by --file=TOPIC")
    return own[0] if own else section.replace("-", "_")


def checked_on(on: str, header: str, variable: str) -> str:
    """Return the name of the event type that a rule is on."""
    implied = "StartResponseCalled" if header else "AppCalled" if variable else ""
    if header and variable:
        raise Refused("a rule looks at a header of a response or at a variable of environ: --header or --variable")
    on = on or implied or "StartResponseCalled"
    if on not in EVENTS:
        raise Refused(f"--on={on}: events are {', '.join(EVENTS)}")
    if implied and on != implied:
        raise Refused(f"--on={on}: there is no such thing to look at; it is in {implied}")
    return on


def next_release(version: str) -> str:
    """Return the release that comes after *version*, as cards name it."""
    major, minor = version.split(".")[:2]
    released = re.fullmatch(r"\d+(\.\d+)*", version) is not None
    return f"{major}.{int(minor) + released}"


def checked_stimulus(kind: str, id: str, known: Iterable[str]) -> str:
    """Return *id* when a new stimulus for this kind of target can be called so."""
    if id in known:
        raise Refused(f"there is a stimulus {id} already: name it by --stimulus={id}")
    server = kind.startswith("server")
    if server and not re.fullmatch(r"[a-z][a-z0-9-]*:[a-z0-9][a-z0-9-]*", id):
        raise Refused(f"--new-stimulus={id}: a stimulus for servers is called TOPIC:VARIANT, as host-missing:http11")
    if not server and not re.fullmatch(r"[a-z][a-z0-9-]*", id):
        raise Refused(f"--new-stimulus={id}: lower case, words joined by hyphens, as file-wrapper")
    return id


def checked_stimulus_file(folder: Path, file: str, topic: str, *, new: bool) -> str:
    """Return the topic of the file in *folder* for a new stimulus: *file*, else *topic* if there is such a file.

    :param new: whether a file may be begun.
    """
    there = sorted(
        path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "asking", "model", "order")
    )
    chosen = file or topic
    if chosen in there or (new and file and re.fullmatch(r"[a-z][a-z0-9_]*", file)):
        return chosen
    more = "; another name begins a new file" if new else ""
    raise Refused(f"say where the new stimulus goes by --stimulus-file=TOPIC: {', '.join(there)}{more}")
