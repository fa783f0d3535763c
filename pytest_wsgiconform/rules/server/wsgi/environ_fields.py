"""A server's environ: the request's header fields, and what an app makes of the variables together."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import example_call, example_path, example_request, example_run
from ..requests import Asked, asked, pairs

SECTION = "environ"

#: Fields that a server may act on itself and keep from the app, and those that have variables of their own.
KEPT_BACK = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "proxy-authorization",
        "proxy-connection",
        "expect",
        "content-type",
        "content-length",
        "authorization",
    }
)


def _variable(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


def _passed_on(request: Asked) -> dict[str, str]:
    return {_variable(n): v for n, v in request.fields if n.lower() not in KEPT_BACK and "_" not in n}


@server_rule(
    id="request-headers-passed-on",
    level=Level.WARNING,
    clauses=("env-http-present", "env-http-name-mapping"),
    stimuli=("env:names",),
    hint="Give every request header its HTTP_ variable: upper case, hyphens turned to underscores.",
    since="0.1",
)
def request_headers_passed_on(run: ServerRun) -> Outcome:
    """Every header of the request shows up as its HTTP_ variable.

    The presence of these variables "should correspond with the presence or absence of the appropriate HTTP header in
    the request" (PEP 3333, "environ Variables"). Hop-by-hop fields, which are the server's business, and Authorization,
    which CGI lets a server keep to itself, are not counted.
    """
    outcome: Outcome = None
    for request, call in pairs(run):
        for variable, value in _passed_on(request).items():
            if variable not in call.environ and value:
                message = f"the request's header for {variable} is missing from environ"
                return broken(run, message, request.connection, expected=f"{variable}={show(value)}")
            outcome = HELD
    return outcome


@request_headers_passed_on.bad
def _() -> ServerRun:
    sent = example_request("first", "", "X-Two-Words: two")
    return example_run(sent=sent, calls=[example_call(HTTP_HOST="127.0.0.1:8000", **{"HTTP_X-TWO-WORDS": "two"})])


@request_headers_passed_on.good
def _() -> ServerRun:
    sent = example_request("first", "", "X-Two-Words: two")
    return example_run(sent=sent, calls=[example_call(HTTP_HOST="127.0.0.1:8000", HTTP_X_TWO_WORDS="two")])


@server_rule(
    id="request-header-values-as-sent",
    level=Level.ERROR,
    clauses=("env-http-value", "env-http-name-mapping"),
    stimuli=("env:names",),
    hint="Strip the white space around the value, and change nothing else.",
    since="0.1",
)
def request_header_values_as_sent(run: ServerRun) -> Outcome:
    """An HTTP_ variable holds its header's value, without surrounding spaces.

    HTTP_ variables correspond to the headers that the client supplied (PEP 3333, "environ Variables"). Inner spaces,
    commas and quotes belong to the value.
    """
    outcome: Outcome = None
    for request, call in pairs(run):
        for variable, value in _passed_on(request).items():
            if variable not in call.environ:
                continue
            got = call.environ[variable]
            if got != value:
                message = f"{variable} is {show(got)}, not the value that was sent"
                return broken(run, message, request.connection, got=show(got), expected=show(value))
            outcome = HELD
    return outcome


@request_header_values_as_sent.bad
def _() -> ServerRun:
    sent = example_request("first", "", "X-Probe: two  words, inside")
    return example_run(sent=sent, calls=[example_call(HTTP_X_PROBE="two words, inside")])


@request_header_values_as_sent.good
def _() -> ServerRun:
    sent = example_request("first", "", "X-Probe:  two  words, inside ")
    return example_run(sent=sent, calls=[example_call(HTTP_X_PROBE="two  words, inside")])


@server_rule(
    id="no-invented-request-headers",
    level=Level.WARNING,
    clauses=("env-http-absent",),
    stimuli=("env:minimal", "env:plain"),
    hint="Make HTTP_ variables from the request's own headers only; do not pass on the process's variables.",
    since="0.1",
)
def no_invented_request_headers(run: ServerRun) -> Outcome:
    """No HTTP_ variable appears for a header that the client did not send.

    Applications trust HTTP_ variables to come from the client, or from a known proxy. Presence "should correspond with
    the presence or absence of the appropriate HTTP header" (PEP 3333, "environ Variables").
    """
    outcome: Outcome = None
    for request, call in pairs(run):
        sent = {_variable(name) for name, _ in request.fields}
        for name in call.environ:
            if name.startswith("HTTP_") and name not in sent:
                return broken(run, f"environ has {show(name)}, but no such header was sent", request.connection)
        outcome = HELD
    return outcome


@no_invented_request_headers.bad
def _() -> ServerRun:
    call = example_call(HTTP_HOST="127.0.0.1:8000", HTTP_PROXY="http://127.0.0.1:3128")
    return example_run(sent=example_request(), calls=[call])


@no_invented_request_headers.good
def _() -> ServerRun:
    return example_run(sent=example_request(), calls=[example_call(HTTP_HOST="127.0.0.1:8000")])


@server_rule(
    id="url-scheme-is-clients",
    level=Level.ERROR,
    clauses=("env-url-scheme-correct",),
    stimuli=("env:plain",),
    hint="Derive wsgi.url_scheme from the listening socket: 'http' without TLS.",
    since="0.1",
)
def url_scheme_is_clients(run: ServerRun) -> Outcome:
    """``wsgi.url_scheme`` agrees with how the client reached the application.

    It is the scheme part of the URL at which the application is being invoked (PEP 3333, "environ Variables");
    redirects and cookies marked secure depend on it. Tried over a plain listener only, not over TLS.
    """
    call = run.called("first")
    if call is None or "wsgi.url_scheme" not in call.environ:
        return None
    got = call.environ["wsgi.url_scheme"]
    if got != "http":
        return broken(run, f"wsgi.url_scheme is {got!r} on a plain connection", got=repr(got), expected="'http'")
    return HELD


@url_scheme_is_clients.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(**{"wsgi.url_scheme": "https"})])


@url_scheme_is_clients.good
def _() -> ServerRun:
    return example_run(calls=[example_call(**{"wsgi.url_scheme": "http"})])


@server_rule(
    id="environ-text-gives-bytes-back",
    level=Level.ERROR,
    clauses=("text-bytes-roundtrip",),
    stimuli=("env:octets",),
    hint="Decode every byte of path and headers as Latin-1; do not decode as UTF-8, and do not replace anything.",
    since="0.1",
)
def environ_text_gives_bytes_back(run: ServerRun) -> Outcome:
    """Text in environ turns back into the request's bytes through Latin-1.

    Native strings carry bytes as code points up to U+00FF (PEP 3333, "A Note On String Types" and "Unicode Issues"), so
    that an application can get at what was sent, whatever its encoding.
    """
    call, request = run.called("first"), asked(run, "first")
    if call is None or request is None:
        return None
    pairs_to_compare = [("PATH_INFO", call.path, request.path)]
    pairs_to_compare += [
        (_variable(name), call.get(_variable(name)), value)
        for name, value in request.fields
        if not value.isascii() and _variable(name) in call.environ
    ]
    for name, got, wanted in pairs_to_compare:
        if got != wanted:
            return broken(run, f"{name} does not hold the bytes that were sent", got=show(got), expected=show(wanted))
    return HELD


@environ_text_gives_bytes_back.bad
def _() -> ServerRun:
    calls = [example_call(PATH_INFO=example_path(rest="/\u20ac"))]
    return example_run(sent=example_request(rest="/%E2%82%AC"), calls=calls)


@environ_text_gives_bytes_back.good
def _() -> ServerRun:
    calls = [example_call(PATH_INFO=example_path(rest="/\xe2\x82\xac"))]
    return example_run(sent=example_request(rest="/%E2%82%AC"), calls=calls)


@server_rule(
    id="environ-fresh-per-request",
    level=Level.ERROR,
    clauses=("env-fresh-per-request",),
    stimuli=("env:fresh",),
    hint="Make a new dict for each request, or copy the base one.",
    since="0.1",
)
def environ_fresh_per_request(run: ServerRun) -> Outcome:
    """What one request's application changes in environ does not show in another's.

    An application "is allowed to modify the dictionary in any way it desires" (PEP 3333, "Specification Details"). A
    dictionary that is used again leaks one client's data to the next.
    """
    if run.called("mutate") is None:
        return None
    outcome: Outcome = None
    for label in ("next", "other"):
        call = run.called(label)
        if call is None:
            continue
        environ = call.environ
        planted: list[str] = [name for name in ("wsgiconform.planted", "HTTP_X_PLANTED") if name in environ]
        if environ.get("HTTP_X_STABLE", "stable") != "stable":
            planted.append("HTTP_X_STABLE")
        if "planted" in call.get("QUERY_STRING"):
            planted.append("QUERY_STRING")
        if planted:
            return broken(run, f"{planted[0]} was changed by an earlier request's application, and still is")
        outcome = HELD
    return outcome


@environ_fresh_per_request.bad
def _() -> ServerRun:
    calls = [example_call(label="mutate"), example_call(label="next", **{"wsgiconform.planted": "planted"})]
    return example_run(calls=calls)


@environ_fresh_per_request.good
def _() -> ServerRun:
    return example_run(calls=[example_call(label="mutate"), example_call(label="next", HTTP_X_STABLE="stable")])


@server_rule(
    id="url-can-be-rebuilt",
    level=Level.ERROR,
    clauses=("url-reconstruct",),
    stimuli=("env:urls",),
    hint="Keep HTTP_HOST, SCRIPT_NAME, PATH_INFO and QUERY_STRING true to the request.",
    since="0.1",
)
def url_can_be_rebuilt(run: ServerRun) -> Outcome:
    """The PEP's algorithm gives back the URL that the client used.

    Links, redirects and signatures are made with it (PEP 3333, "URL Reconstruction"). The comparison is of decoded
    paths, since encoding a path again has more than one right answer.
    """
    outcome: Outcome = None
    for request, call in pairs(run):
        host = call.get("HTTP_HOST") or f"{call.get('SERVER_NAME')}:{call.get('SERVER_PORT')}"
        query = call.get("QUERY_STRING")
        path = call.path
        got = f"{call.get('wsgi.url_scheme')}://{host}{path}{'?' if query else ''}{query}"
        wanted = f"http://{request.values('host')[0]}{request.path}{'?' if request.query else ''}{request.query}"
        if got != wanted:
            message = f"the URL rebuilt from environ is {show(got)}"
            return broken(run, message, request.connection, got=show(got), expected=show(wanted))
        outcome = HELD
    return outcome


def _url_environ(**changes: str) -> dict[str, str]:
    plain = {"HTTP_HOST": "127.0.0.1:8000", "PATH_INFO": example_path(rest="/a"), "wsgi.url_scheme": "http"}
    return {**plain, **changes}


@url_can_be_rebuilt.bad
def _() -> ServerRun:
    return example_run(sent=example_request(rest="/a?x=1"), calls=[example_call(**_url_environ(HTTP_HOST="localhost"))])


@url_can_be_rebuilt.good
def _() -> ServerRun:
    return example_run(sent=example_request(rest="/a?x=1"), calls=[example_call(**_url_environ(QUERY_STRING="x=1"))])


@server_rule(
    id="unknown-environ-keys-harmless",
    level=Level.ERROR,
    clauses=("env-server-vars-may", "env-fresh-per-request"),
    stimuli=("env:strange-keys",),
    hint="Do not look at environ again after the application was called.",
    since="0.1",
)
def unknown_environ_keys_harmless(run: ServerRun) -> Outcome:
    """Keys that the application adds to environ change nothing for the server.

    Environ may hold any further variables (PEP 3333, "environ Variables"), and the application may change it in any
    way; a server that iterates over it afterwards must not trip.
    """
    if run.called("first") is None:
        return None
    response = run.answer("first")
    if response is None or response.status != 200 or not response.complete:
        return broken(run, "an application that put keys of its own into environ got no proper response")
    return HELD


@unknown_environ_keys_harmless.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()])


@unknown_environ_keys_harmless.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"ok 00000000.first\n1"), calls=[example_call()])


@server_rule(
    id="deployer-variables-reach-app",
    level=Level.WARNING,
    clauses=("config-deployer-vars",),
    stimuli=("env:deployer",),
    hint="Leave the process's environment alone, or offer a setting for variables that go into environ.",
    since="0.1",
)
def deployer_variables_reach_app(run: ServerRun) -> Outcome:
    """A variable that the deployer set is there for the application.

    A deployer should be able to specify name-value pairs to be placed in environ (PEP 3333, "Application
    Configuration"); the operating system's environment, which the application can read, is the minimum.
    """
    call = run.called("first")
    found = call.named("deployer") if call is not None else []
    if not found:
        return None
    if not found[0]["process"] and not found[0]["environ"]:
        return broken(run, "a variable set by the deployer is neither in environ nor in os.environ")
    return HELD


@deployer_variables_reach_app.bad
def _() -> ServerRun:
    return example_run(calls=[example_call({"event": "deployer", "process": "", "environ": ""})])


@deployer_variables_reach_app.good
def _() -> ServerRun:
    return example_run(calls=[example_call({"event": "deployer", "process": "deployed", "environ": ""})])
