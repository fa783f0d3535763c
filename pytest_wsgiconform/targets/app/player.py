"""Playing stimuli on an app in this process, shielded from what the app does to the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from ...rules.display import clean
from ...rules.model import Rule
from ...rules.records.app import AppRun, ExchangeRecord
from ...settings import Settings
from ...stimuli.app.asking import Asking
from ...stimuli.app.model import Stage, Stimulus
from ...stimuli.app.order import app_stimuli
from ..base import HookError
from ..deadline import Deadline
from ..hooks import Hooks
from ..progress import Progress
from ..protect import undisturbed
from .credentials import Credentials, site_asking
from .last_word import LastWord
from .raised import noting_logged
from .reach import FACT, Reacher
from .routes import Route, discover
from .surroundings import settled

if TYPE_CHECKING:
    from .coverage import AppCoverage


#: The id of the stimulus that is made of property-based requests; only ``--wsgi-fuzz`` asks for it.
FUZZ = "fuzz"

#: The id of the stimulus that sends the ordinary request of a route.
ORDINARY = "get"


class Player(Protocol):
    """Where an app lives and its stimuli are played.

    :ivar settings: the run's, with the Host that the app's framework names where the user gave none.
    """

    settings: Settings

    def watch(self, rules: Sequence[Rule]) -> None:
        """Let *rules*, on single events, judge what is played from now on; none do before."""
        ...

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        """Cut every limit to what *deadline* leaves, and give signs of life to *progress* while one stimulus lasts."""
        ...

    def open_session(self, hooks: Hooks, app: Callable[..., Any] | None = None) -> None:
        """Log in, as settings and *hooks* say. :param app: what hooks get, where it is not the app that is played on.

        :raises TargetError: when that does not work.
        """
        ...

    def secrets(self) -> dict[str, list[str]]:
        """Return what nobody may see of the session so far, as ``Mask.add`` takes it."""
        ...

    def notes(self) -> list[str]:
        """Return lines for the summary about the session."""
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
    :ivar credentials: what requests carry, ``None`` before a session was opened.
    """

    def __init__(
        self,
        name: str,
        app: Callable[..., Any],
        settings: Settings,
        last_word: LastWord | None = None,
    ) -> None:
        self.app, self.settings = app, settled(app, settings)
        self._rules: list[Rule] = []
        self.credentials: Credentials | None = None
        self._last_word = last_word
        self._deadline, self._progress = Deadline(), Progress()
        self._coverage = _coverage_of(name) if settings.cov and name else None
        self._reacher = Reacher(app, settings.timeout)

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
        return discover(self.app, self.settings.values)

    def open_session(self, hooks: Hooks, app: Callable[..., Any] | None = None) -> None:
        credentials = Credentials(self.app if app is None else app, self.settings, hooks)
        self.credentials = credentials
        if hooks.request is not None:
            # What is wrong with it is better known before anything is collected; this request is not sent.
            hooks.request(site_asking(self.settings).environ("/", "GET"))
        with undisturbed():
            credentials.session.open()

    def secrets(self) -> dict[str, list[str]]:
        return self.credentials.session.secrets() if self.credentials is not None else {}

    def notes(self) -> list[str]:
        return list(self.credentials.session.notes) if self.credentials is not None else []

    def play(self, stimulus: str, route: Route, limit: float, patience: float | None) -> AppRun:
        run = self._play(stimulus, route, limit, patience)
        if self.credentials is not None and self.credentials.opened_again(
            run, route, lambda: self._ordinary(route, limit)
        ):
            run = self._play(stimulus, route, limit, patience)
        if stimulus == ORDINARY and self._deadline.reason is None:
            with undisturbed():
                run.facts[FACT] = self._reacher.reached(route, run, self._asking(route))
        return run

    def _asking(self, route: Route) -> Asking:
        asking = route.asking(self.settings)
        return asking if self.credentials is None else self.credentials.added(asking)

    def _ordinary(self, route: Route, limit: float) -> ExchangeRecord:
        """Play the ordinary request of *route*; no rule looks."""
        stage = Stage(self.app, [], route.path, limit, "ordinary", self._asking(route))
        with undisturbed():
            return stage.play("ordinary")

    def _play(self, stimulus: str, route: Route, limit: float, patience: float | None) -> AppRun:
        if self.credentials is not None:
            self.credentials.reset()
        chosen = self._stimulus(stimulus)
        if self._last_word is not None:
            self._last_word.say(f"stimulus {stimulus} on {clean(route.path)}")
        stage = Stage(self.app, self._rules, route.path, limit, stimulus, self._asking(route), patience)
        # Only where it may take minutes is anything written while the app may have changed the interpreter.
        stage.left = self._left if stimulus == FUZZ else self._deadline.left
        broken: Exception | None = None
        with undisturbed() as left:
            try:
                noting = noting_logged(stage.run) if stimulus == ORDINARY else nullcontext()
                with noting, self._coverage.measuring(stimulus) if self._coverage is not None else nullcontext():
                    stage.perform(chosen)
            except HookError:
                raise  # the project's own fault, and it is to know
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
