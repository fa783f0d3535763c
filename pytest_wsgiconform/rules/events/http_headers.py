"""The grammar of single header fields that an app sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ..display import show
from ..model import Blame, Level, Outcome, fault
from ..records.exchange import Exchange, StartResponseCalled
from ..registry import event_rule
from .field_grammar import (
    cache_control_error,
    is_digits,
    is_entity_tag,
    is_imf_fixdate,
    is_plain_cookie,
    is_plain_entity_tag,
    is_plain_length,
    is_signed_number,
    set_cookie_error,
    uri_reference_error,
)
from .header_faults import HeaderFault, field_values, in_one, names

SECTION = "http"

#: Fields of responses that are no lists, so that a second one has no meaning: RFC 9110 and 9111, and
#: RFC 6266 (Content-Disposition), RFC 6797 (Strict-Transport-Security) and Fetch (Access-Control-...).
#: Content-Length is one too, and is judged by content-length-one-number.
SINGLETONS = frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-origin",
        "access-control-max-age",
        "age",
        "content-disposition",
        "content-location",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "location",
        "retry-after",
        "server",
        "strict-transport-security",
    }
)


def _each_value(event: StartResponseCalled, name: str, error: Callable[[str], str | None], expected: str) -> Outcome:
    """Judge every sound value of the header *name* by *error*, which says what is wrong with it."""
    values = field_values(event, name.lower())
    faults = [
        HeaderFault(name, f"the {name} {show(value, 80)} is malformed: {wrong}", show(value))
        for value in values
        if (wrong := error(value)) is not None
    ]
    return in_one(faults, judged=values, expected=expected)


@event_rule(
    id="singleton-header-once",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-repeat-header",),
    on=StartResponseCalled,
    headers=(),
    hint="Replace the header instead of adding another.",
    since="0.1",
)
def singleton_header_once(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """A header that is not a list is sent once.

    Recipients may join repeated fields with commas or pick one of them (RFC 9110 section 5.3); for a field that isn't a
    list each picks another, and caches and browsers disagree about the response.
    """
    counts = Counter(name.lower() for name in names(event) if name.lower() in SINGLETONS)
    faults = []
    for name, count in counts.items():
        if count > 1:
            values = [value for given, value in event.pairs() if given.lower() == name]
            faults.append(HeaderFault(name, f"the header {name} was sent {count} times", show(values)))
    return in_one(faults, judged=counts, expected="one of each")


@singleton_header_once.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Type", "text/html")])
    return [b"hello"]


@singleton_header_once.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [b"hello"]


@event_rule(
    id="content-length-one-number",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-length-syntax",),
    on=StartResponseCalled,
    headers={"content-length": is_plain_length},
    hint="Send one Content-Length of decimal digits, or none and let the server see to it.",
    since="0.1",
)
def content_length_one_number(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Content-Length is one header of decimal digits.

    The client learns from it where the response ends (RFC 9110 section 8.6). Two of them, a sign or a fraction are read
    differently by different recipients, which is what request and response smuggling live on.
    """
    count = sum(name.lower() == "content-length" for name in names(event))
    if count > 1:
        values = [value for name, value in event.pairs() if name.lower() == "content-length"]
        return fault(f"Content-Length was sent {count} times", got=show(values), expected="one Content-Length")
    return _each_value(
        event,
        "Content-Length",
        lambda value: None if is_digits(value) else "it is not a number of decimal digits",
        "decimal digits",
    )


@content_length_one_number.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5.0")])
    return [b"hello"]


@content_length_one_number.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@event_rule(
    id="date-fields-imf-fixdate",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-date-fields",),
    on=StartResponseCalled,
    headers=("date", "last-modified", "expires", "retry-after"),
    hint="Format dates with email.utils.format_datetime(when, usegmt=True) or wsgiref.handlers.format_date_time(time).",
    since="0.1",
)
def date_fields_imf_fixdate(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Date, Last-Modified, Expires and a Retry-After that is a date use the fixed-length GMT form.

    Recipients must read three forms, senders must write one (RFC 9110 section 5.6.7): English day and month names, two
    digits, GMT. A date in the server's language or zone is ignored, and with it caching. A number in Expires is judged
    by expires-is-date.
    """
    faults = []
    judged = False
    for field in ("Date", "Last-Modified", "Expires", "Retry-After"):
        for value in field_values(event, field.lower()):
            if (field == "Retry-After" and is_digits(value)) or (field == "Expires" and is_signed_number(value)):
                continue
            judged = True
            if not is_imf_fixdate(value):
                faults.append(HeaderFault(field, f"the {field} {show(value, 60)} is not an HTTP date", show(value)))
    return in_one(faults, judged=judged, expected="a date such as 'Sun, 06 Nov 1994 08:49:37 GMT'")


@date_fields_imf_fixdate.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Last-Modified", "1994-11-06T08:49:37Z")])
    return [b"hello"]


@date_fields_imf_fixdate.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")])
    return [b"hello"]


@event_rule(
    id="expires-is-date",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("rfc-app-date-fields",),
    on=StartResponseCalled,
    headers=("expires",),
    hint="Send Cache-Control: no-cache, or an Expires in the past, instead of a number.",
    since="0.1",
)
def expires_is_date(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Expires is a date, not a number.

    The field's only form is a date (RFC 9111 section 5.3), but the same section makes every cache read "0" as a time in
    the past. The habit does what its users want everywhere, and it generates no date in a wrong form, so it is a
    warning where a malformed date is an error.
    """
    return _each_value(
        event, "Expires", lambda value: "a number is no date" if is_signed_number(value) else None, "an HTTP date"
    )


@expires_is_date.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Expires", "-1")])
    return [b"hello"]


@expires_is_date.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")])
    return [b"hello"]


@event_rule(
    id="etag-quoted",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-etag-form",),
    on=StartResponseCalled,
    headers={"etag": is_plain_entity_tag},
    hint='Put the tag in double quotes: "abc", or W/"abc" for a weak one.',
    since="0.1",
)
def etag_quoted(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """An ETag is a quoted string, after W/ when it is weak.

    The quotes are part of the tag (RFC 9110 section 8.8.3). Without them conditional requests fail to match in caches
    and servers that compare by the grammar, and every request is a full one.
    """
    return _each_value(
        event,
        "ETag",
        lambda value: None if is_entity_tag(value) else "it is not a tag in double quotes",
        "'\"abc\"' or 'W/\"abc\"'",
    )


@etag_quoted.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", "5d41402a")])
    return [b"hello"]


@etag_quoted.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", '"5d41402a"')])
    return [b"hello"]


@event_rule(
    id="location-valid-reference",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("rfc-app-location",),
    on=StartResponseCalled,
    statuses=(201, *range(300, 400)),
    hint="Percent-encode the URL with urllib.parse.quote before it gets into Location.",
    echoes_request=True,
    since="0.1",
)
def location_valid_reference(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The Location of a redirect or a 201 is a valid URI reference, absolute or relative.

    Clients resolve it as RFC 3986 says (RFC 9110 section 10.2.2). Spaces, non-ASCII letters and stray percent signs are
    repaired by browsers, each in its own way, and refused by other clients.
    """
    code = event.code()
    if code is None or not (code == 201 or 300 <= code < 400):
        return None
    return _each_value(event, "Location", uri_reference_error, "a URI reference (RFC 3986)")


@location_valid_reference.bad
def _(environ, start_response):
    start_response("303 See Other", [("Location", "/search?q=hello world")])
    return []


@location_valid_reference.good
def _(environ, start_response):
    start_response("303 See Other", [("Location", "/search?q=hello%20world")])
    return []


@event_rule(
    id="cache-control-parses",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-cache-control",),
    on=StartResponseCalled,
    headers=("cache-control",),
    hint="Separate directives with commas, and give ages in whole seconds: 'private, max-age=60'.",
    since="0.1",
)
def cache_control_parses(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Cache-Control is a list of directives, with whole seconds where they take a time.

    Caches drop what they can't parse (RFC 9111 section 5.2), at worst the directive that was to keep a private page out
    of them. Directives that no RFC knows are fine.
    """
    return _each_value(event, "Cache-Control", cache_control_error, "for example 'private, max-age=60'")


@cache_control_parses.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "private; max-age=60")])
    return [b"hello"]


@cache_control_parses.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "private, max-age=60")])
    return [b"hello"]


@event_rule(
    id="set-cookie-grammar",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("rfc-app-set-cookie",),
    on=StartResponseCalled,
    headers={"set-cookie": is_plain_cookie},
    hint="Send one cookie per Set-Cookie header, and encode its value (base64url or percent-encoding, say).",
    since="0.1",
)
def set_cookie_grammar(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Each Set-Cookie holds one cookie: name=value, then attributes after semicolons.

    User agents differ in what they make of spaces, commas, quotes and non-ASCII text in a value, and they take cookies
    joined with a comma for one (RFC 6265 section 4.1.1). Attributes that the RFC doesn't name are fine.
    """
    return _each_value(event, "Set-Cookie", set_cookie_error, "for example 'id=42; Path=/; HttpOnly'")


@set_cookie_grammar.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/, b=2; Path=/")])
    return [b"hello"]


@set_cookie_grammar.good
def _(environ, start_response):
    cookies = [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/")]
    start_response("200 OK", [("Content-Type", "text/plain"), *cookies])
    return [b"hello"]
