"""Rules on what every environ holds: the variables that the PEP requires of servers.

Source: PEP 3333, "environ Variables". Variables that may be empty may be absent, so only those are asked for
whose value can't be empty, and the ``wsgi.*`` ones.
"""

from __future__ import annotations

from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, AppCalled, Exchange
from ..registry import event_rule
from .environ_lookup import entry, is_there, lookup, readable, text

SECTION = "environ"


def _present(event: AppCalled, name: str, expected: str) -> Outcome:
    variables = readable(event)
    if variables is None:
        return None
    if lookup(variables, name) is MISSING:
        return fault(f"{entry(name)} is missing", expected=expected, variable=name)
    return HELD


def _stream_present(event: AppCalled, name: str, expected: str) -> Outcome:
    variables = readable(event)
    if variables is not None and lookup(variables, name) is None:
        return fault(f"{entry(name)} is None", got="None", expected=expected, variable=name)
    return _present(event, name, expected)


@event_rule(
    id="environ-has-request-method",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-request-method-present",),
    on=AppCalled,
    environ=(),
    hint="Set REQUEST_METHOD to the method of the request line.",
    since="0.1",
)
def environ_has_request_method(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has REQUEST_METHOD.

    Every app decides by the method what to do, and finds it nowhere else. PEP 3333, "environ Variables", lets other
    variables be absent, but this one is always required.
    """
    return _present(event, "REQUEST_METHOD", "the request's method, for example 'GET'")


@environ_has_request_method.bad
def _(environ):
    del environ["REQUEST_METHOD"]


@environ_has_request_method.good
def _(environ):
    environ["REQUEST_METHOD"] = "PROPFIND"  # any method token will do


@event_rule(
    id="environ-has-server-name",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-server-name-present",),
    on=AppCalled,
    environ=(),
    hint="Set SERVER_NAME to the host name or address that the server answers at.",
    since="0.1",
)
def environ_has_server_name(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has SERVER_NAME.

    An HTTP/1.0 client need not send Host, and then this is all an app has to build its own URL from. PEP 3333, "environ
    Variables", requires it of every server.
    """
    return _present(event, "SERVER_NAME", "a host name or address")


@environ_has_server_name.bad
def _(environ):
    del environ["SERVER_NAME"]


@environ_has_server_name.good
def _(environ):
    environ["SERVER_NAME"] = "::1"


@event_rule(
    id="environ-has-server-port",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-server-port-present",),
    on=AppCalled,
    environ=(),
    hint="Set SERVER_PORT to the port the server answers at, as text.",
    since="0.1",
)
def environ_has_server_port(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has SERVER_PORT.

    With SERVER_NAME it makes the authority of the app's own URL when there is no Host header. PEP 3333, "environ
    Variables", requires it of every server.
    """
    return _present(event, "SERVER_PORT", "a port number as text, for example '80'")


@environ_has_server_port.bad
def _(environ):
    del environ["SERVER_PORT"]


@environ_has_server_port.good
def _(environ):
    environ["SERVER_PORT"] = "8080"


@event_rule(
    id="environ-has-server-protocol",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-server-protocol-present",),
    on=AppCalled,
    environ=("SERVER_PROTOCOL",),
    hint="Set SERVER_PROTOCOL to the protocol version of the request, for example 'HTTP/1.1'.",
    since="0.1",
)
def environ_has_server_protocol(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has SERVER_PROTOCOL, and it is not empty.

    Apps decide by it whether the client understands what they are about to send. PEP 3333, "environ Variables", lets a
    variable be absent only where its value would be empty, and every request has a protocol.
    """
    name, expected = "SERVER_PROTOCOL", "the request's protocol, for example 'HTTP/1.1'"
    if text(event.variables, name) == "":
        return fault(f"{entry(name)} is empty", got="''", expected=expected, variable=name)
    return _present(event, name, expected)


@environ_has_server_protocol.bad
def _(environ):
    del environ["SERVER_PROTOCOL"]


@environ_has_server_protocol.good
def _(environ):
    environ["SERVER_PROTOCOL"] = "HTTP/1.0"


@event_rule(
    id="environ-has-wsgi-version",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-wsgi-version-present",),
    on=AppCalled,
    environ=(),
    hint="Set environ['wsgi.version'] to (1, 0).",
    since="0.1",
)
def environ_has_wsgi_version(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has wsgi.version.

    It distinguishes WSGI from plain CGI variables, and from any successor of WSGI 1.0. PEP 3333, "environ Variables",
    requires it.
    """
    return _present(event, "wsgi.version", "(1, 0)")


@environ_has_wsgi_version.bad
def _(environ):
    del environ["wsgi.version"]


@environ_has_wsgi_version.good
def _(environ):
    environ["wsgi.version"] = (1, 0)


@event_rule(
    id="environ-has-url-scheme",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-url-scheme-present",),
    on=AppCalled,
    environ=(),
    hint="Set environ['wsgi.url_scheme'] to 'http', or to 'https' under TLS.",
    since="0.1",
)
def environ_has_url_scheme(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has wsgi.url_scheme.

    No app can build a link to itself without it. PEP 3333, "environ Variables", requires it.
    """
    return _present(event, "wsgi.url_scheme", "'http' or 'https'")


@environ_has_url_scheme.bad
def _(environ):
    del environ["wsgi.url_scheme"]


@environ_has_url_scheme.good
def _(environ):
    environ["wsgi.url_scheme"] = "http"


@event_rule(
    id="environ-has-input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-input-present",),
    on=AppCalled,
    environ={"wsgi.input": is_there},
    hint="Give a stream for every request; io.BytesIO() will do for one without a body.",
    since="0.1",
)
def environ_has_input(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has a stream in wsgi.input.

    Apps read the body of a request without asking first whether there is one. PEP 3333, "environ Variables", requires
    an input stream for every request, so ``None`` can't stand for an empty one.
    """
    return _stream_present(event, "wsgi.input", "a binary input stream")


@environ_has_input.bad
def _(environ):
    del environ["wsgi.input"]


@environ_has_input.good
def _(environ):
    import io

    environ["wsgi.input"] = io.BytesIO()


@event_rule(
    id="environ-has-errors",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-errors-present",),
    on=AppCalled,
    environ={"wsgi.errors": is_there},
    hint="Set environ['wsgi.errors'] to a text stream, for example sys.stderr.",
    since="0.1",
)
def environ_has_errors(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has a stream in wsgi.errors.

    An app writes there when something has already gone wrong; a second failure would hide the first. PEP 3333, "environ
    Variables", requires it, and ``None`` is not a stream.
    """
    return _stream_present(event, "wsgi.errors", "a text output stream")


@environ_has_errors.bad
def _(environ):
    del environ["wsgi.errors"]


@environ_has_errors.good
def _(environ):
    import sys

    environ["wsgi.errors"] = sys.stderr


@event_rule(
    id="environ-has-multithread",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-multithread-present",),
    on=AppCalled,
    environ=(),
    hint="Set environ['wsgi.multithread'] to whether another thread may run the app at the same time.",
    since="0.1",
)
def environ_has_multithread(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has wsgi.multithread.

    An app that is not thread-safe looks here before it shares anything. PEP 3333, "environ Variables", requires the
    key; its value counts by truth.
    """
    return _present(event, "wsgi.multithread", "a true or false value")


@environ_has_multithread.bad
def _(environ):
    del environ["wsgi.multithread"]


@environ_has_multithread.good
def _(environ):
    environ["wsgi.multithread"] = 1  # truth values, not bool objects


@event_rule(
    id="environ-has-multiprocess",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-multiprocess-present",),
    on=AppCalled,
    environ=(),
    hint="Set environ['wsgi.multiprocess'] to whether another process may run the app at the same time.",
    since="0.1",
)
def environ_has_multiprocess(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has wsgi.multiprocess.

    In-process debuggers and caches look here whether the next request meets the same memory. PEP 3333, "environ
    Variables", requires the key; its value counts by truth.
    """
    return _present(event, "wsgi.multiprocess", "a true or false value")


@environ_has_multiprocess.bad
def _(environ):
    del environ["wsgi.multiprocess"]


@environ_has_multiprocess.good
def _(environ):
    environ["wsgi.multiprocess"] = ""


@event_rule(
    id="environ-has-run-once",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-run-once-present",),
    on=AppCalled,
    environ=(),
    hint="Set environ['wsgi.run_once'] to false, unless the process serves one request only, as under CGI.",
    since="0.1",
)
def environ_has_run_once(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has wsgi.run_once.

    An app may skip costly preparations when the process serves one request only. PEP 3333, "environ Variables",
    requires the key; its value counts by truth.
    """
    return _present(event, "wsgi.run_once", "a true or false value")


@environ_has_run_once.bad
def _(environ):
    del environ["wsgi.run_once"]


@environ_has_run_once.good
def _(environ):
    environ["wsgi.run_once"] = False
