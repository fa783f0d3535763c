"""Rules on the values of single variables, the path's excepted (those stand in ``environ_path``).

Source: PEP 3333, "environ Variables" and "URL Reconstruction". A rule on a value's form is silent about a value
that is missing, of the wrong type or outside Latin-1: other rules report that.
"""

from __future__ import annotations

import re

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, AppCalled, Exchange
from ..registry import event_rule
from .environ_lookup import entry, is_latin1, is_length_or_empty, lookup, text

SECTION = "environ"

_DIGITS = re.compile(r"[0-9]+")
_PORT = re.compile(r"[0-9]{1,5}")
_PROTOCOL = re.compile(r"HTTP/[0-9](\.[0-9])?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")


def _not_empty(event: AppCalled, name: str, expected: str) -> Outcome:
    value = text(event.variables, name)
    if value is None:
        return None
    return HELD if value else fault(f"{entry(name)} is empty", got="''", expected=expected, variable=name)


def _malformed(name: str, value: str, expected: str) -> Outcome:
    return fault(f"{entry(name)} is {show(value)}", got=show(value), expected=expected, variable=name)


@event_rule(
    id="environ-request-method-not-empty",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-request-method-nonempty",),
    on=AppCalled,
    environ=("REQUEST_METHOD",),
    hint="Refuse a request line without a method before the app is called.",
    since="0.1",
)
def environ_request_method_not_empty(event: AppCalled, exchange: Exchange) -> Outcome:
    """REQUEST_METHOD is not an empty string.

    No request is without a method. PEP 3333, "environ Variables", says that the value can't ever be empty.
    """
    return _not_empty(event, "REQUEST_METHOD", "a method token")


@environ_request_method_not_empty.bad
def _(environ):
    environ["REQUEST_METHOD"] = ""


@environ_request_method_not_empty.good
def _(environ):
    environ["REQUEST_METHOD"] = "GET"


@event_rule(
    id="environ-server-name-not-empty",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-server-name-nonempty",),
    on=AppCalled,
    environ=("SERVER_NAME",),
    hint="On a wildcard bind or a Unix socket, fall back to the machine's name or 'localhost'.",
    since="0.1",
)
def environ_server_name_not_empty(event: AppCalled, exchange: Exchange) -> Outcome:
    """SERVER_NAME is not an empty string.

    The URL that an app rebuilds for a request without Host would have no host. PEP 3333, "environ Variables", says that
    it is never empty, which includes wildcard binds, Unix sockets, and front ends that know no name.
    """
    return _not_empty(event, "SERVER_NAME", "a host name or address")


@environ_server_name_not_empty.bad
def _(environ):
    environ["SERVER_NAME"] = ""


@environ_server_name_not_empty.good
def _(environ):
    environ["SERVER_NAME"] = "localhost"


@event_rule(
    id="environ-server-port-not-empty",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-server-port-nonempty",),
    on=AppCalled,
    environ=("SERVER_PORT",),
    hint="On a Unix socket, fall back to the default port of the URL scheme: '80' or '443'.",
    since="0.1",
)
def environ_server_port_not_empty(event: AppCalled, exchange: Exchange) -> Outcome:
    """SERVER_PORT is not an empty string.

    Apps append it to a rebuilt URL, or turn it into a number. PEP 3333, "environ Variables", says that it is never
    empty, which includes Unix sockets, although they have no port.
    """
    return _not_empty(event, "SERVER_PORT", "a port number as text")


@environ_server_port_not_empty.bad
def _(environ):
    environ["SERVER_PORT"] = ""


@environ_server_port_not_empty.good
def _(environ):
    environ["SERVER_PORT"] = "80"


@event_rule(
    id="environ-server-port-digits",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-server-port-digits",),
    on=AppCalled,
    environ=("SERVER_PORT",),
    hint="Set SERVER_PORT to the decimal port number as text, without spaces or signs.",
    since="0.1",
)
def environ_server_port_digits(event: AppCalled, exchange: Exchange) -> Outcome:
    """SERVER_PORT is a decimal port number, at most 65535.

    An app that gets no Host header pastes it into its own URL (PEP 3333, "URL Reconstruction"); anything but digits
    gives a URL that leads nowhere.
    """
    value = text(event.variables, "SERVER_PORT")
    if not value:
        return None
    if _PORT.fullmatch(value) and int(value) <= 65535:
        return HELD
    return _malformed("SERVER_PORT", value, "decimal digits, 0 to 65535")


@environ_server_port_digits.bad
def _(environ):
    environ["SERVER_PORT"] = "http"


@environ_server_port_digits.good
def _(environ):
    environ["SERVER_PORT"] = "65535"


@event_rule(
    id="environ-server-protocol-form",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-server-protocol-form",),
    on=AppCalled,
    environ=("SERVER_PROTOCOL",),
    hint="Set SERVER_PROTOCOL to 'HTTP/' and the version's number, in capitals.",
    since="0.1",
)
def environ_server_protocol_form(event: AppCalled, exchange: Exchange) -> Outcome:
    """SERVER_PROTOCOL looks like HTTP/1.1: the name, a slash, and a version number.

    Apps compare it to decide what the client understands, and a value of another form compares wrongly and silently.
    PEP 3333, "environ Variables", gives HTTP/1.0 and HTTP/1.1 as its form; HTTP/2 and HTTP/3 have no minor number.
    """
    value = text(event.variables, "SERVER_PROTOCOL")
    if not value:
        return None
    if _PROTOCOL.fullmatch(value):
        return HELD
    return _malformed("SERVER_PROTOCOL", value, "'HTTP/' and a version, for example 'HTTP/1.1'")


@environ_server_protocol_form.bad
def _(environ):
    environ["SERVER_PROTOCOL"] = "1.1"


@environ_server_protocol_form.good
def _(environ):
    environ["SERVER_PROTOCOL"] = "HTTP/2"


@event_rule(
    id="environ-content-length-digits",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-content-length-syntax",),
    on=AppCalled,
    environ={"CONTENT_LENGTH": is_length_or_empty},
    hint="Refuse a malformed Content-Length with 400; leave CONTENT_LENGTH out when there is none.",
    since="0.1",
)
def environ_content_length_digits(event: AppCalled, exchange: Exchange) -> Outcome:
    """CONTENT_LENGTH, when it is not empty, is made of the ASCII digits 0 to 9 only.

    Apps turn it into a number and read that many bytes. "-1" then reads for ever, and signs, spaces or underscores that
    int() takes are how two servers come to disagree about where a request ends (PEP 3333, "environ Variables"; RFC 9110
    section 8.6).
    """
    value = text(event.variables, "CONTENT_LENGTH")
    if not value:
        return None
    return HELD if _DIGITS.fullmatch(value) else _malformed("CONTENT_LENGTH", value, "decimal digits")


@environ_content_length_digits.bad
def _(environ):
    environ["CONTENT_LENGTH"] = "+0"


@environ_content_length_digits.good
def _(environ):
    environ["CONTENT_LENGTH"] = "0"


@event_rule(
    id="environ-content-headers-unprefixed",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-content-not-http",),
    on=AppCalled,
    environ=(),
    hint="Put the headers Content-Type and Content-Length into CONTENT_TYPE and CONTENT_LENGTH only.",
    since="0.1",
)
def environ_content_headers_unprefixed(event: AppCalled, exchange: Exchange) -> Outcome:
    """Content-Type and Content-Length come without HTTP_ in front, and not with it as well.

    An app that copies HTTP_ variables into the headers of an outgoing request sends them twice, and two lengths that
    differ smuggle a request. PEP 3333, "environ Variables", gives these two headers CGI names of their own (RFC 3875,
    sections 4.1.2 and 4.1.3).
    """
    variables = event.variables
    doubled = [name for name in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH") if lookup(variables, name) is not MISSING]
    if doubled:
        names = " and ".join(doubled)
        return fault(f"environ has {names}", got=names, expected=names.replace("HTTP_", ""), variables=doubled)
    exercised = text(variables, "CONTENT_TYPE") or text(variables, "CONTENT_LENGTH")
    return HELD if exercised else None


@environ_content_headers_unprefixed.bad
def _(environ):
    environ["CONTENT_TYPE"] = environ["HTTP_CONTENT_TYPE"] = "text/plain"


@environ_content_headers_unprefixed.good
def _(environ):
    environ["CONTENT_TYPE"] = "text/plain"


@event_rule(
    id="environ-wsgi-version-is-1-0",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-wsgi-version-value",),
    on=AppCalled,
    environ=("wsgi.version",),
    hint="Set environ['wsgi.version'] to the tuple (1, 0).",
    since="0.1",
)
def environ_wsgi_version_is_1_0(event: AppCalled, exchange: Exchange) -> Outcome:
    """wsgi.version is the tuple (1, 0).

    Apps compare it with a tuple, and a list or a string is never equal to one. PEP 3333, "environ Variables", still
    describes WSGI 1.0; a version 1.1 does not exist.
    """
    value = lookup(event.variables, "wsgi.version")
    if value is MISSING:
        return None
    # Only plain numbers are compared: another object's == may say or raise anything.
    plain = type(value) is tuple and all(type(part) in (int, float, bool) for part in value)
    if plain and value == (1, 0):
        return HELD
    return fault(f"{entry('wsgi.version')} is {show(value)}", got=show(value), expected="(1, 0)")


@environ_wsgi_version_is_1_0.bad
def _(environ):
    environ["wsgi.version"] = "1.0"


@environ_wsgi_version_is_1_0.good
def _(environ):
    environ["wsgi.version"] = (1, 0)


@event_rule(
    id="environ-url-scheme-valid",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-url-scheme-value",),
    on=AppCalled,
    environ=("wsgi.url_scheme",),
    hint="Set environ['wsgi.url_scheme'] to the str 'http' or 'https'.",
    since="0.1",
)
def environ_url_scheme_valid(event: AppCalled, exchange: Exchange) -> Outcome:
    """wsgi.url_scheme is a native string that can stand before the colon of a URL.

    It is the first thing an app writes into a link to itself (PEP 3333, "environ Variables" and "URL Reconstruction";
    RFC 3986 section 3.1 for the form).
    """
    name = "wsgi.url_scheme"
    value = lookup(event.variables, name)
    if value is MISSING or (type(value) is str and not is_latin1(value)):
        return None
    if type(value) is not str:
        message = f"{entry(name)} is {show(value)}, of type {type_name(value)}"
        return fault(message, got=show(value), expected="str", variable=name)
    return HELD if _SCHEME.fullmatch(value) else _malformed(name, value, "'http' or 'https'")


@environ_url_scheme_valid.bad
def _(environ):
    environ["wsgi.url_scheme"] = "https://"


@environ_url_scheme_valid.good
def _(environ):
    environ["wsgi.url_scheme"] = "https"


@event_rule(
    id="environ-url-scheme-usual",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("env-url-scheme-value",),
    on=AppCalled,
    environ=("wsgi.url_scheme",),
    hint="Set environ['wsgi.url_scheme'] to 'http' or 'https', in lower case.",
    since="0.1",
)
def environ_url_scheme_usual(event: AppCalled, exchange: Exchange) -> Outcome:
    """wsgi.url_scheme is http or https.

    Apps compare it with these two to set secure cookies and to leave out default ports; "HTTPS" or "wss" counts as
    insecure. PEP 3333, "environ Variables", names the two as the normal values, no more, so another scheme is not an
    error.
    """
    value = text(event.variables, "wsgi.url_scheme")
    if value is None or not _SCHEME.fullmatch(value):
        return None
    return HELD if value in ("http", "https") else _malformed("wsgi.url_scheme", value, "'http' or 'https'")


@environ_url_scheme_usual.bad
def _(environ):
    environ["wsgi.url_scheme"] = "HTTPS"


@environ_url_scheme_usual.good
def _(environ):
    environ["wsgi.url_scheme"] = "https"
