"""What a stimulus against a server orders, what it wants, and what the runner noted when it was played.

Three kinds of facts, and three readers: the runner and the target obey :class:`Launch`, rules compare a run with
:class:`Wanted`, and :class:`Noted` says how the run itself went. A fact that a stimulus does not give is ``None``: a
rule that needs it then has nothing to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, TypeVar


class Mode(Enum):
    """How a server is started. A mode other than the usual one needs a server of its own, and a command for it."""

    USUAL = "usual"
    SINGLE = "single"
    TLS = "tls"
    MOUNTED = "mounted"

    @property
    def phrase(self) -> str:
        """How a server in this mode is started, in words."""
        return _PHRASES[self]


_PHRASES = {
    Mode.USUAL: "as usual",
    Mode.SINGLE: "single-threaded",
    Mode.TLS: "over TLS",
    Mode.MOUNTED: "below a path",
}


@dataclass(frozen=True)
class Launch:
    """Orders of a stimulus for what plays it.

    :ivar mode: how the server has to be started. :ivar app: the attribute of the probe's module that is served
        instead of ``app``, on a server of its own.
    :ivar first: nothing else is played unless this one works: it gets all the time there is, and is not repeated.
    :ivar settle: seconds to wait for calls to end, where that is longer than the runner's patience.
    :ivar logged: text to wait for in the server's output; ``{token}`` in it is the run's.
    """

    mode: Mode = Mode.USUAL
    app: str | None = None
    first: bool = False
    settle: float | None = None
    logged: str | None = None

    @property
    def apart(self) -> bool:
        """Whether it needs a server of its own."""
        return self.mode is not Mode.USUAL or self.app is not None


@dataclass(frozen=True)
class Wanted:
    """What the variant of a stimulus is about: what rules compare with what came. Text has a character per byte.

    The request line:

    :ivar method: as sent. :ivar path: what follows the marker in the path, decoded. :ivar path_sent: likewise, as sent.
    :ivar query: as sent. :ivar tail: what follows the marker in a target with raw white space.
    :ivar tail_length: length of what follows the marker in the path. :ivar query_length: length of the query.
    :ivar authority: an authority in the target that is none of the server's, or what a path makes look like one.
    :ivar other_host: the Host field that an absolute target overrides. :ivar fragment: in the target.

    The fields:

    :ivar key: name of the variable that the stimulus is about. :ivar value: what it has to be.
    :ivar values: the values of the repeated field, in order. :ivar pairs: of several Cookie lines, likewise.
    :ivar fold_start: what stands before the fold of a value. :ivar fold_end: what stands after it.
    :ivar field_length: length of the value. :ivar field_count: number of the fields. :ivar name_length: of the
        field's name. :ivar content_type: what CONTENT_TYPE has to be.

    The body:

    :ivar body: the request's body, or the response's where the stimulus is about a file. :ivar decoded: the body that
        the app has to read, where the framing could make another one of it.
    :ivar may_decode: whether a transfer coding may be decoded, being spelt oddly but rightly; if not, it has to be
        refused.
    :ivar announced: the Content-Length of a body that is cut short. :ivar digits: a Content-Length that nobody could
        send the body for. :ivar unframed: what follows the head looks like a body, and nothing frames it.

    The answers:

    :ivar length_given: whether the app gives a Content-Length. :ivar labels: of the pipelined requests, in order.
    :ivar turns: what the labels of each pair of connections end in, where there is more than one pair.
    """

    method: str | None = None
    path: str | None = None
    path_sent: str | None = None
    query: str | None = None
    tail: str | None = None
    tail_length: int | None = None
    query_length: int | None = None
    authority: str | None = None
    other_host: str | None = None
    fragment: str | None = None

    key: str | None = None
    value: str | None = None
    values: tuple[str, ...] | None = None
    pairs: tuple[str, ...] | None = None
    fold_start: str | None = None
    fold_end: str | None = None
    field_length: int | None = None
    field_count: int | None = None
    name_length: int | None = None
    content_type: str | None = None

    body: bytes | None = None
    decoded: bytes | None = None
    may_decode: bool | None = None
    announced: int | None = None
    digits: str | None = None
    unframed: bool | None = None

    length_given: bool | None = None
    labels: tuple[str, ...] | None = None
    turns: tuple[str, ...] | None = None


@dataclass
class Noted:
    """How a run went, beside what was sent and received.

    :ivar hasty: a wait was cut short, so a fault that shows here has to show again. :ivar ended: how the server ended,
        as a phrase. :ivar not_started: why a server of its own could not be started for it.
    :ivar pipelines: whether the server answers each of several requests that come at once, as another run showed it.
    """

    hasty: bool = False
    ended: str | None = None
    not_started: str | None = None
    pipelines: bool | None = None


#: Orders and wants of a stimulus that gives none.
USUAL, UNSAID = Launch(), Wanted()

_Facts = TypeVar("_Facts", Launch, Wanted, Noted)


def facts_to_dict(facts: Launch | Wanted | Noted) -> dict[str, Any]:
    """Return the facts that are given as JSON-able data; bytes become Latin-1 text."""
    found = {item.name: getattr(facts, item.name) for item in fields(facts)}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def facts_from_dict(kind: type[_Facts], data: Mapping[str, Any]) -> _Facts:
    """Rebuild facts from :func:`facts_to_dict`'s data."""
    types = {item.name: str(item.type) for item in fields(kind)}
    return kind(**{name: _rebuilt(types[name], value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Mode):
        return value.value
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _rebuilt(type_name: str, value: Any) -> Any:
    """Return what *value* stands for in a field whose type is written as *type_name*."""
    if type_name == "Mode":
        return Mode(value)
    if type_name.startswith("bytes"):
        return value.encode("latin-1")
    return tuple(value) if type_name.startswith("tuple") else value
