"""Playing stimuli on an app in this process, shielded from what the app does to the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..rules.app_run import AppRun
from ..rules.display import clean
from ..rules.model import Rule
from ..settings import Settings
from ..stimuli.app import app_stimuli
from ..stimuli.model import Stage, Stimulus
from .last_word import LastWord
from .protect import undisturbed
from .routes import Route, discover


class Player(Protocol):
    """Where an app lives and its stimuli are played."""

    def routes(self) -> tuple[list[Route], list[str]]:
        """Return the routes that the app's framework tells of, and a sentence for each that can't be read."""
        ...

    def play(self, stimulus: str, route: Route, limit: float, patience: float | None) -> AppRun:
        """Play one stimulus.

        :param stimulus: its id. :param limit: seconds it may take. :param patience: seconds for taking the items of
            one response, ``None`` for half of what is left.
        """
        ...

    def close(self) -> None:
        """Stop what was started; safe to call twice."""
        ...


class LocalPlayer:
    """Plays stimuli in this process.

    :param app: the WSGI callable. :param rules: the event rules that watch. :param settings: the run's settings.
    :param last_word: tells on the terminal what was played when the process dies; ``None`` for no such thing.
    """

    def __init__(
        self, app: Callable[..., Any], rules: list[Rule], settings: Settings, last_word: LastWord | None = None
    ) -> None:
        self.app, self.rules, self.settings = app, rules, settings
        self._last_word = last_word

    def routes(self) -> tuple[list[Route], list[str]]:
        return discover(self.app)

    def play(self, stimulus: str, route: Route, limit: float, patience: float | None) -> AppRun:
        chosen = _stimulus(stimulus, self.settings)
        if self._last_word is not None:
            self._last_word.say(f"stimulus {stimulus} on {clean(route.path)}")
        stage = Stage(self.app, self.rules, route.path, limit, stimulus, route.method, patience)
        broken: Exception | None = None
        with undisturbed() as left:
            try:
                chosen.play(stage)
            except Exception as error:  # the harness itself failed: after tampering that is no wonder
                broken = error
        stage.run.facts["tampered"] = sorted(set(left.changes))
        if broken is not None:
            if not left.changes:
                raise broken
            stage.run.facts["died"] = f"the interpreter could not go on: {type(broken).__name__}"
        return stage.run

    def close(self) -> None:
        if self._last_word is not None:
            self._last_word.close()


def _stimulus(name: str, settings: Settings) -> Stimulus:
    if name == "fuzz":
        from ..stimuli.app_fuzz import fuzz_stimulus

        return fuzz_stimulus(settings.fuzz)
    return next(stimulus for stimulus in app_stimuli() if stimulus.id == name)
