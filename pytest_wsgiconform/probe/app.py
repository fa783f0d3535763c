"""The probe app itself: find the behaviour, report the call, play."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import address
from .behaviour import BEHAVIOURS, Behaviour, Stage, Watched, describe
from .behaviours import extensions, files, input, objects, response, sending, start, wire
from .channel import Talk, open_talk
from .judged import judged
from .snapshot import snapshot

#: The files that register the behaviours.
FILES = (
    wire,
    input,
    sending,
    start,
    response,
    objects,
    files,
    extensions,
)


def app(environ: Any = None, start_response: Any = None, /, *more: Any, **named: Any) -> Iterable[bytes]:
    """Do what the request tells, and report it.

    Takes its arguments in any manner, so that a server that does not call it as ``app(environ, start_response)`` is
    told by the rule on that.
    """
    return _respond(open_talk(), _given(environ, start_response, *more), named)


def app_for(channel: str | None) -> Callable[[Any, Any], Iterable[bytes]]:
    """Return the probe for a server in this very process, reporting to *channel* (``None``: to nobody)."""

    def play(environ: Any = None, start_response: Any = None, /, *more: Any, **named: Any) -> Iterable[bytes]:
        return _respond(Talk(channel), _given(environ, start_response, *more), named)

    return play


def _given(*args: Any) -> tuple[Any, ...]:
    return tuple(arg for arg in args if arg is not None)


def _respond(talk: Talk, args: tuple[Any, ...], named: dict[str, Any]) -> Iterable[bytes]:
    environ = args[0] if args else named.get("environ")
    start_response = args[1] if len(args) > 1 else named.get("start_response")
    if environ is None or start_response is None:
        raise TypeError("the probe is called without environ or without start_response")
    name, token, label = address.find(environ)
    known = BEHAVIOURS.get(name, BEHAVIOURS["echo"])
    talk.hello(token, label, name)
    values, types = snapshot(environ)
    talk.event("called", environ=values, types=types)
    marker = f"{token}.{label}" if token else "-"
    return _play(known, Stage(talk, environ, start_response, marker), args, named)


def _play(behaviour: Behaviour, stage: Stage, args: tuple[Any, ...], named: dict[str, Any]) -> Iterable[bytes]:
    talk = stage.talk
    try:
        if behaviour.bare:
            return behaviour.play(stage)
        if behaviour.validated:
            return judged(behaviour, stage, args, named)
        result = Watched(talk, behaviour.play(stage))
    except BaseException as error:
        talk.event("raise", error=describe(error), phase="call")
        talk.finish()
        raise
    talk.event("returned")
    return result


Application = Callable[..., Iterable[bytes]]


class ProbeApp:
    """The probe as a class instance, and as a bound method."""

    def __init__(self, play: Application = app) -> None:
        self._play = play

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return self._play(environ, start_response)

    def method(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return self._play(environ, start_response)


def class_of(play: Application) -> type:
    """Return the probe as a class: calling it makes the iterable."""

    class AppClass:
        def __init__(self, environ: Any, start_response: Any) -> None:
            self._result = play(environ, start_response)

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._result)

        def close(self) -> None:
            close = getattr(self._result, "close", None)
            if close is not None:
                close()

    return AppClass


#: The environ variable through which the recording instance reports the look-ups.
LOOKUPS = "wsgiconform.lookups"


class Recording(ProbeApp):
    """An app object that reports every attribute that is looked up on it: a server has no business with any."""

    def __init__(self, play: Application = app) -> None:
        self.looked_up: list[str] = []
        super().__init__(play)

    def __getattribute__(self, name: str) -> Any:
        if name not in ("looked_up", "_play"):
            object.__getattribute__(self, "looked_up").append(name)
        return object.__getattribute__(self, name)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        environ[LOOKUPS] = list(self.looked_up)
        return self._play(environ, start_response)


app_class = class_of(app)
app_instance = Recording()
app_method = ProbeApp().method


def app_variant(name: str, channel: str | None) -> Any:
    """Return the kind of callable that is called *name* here, for a server in this very process."""
    play = app_for(channel)
    kinds: dict[str, Callable[[], Any]] = {
        "app": lambda: play,
        "app_class": lambda: class_of(play),
        "app_instance": lambda: Recording(play),
        "app_method": lambda: ProbeApp(play).method,
    }
    return kinds[name]()
