"""The whole way of an exchange that is clean from end to end, in as few steps as it takes.

By far the most exchanges are like this: an environ of a known shape, one ordinary ``start_response`` call, a list
of bytestrings. Whatever else happens leads from here into :class:`Conversation`, whose record is kept in step.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

from ..rules.model import ConformanceError
from ..rules.records.exchange import Exchange, NextAfterClose
from .body import Body
from .callables import StartResponse
from .conversation import Conversation
from .fastpath import Shape
from .judge import warn
from .setup import Setup
from .stage import FINISHED, STARTED, VOUCHED
from .streams import ErrorsObserver, InputObserver, put_observers, take_observers_away

#: Up to about this many bytes a list of items is joined to learn its size.
_JOIN_LIMIT = 1 << 20


def call_quickly(
    setup: Setup, environ: dict[Any, Any], noted: tuple[Shape, tuple[Any, ...]], start_response: Any
) -> Any:
    """Call the app with an environ that was found clean, and return what the server shall get.

    :param setup: one that isn't thorough. :param environ: a builtin dict.
    :param noted: its shape and values, before the app changes it.
    """
    exchange = Exchange()
    exchange.environ = environ
    conversation = Conversation(setup, exchange)
    conversation.noted_request = noted
    conversation.real_start = start_response
    count = noted[0].texts
    stream, log = noted[1][count + 1 : count + 3]
    if type(stream) is InputObserver or type(log) is ErrorsObserver or noted[0].wraps_files:
        put_observers(environ, conversation)
    else:
        environ["wsgi.input"] = InputObserver(stream, conversation)
        environ["wsgi.errors"] = ErrorsObserver(log, conversation)
    try:
        result = setup.app(environ, StartResponse(conversation))
    except BaseException as error:
        conversation.call_failed(error)
        raise
    if type(result) is list and conversation.stage is STARTED and not exchange.write_calls:
        exchange.returned = True
        exchange.phase = "between"
        exchange.result_type = list
        exchange.length = len(result)
        return ListBody(conversation, result)
    return conversation.returned(result)


class ListBody:
    """Stands in for a list that came after one clean ``start_response`` call.

    It needs no finalizer: a list has no ``close()`` that somebody could forget to call. Where something is wrong with
    the response, :class:`_DoubtfulListBody` takes over, :class:`_StoppedListBody` after a ``close()`` in the middle.
    """

    __slots__ = ("_conversation", "_left", "_result", "_stand_in", "_steps")

    def __init__(self, conversation: Conversation, result: list[Any]) -> None:
        self._conversation = conversation
        self._result = result

    def __iter__(self) -> Iterator[Any]:
        conversation, result = self._conversation, self._result
        exchange = conversation.exchange
        if conversation.facts is None or exchange.closed or exchange.chunks:
            return self._iterate_watched()
        count = len(result)
        if count == 1:
            if type(result[0]) is not bytes:
                return self._iterate_watched()
            exchange.yielded = len(result[0])
        elif list(map(type, result)).count(bytes) != count:
            return self._iterate_watched()
        elif count > 16 and len(result[0]) * count <= _JOIN_LIMIT:
            exchange.yielded = len(b"".join(result))  # for many small items a third of the cost of adding up
        else:
            exchange.yielded = sum(map(len, result))
        exchange.chunks = count
        fast = conversation.setup.fast
        if fast.end_is_clean(exchange, conversation.facts, conversation.is_head(), True):
            conversation.stage = VOUCHED
        else:
            self.__class__ = _DoubtfulListBody
        self._steps = steps = iter(result)
        return steps

    def _iterate_watched(self) -> Iterator[Any]:
        """Let a stand-in take over that is watched step by step, and to the end."""
        self._note_steps()
        self._conversation.withdraw()
        self._stand_in = Body(self._conversation, self._result)
        return iter(self._stand_in)

    def close(self) -> None:
        conversation = self._conversation
        exchange = conversation.exchange
        if conversation.stage is not VOUCHED or len(self._result) != exchange.chunks:
            self._note_steps()
            conversation.close(self._result)
            return
        exchange.closed = 1
        exchange.phase = "ended"
        conversation.stage = FINISHED
        take_observers_away(exchange.environ, conversation)
        left = operator.length_hint(self._steps)
        if left:
            self._left = left
            self.__class__ = _StoppedListBody

    def _note_steps(self) -> None:
        """Bring the record up to date with how far the server has iterated."""
        steps = getattr(self, "_steps", None)
        if steps is not None:
            self._conversation.exchange.exhausted = _is_exhausted(steps)
            self._conversation.exchange.chunks -= operator.length_hint(steps)

    def __len__(self) -> int:
        return len(self._result)

    def __getitem__(self, index: Any) -> Any:
        return self._result[index]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)


class _DoubtfulListBody(ListBody):
    """A list about whose end a rule may have to speak, even when nobody calls ``close()``."""

    __slots__ = ()

    def __del__(self) -> None:
        conversation = self._conversation
        if conversation.stage is not FINISHED:
            self._note_steps()
            conversation.abandon()


class _StoppedListBody(ListBody):
    """A list that was closed before its last item: nothing more may be asked of it."""

    __slots__ = ()

    def __del__(self) -> None:
        if operator.length_hint(self._steps) < self._left:
            try:
                self._conversation.happened(NextAfterClose(None))
            except ConformanceError as error:  # nothing can be raised from here
                warn(error.finding)


def _is_exhausted(steps: Iterator[Any]) -> bool:
    """Return whether a list's iterator has said that there is no more; one that was not asked yet has no items left."""
    # It has let go of its list then, which only its pickled form tells.
    return len(steps.__reduce__()) == 2
