"""The probe app itself: find the behaviour, report the call, play."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import (
    address,
    behaviours_extensions,
    behaviours_files,
    behaviours_input,
    behaviours_objects,
    behaviours_response,
    behaviours_wire,
)
from .behaviour import BEHAVIOURS, Behaviour, Stage, Watched, describe
from .channel import Talk, open_talk
from .judged import judged
from .snapshot import snapshot

#: The files that register the behaviours.
FILES = (
    behaviours_wire,
    behaviours_input,
    behaviours_response,
    behaviours_objects,
    behaviours_files,
    behaviours_extensions,
)


def app(environ: Any, start_response: Any) -> Iterable[bytes]:
    """Do what the request tells, and report it."""
    return _respond(open_talk(), environ, start_response)


def app_for(channel: str | None) -> Callable[[Any, Any], Iterable[bytes]]:
    """Return the probe for a server in this very process, reporting to *channel* (``None``: to nobody)."""
    return lambda environ, start_response: _respond(Talk(channel), environ, start_response)


def _respond(talk: Talk, environ: Any, start_response: Any) -> Iterable[bytes]:
    name, token, label = address.find(environ)
    known = BEHAVIOURS.get(name, BEHAVIOURS["echo"])
    talk.hello(token, label, name)
    values, types = snapshot(environ)
    talk.event("called", environ=values, types=types)
    marker = f"{token}.{label}" if token else "-"
    return _play(known, Stage(talk, environ, start_response, marker))


def _play(behaviour: Behaviour, stage: Stage) -> Iterable[bytes]:
    talk = stage.talk
    try:
        if behaviour.bare:
            return behaviour.play(stage)
        if behaviour.validated:
            return judged(behaviour, stage)
        result = Watched(talk, behaviour.play(stage))
    except BaseException as error:
        talk.event("raise", error=describe(error), phase="call")
        talk.finish()
        raise
    talk.event("returned")
    return result


Application = Callable[[Any, Any], Iterable[bytes]]


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
