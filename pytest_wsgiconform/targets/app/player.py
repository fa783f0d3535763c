"""Playing stimuli on an app in this process, shielded from what the app does to the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from ...rules.display import clean
from ...rules.model import Rule
from ...rules.records.app import AppRun
from ...settings import Settings
from ...stimuli.app.model import Stage, Stimulus
from ...stimuli.app.order import app_stimuli
from ..deadline import Deadline
from ..progress import Progress
from ..protect import undisturbed
from .last_word import LastWord
from .routes import Route, discover

if TYPE_CHECKING:
    from .coverage import AppCoverage


#: The id of the stimulus that is made of property-based requests; only ``--wsgi-fuzz`` asks for it.
FUZZ = "fuzz"


class Player(Protocol):
    """Where an app lives and its stimuli are played."""

    def watch(self, rules: Sequence[Rule]) -> None:
        """Let *rules*, on single events, judge what is played from now on; none do before."""
        ...

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        """Cut every limit to what *deadline* leaves, and give signs of life to *progress* while one stimulus lasts."""
        ...

    def routes(self) -> tuple[list[Route], list[str]]:
        """Return the routes that the app's framework tells of, and a sentence for each that can't be read."""
        ...

    def play(self, stimulus: str, route: Route, limit: float, patience: float | None) -> AppRun:
        """Play one stimulus.

        :param stimulus: its id. :param limit: seconds it may take. :param patience: seconds for taking the items of
            one response, ``None`` for half of what is left.
        """
        ...

    def coverage(self) -> dict[str, Any] | None:
        """Return what ``AppCoverage.report`` gives, ``None`` when nothing was measured."""
        ...

    def close(self) -> None:
        """Stop what was started; safe to call twice."""
        ...


class LocalPlayer:
    """Plays stimuli in this process.

    :param name: the app as the user named it, ``""`` when it has no name. :param app: the WSGI callable.
    :param settings: the run's settings.
    :param last_word: tells on the terminal what was played when the process dies; ``None`` for no such thing.
    """

    def __init__(
        self,
        name: str,
        app: Callable[..., Any],
        settings: Settings,
        last_word: LastWord | None = None,
    ) -> None:
        self.app, self.settings = app, settings
        self._rules: list[Rule] = []
        self._last_word = last_word
        self._deadline, self._progress = Deadline(), Progress()
        self._coverage = _coverage_of(name) if settings.cov and name else None

    def watch(self, rules: Sequence[Rule]) -> None:
        self._rules = list(rules)

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        self._deadline, self._progress = deadline, progress

    def _left(self) -> float:
        """Return the seconds that are left, and give a sign of life: between the many exchanges of one stimulus."""
        if threading.current_thread() is threading.main_thread():
            self._progress.pulse()
        return self._deadline.left()

    def routes(self) -> tuple[list[Route], list[str]]:
        return discover(self.app)

    def play(self, stimulus: str, route: Route, limit: float, patience: float | None) -> AppRun:
        chosen = self._stimulus(stimulus)
        if self._last_word is not None:
            self._last_word.say(f"stimulus {stimulus} on {clean(route.path)}")
        stage = Stage(self.app, self._rules, route.path, limit, stimulus, route.method, patience)
        # Only where it may take minutes is anything written while the app may have changed the interpreter.
        stage.left = self._left if stimulus == FUZZ else self._deadline.left
        broken: Exception | None = None
        with undisturbed() as left:
            try:
                with self._coverage.measuring(stimulus) if self._coverage is not None else nullcontext():
                    stage.perform(chosen)
            except Exception as error:  # the harness itself failed: after tampering that is no wonder
                broken = error
        stage.run.facts["tampered"] = sorted(set(left.changes))
        if broken is not None:
            if not left.changes:
                raise broken
            stage.run.facts["died"] = f"could not go on after that was changed in it: {type(broken).__name__}"
        return stage.run

    def _stimulus(self, name: str) -> Stimulus:
        if name == FUZZ:
            from ...stimuli.app.fuzz import fuzz_stimulus

            return fuzz_stimulus(self.settings.fuzz, self._coverage.count if self._coverage is not None else None)
        return next(stimulus for stimulus in app_stimuli() if stimulus.id == name)

    def coverage(self) -> dict[str, Any] | None:
        return self._coverage.report() if self._coverage is not None else None

    def close(self) -> None:
        if self._last_word is not None:
            self._last_word.close()


def _coverage_of(name: str) -> AppCoverage:
    from .coverage import AppCoverage

    return AppCoverage(name)
