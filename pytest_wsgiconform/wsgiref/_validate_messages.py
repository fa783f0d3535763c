"""What the documented validator says of a fault, where existing tests match on the words of the standard library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..rules.display import show
from ..rules.model import Fault
from ..rules.records.exchange import AppCalled, ChunkYielded, Event, StartResponseCalled

__all__ = ["known_message"]


def known_message(rule: str, fault: Fault, event: Event) -> str | None:
    """Return the message for a fault that the rule of this id has found; ``None`` where any words will do.

    It may be empty, and is then that of an exception without arguments.
    """
    exact = _EXACT.get(rule)
    if exact is not None:
        return exact(event)
    like = _LIKE.get(rule)
    text = like(event, fault) if like is not None else None
    return None if text is None else f"{text} [{rule}]"


# ---- exactly those words


def _headers_type(event: Any) -> str:
    return f"Headers ({show(event.headers, 1000)}) must be of type list: {type(event.headers)!r}"


def _entry_type(event: StartResponseCalled) -> str | None:
    for item in event.headers:
        if type(item) is not tuple:
            return f"Individual headers ({show(item)}) must be of type tuple: {type(item)!r}"
    return None


def _text_type(title: str, index: int) -> Callable[[Any], str | None]:
    def message(event: StartResponseCalled) -> str | None:
        for item in event.headers:
            if type(item) is tuple and len(item) == 2 and type(item[index]) is not str:
                return f"{title} must be of type str (got {show(item[index])})"
        return None

    return message


def _status_type(event: StartResponseCalled) -> str:
    return f"Status must be of type str (got {show(event.status)})"


def _item_type(event: ChunkYielded) -> str:
    return f"Iterator yielded non-bytestring ({show(event.data)})"


def _environ_type(event: AppCalled) -> str:
    return f"Environment is not of the right type: {type(event.environ)!r} (environment: {show(event.environ)})"


def _missing(key: str) -> Callable[[Any], str]:
    return lambda event: f"Environment missing required key: {key!r}"


def _fixed(text: str) -> Callable[[Any], str]:
    return lambda event: text


_EXACT: dict[str, Callable[[Any], str | None]] = {
    "app-called-positionally": lambda event: (
        "No keyword arguments allowed" if event.kwargs else "Two arguments required"
    ),
    "environ-builtin-dict": _environ_type,
    "environ-has-request-method": _missing("REQUEST_METHOD"),
    "environ-has-server-name": _missing("SERVER_NAME"),
    "environ-has-server-port": _missing("SERVER_PORT"),
    "environ-has-wsgi-version": _missing("wsgi.version"),
    "environ-has-input": _missing("wsgi.input"),
    "environ-has-errors": _missing("wsgi.errors"),
    "environ-has-multithread": _missing("wsgi.multithread"),
    "environ-has-multiprocess": _missing("wsgi.multiprocess"),
    "environ-has-run-once": _missing("wsgi.run_once"),
    "start-response-two-or-three-arguments": lambda event: f"Invalid number of arguments: {show(event.args)}",
    "start-response-arguments-positional": _fixed("No keyword arguments allowed"),
    "start-response-before-body": _fixed(
        "The application returns and we started iterating over its body, but start_response has not yet been called"
    ),
    "status-native-string": _status_type,
    "headers-builtin-list": _headers_type,
    "header-entries-are-pairs": _entry_type,
    "header-name-native-string": _text_type("Header name", 0),
    "header-value-native-string": _text_type("Header value", 1),
    "body-native-bytes": _item_type,
    "close-comes-last": _fixed("Iterator read after closed"),
    "input-read-with-size": _fixed(""),  # existing tests expect the exception to say nothing here
    "input-not-closed": _fixed("input.close() must not be called"),
    "errors-not-closed": _fixed("errors.close() must not be called"),
}

# ---- those words, with the rule's id behind them


def _status_code(event: StartResponseCalled, fault: Fault) -> str | None:
    code = event.status.split(None, 1)[0] if event.status.strip() else ""
    return f"Status codes must be three characters: {show(code)}" if len(code) != 3 else None


def _header_name(event: StartResponseCalled, fault: Fault) -> str | None:
    names = [item[0] for item in event.headers if type(item) is tuple and item and type(item[0]) is str]
    for name in names:
        if ":" in name or "\n" in name:
            return f"Header names may not contain ':' or '\\n': {show(name)}"
    bad = [name for name in names if not name or not name.replace("-", "").isalnum()]
    return f"Bad header name: {show(bad[0])}" if bad else None


def _header_value(event: StartResponseCalled, fault: Fault) -> str | None:
    for item in event.headers:
        if type(item) is tuple and len(item) == 2 and type(item[1]) is str:
            for character in item[1]:
                if character < " " or character == "\x7f":
                    return f"Bad header value: {show(item[1])} (bad char: {show(character)})"
    return None


def _exc_info(event: StartResponseCalled, fault: Fault) -> str | None:
    if type(event.exc_info) is tuple:
        return None
    return f"exc_info ({show(event.exc_info)}) is not a tuple: {type(event.exc_info)!r}"


def _no_iterator(event: Any, fault: Fault) -> str | None:
    if event.result is None or event.result is False:
        return "The application must return an iterator, if only an empty list"
    return None


def _unprefixed(event: AppCalled, fault: Fault) -> str | None:
    for key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
        if key in event.variables:
            return f"Environment should not have the key: {key} (use {key[5:]} instead)"
    return None


def _not_a_string(event: AppCalled, fault: Fault) -> str | None:
    key = fault.variable
    value = event.variables.get(key)
    return f"Environmental variable {key} is not a string: {type(value)!r} (value: {show(value)})"


def _version(event: AppCalled, fault: Fault) -> str | None:
    version = event.variables.get("wsgi.version")
    return f"wsgi.version should be a tuple ({show(version)})" if type(version) is not tuple else None


def _of_variable(text: str, key: str) -> Callable[[Any, Fault], str | None]:
    return lambda event, fault: text.format(show(event.variables.get(key)))


def _always(text: str) -> Callable[[Any, Fault], str | None]:
    return lambda event, fault: text


_LIKE: dict[str, Callable[[Any, Fault], str | None]] = {
    "status-code-three-digits": _status_code,
    "status-single-space": _status_code,
    "status-code-at-least-100": lambda event, fault: f"Status code is invalid: {int(event.status[:3])}",
    "header-name-no-colon": _header_name,
    "header-name-token": _header_name,
    "header-value-no-crlf": _header_value,
    "header-value-no-control": _header_value,
    "exc-info-is-triple": _exc_info,
    "returns-no-bare-string": _always(
        "You should not return a string as your application iterator, "
        "instead return a single-item list containing a bytestring."
    ),
    "returns-iterable": _no_iterator,
    "environ-content-headers-unprefixed": _unprefixed,
    "environ-cgi-native-strings": _not_a_string,
    "environ-wsgi-version-is-1-0": _version,
    "environ-script-name-leading-slash": _of_variable("SCRIPT_NAME doesn't start with /: {}", "SCRIPT_NAME"),
    "environ-path-info-leading-slash": _of_variable("PATH_INFO doesn't start with /: {}", "PATH_INFO"),
    "environ-content-length-digits": _of_variable("Invalid CONTENT_LENGTH: {}", "CONTENT_LENGTH"),
    "environ-path-present": _always("One of SCRIPT_NAME or PATH_INFO are required"),
    "environ-script-name-not-lone-slash": _always("SCRIPT_NAME cannot be '/'; it should instead be ''"),
}
