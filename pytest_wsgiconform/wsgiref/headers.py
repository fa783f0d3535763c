"""Response headers as a mapping over the list of pairs that :pep:`3333` prescribes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload

__all__ = ["Headers"]

_CONTROLS = frozenset(map(chr, (*range(0x20), 0x7F)))
# RFC 9110 section 5.5 allows the horizontal tab inside field values.
_CONTROLS_BUT_TAB = _CONTROLS - {"\t"}
# RFC 8187 section 3.2.1, "attr-char": what an extended parameter value holds without percent-encoding.
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"


class _NotNativeString(AssertionError, TypeError):
    """A header name or value that is not exactly ``str``.

    Both kinds of exception, because it is a type error and yet ``wsgiref`` has always raised
    :exc:`AssertionError`.
    """


def _require_str(value: object, what: str) -> None:
    if type(value) is not str:
        raise _NotNativeString(f"Header names/values must be of type str: the {what} is {value!r}")


def check_name(name: str) -> None:
    """Raise :exc:`ValueError` for a header name with control or non-ISO-8859-1 characters, and an
    exception that is both :exc:`AssertionError` and :exc:`TypeError` for one that is not ``str``."""
    if type(name) is not str:
        _require_str(name, "name")
    # isprintable() is the quick answer for nearly every header; only what it doubts is looked at closely.
    if not (name.isascii() and name.isprintable()):
        _check_characters(name, "name", _CONTROLS)


def check_value(value: str) -> None:
    """As :func:`check_name`, for a header value, in which a horizontal tab is allowed."""
    if type(value) is not str:
        _require_str(value, "value")
    if not (value.isascii() and value.isprintable()):
        _check_characters(value, "value", _CONTROLS_BUT_TAB)


# Pairs found good before.  Applications make the same few over and over, and to find them here is faster than to
# check them; the bounds keep odd values (cookies, dates) from piling up.
_good_pairs: set[tuple[str, str]] = set()
_MOST_GOOD_PAIRS = 1024
_LONGEST_GOOD_VALUE = 128


def check_pairs(headers: list[tuple[str, str]]) -> None:
    """Raise what :func:`check_name` and :func:`check_value` raise for any of ``headers``."""
    for pair in headers:
        name, value = pair
        # Not left to the look-up alone: a str subclass is equal to, and hashes as, the string it holds.
        if type(name) is not str or type(value) is not str:
            check_name(name)
            check_value(value)
        elif type(pair) is not tuple or pair not in _good_pairs:
            text = name + value
            if not (text.isascii() and text.isprintable()):
                check_name(name)
                check_value(value)
            # Cookies are seldom the same twice, and may be secrets.
            if len(value) <= _LONGEST_GOOD_VALUE and name.lower() != "set-cookie" and type(pair) is tuple:
                if len(_good_pairs) >= _MOST_GOOD_PAIRS:
                    _good_pairs.clear()
                _good_pairs.add(pair)


def _check_characters(text: str, what: str, forbidden: frozenset[str]) -> None:
    if not forbidden.isdisjoint(text):
        raise ValueError(f"Control characters are not allowed in a header {what}: {text!r}")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(
            f"A header {what} holds only ISO-8859-1 characters (PEP 3333, Unicode Issues): {text!r}"
        ) from None


def _lowered(name: object) -> str:
    if not isinstance(name, str):
        raise _NotNativeString(f"Header names/values must be of type str: the name is {name!r}")
    return name.lower()


def _format_parameter(name: str, value: str | tuple[str, str | None, str] | None) -> str:
    if type(value) is str:
        if "\\" in value or '"' in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}="{value}"'
    if value is None:
        return name
    if isinstance(value, tuple):
        from urllib.parse import quote

        charset, language, text = value
        encoded = quote(text, safe=_ATTRIBUTE_CHARACTERS, encoding=charset, errors="strict")
        return f"{name}*={charset}'{language or ''}'{encoded}"
    raise _NotNativeString(f"Header names/values must be of type str: the parameter {name} is {value!r}")


def wrap_checked(headers: list[tuple[str, str]]) -> Headers:
    """Return a :class:`Headers` around pairs that have been checked, without checking them again."""
    wrapped = Headers.__new__(Headers)
    wrapped._headers = headers
    return wrapped


class Headers:
    """A mapping-like face of ``headers``, a list of ``(name, value)`` tuples, which is wrapped and not
    copied.

    ``None`` stands for a new, empty list.  Names are found without regard to case; order is kept, and what
    is set or added goes to the end.  Unlike a dictionary, reading a missing header gives ``None`` and
    deleting one does nothing; a name may occur more than once in :meth:`keys`, :meth:`values`,
    :meth:`items` and iteration.

    Raised by the constructor and by everything that sets or adds:

    * :exc:`TypeError` when ``headers`` is not exactly a list,
    * :exc:`ValueError` for control characters (0x00-0x1F and 0x7F; a tab may stand in a value) and for
    characters
      outside ISO-8859-1, in a name or a value,
    * an exception that is both :exc:`AssertionError` and :exc:`TypeError` for a name or value that is not
    ``str``.

    Two objects are equal when they hold the same values, in the same order, under the same names.
    """

    __slots__ = ("__dict__", "__weakref__", "_headers")
    __hash__ = None  # type: ignore[assignment]  # mutable, and compared by content

    def __init__(self, headers: list[tuple[str, str]] | None = None) -> None:
        if headers is None:
            headers = []
        elif type(headers) is not list:
            raise TypeError(f"Headers should be a list of (name, value) tuples, not {headers!r}")
        check_pairs(headers)
        self._headers = headers

    def __len__(self) -> int:
        """The number of header lines."""
        return len(self._headers)

    def __iter__(self) -> Iterator[str]:
        """The names, one for each header line."""
        return iter(self.keys())

    def __contains__(self, name: object) -> bool:
        """Whether there is a header ``name``; :exc:`TypeError` when it is not ``str``."""
        lowered = name.lower() if isinstance(name, str) else _lowered(name)
        length = len(lowered)
        for key, _ in self._headers:  # noqa: SIM110  # a generator would take twice the time
            if len(key) == length and key.lower() == lowered:
                return True
        return False

    def __getitem__(self, name: str) -> str | None:
        """The first value of ``name``, or ``None``."""
        lowered = name.lower() if isinstance(name, str) else _lowered(name)
        length = len(lowered)
        for key, value in self._headers:
            if len(key) == length and key.lower() == lowered:
                return value
        return None

    def __setitem__(self, name: str, value: str) -> None:
        """Take every ``name`` away and add one with ``value`` at the end."""
        # The checks of check_name() and check_value(), without the two calls when there is nothing to say.
        if not (
            type(name) is str is type(value)
            and name.isascii()
            and name.isprintable()
            and value.isascii()
            and value.isprintable()
        ):
            check_name(name)
            check_value(value)
        lowered = name.lower()
        length = len(lowered)
        headers = self._headers
        headers[:] = [
            *[pair for pair in headers if len(pair[0]) != length or pair[0].lower() != lowered],
            (name, value),
        ]

    def __delitem__(self, name: str) -> None:
        """Take every ``name`` away; none need be there."""
        lowered = name.lower() if isinstance(name, str) else _lowered(name)
        length = len(lowered)
        headers = self._headers
        kept = [pair for pair in headers if len(pair[0]) != length or pair[0].lower() != lowered]
        if len(kept) != len(headers):
            headers[:] = kept

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._by_name() == other._by_name()

    def _by_name(self) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for name, value in self._headers:
            values.setdefault(name.lower(), []).append(value)
        return values

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._headers!r})"

    def __str__(self) -> str:
        """The header section as text: lines ended by CR LF, then an empty line."""
        return "".join([f"{name}: {value}\r\n" for name, value in self._headers]) + "\r\n"

    def __bytes__(self) -> bytes:
        """The header section as it is sent (ISO-8859-1)."""
        return str(self).encode("iso-8859-1")

    @overload
    def get(self, name: str, default: str) -> str: ...

    @overload
    def get(self, name: str, default: str | None = None) -> str | None: ...

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of ``name``, or ``default``."""
        lowered = name.lower() if isinstance(name, str) else _lowered(name)
        length = len(lowered)
        for key, value in self._headers:
            # The lengths tell most names apart, and faster.
            if len(key) == length and key.lower() == lowered:
                return value
        return default

    def get_all(self, name: str) -> list[str]:
        """All values of ``name``, in order; an empty list when there is none."""
        lowered = name.lower() if isinstance(name, str) else _lowered(name)
        length = len(lowered)
        return [value for key, value in self._headers if len(key) == length and key.lower() == lowered]

    def keys(self) -> list[str]:
        """The names, in order, one for each header line."""
        return [name for name, _ in self._headers]

    def values(self) -> list[str]:
        """The values, in order, one for each header line."""
        return [value for _, value in self._headers]

    def items(self) -> list[tuple[str, str]]:
        """A copy of the wrapped list."""
        return self._headers[:]

    def setdefault(self, name: str, value: str) -> str:
        """The first value of ``name``; when there is none, add the header with ``value`` and return that."""
        found = self.get(name)
        if found is not None:
            return found
        check_name(name)
        check_value(value)
        self._headers.append((name, value))
        return value

    def add_header(self, _name: str, _value: str | None, **_params: str | tuple[str, str | None, str] | None) -> None:
        """Add a header line, leaving others of that name; keyword arguments become MIME parameters.

        ``_value`` of ``None`` gives a header of parameters alone.  Underscores in parameter names turn into
        dashes. A parameter is ``name="text"`` for a string (quoted as RFC 9110 section 5.6.4 asks, the
        empty one too), the bare name for ``None``, and for a tuple ``(charset, language, text)``, whose
        language may be ``None``, the extended form of RFC 8187, which carries any text::

            headers.add_header("Content-Disposition", "attachment", filename=("utf-8", None,
            "na\\u00efve.txt"))
        """
        if _value is not None and type(_value) is not str:
            _require_str(_value, "value")
        parts = [] if _value is None else [_value]
        for keyword, value in _params.items():
            name = keyword.replace("_", "-")
            if type(value) is str and '"' not in value and "\\" not in value:
                parts.append(f'{name}="{value}"')
            else:
                parts.append(_format_parameter(name, value))
        line = "; ".join(parts)
        check_name(_name)
        check_value(line)
        self._headers.append((_name, line))
