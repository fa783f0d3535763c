"""Strict parsing of HTTP/1.x request heads, into CGI variables and framing.

A head is judged as a whole before anything of it is used: whatever RFC 9112 lets a recipient repair in more than one
way (lone line ends, folded lines, blanks before a colon, two framings at once) is refused, because two programs that
repair the same bytes differently is what request smuggling lives on.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

MAX_REQUEST_LINE = 65536
"""Longest request line that is parsed, in bytes without its line end; longer ones are answered 414."""

MAX_HEAD_SIZE = 65536
"""Greatest size of all field lines together, in bytes; more is answered 431."""

MAX_FIELDS = 100
"""Greatest number of field lines; more is answered 431."""

_NAMES_REMEMBERED = 512

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_REQUEST_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP/([0-9])\.([0-9])")
_ABSOLUTE_FORM = re.compile(r"(?i:https?)://([^/?]*)(/[^?]*)?(?:\?(.*))?")
_DIGITS = re.compile(r"[0-9]+")
_HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|\[v[0-9A-Fa-f]+\.[0-9A-Za-z\-._~!$&'()*+;=:]+\]"
    r"|(?:[0-9A-Za-z\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})*)"
    r"(?::([0-9]*))?"
)

# Fields that cannot be a list: joining two of them would make up a third value (RFC 9110 section 5.3).
_SINGLETONS = (
    *("AUTHORIZATION", "FROM", "HOST", "IF_MODIFIED_SINCE", "IF_RANGE", "IF_UNMODIFIED_SINCE", "MAX_FORWARDS"),
    *("ORIGIN", "PROXY_AUTHORIZATION", "RANGE", "REFERER", "USER_AGENT"),
)
_SINGLETON_KEYS = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"} | {f"HTTP_{name}" for name in _SINGLETONS})

# Never shown to the application: HTTP_PROXY would be taken for a process variable (CVE-2016-5385 and its like), and
# the transfer coding has been undone by the time the application reads (RFC 9112 section 6.1).
_HIDDEN = {"proxy"}


class RequestRejected(Exception):
    """A request that is answered by the server itself.

    Args:
        status: the HTTP status code of the answer.
        reason: one sentence for the answer's body and the log, without text of the request.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class RequestHead:
    """One accepted request head.

    Attributes:
        method: the method token as sent.
        target: the request target as sent, decoded as latin-1.
        version: the version as sent, such as "HTTP/1.1".
        path, query: the target's path, percent-decoded once into latin-1 text, and its query as sent.
        fields: (name, value) pairs in order, as sent, without those whose name has an underscore.
        variables: the CGI variables of the fields: CONTENT_TYPE, CONTENT_LENGTH and HTTP_*.
        content_length: the declared length of the body in bytes, or None.
        chunked: whether the body comes in chunks.
        persistent: whether the client wants the connection kept.
        http11: whether the client speaks HTTP/1.1 (or a later 1.x).
        expects_continue: whether the client waits for a 100 before it sends the body.
    """

    __slots__ = (
        "chunked",
        "content_length",
        "expects_continue",
        "fields",
        "http11",
        "method",
        "path",
        "persistent",
        "query",
        "target",
        "variables",
        "version",
    )

    def __init__(self, method: str, target: str, version: str) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.http11 = version != "HTTP/1.0"
        self.persistent = self.http11
        self.path = ""
        self.query = ""
        self.fields: list[tuple[str, str]] = []
        self.variables: dict[str, str] = {}
        self.content_length: int | None = None
        self.chunked = False
        self.expects_continue = False


_known_names: dict[str, str] = {}


def variable_of(name: str) -> str:
    """Return the CGI variable of a field name, or "" for a field that is not shown to applications.

    A name with an underscore is not shown: it would share the variable of its twin with a hyphen, so that a client
    could speak for a proxy (RFC 3875 section 4.1.18 leaves the choice to the server).

    Raises:
        RequestRejected: (400) if the name is not a token.
    """
    if _TOKEN.fullmatch(name) is None:
        if name.rstrip(" \t") != name:
            raise RequestRejected(400, "Whitespace between a field name and its colon")
        raise RequestRejected(400, "A field name is not a token")
    if "_" in name or name.lower() in _HIDDEN:
        key = ""
    else:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
    if len(_known_names) < _NAMES_REMEMBERED and len(name) < 64:
        _known_names[name] = key
    return key


def add_variable(variables: dict[str, str], key: str, value: str) -> None:
    """Put one field into the CGI variables; a repeated list field is joined in the order received.

    Cookie is joined with "; " (RFC 6265 section 5.4), any other field with "," (RFC 9110 section 5.3).

    Raises:
        RequestRejected: (400) for a second field of a kind that cannot be a list.
    """
    if key not in variables:
        variables[key] = value
    elif key in _SINGLETON_KEYS:
        raise RequestRejected(400, "A field that cannot be a list is given twice")
    elif key == "HTTP_COOKIE":
        variables[key] += "; " + value
    else:
        variables[key] += "," + value


def parse_head(head: bytes) -> RequestHead:
    """Parse a complete request head.

    Args:
        head: the request line, the field lines and the empty line, each with its CR LF.

    Raises:
        RequestRejected: with the status to answer, for anything that RFC 9112 forbids or leaves open to repair.
    """
    text = head.decode("latin-1")
    lines = text.split("\r\n")
    breaks = len(lines) - 1
    if breaks < 2 or lines[-1] or lines[-2]:
        raise RequestRejected(400, "The request head is incomplete")
    if len(lines[0]) > MAX_REQUEST_LINE:
        raise RequestRejected(414, "The request line is too long")
    request = _parse_request_line(lines[0])
    if text.count("\n") != breaks or text.count("\r") != breaks:
        raise RequestRejected(400, "A line ends in a lone CR or LF")
    if _CONTROLS.search(text) is not None:
        raise RequestRejected(400, "A control character in the request head")
    if breaks - 2 > MAX_FIELDS:
        raise RequestRejected(431, "Too many field lines")
    if len(text) - len(lines[0]) > MAX_HEAD_SIZE:
        raise RequestRejected(431, "The request head is too large")
    _parse_fields(request, lines)
    _parse_target(request)
    _settle_host(request)
    _settle_framing(request)
    _settle_connection(request)
    return request


def _parse_request_line(line: str) -> RequestHead:
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise RequestRejected(400, "Malformed request line")
    method, target, major, minor = match.groups()
    if major != "1":
        raise RequestRejected(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here")
    return RequestHead(method, target, f"HTTP/1.{minor}")


def _parse_fields(request: RequestHead, lines: list[str]) -> None:
    fields = request.fields
    variables = request.variables
    known = _known_names
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        key = known.get(name)
        if key is None:
            if line[:1] in (" ", "\t"):
                raise RequestRejected(400, "A field line begins with whitespace")
            if not colon:
                raise RequestRejected(400, "A field line has no colon")
            key = variable_of(name)
        elif not colon:
            raise RequestRejected(400, "A field line has no colon")
        if key == "HTTP_TRANSFER_ENCODING" and "\t" in value:
            # A tab is a blank to this server and might be a part of the coding's name to the next one.
            raise RequestRejected(400, "A tab in Transfer-Encoding")
        if key:
            value = value.strip(" \t")
            fields.append((name, value))
            if key in variables:
                add_variable(variables, key, value)
            else:
                variables[key] = value


def _parse_target(request: RequestHead) -> None:
    target = request.target
    method = request.method
    if "#" in target:
        raise RequestRejected(400, "A fragment in the request target")
    if method == "CONNECT":
        raise RequestRejected(501, "CONNECT is not supported")
    if target[0] == "/":
        path, _, request.query = target.partition("?")
    elif target == "*":
        if method != "OPTIONS":
            raise RequestRejected(400, "An asterisk as the target is for OPTIONS only")
        return
    else:
        match = _ABSOLUTE_FORM.fullmatch(target)
        if match is None:
            raise RequestRejected(400, "Malformed request target")
        authority = match[1]
        if not authority or not is_valid_host(authority):
            raise RequestRejected(400, "Malformed authority in the request target")
        path, request.query = match[2] or "/", match[3] or ""
        if request.http11 and "HTTP_HOST" not in request.variables:
            raise RequestRejected(400, "An HTTP/1.1 request needs a Host field")
        # RFC 9112 section 3.2.2: the target's authority counts, whatever the Host field says.
        if is_valid_host(request.variables.get("HTTP_HOST", "")):
            request.variables["HTTP_HOST"] = authority
            request.fields = [(name, authority if name.lower() == "host" else value) for name, value in request.fields]
    if "%" in path:
        path = unquote(path, "latin-1")
        if "\0" in path:
            raise RequestRejected(400, "A NUL in the path")
    request.path = path


def is_valid_host(value: str) -> bool:
    """Tell whether a Host value is empty or a host with an optional port (RFC 9110 section 7.2).

    A comma is legal in a registered name by RFC 3986, but is refused: in practice it is two joined Host lines.
    """
    match = _HOST.fullmatch(value)
    if match is None:
        return False
    port = match[1]
    if port is None:
        return True
    return value[0] != ":" and (not port or (len(port) <= 5 and int(port) <= 65535))


_good_host = ""  # the last value found good: nearly every request of a connection names the same host


def _settle_host(request: RequestHead) -> None:
    global _good_host  # noqa: PLW0603
    host = request.variables.get("HTTP_HOST")
    if host is None:
        if request.http11:
            raise RequestRejected(400, "An HTTP/1.1 request needs a Host field")
    elif host != _good_host:
        if not is_valid_host(host):
            raise RequestRejected(400, "Malformed Host field")
        _good_host = host


def _settle_framing(request: RequestHead) -> None:
    variables = request.variables
    length = variables.get("CONTENT_LENGTH")
    coding = variables.get("HTTP_TRANSFER_ENCODING")
    if coding is not None:
        if not request.http11:
            raise RequestRejected(400, "Transfer-Encoding in an HTTP/1.0 request")
        if length is not None:
            raise RequestRejected(400, "Both Content-Length and Transfer-Encoding")
        if coding.lower() != "chunked":
            _refuse_coding(coding)
        request.chunked = True
        del variables["HTTP_TRANSFER_ENCODING"]
    elif length is not None:
        if _DIGITS.fullmatch(length) is None:
            raise RequestRejected(400, "Malformed Content-Length")
        if len(length) > 18:
            raise RequestRejected(413, "The body is too large")
        request.content_length = int(length)


def _refuse_coding(coding: str) -> None:
    """Raise for a transfer coding other than plain chunked.

    A list that names chunked but isn't just that is faulty framing (400, RFC 9112 section 6.3), except that codings
    in front of a single final chunked are merely unknown; so is a list without chunked (501, section 6.1).
    """
    codings = [name.strip(" ").lower() for name in coding.split(",")]
    before = codings[:-1] if codings[-1] == "chunked" else codings
    plain = all(_TOKEN.fullmatch(name) is not None and "chunk" not in name for name in before)
    if plain:
        raise RequestRejected(501, "Unknown transfer coding")
    raise RequestRejected(400, "Malformed Transfer-Encoding")


def _settle_connection(request: RequestHead) -> None:
    variables = request.variables
    connection = variables.get("HTTP_CONNECTION")
    if connection is not None:
        options = [option.strip(" \t") for option in connection.lower().split(",")]
        if "close" in options:
            request.persistent = False
        elif "keep-alive" in options:
            request.persistent = True
    if request.http11:
        expectation = variables.get("HTTP_EXPECT")
        if expectation is not None:
            if expectation.lower() != "100-continue":
                raise RequestRejected(417, "Unknown expectation")
            request.expects_continue = request.chunked or bool(request.content_length)
