"""Server extensions that were registered for trying, and TLS."""

from __future__ import annotations

from typing import Any

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "environ"


def _tried(run: ServerRun, how: str) -> dict[str, Any] | None:
    call = run.called("first")
    found = call.named("extension") if call is not None else []
    return next((entry for entry in found if entry["how"] == how), None)


def _refusal(run: ServerRun, how: str, what: str) -> Outcome:
    entry = _tried(run, how)
    if entry is None:
        return None
    return HELD if entry["raised"] else broken(run, f"the extension {what}", got="served", expected="an error")


def _example(how: str, raised: str = "", value: str = "") -> ServerRun:
    return example_run(calls=[example_call(event("extension", how=how, raised=raised, value=value))])


@server_rule(
    id="header-extension-needs-environ",
    level=Level.ERROR,
    clauses=("ext-headers-need-environ",),
    stimuli=("extension:headers",),
    hint="Make the current environ a required argument of the extension.",
    since="0.1",
)
def header_extension_needs_environ(run: ServerRun) -> Outcome:
    """An extension that gives request headers requires the caller's environ.

    Middleware may have changed environ; an extension that goes round it gives what the middleware took away (PEP 3333,
    "Server Extension APIs"). Tried for registered extensions only.
    """
    return _refusal(run, "without-environ", "gave the request's headers to a caller that passed no environ")


@header_extension_needs_environ.bad
def _() -> ServerRun:
    return _example("without-environ")


@header_extension_needs_environ.good
def _() -> ServerRun:
    return _example("without-environ", "TypeError: environ is missing")


@server_rule(
    id="header-extension-follows-environ",
    level=Level.ERROR,
    clauses=("ext-refuse-on-mismatch",),
    stimuli=("extension:headers",),
    hint="Answer from the environ that was passed, or refuse when it is not what the server knows.",
    since="0.1",
)
def header_extension_follows_environ(run: ServerRun) -> Outcome:
    """An extension that gives request headers follows a changed environ, or refuses.

    It has to refuse service when it can't be sure to agree with environ (PEP 3333, "Server Extension APIs"). Tried for
    registered extensions only.
    """
    entry = _tried(run, "altered-environ")
    if entry is None:
        return None
    if entry["raised"] or entry["value"] == "altered":
        return HELD
    message = f"environ says 'altered', the extension gave {show(entry['value'])}"
    return broken(run, message, got=show(entry["value"]), expected="'altered', or an error")


@header_extension_follows_environ.bad
def _() -> ServerRun:
    return _example("altered-environ", value="stable")


@header_extension_follows_environ.good
def _() -> ServerRun:
    return _example("altered-environ", value="altered")


@server_rule(
    id="output-extension-needs-start",
    section="start-response",
    level=Level.WARNING,
    clauses=("ext-output-needs-start-response",),
    stimuli=("extension:output",),
    hint="Make start_response a required argument of an extension that sends.",
    since="0.1",
)
def output_extension_needs_start(run: ServerRun) -> Outcome:
    """An extension that sends output requires ``start_response``.

    Only so can it see whether middleware in between would have had to see the output (PEP 3333, "Server Extension
    APIs"). Tried for registered extensions only.
    """
    return _refusal(run, "without-start", "sent output for a caller that passed no start_response")


@output_extension_needs_start.bad
def _() -> ServerRun:
    return _example("without-start")


@output_extension_needs_start.good
def _() -> ServerRun:
    return _example("without-start", "TypeError: start_response is missing")


@server_rule(
    id="output-extension-refuses-foreign-start",
    section="start-response",
    level=Level.ERROR,
    clauses=("ext-refuse-foreign-start-response",),
    stimuli=("extension:output",),
    hint="Compare the start_response that was passed with the one that was given to the application.",
    since="0.1",
)
def output_extension_refuses_foreign_start(run: ServerRun) -> Outcome:
    """An extension that sends output refuses a ``start_response`` that is not the server's own.

    Another ``start_response`` means that middleware is there, whose work the extension would go round (PEP 3333,
    "Server Extension APIs"). Tried for registered extensions only.
    """
    return _refusal(run, "foreign-start", "sent output although start_response was not the server's own")


@output_extension_refuses_foreign_start.bad
def _() -> ServerRun:
    return _example("foreign-start")


@output_extension_refuses_foreign_start.good
def _() -> ServerRun:
    return _example("foreign-start", "ValueError: not the server's start_response")


@server_rule(
    id="tls-variables-supplied",
    level=Level.WARNING,
    clauses=("env-ssl-vars", "env-url-scheme-correct"),
    stimuli=("tls:get",),
    hint="Under TLS, set wsgi.url_scheme to https and HTTPS to on, and add what is known of the SSL_ variables.",
    since="0.1",
)
def tls_variables_supplied(run: ServerRun) -> Outcome:
    """Under TLS, environ has ``HTTPS=on``, and the scheme is ``https``.

    A server should supply as many of Apache's SSL variables as apply, ``HTTPS=on`` and ``SSL_PROTOCOL`` among them,
    when TLS is in use (PEP 3333, "environ Variables"). Tried for the servers whose TLS mode is known, with a throw-away
    certificate.
    """
    if run.noted.not_started:
        return None  # the certificate or the TLS library may be at fault
    call = run.called("first")
    if call is None:
        return None
    scheme = call.environ.get("wsgi.url_scheme")
    if scheme != "https":
        return broken(run, f"over TLS, wsgi.url_scheme is {show(scheme)}", got=show(scheme), expected="'https'")
    https = call.get("HTTPS")
    if https.lower() not in ("on", "1"):
        return broken(run, f"over TLS, HTTPS is {show(https)}", got=show(https), expected="'on'")
    return HELD


@tls_variables_supplied.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(**{"wsgi.url_scheme": "https"})])


@tls_variables_supplied.good
def _() -> ServerRun:
    return example_run(calls=[example_call(HTTPS="on", **{"wsgi.url_scheme": "https"})])
