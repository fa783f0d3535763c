"""A server's environ against the bytes that the client sent."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import example_call, example_path, example_request, example_run
from ..requests import Asked, judge_each, pairs

SECTION = "environ"


@server_rule(
    id="request-method-as-sent",
    level=Level.ERROR,
    clauses=("env-request-method-value",),
    stimuli=("env:methods",),
    hint="Pass the method token on unchanged, or refuse the request with 405 or 501.",
    since="0.1",
)
def request_method_as_sent(run: ServerRun) -> Outcome:
    """REQUEST_METHOD is the method token that the client sent.

    An application routes by it. The method is a case-sensitive token of the client's choice (PEP 3333, "environ
    Variables"); a server that does not want one refuses it before the application is called.
    """
    return judge_each(run, "REQUEST_METHOD", lambda request: request.method, "not the method that was sent")


@request_method_as_sent.bad
def _() -> ServerRun:
    return example_run(sent=example_request(method="BREW"), calls=[example_call(REQUEST_METHOD="GET")])


@request_method_as_sent.good
def _() -> ServerRun:
    return example_run(sent=example_request(method="BREW"), calls=[example_call(REQUEST_METHOD="BREW")])


@server_rule(
    id="path-info-is-rest-of-path",
    level=Level.ERROR,
    clauses=("env-path-info-value", "env-script-name-value"),
    stimuli=("env:paths", "env:plain"),
    hint="Percent-decode the path once, as bytes, and split it into SCRIPT_NAME and PATH_INFO.",
    since="0.1",
)
def path_info_is_rest_of_path(run: ServerRun) -> Outcome:
    """SCRIPT_NAME and PATH_INFO together are the decoded path of the request.

    SCRIPT_NAME is the initial portion of the request URL's path and PATH_INFO its remainder (PEP 3333, "environ
    Variables"). Routing, and the URL that an application rebuilds, depend on nothing being lost in between.
    """
    outcome: Outcome = None
    for request, call in pairs(run):
        got = call.path
        if got != request.path:
            message = f"SCRIPT_NAME + PATH_INFO is {show(got)} for the target {show(request.target)}"
            return broken(run, message, request.connection, got=show(got), expected=show(request.path))
        outcome = HELD
    return outcome


@path_info_is_rest_of_path.bad
def _() -> ServerRun:
    return example_run(sent=example_request(rest="/a%20b"), calls=[example_call(PATH_INFO=example_path(rest="/a%20b"))])


@path_info_is_rest_of_path.good
def _() -> ServerRun:
    return example_run(sent=example_request(rest="/a%20b"), calls=[example_call(PATH_INFO=example_path(rest="/a b"))])


@server_rule(
    id="script-name-is-mount-point",
    level=Level.ERROR,
    clauses=("env-script-name-value",),
    stimuli=("env:mounted", "env:plain"),
    hint="Put the path under which the app is mounted into SCRIPT_NAME, and only what follows it into PATH_INFO.",
    since="0.1",
)
def script_name_is_mount_point(run: ServerRun) -> Outcome:
    """Below a mount point SCRIPT_NAME is that point and PATH_INFO what follows it.

    SCRIPT_NAME is the initial portion of the path that corresponds to the application object (PEP 3333, "environ
    Variables"). With the prefix left in PATH_INFO no route matches; with it in neither, every link that the application
    makes leads out of it. At a root mount the rule is not exercised.
    """
    outcome: Outcome = None
    for request, call in pairs(run):
        if not run.mount or not request.path.startswith(run.mount):
            continue
        got = call.get("SCRIPT_NAME"), call.get("PATH_INFO")
        wanted = run.mount, request.path[len(run.mount) :]
        if got != wanted:
            message = f"SCRIPT_NAME and PATH_INFO are {show(got)} for the target {show(request.target)}"
            return broken(run, message, request.connection, got=show(got), expected=show(wanted))
        outcome = HELD
    return outcome


@script_name_is_mount_point.bad
def _() -> ServerRun:
    calls = [example_call(SCRIPT_NAME="", PATH_INFO=example_path())]
    return example_run(sent=example_request(mount="/mount"), calls=calls, mount="/mount")


@script_name_is_mount_point.good
def _() -> ServerRun:
    calls = [example_call(SCRIPT_NAME="/mount", PATH_INFO=example_path())]
    return example_run(sent=example_request(mount="/mount"), calls=calls, mount="/mount")


@server_rule(
    id="query-string-as-sent",
    level=Level.ERROR,
    clauses=("env-query-string-value",),
    stimuli=("env:queries", "env:plain"),
    hint="Take everything after the first question mark, and decode nothing.",
    since="0.1",
)
def query_string_as_sent(run: ServerRun) -> Outcome:
    """QUERY_STRING is what follows the first question mark, undecoded.

    The query is decoded by the application, once (PEP 3333, "environ Variables": the portion of the request URL that
    follows the "?"). A server that decodes it makes ``%26`` a separator.
    """
    return judge_each(run, "QUERY_STRING", lambda request: request.query, "not what followed the first question mark")


@query_string_as_sent.bad
def _() -> ServerRun:
    return example_run(sent=example_request(rest="?q=%26"), calls=[example_call(QUERY_STRING="q=&")])


@query_string_as_sent.good
def _() -> ServerRun:
    return example_run(sent=example_request(rest="?q=%26"), calls=[example_call(QUERY_STRING="q=%26")])


@server_rule(
    id="content-type-as-sent",
    level=Level.ERROR,
    clauses=("env-content-type-value",),
    stimuli=("env:content-type",),
    hint="Copy the field's value, parameters included.",
    since="0.1",
)
def content_type_as_sent(run: ServerRun) -> Outcome:
    """CONTENT_TYPE is the value of the request's Content-Type.

    It is the content of the Content-Type field (PEP 3333, "environ Variables"); without its parameters a multipart form
    cannot be read.
    """

    def wanted(request: Asked) -> str | None:
        return next(iter(request.values("content-type")), None)

    return judge_each(run, "CONTENT_TYPE", wanted, "not the value of Content-Type")


@content_type_as_sent.bad
def _() -> ServerRun:
    sent = example_request("first", "", "Content-Type: text/x; charset=utf-8")
    return example_run(sent=sent, calls=[example_call(CONTENT_TYPE="text/x")])


@content_type_as_sent.good
def _() -> ServerRun:
    sent = example_request("first", "", "Content-Type: text/x; charset=utf-8")
    return example_run(sent=sent, calls=[example_call(CONTENT_TYPE="text/x; charset=utf-8")])


@server_rule(
    id="content-length-as-sent",
    level=Level.ERROR,
    clauses=("env-content-length-value",),
    stimuli=("env:content-length",),
    hint="Copy the field's value.",
    since="0.1",
)
def content_length_as_sent(run: ServerRun) -> Outcome:
    """CONTENT_LENGTH is the value of the request's Content-Length.

    It is how an application knows how much to read (PEP 3333, "environ Variables": the contents of any Content-Length
    field in the HTTP request). For a length of 0 an empty or absent variable says the same.
    """

    def wanted(request: Asked) -> str | None:
        return next((value for value in request.values("content-length") if value != "0"), None)

    return judge_each(run, "CONTENT_LENGTH", wanted, "not the value of Content-Length")


@content_length_as_sent.bad
def _() -> ServerRun:
    sent = example_request("first", "", "Content-Length: 10", method="POST")
    return example_run(sent=sent, calls=[example_call(CONTENT_LENGTH="")])


@content_length_as_sent.good
def _() -> ServerRun:
    sent = example_request("first", "", "Content-Length: 10", method="POST")
    return example_run(sent=sent, calls=[example_call(CONTENT_LENGTH="10")])


@server_rule(
    id="server-address-names-listener",
    level=Level.ERROR,
    clauses=("env-server-fallback-url",),
    stimuli=("env:no-host",),
    hint="Set SERVER_NAME to a name or address of the listening socket, and SERVER_PORT to its port.",
    since="0.1",
)
def server_address_names_listener(run: ServerRun) -> Outcome:
    """Without a Host, SERVER_NAME and SERVER_PORT name the listener.

    With SCRIPT_NAME and PATH_INFO the two complete the URL when the client sent no Host (PEP 3333, "environ Variables"
    and "URL Reconstruction"). A port that nobody listens on, or a name that no host can have (with spaces, a slash, or
    the reserved ``.invalid``), makes links that lead nowhere.
    """
    call = run.called("first")
    if call is None or "SERVER_PORT" not in call.environ:
        return None
    port = run.host.rpartition(":")[2]
    if call.get("SERVER_PORT") != port:
        got = show(call.get("SERVER_PORT"))
        return broken(run, f"SERVER_PORT is {got}, the server listens on {port}", got=got, expected=show(port))
    name = call.get("SERVER_NAME")
    if not _may_be_a_host(name):
        return broken(run, f"SERVER_NAME is {show(name)}, which can be the name of no host", got=show(name))
    return HELD


def _may_be_a_host(name: str) -> bool:
    if name.lower().rstrip(".").endswith(".invalid"):
        return False
    allowed = all(char.isalnum() or char in "-._~:[]%" for char in name)
    return bool(name) and name.isascii() and allowed


@server_address_names_listener.bad
def _() -> ServerRun:
    calls = [example_call(SERVER_NAME="example.invalid", SERVER_PORT="8000")]
    return example_run(calls=calls, host="127.0.0.1:8000")


@server_address_names_listener.good
def _() -> ServerRun:
    return example_run(calls=[example_call(SERVER_NAME="127.0.0.1", SERVER_PORT="8000")], host="127.0.0.1:8000")


@server_rule(
    id="server-protocol-is-request-version",
    level=Level.ERROR,
    clauses=("env-server-protocol-request",),
    stimuli=("env:versions",),
    hint="Put the version of the request line into SERVER_PROTOCOL, not the version that the server speaks.",
    since="0.1",
)
def server_protocol_is_request_version(run: ServerRun) -> Outcome:
    """SERVER_PROTOCOL is the version in the client's request.

    It is "The version of the protocol the client used to send the request" (PEP 3333, "environ Variables"), by which an
    application decides what it may answer.
    """
    return judge_each(run, "SERVER_PROTOCOL", lambda request: request.version, "not the version that the client used")


@server_protocol_is_request_version.bad
def _() -> ServerRun:
    return example_run(sent=example_request(version="HTTP/1.0"), calls=[example_call(SERVER_PROTOCOL="HTTP/1.1")])


@server_protocol_is_request_version.good
def _() -> ServerRun:
    return example_run(sent=example_request(version="HTTP/1.0"), calls=[example_call(SERVER_PROTOCOL="HTTP/1.0")])
