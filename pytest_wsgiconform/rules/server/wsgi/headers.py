"""The headers of a server's own: what it adds, and that it sees the application's in any spelling."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Connection, Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import example_call, example_run

SECTION = "response"


@server_rule(
    id="required-headers-added",
    level=Level.ERROR,
    clauses=("header-server-adds-required",),
    stimuli=("header:none",),
    hint="Add what delimits the response when the application gave no headers.",
    since="0.1",
)
def required_headers_added(run: ServerRun) -> Outcome:
    """An application that gives no headers at all still makes a complete response.

    It is up to the server to add the headers that HTTP requires (PEP 3333, "The start_response() Callable").
    """
    if run.called("first") is None:
        return None
    response = run.first_final
    wanted = b"first,ok " + f"{run.token}.first".encode() + b"\n"
    if response is None or response.status != 200 or not response.complete or response.body != wanted:
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"an application without headers made {got}", got=got, expected=show(wanted))
    return HELD


@required_headers_added.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b"first,", complete=False), calls=[example_call()])


@required_headers_added.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"first,ok t.first\n"), calls=[example_call()], token="t")


@server_rule(
    id="date-supplied",
    level=Level.ERROR,
    clauses=("header-server-date",),
    stimuli=("header:none",),
    hint="Add a Date header when the application gave none.",
    since="0.1",
)
def date_supplied(run: ServerRun) -> Outcome:
    """The server supplies Date when the application does not.

    Date and Server would normally be supplied by the server (PEP 3333, "The start_response() Callable"), and HTTP
    requires Date of an origin server that has a clock (RFC 9110, section 6.6.1). Caches count from it.
    """
    response = run.first_final
    if run.called("first") is None or response is None or response.status != 200:
        return None
    dates = response.header("Date")
    if len(dates) != 1:
        return broken(run, f"the response has {len(dates) or 'no'} Date headers", got=str(len(dates)), expected="1")
    return HELD


@date_supplied.bad
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call()])


@date_supplied.good
def _() -> ServerRun:
    return example_run(Response(200, [("Date", "Tue, 15 Nov 1994 08:12:31 GMT")]), calls=[example_call()])


@server_rule(
    id="server-header-supplied",
    level=Level.ADVICE,
    clauses=("header-server-server",),
    stimuli=("header:none",),
    hint="Consider a Server header when the application gave none.",
    since="0.1",
)
def server_header_supplied(run: ServerRun) -> Outcome:
    """The server supplies a Server header.

    A server normally would (PEP 3333, "The start_response() Callable"). Many deployments leave it out on purpose, so
    its absence is only advice.
    """
    response = run.first_final
    if run.called("first") is None or response is None or response.status != 200:
        return None
    if not response.header("Server"):
        return broken(run, "the response has no Server header")
    return HELD


@server_header_supplied.bad
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call()])


@server_header_supplied.good
def _() -> ServerRun:
    return example_run(Response(200, [("Server", "probe")]), calls=[example_call()])


@server_rule(
    id="header-names-any-case",
    section="headers",
    level=Level.ERROR,
    clauses=("header-case-insensitive",),
    stimuli=("header:odd-case",),
    hint="Compare header names in one case before adding your own.",
    since="0.1",
)
def header_names_any_case(run: ServerRun) -> Outcome:
    """The application's headers are recognised whatever their letter case.

    Header names are case-insensitive, so a server must take that into account when it looks at them (PEP 3333, "The
    start_response() Callable"). One that does not sends Date twice, or a second Content-Length.
    """
    response, plain = run.first_final, run.final_on(1)
    if run.called("first") is None or response is None or plain is None or plain.status != 200:
        return None
    if response.status != 200:
        return broken(run, f"the same headers in odd letters got {response.status}", got=str(response.status))
    # What the server does whatever the letters are, another rule judges.
    for name in ("Date", "Server", "Content-Length", "Content-Type"):
        values = response.header(name)
        if len(values) > len(plain.header(name)):
            return broken(run, f"the server added its own {name} to the application's", got=show(values))
    if response.header("Transfer-Encoding") and not plain.header("Transfer-Encoding"):
        return broken(run, "the server did not see the application's Content-Length, and chunked", got="chunked")
    return HELD


@header_names_any_case.bad
def _() -> ServerRun:
    return _two_spellings([("dATE", _APP_DATE), ("Date", _SERVER_DATE)], [("Date", _APP_DATE)])


@header_names_any_case.good
def _() -> ServerRun:
    return _two_spellings(  # a server that always adds its own: the spelling makes no difference
        [("dATE", _APP_DATE), ("Date", _SERVER_DATE)], [("Date", _APP_DATE), ("Date", _SERVER_DATE)]
    )


_APP_DATE, _SERVER_DATE = "Tue, 15 Nov 1994 08:12:31 GMT", "Wed, 25 Nov 2026 10:00:00 GMT"


def _two_spellings(odd: list[tuple[str, str]], usual: list[tuple[str, str]]) -> ServerRun:
    run = example_run(Response(200, odd), calls=[example_call()])
    run.connections.append(Connection(responses=[Response(200, usual)]))
    return run
