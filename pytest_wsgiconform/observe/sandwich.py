"""A middleware between two validators: one sees it as an app, the other as a server.

The sandwich plays one request at a time. What happens at both boundaries goes into one :class:`Crossing`, whichever
thread it happens in, and by nothing that a middleware could lose (no key in environ, no context variable).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from io import BytesIO, StringIO
from math import inf
from typing import Any

from ..rules.display import type_name
from ..rules.model import Blame, Finding, Rule
from ..rules.records.app import ExchangeRecord
from ..rules.records.exchange import (
    AppCalled,
    AppRaised,
    ChunkYielded,
    CloseCalled,
    Event,
    Exchange,
    IterableReturned,
    StartResponseCalled,
    WriteCalled,
)
from ..rules.records.middleware import STEP_LIMIT, CallRecord, Crossing, InnerRecord, MiddlewareRun, Step
from ..rules.registry import event_rules
from .conversation import Conversation
from .gateway import Play, show_error
from .inner_call import InnerCall, InnerConversation, added_variables, has_data
from .judge import Judge
from .location import of_caller, of_traceback
from .making import Maker
from .validator import Validator

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


#: Bytes of an item that a step keeps.
_TEXT = 64

#: Seconds that an inner app may take to end in another thread, once the response is over.
_PATIENCE = 2.0

#: Seconds that an exchange gets at least, however little time the run has left.
_SHORTEST = 0.01

#: What makes an inner app: it gets a dict for its notes.
MakeApp = Callable[[dict[str, Any]], Callable[..., Any]]


class Sandwich:
    """Plays requests through a middleware, which is made once, around an inner app that changes with the request.

    :param maker: makes the middleware. :param rules: the event rules that watch on both sides.
    :param limit: seconds for one exchange. :param stimulus: id of the stimulus that plays.
    :param prepare: called with each environ before it is handed over, which it may change; ``None`` for nothing.
    :ivar run: what has been recorded so far.
    :ivar left: tells how many seconds the whole run has left; asked before each exchange.
    """

    def __init__(
        self,
        maker: Maker,
        rules: Iterable[Rule],
        limit: float,
        stimulus: str,
        prepare: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._maker, self._limit, self._prepare = maker, limit, prepare
        self._side_of = {rule.id: rule.side for rule in rules}
        self._outer = _watching(tuple(rules), self._outer_event, below=Blame.MIDDLEWARE)
        self._inner = _watching(tuple(rules), self._inner_event, above=Blame.MIDDLEWARE)
        self.run = MiddlewareRun(stimulus)
        self.left: Callable[[], float] = lambda: inf
        self._middleware: Callable[..., Any] | None = None
        self._through: list[Crossing] = []  # what went through this middleware so far
        self._inner_app: tuple[MakeApp, bool] | None = None
        self._crossing: Crossing | None = None
        self._variables: dict[Any, Any] = {}
        self._calls: dict[Exchange, InnerCall] = {}  # the watched ones of this crossing, in order
        self._writing = 0
        self._thread = threading.get_ident()

    def play(
        self,
        label: str,
        make_app: MakeApp,
        environ: dict[str, Any],
        *,
        watched: bool = True,
        keep: bool = False,
        **behaviour: Any,
    ) -> Crossing:
        """Play one request, to the end, through the middleware around a new inner app; record and return it.

        Where the middleware answered without its inner app, or as it did to an earlier request, it says nothing about
        this one: then the request is played once more, through a new middleware, and only that is recorded.

        :param label: what rules will call it. :param make_app: makes the inner app; see :data:`MakeApp`.
        :param environ: handed to the middleware as it is.
        :param watched: put a validator between middleware and inner app; without it the middleware gets the app's own
            objects, as they are.
        :param keep: record it as it came: what the middleware keeps of earlier requests is the question.
        :param behaviour: how our server behaves, see ``Play``.
        """
        self._inner_app = make_app, watched
        spare = _copied(environ)
        earlier, exercised = list(self._through), dict(self.run.exercised)
        crossing, findings = self._play(label, environ, behaviour)
        if earlier and not keep and is_doubtful(crossing, earlier) and self._renew():
            self.run.crossings.pop()
            self.run.exercised = exercised
            crossing, findings = self._play(label, spare, behaviour)
        self.run.findings += findings
        if crossing.outer.timed_out:  # part of it may still be at work
            self._renew()
        return crossing

    def _play(self, label: str, environ: dict[str, Any], behaviour: dict[str, Any]) -> tuple[Crossing, list[Finding]]:
        """Play one request through the middleware as it is; return what happened and what was found."""
        if self._prepare is not None:
            self._prepare(environ)
        if self._middleware is None:
            self._middleware = self._maker.make(self._entry)
        limit = min(self._limit, max(self.left(), _SHORTEST))
        play = Play(self._outer.around(self._middleware), environ, label=label, limit=limit, **behaviour)
        crossing = self._crossing = Crossing(label, play.record, environ=dict(play.record.environ))
        self.run.crossings.append(crossing)
        self._through.append(crossing)
        findings: list[Finding] = []
        try:
            play.run()
        finally:
            findings += self._settle(play.conversation.exchange)
        return crossing, findings

    def _renew(self) -> bool:
        """Take a new middleware for what follows; tell whether there is one."""
        former, self._middleware = self._middleware, self._maker.make(self._entry)
        if self._middleware is former or self._maker.failure:
            return False
        self._through = []
        return True

    # -- the inner side ----------------------------------------------------------------------------

    def _entry(self, *args: Any, **kwargs: Any) -> Any:
        """Be the inner app of the request that is played: the middleware was made around this."""
        if self._inner_app is None:
            raise RuntimeError("the middleware called its inner app before there was a request")
        make_app, watched = self._inner_app
        if watched:
            return self._begin(make_app).call(args, kwargs)
        return self._tapped(make_app, self._new_record(watched=False))(*args, **kwargs)

    def _begin(self, make_app: MakeApp) -> Conversation:
        exchange = Exchange()
        exchange.above = Blame.MIDDLEWARE
        record = self._new_record(watched=True)
        setup = self._inner.around(self._tapped(make_app, record)).setup
        conversation = InnerConversation(setup, exchange, record, self._step)
        self._calls[exchange] = InnerCall(conversation, record)
        return conversation

    def _new_record(self, watched: bool) -> InnerRecord:
        crossing = self._crossing
        record = InnerRecord(1, watched, called_at=of_caller())
        if crossing is not None:  # a middleware may keep the app, and call it when nobody listens any more
            record.number = len(crossing.inners) + 1
            crossing.inners.append(record)
        return record

    def _tapped(self, make_app: MakeApp, record: InnerRecord) -> Callable[..., Any]:
        """Return the inner app with its start_response and write wrapped, so that it is known how they answered."""

        def app(environ: Any, start_response: Any) -> Any:
            return make_app(record.facts)(environ, self._tapped_start(start_response, record))

        return app

    def _tapped_start(self, start_response: Callable[..., Any], record: InnerRecord) -> Callable[..., Any]:
        def start(*args: Any) -> Any:
            call = CallRecord(len(args), exc_info=len(args) > 2 and bool(args[2]))
            record.starts.append(call)
            write = self._calling(call, start_response, args)
            return self._tapped_write(write, record) if callable(write) else write

        return start

    def _tapped_write(self, write: Callable[..., Any], record: InnerRecord) -> Callable[..., Any]:
        def tapped(data: bytes) -> Any:
            call = CallRecord(1)
            record.writes.append(call)
            self._writing += 1
            try:
                return self._calling(call, write, (data,))
            finally:
                self._writing -= 1

        return tapped

    def _calling(self, call: CallRecord, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        try:
            return function(*args)
        except BaseException as error:
            call.raised, call.error = show_error(error) or type_name(error), type_name(error)
            call.refused = isinstance(error, TypeError) and of_traceback(error.__traceback__) is None
            raise

    # -- events ------------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        crossing = self._crossing
        if crossing is not None and len(crossing.steps) < STEP_LIMIT:
            crossing.steps.append(step)

    def _outer_event(self, event: Event, exchange: Exchange) -> None:
        if type(event) is AppCalled:  # by our own server, which is no step
            self._variables = dict(event.variables)
            self._thread = threading.get_ident()
            return
        what = _WHAT_HAPPENED.get(type(event))
        if what is not None:
            self._step(Step("outer", what, *_measure(event), writing=has_data(event) and self._writing > 0))

    def _inner_event(self, event: Event, exchange: Exchange) -> None:
        call = self._calls.get(exchange)
        if call is None:  # it is settled: what a middleware does later, or the garbage collector, is not looked at
            return
        record = call.record
        if threading.get_ident() != self._thread:
            record.elsewhere = True
        if type(event) is AppCalled:
            record.added = added_variables(self._variables, event.variables)
        what = _WHAT_HAPPENED.get(type(event))
        if what is not None:
            self._step(Step("inner", what, *_measure(event), inner=record.number))
            call.note(event)

    # -- the end -----------------------------------------------------------------------------------

    def _settle(self, outer: Exchange) -> list[Finding]:
        """End what the middleware left open, take over what the exchanges know, and return what was found."""
        self._await_other_threads()
        self._crossing = None
        calls = list(self._calls.values())  # a thread of the middleware's may add one even now
        for call in calls:
            call.settle()
        inner = [call.conversation.exchange for call in calls]
        called_at = next((call.record.called_at for call in calls), None)
        findings = []
        for finding in middleware_findings(outer, inner):
            # The line that our own app was at is of no use to anybody; that which called it is.
            ours = finding.location is not None and finding.location.file.startswith(_PACKAGE)
            findings.append(replace(finding, location=called_at) if ours else finding)
        for exchange in (outer, *inner):
            side = Blame.APP if exchange is outer else Blame.SERVER
            for rule_id, count in exchange.exercised.items():
                if self._side_of.get(rule_id) is side:
                    self.run.exercised[rule_id] = self.run.exercised.get(rule_id, 0) + count
        self._calls, self._variables = {}, {}
        return findings

    def _await_other_threads(self) -> None:
        """Let an inner app that runs in a thread of the middleware's come to its end, which nobody else waits for."""
        deadline = time.monotonic() + _PATIENCE
        running = [call.conversation for call in list(self._calls.values()) if call.record.elsewhere]
        while any(not conversation.finished for conversation in running) and time.monotonic() < deadline:
            time.sleep(0.005)


class _ListeningJudge(Judge):
    """Tells a listener of each event before judging it."""

    def __init__(self, rules: Iterable[Rule], listener: Callable[[Event, Exchange], None]) -> None:
        super().__init__(rules, _ignore)
        self._listener = listener

    def judge(self, event: Event, exchange: Exchange) -> None:
        self._listener(event, exchange)
        super().judge(event, exchange)


def _watching(
    rules: tuple[Rule, ...],
    listener: Callable[[Event, Exchange], None],
    *,
    above: Blame = Blame.SERVER,
    below: Blame = Blame.APP,
) -> Validator:
    """Return one side of the sandwich: a thorough validator that somebody listens to, without its app yet."""
    judge = _ListeningJudge(rules, listener)
    return Validator(_no_app, rules=rules, thorough=True, above=above, below=below, judge=judge)


def _no_app(environ: Any, start_response: Any) -> Any:
    raise RuntimeError("a side of the sandwich is put around an app before it is called")


def middleware_findings(outer: Exchange, inner: Iterable[Exchange]) -> Iterator[Finding]:
    """Give the findings that a middleware has to answer for.

    Those are: what broke a rule for apps toward our server, unless the inner app broke the same rule and it only passed
    that on; and what broke a rule for servers toward the inner app, unless our own server broke it already, or the
    rule is only of complete responses and this one broke off.
    """
    inner = list(inner)
    by_app = {finding.rule for exchange in inner for finding in exchange.findings if finding.blame is Blame.APP}
    by_app |= {rule.twin for rule in event_rules() if rule.id in by_app}
    by_server = {finding.rule for finding in outer.findings if finding.blame is Blame.SERVER}
    if outer.failed is not None:
        by_server |= {rule.id for rule in event_rules() if rule.only_of_complete}
    for exchanges, inherited in (([outer], by_app), (inner, by_server)):
        for exchange in exchanges:
            for finding in exchange.findings:
                if finding.blame is Blame.MIDDLEWARE and finding.rule not in inherited:
                    yield finding


def is_doubtful(crossing: Crossing, earlier: Iterable[Crossing]) -> bool:
    """Tell whether *crossing* may be about an *earlier* request through the same middleware.

    That is: the inner app was not called (a cache, a throttle, a lock that was never given back), it took too long, the
    middleware raised by itself, the answer is that of an earlier request, though the inner app gave another one, or the
    answer is not the inner app's, though all earlier ones were.
    """
    if not crossing.inners or crossing.outer.timed_out:
        return True
    if crossing.outer.error is not None and not any(inner.failed for inner in crossing.inners):
        return True
    if not _passed_on(crossing) and all(_passed_on(other) for other in earlier):
        return True
    return any(
        _answer(crossing.outer) == _answer(other.outer)
        and [_answer(inner) for inner in crossing.inners] != [_answer(inner) for inner in other.inners]
        for other in earlier
    )


def _passed_on(crossing: Crossing) -> bool:
    """Tell whether the body that came out is the one that the inner app gave last."""
    inner = crossing.inners[-1] if crossing.inners else None
    if inner is None:
        return False
    if inner.facts.get("wrapped"):  # what goes through a file wrapper is seen twice on the inner side
        return crossing.outer.size > 0 and inner.size in (crossing.outer.size, 2 * crossing.outer.size)
    if not inner.watched:
        return crossing.outer.body == inner.facts.get("body")
    taken = inner.exhausted or not crossing.outer.exhausted
    return taken and crossing.outer.digest == inner.digest


def _answer(record: ExchangeRecord | InnerRecord) -> tuple[object, ...]:
    return record.status, tuple(record.headers), record.size, record.digest


def _copied(environ: dict[str, Any]) -> dict[str, Any]:
    """Return what was *environ* before anybody read from its streams."""
    stream = environ["wsgi.input"]
    body = stream.getvalue() if isinstance(stream, BytesIO) else b""
    return {**environ, "wsgi.input": BytesIO(body), "wsgi.errors": StringIO()}


#: What steps call the events that they are made of.
_WHAT_HAPPENED: dict[type[Event], str] = {
    AppCalled: "called",
    StartResponseCalled: "start",
    WriteCalled: "write",
    IterableReturned: "returned",
    ChunkYielded: "item",
    CloseCalled: "closed",
    AppRaised: "raised",
}


def _measure(event: Event) -> tuple[int, bytes]:
    """Return the size of an event's data and the first bytes of it; size -1 for what isn't bytes."""
    if not has_data(event):
        return 0, b""
    return (len(event.data), event.data[:_TEXT]) if type(event.data) is bytes else (-1, b"")


def _ignore(_finding: Finding) -> None:
    """Findings are taken from the exchanges, with their counts."""
