"""Reading an environ whose keys and values may be any object, hostile ones included.

Shared by the three files of environ rules; it also holds the names that those rules know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..display import clean, shorten
from ..model import Fault
from ..records.exchange import MISSING, AppCalled

#: The keys with a dot that PEP 3333 defines ("environ Variables", "Optional Platform-Specific File Handling").
STANDARD_KEYS = frozenset(
    {
        "wsgi.version",
        "wsgi.url_scheme",
        "wsgi.input",
        "wsgi.errors",
        "wsgi.multithread",
        "wsgi.multiprocess",
        "wsgi.run_once",
        "wsgi.file_wrapper",
    }
)

#: Keys of the ``wsgi.`` namespace that the PEP doesn't define, but whose meaning is published and agreed on by
#: more than the server that sets them.
EXTENSION_KEYS = frozenset(
    {
        "wsgi.input_terminated",
        "wsgi.early_hints",
        "wsgi.websocket",
        "wsgi.websocket_version",
        "wsgi.handleErrors",
    }
)

#: Most faults that one event reports for one rule; an environ of 10,000 bad keys is one story, not 10,000.
MOST_FAULTS = 20


def readable(event: AppCalled) -> dict[Any, Any] | None:
    """Return the environ's variables, or ``None`` when the app was given nothing that could be read.

    An environ that is no mapping breaks the rule on its type; that its variables are missing is no further fault.
    """
    if not event.variables and type(event.environ) is not dict:
        return None
    return event.variables


def lookup(variables: dict[Any, Any], name: str) -> Any:
    """Return the variable *name*, or :data:`MISSING`."""
    try:
        return variables.get(name, MISSING)
    except Exception:  # a key object of the same hash, whose __eq__ raises: look for the plain name beside it
        return next((value for key, value in variables.items() if type(key) is str and key == name), MISSING)


def text(variables: dict[Any, Any], name: str) -> str | None:
    """Return the variable *name* when it is a proper native string, else ``None``.

    Missing variables, other types, and text outside Latin-1 have rules of their own; the rules on the form of a
    value have nothing to say about them.
    """
    value = lookup(variables, name)
    return value if type(value) is str and is_latin1(value) else None


def is_latin1(value: str) -> bool:
    """Tell whether every code point is at most U+00FF."""
    if value.isascii():
        return True
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def named(variables: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Iterate over the variables whose key is a string, the key as an exact ``str``."""
    for key, value in variables.items():
        if type(key) is str:
            yield key, value
        elif issubclass(type(key), str):
            yield str.__str__(key), value


def is_cgi_name(name: str) -> bool:
    """Tell whether *name* is a CGI variable's: a request header's, or capital letters without a dot.

    The PEP gives server-defined variables lower-case names, so a name like ``headers_raw`` is none of CGI's.
    """
    return name.startswith("HTTP_") or ("." not in name and name.isupper())


def entry(name: str) -> str:
    """Return ``environ['NAME']`` as safe, short text."""
    return f"environ['{shorten(clean(name), 80)}']"


def variable_fault(name: str, message: str, got: str, expected: str) -> Fault:
    """Return a fault of the variable *name*, whose name it carries."""
    return Fault(message, got, expected, variable=shorten(clean(name), 80))


def limited(faults: list[Fault]) -> tuple[Fault, ...]:
    """Return the first :data:`MOST_FAULTS` faults, the last of them saying how many more there are."""
    if len(faults) <= MOST_FAULTS:
        return tuple(faults)
    rest = len(faults) - MOST_FAULTS + 1
    return (*faults[: MOST_FAULTS - 1], Fault(f"{rest} more variables of this environ have the same fault"))


# What surely keeps the rules on a variable, for the fast path: see ``environ=`` of a card.


def is_there(value: object) -> bool:
    """Whether a stream is there at all."""
    return value is not None


def begins_with_slash(value: object) -> bool:
    """Whether a path is an ordinary one."""
    return type(value) is str and value[:1] == "/"


def is_length_or_empty(value: object) -> bool:
    """Whether CONTENT_LENGTH is a number or says nothing."""
    return type(value) is str and (not value or (value.isascii() and value.isdigit()))


def is_latin1_text(value: object) -> bool:
    """Whether a variable is a native string as PEP 3333 wants it ("Unicode Issues")."""
    return type(value) is str and (value.isascii() or max(value) <= "\xff")
