"""What a stimulus against a server is: named scripts of raw bytes, one per connection.

A rule names stimuli by id or by glob (``"te-te:*"``); ids are ``topic:variant``. The runner gives every run a
token of its own (see ``rules.records.server`` for the agreement with the probe), builds the scripts with
:meth:`ServerStimulus.scripts`, plays them as :attr:`ServerStimulus.launch` orders, and hands
:attr:`ServerStimulus.wanted` on to the record, where the rules find what the variant is about.
"""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from ...observe.wire import AwaitFinal, Script, Send
from ...rules.records.stimulus_facts import UNSAID, USUAL, Launch, Wanted

#: The folders whose files define stimuli for servers; each lists them in ``MODULES``.
WINGS: tuple[str, ...] = ("wsgi", "wire")

#: Ten ordinary requests in one packet: a server that does not answer each of them loses requests of any kind.
PIPELINED = "pipeline:bare"


@dataclass(frozen=True)
class Setting:
    """Where and as whom a stimulus is run.

    :ivar host: the server's authority as a client writes it, ``"127.0.0.1:8000"``. :ivar token: eight
        characters of ``a-z0-9``. :ivar base: prefix under which the probe is mounted, ``""`` or ``"/prefix"``.
    """

    host: str
    token: str = "00000000"
    base: str = ""

    def target(self, label: str, behaviour: str = "echo", rest: str = "") -> str:
        """Return the origin-form target of *behaviour* for the request *label*, with *rest* appended."""
        return f"{self.base}/probe/{behaviour}/{self.token}.{label}{rest}"

    def request(
        self,
        label: str = "first",
        behaviour: str = "echo",
        *,
        method: str = "GET",
        target: str | bytes | None = None,
        version: str | bytes = "HTTP/1.1",
        fields: Iterable[str | bytes] = (),
        body: bytes = b"",
        host: str | None = "",
        rest: str = "",
        close: bool = False,
    ) -> bytes:
        """Return the bytes of one request.

        :param target: instead of the one that *behaviour*, *label* and *rest* make. :param fields: lines
            without their line end, after Host. No Content-Length is added. :param host: the Host value; ``""``
            for the server's own, ``None`` for no Host line. :param close: add ``Connection: close``.
        """
        lines: list[str | bytes] = []
        if host is not None:
            lines.append(f"Host: {host or self.host}")
        lines += fields
        if close:
            lines.append("Connection: close")
        goal = raw(self.target(label, behaviour, rest) if target is None else target)
        start = raw(method) + b" " + goal + b" " + raw(version)
        return b"\r\n".join([start, *(raw(line) for line in lines), b"", b""]) + body

    def last(self, label: str = "next", behaviour: str = "echo") -> bytes:
        """Return an ordinary request that asks the server to close afterwards: the end of most scripts."""
        return self.request(label, behaviour, close=True)


def one_after_the_other(setting: Setting, post: bytes, behind: str = "next") -> Script:
    """Send *post*, and an ordinary last request only after its answer: not every server takes two at once.

    :param post: a whole POST. :param behind: the label of the last request.
    """
    return Script((Send(post), AwaitFinal(1), Send(setting.last(behind))), methods=("POST", "GET"))


def raw(text: str | bytes) -> bytes:
    """Return *text* as the bytes that go on the wire (Latin-1)."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


#: Called with one argument, the setting.
Build: TypeAlias = "Callable[..., Sequence[Script] | Script | bytes]"


@dataclass(frozen=True)
class ServerStimulus:
    """One thing to try on a server.

    :ivar id: ``topic:variant``. :ivar build: makes the scripts; a single script or plain bytes stand for one
        connection that sends them at once and waits for the server to close.
    :ivar wanted: what the rules have to know about the variant. :ivar launch: orders for what plays it.
    :ivar parallel: play the connections at the same time, not one after the other.
    :ivar needs: id of a simpler stimulus, ``""`` for none. Where the app got that one's body otherwise than
        ``wanted.decoded`` says, this one is not played: it would report the same fault once more.
    :ivar policy_from: id of the stimulus that shows whether the server answers each of several requests that come at
        once. Played where this one's request is passed over, since a server that does not is not to blame for that.
    """

    id: str
    build: Build
    wanted: Wanted = UNSAID
    launch: Launch = USUAL
    parallel: bool = False
    needs: str = ""
    policy_from: str = PIPELINED

    @property
    def builds_on(self) -> tuple[str, ...]:
        """The ids of what has to be played, and to work, before it."""
        if self.launch.first:
            return ()
        return (first_stimulus().id, self.needs) if self.needs else (first_stimulus().id,)

    def scripts(self, setting: Setting) -> list[Script]:
        """Return one script per connection, for this *setting*."""
        made = self.build(setting)
        if isinstance(made, bytes):
            return [Script((Send(made),))]
        return [made] if isinstance(made, Script) else list(made)


_stimuli: dict[str, ServerStimulus] = {}


def stimulus(
    id: str,
    build: Build,
    wanted: Wanted = UNSAID,
    *,
    launch: Launch = USUAL,
    parallel: bool = False,
    needs: str = "",
) -> ServerStimulus:
    """Register a stimulus; see :class:`ServerStimulus`.

    :raises ValueError: for a second one of the same id.
    """
    if id in _stimuli:
        raise ValueError(f"stimulus {id} is defined twice")
    new = _stimuli[id] = ServerStimulus(id, build, wanted, launch, parallel, needs)
    return new


def server_stimuli() -> dict[str, ServerStimulus]:
    """Return all stimuli for servers by id. Do not change the dict."""
    _load()
    return _stimuli


@cache
def first_stimulus() -> ServerStimulus:
    """Return the one that has to work before any other is played."""
    return next(item for item in server_stimuli().values() if item.launch.first)


@cache
def _load() -> None:
    for wing in WINGS:
        package = f"{__package__}.{wing}"
        for name in importlib.import_module(package).MODULES:
            importlib.import_module(f"{package}.{name}")


def chosen(patterns: Iterable[str]) -> list[ServerStimulus]:
    """Return the stimuli that *patterns* (ids or globs) name, each once, in the order of definition.

    :raises LookupError: for a pattern that names none.
    """
    stimuli = server_stimuli()
    wanted: set[str] = set()
    for pattern in patterns:
        found = fnmatch.filter(stimuli, pattern)
        if not found:
            raise LookupError(f"no stimulus for servers is called {pattern!r}")
        wanted.update(found)
    return [item for name, item in stimuli.items() if name in wanted]
