"""What HTTP and the PEP say of a response's body against its status and headers, once the exchange is over."""

from __future__ import annotations

from ..display import show
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import Exchange, ExchangeEnded
from ..registry import event_rule
from .field_grammar import content_range_error, is_chunked, is_digits
from .header_faults import field_values
from .http_response import has

SECTION = "http"

#: Statuses whose response never has content (RFC 9110 section 6.4.1), among those an app may give.
_BODYLESS = (204, 304)


def _code_of(exchange: Exchange) -> int | None:
    start = exchange.final_start
    return None if start is None else start.code()


def _may_have_body(exchange: Exchange) -> bool:
    """Whether the final status and the method let the response have content."""
    code = _code_of(exchange)
    return code is not None and code >= 200 and code not in _BODYLESS and exchange.method != "HEAD"


def _counted(exchange: Exchange) -> bool:
    """Whether ``body_size`` is all of the final response's body, and nothing else.

    It isn't when items were no bytes, nor when data came before the final start: that belonged to a response
    which the app replaced.
    """
    start = exchange.final_start
    return exchange.complete and exchange.measured and start is not None and start.body_sent == 0


def _stated_length(exchange: Exchange) -> str | None:
    """Return the one well-formed Content-Length without leading zeros, ``None`` without such a one."""
    values = exchange.header("content-length")
    if len(values) != 1 or not is_digits(values[0].strip(" ")):
        return None
    # Kept as text: int() refuses thousands of digits, and nobody's body is that long.
    return values[0].strip(" ").lstrip("0") or "0"


@event_rule(
    id="no-body-with-204-or-304",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-bodyless-content",),
    on=ExchangeEnded,
    statuses=_BODYLESS,
    silent_when_clean=True,
    hint="Return an empty list with 204 and 304.",
    since="0.1",
)
def no_body_with_204_or_304(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """No data comes with a 204 or a 304.

    These responses end with their headers (RFC 9110 sections 15.3.5 and 15.4.5). A server that sends the data all the
    same puts it where the client looks for the next response.
    """
    start, code = exchange.final_start, _code_of(exchange)
    if start is None or code not in _BODYLESS:
        return None
    if exchange.body_size == 0:
        return HELD if _counted(exchange) else None
    return fault(
        f"{exchange.body_size} bytes of body came with a {code}",
        got=f"{exchange.body_size} bytes",
        expected="no body",
        location=start.location,
    )


@no_body_with_204_or_304.bad
def _(environ, start_response):
    start_response("204 No Content", [])
    return [b"deleted"]


@no_body_with_204_or_304.good
def _(environ, start_response):
    start_response("204 No Content", [])
    return []


@event_rule(
    id="content-has-type",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("rfc-app-content-type",),
    on=ExchangeEnded,
    silent_when_clean=True,
    hint="Add a Content-Type header.",
    since="0.1",
)
def content_has_type(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """A response with content says its Content-Type.

    Otherwise the client guesses (RFC 9110 section 8.3), and a guess from the bytes can turn an upload into a script.
    """
    start = exchange.final_start
    if start is None or type(start.headers) is not list or exchange.body_size == 0 or not _may_have_body(exchange):
        return None
    if has(start, "content-type"):
        return HELD
    return fault(
        f"a body of {exchange.body_size} bytes was sent without a Content-Type",
        got="no Content-Type",
        expected="for example 'text/html; charset=utf-8'",
        location=start.location,
    )


@content_has_type.bad
def _(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


@content_has_type.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"hello"]


@event_rule(
    id="content-length-matches-body",
    section="body",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("length-app-accurate",),
    on=ExchangeEnded,
    silent_when_clean=True,
    hint="Compute Content-Length from the encoded bytes, or leave it out.",
    since="0.1",
)
def content_length_matches_body(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """A Content-Length equals the number of body bytes that the app produces.

    With more bytes the rest is cut off or taken for the next response; with fewer the client waits until the connection
    breaks (PEP 3333, "Handling the Content-Length Header"). A usual cause is len() of a str.
    """
    stated = _stated_length(exchange)
    start = exchange.final_start
    if stated is None or start is None or not _counted(exchange) or not _may_have_body(exchange):
        return None
    if stated == str(exchange.body_size):
        return HELD
    return fault(
        f"Content-Length is {show(stated, 40)}, but {exchange.body_size} bytes of body were produced",
        got=f"{exchange.body_size} bytes",
        expected=f"{show(stated, 40)} bytes",
        location=start.location,
    )


@content_length_matches_body.bad
def _(environ, start_response):
    body = "smörgåsbord"
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body.encode("utf-8")]


@content_length_matches_body.good
def _(environ, start_response):
    body = "smörgåsbord".encode()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


@event_rule(
    id="body-not-transfer-coded",
    section="body",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("length-app-no-te",),
    on=ExchangeEnded,
    silent_when_clean=True,  # the first bytes of a body are kept in thorough mode only, which the suite uses
    hint="Yield plain data; the server chunks it when it has to.",
    since="0.1",
)
def body_not_transfer_coded(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """The body is not itself in chunked transfer coding.

    Transfer codings are the server's (PEP 3333, "Handling the Content-Length Header"); an app that frames its own
    chunks shows the framing to the client as text. A body with a Content-Length is taken to be a document that is meant
    to look so, and a Transfer-Encoding header is the fault of another rule.
    """
    start = exchange.final_start
    if start is None or not _counted(exchange) or not _may_have_body(exchange):
        return None
    if not exchange.head or len(exchange.head) != exchange.body_size:
        return None  # not all of the body was kept
    if has(start, "content-length") or has(start, "transfer-encoding"):
        return None
    if not is_chunked(exchange.head):
        return HELD
    return fault(
        "the body is framed in chunks, from its first size line to the last chunk",
        got=show(exchange.head, 80),
        expected="plain data",
        location=start.location,
    )


@body_not_transfer_coded.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"5\r\nhello\r\n"
    yield b"0\r\n\r\n"


@body_not_transfer_coded.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello"


@event_rule(
    id="content-range-agrees",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("rfc-app-content-range",),
    on=ExchangeEnded,
    statuses=(206,),
    silent_when_clean=True,
    hint="Send Content-Range: bytes FIRST-LAST/TOTAL with the positions of the bytes in the body.",
    since="0.1",
)
def content_range_agrees(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """A 206 with a single part has a Content-Range that agrees with its bytes.

    The client writes the bytes where Content-Range says (RFC 9110 section 15.3.7): a download resumed with a wrong one
    is silently corrupt. A part in multipart/byteranges carries its own.
    """
    start = exchange.final_start
    if start is None or _code_of(exchange) != 206 or type(start.headers) is not list:
        return None
    if any(value.lower().startswith("multipart/byteranges") for value in field_values(start, "content-type")):
        return None
    if not has(start, "content-range"):
        return fault("a 206 has no Content-Range", got="none", expected="a range", location=start.location)
    values = field_values(start, "content-range")
    if len(values) != 1:
        return None  # of a type or with characters that other rules tell, or repeated
    # Where a Content-Length is stated its own rule compares it with the body.
    size = _stated_length(exchange) or (str(exchange.body_size) if _counted(exchange) else None)
    error = content_range_error(values[0], size if _may_have_body(exchange) else None)
    if error is None:
        return HELD
    return fault(
        f"the Content-Range {show(values[0], 80)} of a 206 is wrong: {error}",
        got=show(values[0]),
        expected="bytes FIRST-LAST/TOTAL",
        location=start.location,
    )


@content_range_agrees.bad
def _(environ, start_response):
    start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes 0-5/11")])
    return [b"hello"]


@content_range_agrees.good
def _(environ, start_response):
    start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes 0-4/11")])
    return [b"hello"]


@event_rule(
    id="head-without-body",
    level=Level.ADVICE,
    side=Blame.APP,
    clauses=(),  # RFC 9110 leaves it to the server to drop the data; no clause binds the app
    on=ExchangeEnded,
    silent_when_clean=True,
    hint="Return an empty iterable for HEAD, with the headers that GET would have.",
    since="0.1",
)
def head_without_body(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """An app yields no body for HEAD.

    The server has to drop whatever comes (RFC 9110 section 9.3.2), so nothing breaks where the server is good; the work
    of making the body is wasted, and not all servers are.
    """
    start, code = exchange.final_start, _code_of(exchange)
    if exchange.method != "HEAD" or start is None or code in _BODYLESS:
        return None
    if exchange.body_size == 0:
        return HELD if _counted(exchange) else None
    return fault(
        f"{exchange.body_size} bytes of body were produced for HEAD",
        got=f"{exchange.body_size} bytes",
        expected="no body",
        location=start.location,
    )


@head_without_body.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@head_without_body.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]
