"""Grammars of HTTP field values and of the chunked coding, as plain functions of text.

Rules that judge field values share them. Nothing here raises, whatever the text, and everything runs in
time linear in its length: the text comes from strangers. Functions named ``..._error`` return ``None`` for
text that fits and else a clause of a sentence that says what doesn't.
"""

from __future__ import annotations

import datetime
import re

from ..display import show

#: A token, RFC 9110 section 5.6.2.
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

#: Control characters as the PEP's ban on them is read here: 0x00-0x1F and 0x7F, not 0x80-0x9F.
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

BEYOND_LATIN1 = re.compile(r"[^\x00-\xff]")

_DIGITS = re.compile(r"[0-9]+")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IMF_FIXDATE = re.compile(
    rf"({'|'.join(_DAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)


def is_token(text: str) -> bool:
    """Whether *text* is a token (RFC 9110 section 5.6.2), the form of field names."""
    return TOKEN.fullmatch(text) is not None


def is_sound(text: str) -> bool:
    """Whether *text* is free of control characters and fits ISO-8859-1, so that its grammar can be judged."""
    return CONTROL.search(text) is None and BEYOND_LATIN1.search(text) is None


def is_digits(text: str) -> bool:
    """Whether *text* is one or more ASCII digits: Content-Length, delta-seconds."""
    return _DIGITS.fullmatch(text) is not None


_SIGNED = re.compile(r"-?[0-9]+")
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def is_signed_number(text: str) -> bool:
    """Whether *text* is one or more ASCII digits, perhaps after a minus sign."""
    return _SIGNED.fullmatch(text) is not None


def is_entity_tag(text: str) -> bool:
    """Whether *text* is an entity-tag (RFC 9110 section 8.8.3)."""
    return _ENTITY_TAG.fullmatch(text) is not None


def is_imf_fixdate(text: str) -> bool:
    """Whether *text* is an IMF-fixdate (RFC 9110 section 5.6.7) that names a real day and its right weekday.

    The grammar is a subset of RFC 5322's, where section 3.3 demands that the weekday fit the date.
    """
    match = _IMF_FIXDATE.fullmatch(text)
    if match is None:
        return False
    weekday, day, month, year, hour, minute, second = match.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        return False
    try:
        date = datetime.date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:  # 31 Feb, or the year 0
        return False
    return _DAYS[date.weekday()] == weekday


_PARTS = re.compile(r"(?:([^:/?#]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IP_LITERAL = re.compile(r"\[(?:[0-9A-Fa-f:.]+|[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\](?::[0-9]*)?")
_NAME_CHARS = r"A-Za-z0-9\-._~!$&'()*+,;=%"
_NOT_IN_USERINFO = re.compile(rf"[^{_NAME_CHARS}:]")
_NOT_IN_HOST = re.compile(rf"[^{_NAME_CHARS}]")
_NOT_IN_PATH = re.compile(rf"[^{_NAME_CHARS}:@/]")
_NOT_IN_QUERY = re.compile(rf"[^{_NAME_CHARS}:@/?]")


def uri_reference_error(text: str) -> str | None:
    """Judge *text* as a URI-reference (RFC 3986 section 4.1): absolute or relative, empty included."""
    if _BAD_ESCAPE.search(text):
        return "a percent sign is not followed by two hexadecimal digits"
    match = _PARTS.fullmatch(text)
    if match is None:
        return "it does not split into the parts of a URI"
    scheme, authority, path, query, fragment = match.groups()
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        return f"{show(scheme, 40)} before the first colon is no scheme"
    if authority is not None:
        error = _authority_error(authority)
        if error is not None:
            return error
    for name, part, wrong in (
        ("path", path, _NOT_IN_PATH),
        ("query", query, _NOT_IN_QUERY),
        ("fragment", fragment, _NOT_IN_QUERY),
    ):
        found = wrong.search(part or "")
        if found is not None:
            return f"{show(found.group())} is not allowed in its {name}"
    return None


def _authority_error(authority: str) -> str | None:
    userinfo, _, host = authority.rpartition("@")
    found = _NOT_IN_USERINFO.search(userinfo)
    if found is not None:
        return f"{show(found.group())} is not allowed in its user information"
    if host.startswith("["):
        return None if _IP_LITERAL.fullmatch(host) else "its bracketed host is no IP literal"
    name, _, port = host.partition(":")
    found = _NOT_IN_HOST.search(name)
    if found is not None:
        return f"{show(found.group())} is not allowed in its host"
    return "its port is no number" if port and not is_digits(port) else None


_DIRECTIVE = re.compile(r'([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)(?:=([!#$%&\'*+\-.^_`|~0-9A-Za-z]+|"(?:[^"\\]|\\.)*"))?')
_COMMA = re.compile(r" *, *")

#: Response directives whose argument is delta-seconds, as a token: RFC 9111 section 5.2.2 and RFC 5861.
_SECONDS = frozenset({"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"})


def cache_control_error(text: str) -> str | None:
    """Judge *text* as a Cache-Control value (RFC 9111 section 5.2); an empty list is one."""
    position = 0
    while position < len(text):
        match = _DIRECTIVE.match(text, position)
        if match is None:
            return f"there is no directive at character {position + 1}"
        name, argument = match.groups()
        if name.lower() in _SECONDS and not (argument is not None and is_digits(argument)):
            return f"the argument of {show(name, 40)} is not a number of seconds"
        position = match.end()
        if position == len(text):
            return None
        comma = _COMMA.match(text, position)
        if comma is None:
            return f"there is no comma after the directive {show(name, 40)}"
        position = comma.end()
        if position == len(text):
            return "it ends in an empty element"
    return None


_NOT_COOKIE_OCTET = re.compile(r"[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]")
_JOINED = re.compile(r", +[!#$%&'*+\-.^_`|~0-9A-Za-z]+=")
_COOKIE_DATE_DELIMITERS = re.compile(r"[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")


def set_cookie_error(text: str) -> str | None:
    """Judge *text* as one set-cookie-string (RFC 6265 section 4.1.1).

    Attributes that the grammar doesn't name are its extension-av and pass whatever they hold. An Expires
    or Max-Age is held only to what user agents read (sections 5.1.1 and 5.2.2), because the grammar lets
    any other form through as an extension.
    """
    pair, *attributes = text.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        return "it has no name=value pair"
    if not is_token(name):
        return f"the cookie's name {show(name, 40)} is no token"
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    found = _NOT_COOKIE_OCTET.search(value)
    if found is not None:
        return f"{show(found.group())} is not allowed in the cookie's value"
    for attribute in attributes:
        error = _cookie_attribute_error(attribute)
        if error is not None:
            return error
    return None


def _cookie_attribute_error(attribute: str) -> str | None:
    if not attribute.startswith(" "):
        return "a semicolon is not followed by a space and an attribute"
    if not attribute.isascii():
        return f"the attribute {show(attribute[1:], 60)} is not ASCII"
    if _JOINED.search(attribute):
        return f"{show(attribute[1:], 60)} looks like a second cookie joined on with a comma"
    name, _, value = attribute[1:].partition("=")
    name, value = name.strip().lower(), value.strip()
    if name == "max-age" and not is_signed_number(value):
        return f"the Max-Age {show(value, 40)} is no number of seconds"
    if name == "expires" and not is_cookie_date(value):
        return f"the Expires {show(value, 40)} is no date that user agents read"
    return None


def is_cookie_date(text: str) -> bool:
    """Whether a user agent finds a time, a day, a month and a year in *text* (RFC 6265 section 5.1.1)."""
    time = day = month = year = False
    for token in _COOKIE_DATE_DELIMITERS.split(text):
        if not time and re.match(r"[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?![0-9])", token):
            time = True
        elif not day and re.match(r"[0-9]{1,2}(?![0-9])", token):
            day = True
        elif not month and token[:3].title() in _MONTHS:
            month = True
        elif not year and re.match(r"[0-9]{2,4}(?![0-9])", token):
            year = True
    return time and day and month and year


_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[^\r\n]*)?\r\n")
_TRAILERS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n]*\r\n)*\r\n")


def is_chunked(body: bytes) -> bool:
    """Whether all of *body* is one chunked body (RFC 9112 section 7.1) that holds at least one byte of data."""
    position, chunks = 0, 0
    while True:
        match = _CHUNK_SIZE.match(body, position)
        if match is None:
            return False
        size, position = int(match.group(1), 16), match.end()
        if size == 0:
            return chunks > 0 and _TRAILERS.fullmatch(body, position) is not None
        if body[position + size : position + size + 2] != b"\r\n":
            return False
        position, chunks = position + size + 2, chunks + 1


_CHALLENGE = re.compile(r"[ ,]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?: |,|$)")


def is_challenge(text: str) -> bool:
    """Whether *text* begins with an authentication scheme (RFC 9110 section 11.6.1)."""
    return _CHALLENGE.match(text) is not None


_CONTENT_RANGE = re.compile(r"[Bb][Yy][Tt][Ee][Ss] ([0-9]{1,100})-([0-9]{1,100})/(?:([0-9]{1,100})|\*)")
_OTHER_UNIT = re.compile(r"(?![Bb][Yy][Tt][Ee][Ss] )[!#$%&'*+\-.^_`|~0-9A-Za-z]+ .+")


def content_range_error(text: str, size: str | None) -> str | None:
    """Judge *text* as the Content-Range of a 206 (RFC 9110 section 14.4).

    :param size: number of bytes in the content as decimal digits, ``None`` when it is not to be compared.
    :returns: ``None`` for a right one, and for a range in a unit other than bytes, which only its definition
        can judge.
    """
    match = _CONTENT_RANGE.fullmatch(text)
    if match is None:
        return None if _OTHER_UNIT.fullmatch(text) else "it is not of the form 'bytes FIRST-LAST/TOTAL'"
    first, last = int(match.group(1)), int(match.group(2))
    if last < first:
        return "it ends before it begins"
    if match.group(3) is not None and last >= int(match.group(3)):
        return "it ends beyond the total length"
    if size is not None and str(last - first + 1) != size:
        return f"it covers {last - first + 1} bytes, the content has {show(size, 40)}"
    return None


# What surely keeps the rules on a header, for the fast path: see ``headers=`` and ``any_header=`` of a card.

_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")
_PLAIN_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]*")
_PLAIN_COOKIE = re.compile(
    r"[A-Za-z0-9_.-]+=[A-Za-z0-9_.|:/+=-]*"
    r"(?:; (?:Path=/[A-Za-z0-9_./-]*|HttpOnly|Secure|SameSite=(?:Lax|Strict|None)|Max-Age=[1-9][0-9]{0,9}))*"
)
_PLAIN_LENGTH = re.compile(r"[0-9]{1,18}")
_PLAIN_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


def is_plain_field(name: str, value: str) -> bool:
    """Whether no rule on names and values in general speaks of the header: letters, digits, hyphens; no control."""
    return _PLAIN_VALUE.fullmatch(value) is not None and _PLAIN_NAME.fullmatch(name) is not None


# Bound methods, because a function around them would cost as much as the match.

#: Whether a Set-Cookie is of the usual form: a plain pair, and attributes that need no second look.
is_plain_cookie = _PLAIN_COOKIE.fullmatch

#: Whether a Content-Length is a number of a size that int() takes.
is_plain_length = _PLAIN_LENGTH.fullmatch

#: Whether an ETag is quoted and in ASCII.
is_plain_entity_tag = _PLAIN_ENTITY_TAG.fullmatch
