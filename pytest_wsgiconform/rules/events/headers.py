"""The form of the header list: a list of pairs of native strings that are safe to send."""

from __future__ import annotations

import re
from typing import Any

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, Exchange, StartResponseCalled
from ..registry import event_rule
from .field_grammar import BEYOND_LATIN1, is_plain_field, is_token
from .header_faults import HeaderFault, about_name, about_value, entries, in_one, names

SECTION = "headers"


@event_rule(
    id="headers-builtin-list",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-list",),
    on=StartResponseCalled,
    headers=(),
    hint="Pass the headers as a plain list of tuples, for example list(headers.items()).",
    since="0.1",
)
def headers_builtin_list(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The headers are given as a list, exactly of the built-in type.

    Servers may change the list in place and rely on its methods; the PEP asks for the very type, no subclass and no
    other sequence (PEP 3333, "The start_response() Callable").
    """
    if event.headers is MISSING:
        return None
    if type(event.headers) is list:
        return HELD
    return fault(
        f"start_response got headers of type {type_name(event.headers)}", got=show(event.headers), expected="list"
    )


@headers_builtin_list.bad
def _(environ, start_response):
    start_response("200 OK", {"Content-Type": "text/plain"}.items())
    return [b"hello"]


@headers_builtin_list.good
def _(environ, start_response):
    start_response("200 OK", list({"Content-Type": "text/plain"}.items()))
    return [b"hello"]


@event_rule(
    id="header-entries-are-pairs",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-tuples",),
    on=StartResponseCalled,
    headers=(),
    hint="Make every header a tuple (name, value).",
    since="0.1",
)
def header_entries_are_pairs(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Each header is a tuple of a name and a value.

    The list holds ``(header_name, header_value)`` tuples (PEP 3333, "The start_response() Callable"). Lists of two and
    strings of two characters happen to unpack in some servers and break those that build on the type.
    """
    if type(event.headers) is not list:
        return None
    faults = []
    for number, entry in enumerate(event.headers, 1):
        if type(entry) is not tuple:
            kind = "only a subclass of tuple" if issubclass(type(entry), tuple) else "not a tuple"
            message = f"header {number} is a {type_name(entry)}, {kind}"
            faults.append(HeaderFault(show(entry, 60), message, show(entry)))
        elif len(entry) != 2:
            faults.append(HeaderFault(show(entry, 60), f"header {number} is a tuple of {len(entry)}", show(entry)))
    return in_one(faults, judged=event.headers, expected="a tuple (name, value)")


@header_entries_are_pairs.bad
def _(environ, start_response):
    start_response("200 OK", [["Content-Type", "text/plain"]])
    return [b"hello"]


@event_rule(
    id="header-name-native-string",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-name-str",),
    on=StartResponseCalled,
    headers=(),
    hint="Pass header names as str.",
    since="0.1",
)
def header_name_native_string(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Header names are native strings.

    Names are compared and sent as str (PEP 3333, "Unicode Issues"); a name in bytes equals none of the names that a
    server looks for, so it adds its own Content-Length or Date next to yours.
    """
    given = entries(event)
    faults = [about_name(name, f"is of type {type_name(name)}") for name, _ in given if type(name) is not str]
    return in_one(faults, judged=given, expected="str")


@header_name_native_string.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), (b"X-Colour", "blue")])
    return [b"hello"]


@event_rule(
    id="header-value-native-string",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-value-str",),
    on=StartResponseCalled,
    headers=(),
    hint="Pass header values as str, for example str(len(body)).",
    since="0.1",
)
def header_value_native_string(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Header values are native strings.

    A number, bytes or None as a value (PEP 3333, "Unicode Issues") works on servers that format it with str() and fails
    on those that encode it, or reaches the client as the text ``b'...'``.
    """
    given = entries(event)
    faults = [about_value(n, value, f"is of type {type_name(value)}") for n, value in given if type(value) is not str]
    return in_one(faults, judged=given, expected="str")


@header_value_native_string.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", 5)])
    return [b"hello"]


@header_value_native_string.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@event_rule(
    id="header-name-latin1",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-name-latin1",),
    on=StartResponseCalled,
    headers=(),
    any_header=is_plain_field,
    hint="Use ASCII letters, digits and hyphens in header names.",
    since="0.1",
)
def header_name_latin1(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Every character of a header name fits ISO-8859-1.

    Strings at this boundary stand for bytes (PEP 3333, "Unicode Issues"); a character beyond U+00FF has none, and the
    server fails when it sends the headers. Often it is a hyphen that a word processor made "beautiful".
    """
    given = names(event)
    faults = [about_name(name, "goes beyond ISO-8859-1") for name in given if BEYOND_LATIN1.search(name)]
    return in_one(faults, judged=given, expected="ASCII letters, digits and hyphens")


@header_name_latin1.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X\N{NON-BREAKING HYPHEN}Colour", "blue")])
    return [b"hello"]


@event_rule(
    id="header-value-latin1",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-value-latin1",),
    on=StartResponseCalled,
    headers=(),
    any_header=is_plain_field,
    hint="Encode other text first: percent-encoding in URLs, RFC 8187 (filename*=) in parameters.",
    since="0.1",
)
def header_value_latin1(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Every character of a header value fits ISO-8859-1.

    Strings at this boundary stand for bytes (PEP 3333, "Unicode Issues"). A file name in Chinese has no bytes until it
    is encoded, and the server fails when it sends the headers, far from the line that set it.
    """
    given = _with_text(event)
    faults = [about_value(n, value, "goes beyond ISO-8859-1") for n, value in given if BEYOND_LATIN1.search(value)]
    return in_one(faults, judged=given, expected="characters up to U+00FF")


def _with_text(event: StartResponseCalled) -> list[tuple[Any, str]]:
    """Return the headers whose value is exactly a str."""
    return [(name, value) for name, value in entries(event) if type(value) is str]


@header_value_latin1.bad
def _(environ, start_response):
    disposition = 'attachment; filename="报告.txt"'
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Disposition", disposition)])
    return [b"hello"]


@header_value_latin1.good
def _(environ, start_response):
    disposition = "attachment; filename*=UTF-8''%E6%8A%A5%E5%91%8A.txt"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Disposition", disposition)])
    return [b"hello"]


@event_rule(
    id="header-name-token",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-name-token",),
    on=StartResponseCalled,
    headers=(),
    any_header=is_plain_field,
    hint="Use ASCII letters, digits and hyphens in header names.",
    since="0.1",
)
def header_name_token(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Header names are valid HTTP field names.

    A field name is a token (RFC 9110 section 5.1): not empty, and without spaces, separators and control characters.
    Anything else breaks the line for its recipients (PEP 3333, "The start_response() Callable").
    """
    given = [name for name in names(event) if not BEYOND_LATIN1.search(name)]
    faults = [
        about_name(name, "is not a valid field name")
        for name in given
        # A colon has its own rule; what is wrong besides it is found here.
        if not is_token(name.replace(":", "") or name.replace(":", "x"))
    ]
    return in_one(faults, judged=given, expected="an HTTP token, for example X-Colour")


@header_name_token.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X Colour", "blue")])
    return [b"hello"]


@event_rule(
    id="header-name-no-colon",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-name-no-colon",),
    on=StartResponseCalled,
    headers=(),
    any_header=is_plain_field,
    hint="Leave the colon to the server.",
    since="0.1",
)
def header_name_no_colon(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Header names hold no colon.

    The server writes the colon that ends the name (PEP 3333, "The start_response() Callable"); one in the name moves
    text from the name into the value.
    """
    given = names(event)
    faults = [about_name(name, "holds a colon") for name in given if ":" in name]
    return in_one(faults, judged=given, expected="the name alone")


@header_name_no_colon.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type:", "text/plain")])
    return [b"hello"]


@header_entries_are_pairs.good
@header_name_no_colon.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="header-name-no-trailing-punctuation",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("header-name-no-punctuation",),
    on=StartResponseCalled,
    headers=(),
    any_header=is_plain_field,
    hint="End header names with a letter or a digit.",
    since="0.1",
)
def header_name_no_trailing_punctuation(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Header names end with a letter or a digit.

    The PEP wants no punctuation at the end (PEP 3333, "The start_response() Callable"), HTTP allows some there,
    ``X-Empty-`` for example. Nothing breaks on the wire, so this is a warning; mostly it is a slip.
    """
    given = [name for name in names(event) if is_token(name)]
    faults = [about_name(name, "ends in punctuation") for name in given if not name[-1].isalnum()]
    return in_one(faults, judged=given, expected="a letter or a digit at the end")


@header_name_no_trailing_punctuation.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Colour-", "blue")])
    return [b"hello"]


@event_rule(
    id="header-value-no-crlf",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-value-no-crlf",),
    on=StartResponseCalled,
    headers=(),
    any_header=is_plain_field,
    hint="Reject or encode line breaks before text gets into a header; never send a request's text unchecked.",
    since="0.1",
)
def header_value_no_crlf(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Header values hold no carriage return and no line feed, not even at the end.

    A line break in a value lets an attacker who controls the text add headers or a whole body: response splitting.
    Folded lines are banned as well (PEP 3333, "The start_response() Callable").
    """
    given = _with_text(event)
    faults = [about_value(n, value, "holds a line break") for n, value in given if "\r" in value or "\n" in value]
    return in_one(faults, judged=given, expected="no CR and no LF")


@header_value_no_crlf.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Colour", "blue\r\nX-Injected: yes")])
    return [b"hello"]


@header_name_native_string.good
@header_name_latin1.good
@header_name_token.good
@header_name_no_trailing_punctuation.good
@header_value_no_crlf.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Colour", "blue")])
    return [b"hello"]


#: A control character other than a line break and the white space with which a folded line goes on.
_OTHER_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<![\r\n])\t")


@event_rule(
    id="header-value-no-control",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("header-value-no-control",),
    on=StartResponseCalled,
    headers=(),
    any_header=is_plain_field,
    hint="Remove control characters from header values; a tab can be a space.",
    since="0.1",
)
def header_value_no_control(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Header values hold no control character of any kind.

    The PEP bans them so that servers need not look for them (PEP 3333, "The start_response() Callable"), tab included
    although HTTP allows it. NUL and its like make proxies drop the response. Line breaks have a rule of their own.
    """
    given = _with_text(event)
    faults = [
        about_value(name, value, f"holds the control character {show(found.group())}")
        for name, value in given
        if (found := _OTHER_CONTROL.search(value)) is not None
    ]
    return in_one(faults, judged=given, expected="no character below 0x20 and no 0x7F")


@header_value_no_control.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Colour", "light\tblue")])
    return [b"hello"]


@header_value_no_control.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Colour", "light blue")])
    return [b"hello"]
