"""Vouching for clean events at a small cost.

Each test answers "surely no rule would speak" or "perhaps". It may say "perhaps" too often (that only
costs time), never "surely" wrongly: ``tests/observe/test_fastpath.py`` compares it with the rules themselves.

What makes it fast is memory: of the shapes of environ, the statuses and the header pairs that the rules have
been silent about before. What makes it right is that each memory's key holds everything that the rules look at;
the comments beside the keys say why that is so.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Iterable
from typing import Any

from ..rules.events.body import MANY_BLOCKS, MODEST_BODY, TINY_BLOCK
from ..rules.events.environ_lookup import is_cgi_name
from ..rules.model import Rule
from ..rules.records.exchange import Exchange, StartResponseCalled

#: Most entries of each memory. Beyond it the memory is emptied: hostile variety must not fill the machine.
_MOST = 1024

_ONLY_STR = {str}

#: What every complete environ has. A memory of incomplete ones is not needed.
_ALWAYS = ("REQUEST_METHOD", "PATH_INFO", "wsgi.url_scheme", "wsgi.version", "wsgi.input", "wsgi.errors")

#: Text variables whose value rules look at, beyond "a native string in Latin-1". PATH_INFO and CONTENT_LENGTH vary
#: from request to request, and have tests of their own below.
_FACTS = (
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "REMOTE_USER",
    "AUTH_TYPE",
    "wsgi.url_scheme",
)
#: The variables of the request that are put into the record of an exchange.
REQUEST = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_LENGTH")

_PLAIN_SERVER_KEY = re.compile(r"[a-z0-9_]+\.[a-z0-9_.]+")

#: Statuses whose rules look at nothing but the status itself.
_ORDINARY = frozenset({200, 202, 203, 400, 403, 404, 409, 410, 413, 415, 422, 429, 500, 501, 502, 503})

#: A header that no rule but those on names and values in general looks at...
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")
_PLAIN_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]*")
#: ...and those that rules do look at by name: hop-by-hop, singletons, and those with a grammar that is judged.
_LOOKED_AT = frozenset(
    {
        "age",
        "allow",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "from",
        "host",
        "keep-alive",
        "last-modified",
        "location",
        "max-forwards",
        "origin",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "referer",
        "retry-after",
        "server",
        "set-cookie",
        "status",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "www-authenticate",
    }
)
_CONTENT_LENGTH = re.compile(r"[0-9]{1,18}")
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
_COOKIE = re.compile(
    r"[A-Za-z0-9_.-]+=[A-Za-z0-9_.|:/+=-]*"
    r"(?:; (?:Path=/[A-Za-z0-9_./-]*|HttpOnly|Secure|SameSite=(?:Lax|Strict|None)|Max-Age=[1-9][0-9]{0,9}))*"
)
#: Headers whose values change from response to response: forms that are surely right.
_SURE_FORMS = {"content-length": _CONTENT_LENGTH, "etag": _ENTITY_TAG, "set-cookie": _COOKIE}


class Shape:
    """Which keys an environ has, and how to get at their values in one go.

    :ivar size: how many keys. :ivar values_of: returns the values in an order of our own: the facts (REQUEST_METHOD
        first), the other texts (PATH_INFO first), ``wsgi.version``, ``wsgi.input``, ``wsgi.errors``, the rest.
    :ivar facts, texts: how many of the values are facts, and how many are texts, facts included.
    :ivar rare: the keys that are there of those that have a test of their own.
    :ivar request_of: returns those of :data:`REQUEST`; called with the values and, for what is absent, one more.
    """

    __slots__ = ("facts", "rare", "request_of", "size", "texts", "values_of")

    def __init__(self, environ: dict[str, Any], texts: list[str]) -> None:
        facts = [key for key in _FACTS if key in environ]
        others = [key for key in texts if key not in facts and key != "PATH_INFO"]
        order = [*facts, "PATH_INFO", *others, "wsgi.version", "wsgi.input", "wsgi.errors"]
        order += [key for key in environ if key not in order]
        self.size, self.facts, self.texts = len(order), len(facts), len(facts) + 1 + len(others)
        self.values_of = operator.itemgetter(*order)
        self.rare = frozenset(key for key in ("CONTENT_LENGTH", "wsgi.file_wrapper") if key in environ)
        self.request_of = operator.itemgetter(*(order.index(key) if key in environ else len(order) for key in REQUEST))


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
    """

    __slots__ = (
        "_calls",
        "_facts",
        "_last_facts",
        "_last_shape",
        "_pairs",
        "_shapes",
        "_statuses",
        "_version",
        "tiny_items_told",
    )

    def __init__(self, rules: Iterable[Rule]) -> None:
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
        self.tiny_items_told = False

    # -- environ -----------------------------------------------------------------------------------

    def environ_is_clean(self, environ: dict[Any, Any]) -> tuple[Shape, tuple[Any, ...]] | None:
        """Return *environ*'s shape and values when no rule would speak about it, else ``None``.

        Sound because rules on environ look at nothing but: which keys there are (the shape), whether text values
        are exact str (types) in Latin-1 (join), the values of the facts, the first character of PATH_INFO, the
        digits of CONTENT_LENGTH, whether the streams are None, and whether wsgi.file_wrapper can be called.

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
        if shape.rare and not self._rare_is_clean(environ, shape.rare):
            return None
        return shape, values

    def _rare_is_clean(self, environ: dict[Any, Any], rare: frozenset[str]) -> bool:
        if "CONTENT_LENGTH" in rare:
            length = environ["CONTENT_LENGTH"]
            if length and not (length.isascii() and length.isdigit()):
                return False
        return "wsgi.file_wrapper" not in rare or callable(environ["wsgi.file_wrapper"])

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
        if not all(key in environ for key in _ALWAYS):
            return
        shape = Shape(environ, texts)
        if len(self._shapes) >= _MOST or len(self._facts) >= _MOST:
            self._shapes.clear()
            self._facts.clear()
        facts = shape.values_of(environ)[: shape.facts]
        if set(map(type, facts)) != _ONLY_STR:  # which rules on a variable's form may let pass: not for the memory
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
        length, typed, names = None, False, set()
        for pair in headers:
            name, value = pair[0].lower(), pair[1]
            if pair not in self._pairs and not _surely_good(pair[0], name, value):
                return None
            if name == "content-length":
                length = int(value) if _CONTENT_LENGTH.fullmatch(value) else -1
            elif name == "content-type":
                typed = True
            elif name == "set-cookie":
                continue
            names.add(name)
        if len(names) != len(headers) - sum(1 for pair in headers if pair[0].lower() == "set-cookie") or length == -1:
            return None
        return StartFacts(length, typed)

    def remember_start(self, start: StartResponseCalled) -> None:
        """Remember a first call without exc_info about which every rule has just been silent."""
        status, headers = start.status, start.headers
        if type(status) is not str or type(headers) is not list or start.code() not in _ORDINARY:
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
        return count < MANY_BLOCKS or self.tiny_items_told or size > MODEST_BODY or size >= count * TINY_BLOCK


_BARE = StartFacts(None, False)

#: Like no environ that comes: a place holder.
_NO_SHAPE = Shape(dict.fromkeys((*_ALWAYS, "no variable of this name")), [])


def _surely_good(name: str, lowered: str, value: str) -> bool:
    """Tell whether a pair is good for certain, though it was never seen before."""
    form = _SURE_FORMS.get(lowered)
    if form is None:
        if lowered in _LOOKED_AT:
            return False
        form = _PLAIN_VALUE
    return form.fullmatch(value) is not None and _PLAIN_NAME.fullmatch(name) is not None
