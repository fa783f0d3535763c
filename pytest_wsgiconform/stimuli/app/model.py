"""What a stimulus is, and the stage it plays on.

A stimulus is a conforming but awkward server (and client): it never does what a server may not do, so what
goes wrong is the app's. It runs from (app, path) to an :class:`AppRun` of plain data.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Any

from ...observe.gateway import Play
from ...observe.validator import Validator
from ...rules.app.compare import alike
from ...rules.model import Rule
from ...rules.records.app import AppRun, ExchangeRecord
from .asking import Asking, Bodies, split_host

#: A form like a browser's; apps that take JSON answer 400 or 415, which exercises them too.
FORM = b"name=value&text=two+words"
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Stimulus:
    """A named way of treating an app.

    :param id: kebab-case name; findings and exchange rules refer to it.
    :param summary: one sentence: what is sent and how our side behaves.
    :param play: plays it on a :class:`Stage`; whatever it plays there is recorded.
    """

    id: str
    summary: str
    play: Callable[[Stage], None]


def play(
    stimulus: Stimulus, app: Any, rules: list[Rule], path: str, limit: float, asking: Asking | None = None
) -> AppRun:
    """Play *stimulus* and return what happened; arguments as for :class:`Stage`."""
    stage = Stage(app, rules, path, limit, stimulus.id, asking)
    stage.perform(stimulus)
    return stage.run


#: Seconds that an exchange gets at least, however little time the run has left.
_SHORTEST = 0.01


def _no_end() -> float:
    return inf


class OutOfTime(Exception):
    """The stimulus has used up its time; what it has recorded so far is judged."""


class Unsent:
    """Stands for an exchange whose method must not be sent; it has nothing to call and nothing to step through."""

    iterable: Any = None

    def __init__(self, label: str) -> None:
        self.record = ExchangeRecord(label)

    def run(self) -> ExchangeRecord:
        return self.record

    finish = run

    def call(self) -> bool:
        return False

    step = call


class Stage:
    """Where a stimulus plays: one app, one path.

    :param app: the WSGI callable. :param rules: the event rules that watch.
    :param path: the path below the mount point, with its leading slash; may carry ``?query``.
    :param limit: seconds for one exchange, and after which no further one begins.
    :param stimulus: id of the stimulus that plays.
    :param asking: how *path* is asked, ``None`` for an ordinary GET. :param patience: see :class:`Play`.
    :ivar run: what has been recorded so far.
    :ivar left: tells how many seconds the whole run has left; asked before each exchange.
    """

    def __init__(
        self,
        app: Any,
        rules: list[Rule],
        path: str,
        limit: float,
        stimulus: str,
        asking: Asking | None = None,
        patience: float | None = None,
    ) -> None:
        self.app, self.path, self.patience = app, path, patience
        self.asking = asking or Asking()
        self.limit, self._deadline = limit, monotonic() + limit
        self.left: Callable[[], float] = _no_end
        self.run = AppRun(stimulus, path)
        self.validator = Validator(app, _ignore, rules=rules, thorough=True, on_end=self._ended)
        self._lock = threading.Lock()  # some stimuli play in several threads
        self._unjudged = Validator(app, _ignore, rules=(), thorough=True)

    def perform(self, stimulus: Stimulus) -> None:
        """Play *stimulus* as far as time allows."""
        with contextlib.suppress(OutOfTime):
            stimulus.play(self)

    @property
    def method(self) -> str:
        """The method of the ordinary request."""
        return self.asking.method

    def environ(self, method: str | None = None, *, without: Iterable[str] = (), **options: Any) -> dict[str, Any]:
        """Return a fresh complete environ for the stage's path. The one place where what is asked is applied.

        :param method: ``None`` for the path's own, or GET where that may change something and is not the user's
            request. :param without: names of fields that the stimulus is about: of these, none is sent that the
            user or the session gives. :param options: as for ``build_environ``.
        """
        path = options.pop("path", self.path)
        return self.asking.environ(path, method or self.asking.chosen, without=without, **options)

    @property
    def content(self) -> tuple[bytes, dict[str, str]]:
        """The body of requests that have one, and the field with its type: the user's own, or a small form."""
        asking = self.asking
        if asking.body and asking.method == asking.sends_body_by:
            return asking.body, {name: value for name, value in asking.headers if name.lower() == "content-type"}
        return FORM, {"Content-Type": FORM_TYPE}

    def with_body(self, body: Any = None, **options: Any) -> dict[str, Any]:
        """Return an environ of a request with a body, by a method of the route that has one.

        :param body: bytes or a stream in place of :attr:`content`'s; its type stays the same, unless *options* have
            ``headers``. :param options: as for :meth:`environ`.
        """
        own, kind = self.content
        options.setdefault("headers", kind)
        options.setdefault("usual", {"Accept": "*/*"})
        return self.environ(self.asking.sends_body_by, body=own if body is None else body, **options)

    def sends(self, bodies: Bodies) -> bool:
        """Tell whether the route gets as many requests with a body as *bodies* stands for."""
        return self.asking.bodies >= bodies

    def server_name(self, otherwise: str) -> str:
        """Return the name of the server that the user or the app's framework gives, else *otherwise*."""
        return split_host(self.asking.host)[0] if self.asking.host else otherwise

    def play(self, label: str, environ: dict[str, Any] | None = None, **behaviour: Any) -> ExchangeRecord:
        """Play one whole exchange and record it.

        :param label: what exchange rules will call it. :param environ: ``None`` for an ordinary request.
        :param behaviour: how our side behaves, see :class:`Play`; and ``judged``, false when event rules shall
            not look, because a fault of the client could be taken for one of the app's; and ``app``, another app to
            call in place of the stage's, at which event rules don't look either.
        :raises OutOfTime: when the stimulus has used up its time.
        """
        if self.out_of_time:
            raise OutOfTime
        return self.begin(label, environ, **behaviour).run()

    def begin(self, label: str, environ: dict[str, Any] | None = None, **behaviour: Any) -> Play | Unsent:
        """Begin an exchange that the stimulus steps through itself; it must call ``finish()``.

        :returns: an :class:`Unsent` for a method that must not be sent; the run has no record of it.
        """
        judged = behaviour.pop("judged", True)
        other = behaviour.pop("app", None)
        if other is not None:
            validator = Validator(other, _ignore, rules=(), thorough=True)
        else:
            validator = self.validator if judged else self._unjudged
        environ = self.environ() if environ is None else environ
        if not self.asking.may_send(environ["REQUEST_METHOD"]):
            self.run.facts["left_out"] = sorted({*self.run.facts.get("left_out", ()), environ["REQUEST_METHOD"]})
            return Unsent(label)
        play = Play(
            validator,
            environ,
            label=label,
            limit=min(self.limit, max(self.left(), _SHORTEST)),
            patience=self.patience,
            **behaviour,
        )
        self.run.exchanges.append(play.record)
        return play

    @property
    def out_of_time(self) -> bool:
        """Whether the stimulus has used up its time, or the run is over, so that it should leave out the rest."""
        return monotonic() > self._deadline or self.left() <= 0

    def compare(
        self,
        base: tuple[str, Callable[[], dict[str, Any]]],
        variant: tuple[str, Callable[[], dict[str, Any]]],
        base_behaviour: dict[str, Any] | None = None,
        variant_behaviour: dict[str, Any] | None = None,
    ) -> None:
        """Play two exchanges that should end alike, and more of both when they don't.

        Apps may answer equal requests differently (dates, tokens, chance), so one difference says nothing; see
        :mod:`pytest_wsgiconform.rules.app.compare` for what the repetitions prove.

        :param base, variant: label and maker of a fresh environ. A base that was played before is not repeated.
        :param base_behaviour, variant_behaviour: as *behaviour* of :meth:`play`.
        """

        def play_base() -> None:
            self.play(base[0], base[1](), **(base_behaviour or {}))

        def play_variant() -> None:
            self.play(variant[0], variant[1](), **(variant_behaviour or {}))

        if not self.run.labelled(base[0]):
            play_base()
        play_variant()
        ours, theirs = self.run.labelled(base[0]), self.run.labelled(variant[0])
        if not ours or not theirs or alike(ours[-1], theirs[-1]):
            return
        for step in (play_variant, play_base, play_base, play_variant, play_base, play_variant):
            if self.out_of_time or self.run.exchanges[-1].timed_out:
                return
            step()

    def confirm(
        self,
        base: tuple[str, Callable[[], dict[str, Any]]],
        variant: tuple[str, Callable[[], dict[str, Any]]],
        *,
        base_first: bool = True,
    ) -> None:
        """Play two exchanges that should both be answered, and both twice more when the variant raises.

        :param base, variant: as for :meth:`compare`.
        :param base_first: false when the base needs to be played only if the variant raises.
        """
        if base_first and not self.run.labelled(base[0]):
            self.play(base[0], base[1]())
        if self.play(variant[0], variant[1]()).error is not None:
            for label, make in (base, variant, base, variant):
                if not self.out_of_time:
                    self.play(label, make())

    def _ended(self, exchange: Any) -> None:
        with self._lock:
            self.run.findings.extend(exchange.findings)
            for rule_id, count in exchange.exercised.items():
                self.run.exercised[rule_id] = self.run.exercised.get(rule_id, 0) + count


def _ignore(_finding: Any) -> None:
    """Findings are taken from the exchanges, with their counts."""
