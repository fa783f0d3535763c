"""Vouching for clean events at a small cost.

Each test answers "surely no rule would speak" or "perhaps". It may say "perhaps" too often (that only
costs time), never "surely" wrongly: ``tests/observe/test_fastpath.py`` compares it with the rules themselves.

What makes it fast is memory: of the shapes of environ, the statuses and the header pairs that the rules have
been silent about before. What makes it right is that each memory's key holds everything that the rules look at: their
cards say what that is, and :mod:`~pytest_wsgiconform.observe.sights` gathers it.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Iterable
from typing import Any

from ..rules.events.body import MANY_BLOCKS, MODEST_BODY, TINY_BLOCK
from ..rules.events.environ_lookup import is_cgi_name
from ..rules.kinds import EventRule
from ..rules.model import Rule
from ..rules.records.exchange import (
    Exchange,
    StartResponseCalled,
)
from .sights import Sights, sights_of

#: Most entries of each memory. Beyond it the memory is emptied: hostile variety must not fill the machine.
_MOST = 1024

_ONLY_STR = {str}

#: What every complete environ has. A memory of incomplete ones is not needed.
_ALWAYS = ("REQUEST_METHOD", "PATH_INFO", "wsgi.url_scheme", "wsgi.version", "wsgi.input", "wsgi.errors")

#: The variables of the request that are put into the record of an exchange.
REQUEST = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_LENGTH")

_PLAIN_SERVER_KEY = re.compile(r"[a-z0-9_]+\.[a-z0-9_.]+")
_CONTENT_LENGTH = re.compile(r"[0-9]{1,18}")


class Shape:
    """Which keys an environ has, and how to get at their values in one go.

    :ivar size: how many keys. :ivar values_of: returns the values in an order of our own: the facts (REQUEST_METHOD
        first), the other texts (PATH_INFO first), ``wsgi.version``, ``wsgi.input``, ``wsgi.errors``, the rest.
    :ivar facts, texts: how many of the values are facts, and how many are texts, facts included.
    :ivar tested: places of values that have tests of their own, and the tests.
    :ivar request_of: returns those of :data:`REQUEST`; called with the values and, for what is absent, one more.
    :ivar wraps_files: whether there is a ``wsgi.file_wrapper``.
    """

    __slots__ = ("facts", "request_of", "size", "tested", "texts", "values_of", "wraps_files")

    def __init__(self, environ: dict[str, Any], texts: list[str], sights: Sights) -> None:
        facts = [key for key in sights.facts if key in environ]
        others = [key for key in texts if key not in facts and key != "PATH_INFO"]
        order = [*facts, "PATH_INFO", *others, "wsgi.version", "wsgi.input", "wsgi.errors"]
        order += [key for key in environ if key not in order]
        self.size, self.facts, self.texts = len(order), len(facts), len(facts) + 1 + len(others)
        self.values_of = operator.itemgetter(*order)
        self.wraps_files = "wsgi.file_wrapper" in environ
        places = {key: place for place, key in enumerate(order)}
        self.request_of = operator.itemgetter(*(places.get(key, len(order)) for key in REQUEST))
        self.tested = tuple(
            (places[key], test) for key, tests in sights.tested.items() if key in environ for test in tests
        ) + tuple((place, test) for place in range(self.texts) for test in sights.any_variable)


class StartFacts:
    """What the end of an exchange needs to know of its clean start_response call.

    :ivar length: the stated Content-Length, or ``None``. :ivar typed: whether there is a Content-Type.
    """

    __slots__ = ("length", "typed")

    def __init__(self, length: int | None, typed: bool) -> None:
        self.length, self.typed = length, typed


class FastPath:
    """The tests, and what was already found good.

    :param rules: the rules that are in force; a selection that leaves some out is only more silent.
    :ivar complete: whether the cards of all rules say what they look at. Else nothing is vouched for here, and the
        validator has to judge every event.
    """

    __slots__ = (
        "_calls",
        "_facts",
        "_last_facts",
        "_last_shape",
        "_pairs",
        "_shapes",
        "_sights",
        "_statuses",
        "_version",
        "complete",
        "once_told",
    )

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._sights = sights_of(tuple(rule for rule in rules if isinstance(rule, EventRule)))
        self.complete = self._sights.complete
        self._shapes: dict[frozenset[Any], Shape] = {}  # by the keys of an environ
        self._facts: set[tuple[Any, ...]] = set()
        # What came last comes again most of the time, and comparing is cheaper than looking up.
        self._last_shape = _NO_SHAPE
        self._last_facts: tuple[Any, ...] = ()
        self._version: Any = None
        # (status, headers) -> facts; the whole call, for apps that say the same again and again
        self._calls: dict[tuple[Any, ...], StartFacts] = {}
        self._statuses: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()
        #: Whether the rules on whole exchanges that speak only once have spoken.
        self.once_told = False

    # -- environ -----------------------------------------------------------------------------------

    def environ_is_clean(self, environ: dict[Any, Any]) -> tuple[Shape, tuple[Any, ...]] | None:
        """Return *environ*'s shape and values when no rule would speak about it, else ``None``.

        Sound because rules on environ look at nothing but: which keys there are (the shape), whether text values
        are exact str (types) in Latin-1 (join), whether ``wsgi.version`` is the object that was judged before, whether
        the path begins with a slash, whether the streams are None, and what their cards name: the values of the facts,
        and those that have tests.

        :param environ: a builtin dict.
        """
        shape = self._last_shape
        # As many keys, and all of the shape's: no others.
        try:
            values = shape.values_of(environ)
        except KeyError:
            values = None
        if values is None or len(environ) != shape.size:
            known = self._shapes.get(frozenset(environ))
            if known is None:
                return None
            self._last_shape = shape = known
            values = shape.values_of(environ)
        count = shape.texts
        texts = values[:count]
        # Counting types in a list costs a quarter of collecting them in a set.
        if list(map(type, texts)).count(str) != count or values[count] is not self._version:
            return None
        facts = values[: shape.facts]
        if facts != self._last_facts:
            if facts not in self._facts:
                return None
            self._last_facts = facts
        if values[shape.facts][:1] != "/" or values[count + 1] is None or values[count + 2] is None:
            return None
        joined = "".join(texts)
        if not joined.isascii() and max(joined) > "\xff":
            return None
        for place, test in shape.tested:
            if not test(values[place]):
                return None
        return shape, values

    def remember_environ(self, environ: dict[Any, Any]) -> None:
        """Remember an environ about which every rule has just been silent."""
        keys = tuple(environ)
        if set(map(type, keys)) != _ONLY_STR or type(environ.get("PATH_INFO")) is not str:
            return
        texts: list[str] = []
        for key in keys:
            if is_cgi_name(key) or "." not in key or key == "wsgi.url_scheme":
                texts.append(key)
            elif not (key.startswith(("wsgi.", "x-wsgiorg.")) or _PLAIN_SERVER_KEY.fullmatch(key)):
                return  # whether such a name is let pass depends on more than the name
        if not self.complete or not all(key in environ for key in _ALWAYS):
            return
        # A judged value that is not text has no place in the memory, unless a test vouches for it.
        if any(key in environ and key not in texts for key in self._sights.facts):
            return
        shape = Shape(environ, texts, self._sights)
        if len(self._shapes) >= _MOST or len(self._facts) >= _MOST:
            self._shapes.clear()
            self._facts.clear()
        facts = shape.values_of(environ)[: shape.facts]
        if set(map(type, facts)) != _ONLY_STR:  # a value that is not text can satisfy the rules, but must not be kept
            return
        self._facts.add(facts)
        self._shapes[frozenset(keys)] = shape
        # Compared by identity: (1, 0) equals tuples of other numbers, which must be looked at.
        self._version = environ["wsgi.version"]

    # -- start_response ----------------------------------------------------------------------------

    def start_is_clean(self, status: Any, headers: Any) -> StartFacts | None:
        """Return facts when no rule would speak about this first call without exc_info, else ``None``."""
        if type(status) is not str or type(headers) is not list:
            return None
        if not headers:
            return _BARE if status in self._statuses else None
        try:
            known = self._calls.get((status, *headers))
        except TypeError:  # unhashable, which no good pair is
            return None
        # A pair of equal content may be of other types.
        count = len(headers)
        if count > 4:  # then asking for all types at once costs less
            if list(map(type, headers)).count(tuple) != count:
                return None
            if list(map(type, itertools.chain.from_iterable(headers))).count(str) != 2 * count:
                return None
            if known is not None:
                return known
        for pair in headers:
            if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not str or type(pair[1]) is not str:
                return None
        return known if known is not None else self._look_at_pairs(status, headers)

    def _look_at_pairs(self, status: str, headers: list[tuple[str, str]]) -> StartFacts | None:
        """Judge each pair by itself; right for ordinary statuses and headers of which there is one each."""
        if status not in self._statuses:
            return None
        length, typed, names, cookies = None, False, set(), 0
        together = self._sights.together
        for pair in headers:
            name, value = pair[0].lower(), pair[1]
            if pair not in self._pairs and not self._surely_good(pair[0], name, value):
                return None
            if name == "content-length":
                length = int(value) if _CONTENT_LENGTH.fullmatch(value) else -1
            elif name == "content-type":
                typed = True
            elif name == "set-cookie" and name not in together:
                cookies += 1
                continue
            names.add(name)
        if len(names) != len(headers) - cookies or length == -1:
            return None
        if together and len(names & together) > 1:
            return None
        return StartFacts(length, typed)

    def _surely_good(self, name: str, lowered: str, value: str) -> bool:
        """Tell whether a pair is good for certain, though it was never seen before."""
        sights = self._sights
        tests = sights.headers.get(lowered, ())
        if tests is None or not sights.any_header:
            return False
        for test in tests:
            if not test(value):
                return False
        for look in sights.any_header:  # noqa: SIM110 - a loop costs a third of a generator
            if not look(name, value):
                return False
        return True

    def remember_start(self, start: StartResponseCalled) -> None:
        """Remember a first call without exc_info about which every rule has just been silent."""
        status, headers = start.status, start.headers
        if type(status) is not str or type(headers) is not list or not self.complete:
            return
        code = start.code()
        if code is None or code in self._sights.statuses:
            return
        pairs = start.pairs()
        if len(pairs) != len(headers):
            return
        if len(self._calls) >= _MOST or len(self._pairs) >= _MOST or len(self._statuses) >= _MOST:
            self._calls.clear()
            self._pairs.clear()
            self._statuses.clear()
        self._statuses.add(status)
        self._pairs.update(pairs)
        facts = self._look_at_pairs(status, pairs)
        if facts is not None and pairs:
            self._calls[tuple(itertools.chain((status,), pairs))] = facts

    # -- the end -----------------------------------------------------------------------------------

    def end_is_clean(self, exchange: Exchange, start: StartFacts | None, head: bool, exhausted: bool) -> bool:
        """Tell whether no rule would speak about the exchange as a whole.

        :param start: the facts of its only start_response call, ``None`` when that wasn't vouched for.
        :param head: whether the request was a HEAD.
        :param exhausted: whether the server has iterated to the end; also to ask what would be if it does.
        """
        if start is None or exchange.failed is not None or exchange.written:
            return False
        if not exchange.observed or exchange.empty_first:
            return False
        if not exchange.closed and exchange.has_close:
            return False
        size = exchange.yielded
        if size and (head or not start.typed):
            return False
        if not exhausted:
            return True
        if start.length is not None and start.length != size and not head:
            return False
        if exchange.length is not None and exchange.length != exchange.chunks:
            return False
        # Many tiny items are advised against, once.
        count = exchange.chunks
        return count < MANY_BLOCKS or self.once_told or size > MODEST_BODY or size >= count * TINY_BLOCK


_BARE = StartFacts(None, False)

#: Like no environ that comes: a place holder.
_NO_SHAPE = Shape(dict.fromkeys((*_ALWAYS, "no variable of this name")), [], sights_of(()))
