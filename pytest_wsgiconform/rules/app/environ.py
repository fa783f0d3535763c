"""Exchange rules: the application copes with every environ that a server may hand over."""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun, ExchangeRecord
from ..registry import app_rule
from .compare import OF_THE_BODY, compare, differences, echoes, outcome_of

SECTION = "environ"


def _answers_as(run: AppRun, base: str, others: list[str], because: str) -> Outcome:
    """Judge that what is answered for *base* is answered, and not raised, for the others.

    Where all of these are answered, the base need not have been played.
    """
    usual = run.labelled(base)
    if any(outcome_of(record) != "answered" for record in usual):
        return None
    exercised = False
    for label in others:
        records = run.labelled(label)
        if not records or any(record.timed_out for record in records):
            continue
        if all(record.error is not None for record in records):
            if not usual:
                return None
            return _raised(records[0], label, because)
        exercised = True
    return HELD if exercised else None


def _raised(record: ExchangeRecord, label: str, because: str) -> Outcome:
    error = record.error
    what = f"{error.type}: {error.message}" if error is not None else outcome_of(record)
    return fault(
        f"{what} when {because}",
        got=what,
        expected="an answer",
        location=error.location if error is not None else None,
        exchange=label,
    )


@app_rule(
    id="script-name-may-be-absent",
    level=Level.WARNING,
    clauses=("env-script-name-empty-ok",),
    stimuli=("no-script-name",),
    hint='Use environ.get("SCRIPT_NAME", "").',
    since="0.1",
)
def script_name_may_be_absent(run: AppRun) -> Outcome:
    """An application at the server's root answers the same whether SCRIPT_NAME is empty or absent.

    PEP 3333, "environ Variables", lets a server leave out variables that would be empty, and SCRIPT_NAME is empty for
    every application at the root.
    """
    return compare(run, "empty", "absent", "SCRIPT_NAME is absent instead of empty", shown=("SCRIPT_NAME",))


@script_name_may_be_absent.bad
def _(environ, start_response):
    url = environ["SCRIPT_NAME"] + environ.get("PATH_INFO", "")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [url.encode("latin-1")]


@script_name_may_be_absent.good
def _(environ, start_response):
    url = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [url.encode("latin-1")]


@app_rule(
    id="path-info-may-be-absent",
    level=Level.WARNING,
    clauses=("env-path-info-empty-ok",),
    stimuli=("no-path-info",),
    hint='Use environ.get("PATH_INFO", ""), and count on an empty one.',
    since="0.1",
)
def path_info_may_be_absent(run: AppRun) -> Outcome:
    """A mounted application answers when the URL ends at its mount point, PATH_INFO empty or absent.

    The URL of a mounted application needs no trailing slash, and then nothing of the path is left for PATH_INFO (PEP
    3333, "environ Variables"). Raising instead of answering takes down the application's own front page.
    """
    raised = _answers_as(run, "usual", ["empty"], "PATH_INFO is empty")
    if raised:
        return raised
    return compare(run, "empty", "absent", "PATH_INFO is absent instead of empty", shown=("PATH_INFO",))


@path_info_may_be_absent.bad
def _(environ, start_response):
    first = environ["PATH_INFO"][0]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [first.encode("latin-1")]


@path_info_may_be_absent.good
def _(environ, start_response):
    first = environ.get("PATH_INFO", "")[:1]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [first.encode("latin-1")]


@app_rule(
    id="query-string-may-be-absent",
    level=Level.WARNING,
    clauses=("env-query-string-may-absent",),
    stimuli=("no-query-string",),
    hint='Use environ.get("QUERY_STRING", "").',
    since="0.1",
)
def query_string_may_be_absent(run: AppRun) -> Outcome:
    """A request without a query is answered the same whether QUERY_STRING is empty or absent.

    PEP 3333, "environ Variables", says of QUERY_STRING that it may be empty or absent; servers do both.
    """
    return compare(run, "empty", "absent", "QUERY_STRING is absent instead of empty", shown=("QUERY_STRING",))


@query_string_may_be_absent.bad
def _(environ, start_response):
    query = environ["QUERY_STRING"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"asked: ", query.encode("latin-1")]


@query_string_may_be_absent.good
def _(environ, start_response):
    query = environ.get("QUERY_STRING", "")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"asked: ", query.encode("latin-1")]


@app_rule(
    id="content-type-may-be-absent",
    level=Level.WARNING,
    clauses=("env-content-type-may-absent",),
    stimuli=("no-content-type",),
    hint='Use environ.get("CONTENT_TYPE", "") and answer 400 or 415 to what you can\'t read.',
    since="0.1",
)
def content_type_may_be_absent(run: AppRun) -> Outcome:
    """A POST with an empty or missing CONTENT_TYPE gets a response, not an exception.

    Clients need not say what they send, and PEP 3333, "environ Variables", lets the variable be empty or absent. An
    application that doesn't want such a body says so with a status.
    """
    return _answers_as(run, "typed", ["empty", "absent"], "CONTENT_TYPE is empty or absent")


@content_type_may_be_absent.bad
def _(environ, start_response):
    kind = environ.get("CONTENT_TYPE", "text/plain").split("/")[1]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [kind.encode("latin-1")]


@content_type_may_be_absent.good
def _(environ, start_response):
    kind = environ.get("CONTENT_TYPE") or "text/plain"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [kind.encode("latin-1")]


@app_rule(
    id="content-length-may-be-absent",
    level=Level.WARNING,
    clauses=("env-content-length-may-absent",),
    stimuli=("no-content-length",),
    hint='Use int(environ.get("CONTENT_LENGTH") or 0).',
    since="0.1",
)
def content_length_may_be_absent(run: AppRun) -> Outcome:
    """A request with an empty or missing CONTENT_LENGTH gets a response, not an exception.

    A request without a body has no length to give, and PEP 3333, "environ Variables", lets the variable be empty or
    absent: ``int("")`` is the classic way to fail here.
    """
    return _answers_as(run, "zero", ["empty", "absent"], "CONTENT_LENGTH is empty or absent")


@content_length_may_be_absent.bad
def _(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", "0")))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"got ", body]


@content_length_may_be_absent.good
def _(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"got ", body]


@app_rule(
    id="optional-variables-have-fallback",
    level=Level.WARNING,
    clauses=("env-app-fallback",),
    stimuli=("variable-absent",),
    hint="Use environ.get() with a fallback for every variable that PEP 3333 doesn't require.",
    since="0.1",
)
def optional_variables_have_fallback(run: AppRun) -> Outcome:
    """The application answers when a variable that servers need not provide is absent.

    PEP 3333, "environ Variables", asks applications to check for what they need and to have a plan for its absence.
    REMOTE_ADDR, for one, is absent behind a Unix socket.
    """
    outcome: Outcome = None
    for label in run.labels("without "):
        name = label.removeprefix("without ")
        one = _answers_as(run, "full", [label], f"{name} is absent")
        if one:
            return one
        outcome = one if one is not None else outcome
    return outcome


@optional_variables_have_fallback.bad
def _(environ, start_response):
    client = environ["REMOTE_ADDR"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello ", client.encode("latin-1")]


@optional_variables_have_fallback.good
def _(environ, start_response):
    client = environ.get("REMOTE_ADDR", "unknown")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello ", client.encode("latin-1")]


@app_rule(
    id="required-variables-suffice",
    level=Level.WARNING,
    clauses=("config-app-minimum",),
    stimuli=("bare-environ",),
    hint="Find the variable that is missing in the traceback, and give it a fallback.",
    since="0.1",
)
def required_variables_suffice(run: AppRun) -> Outcome:
    """The application answers when environ holds nothing but what PEP 3333 requires.

    Everything else is a demand on the deployment, which PEP 3333, "Application Configuration", wants to be kept to a
    minimum.
    """
    return _answers_as(run, "full", ["bare"], "environ holds the required variables only")


@required_variables_suffice.bad
def _(environ, start_response):
    agent, client = environ.get("HTTP_USER_AGENT"), environ.get("REMOTE_ADDR")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [(agent or client).encode("latin-1")]


@required_variables_suffice.good
def _(environ, start_response):
    agent, client = environ.get("HTTP_USER_AGENT"), environ.get("REMOTE_ADDR")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [(agent or client or "nobody").encode("latin-1")]


@app_rule(
    id="portable-across-servers",
    level=Level.ADVICE,
    clauses=("env-app-extra-cgi-nonportable",),
    stimuli=("bare-environ",),
    hint="Document which variables the application needs from its server.",
    since="0.1",
)
def portable_across_servers(run: AppRun) -> Outcome:
    """The answer does not depend on variables that only some servers provide.

    PEP 3333, "environ Variables", calls an application that uses other CGI variables than the listed ones necessarily
    non-portable. The author may want that, but should know it.
    """
    return compare(run, "full", "bare", "environ holds the required variables only")


@portable_across_servers.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served by " + environ.get("SERVER_SOFTWARE", "nobody").encode("latin-1")]


@portable_across_servers.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served by " + environ["SERVER_NAME"].encode("latin-1")]


@app_rule(
    id="flags-used-by-truth",
    level=Level.ERROR,
    clauses=("env-flags-truthiness",),
    stimuli=("flags",),
    hint='Write if environ["wsgi.multithread"]: and don\'t compare with True or look at the type.',
    since="0.1",
)
def flags_used_by_truth(run: AppRun) -> Outcome:
    """The concurrency flags count by their truth, whatever objects they are.

    PEP 3333, "environ Variables", says that wsgi.multithread, wsgi.multiprocess and wsgi.run_once evaluate true or
    false, not that they are bools: servers give 0 and 1, too.
    """
    outcome: Outcome = None
    for base in [label for label in run.labels("") if label.endswith(" bool")]:
        name = base.removesuffix(" bool")
        because = "a concurrency flag is a true or false object that is no bool"
        one = compare(run, base, f"{name} object", because, shown=("wsgi.multithread", "wsgi.run_once"))
        if not one:
            one_of_int = _answers_as(run, base, [f"{name} int"], "a concurrency flag is 0 or 1")
            one = one_of_int if one_of_int else one
        if one:
            return one
        outcome = one if one is not None else outcome
    return outcome


@flags_used_by_truth.bad
def _(environ, start_response):
    threads = environ["wsgi.multithread"] is True
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"with a lock" if threads else b"without a lock"]


@flags_used_by_truth.good
def _(environ, start_response):
    threads = bool(environ["wsgi.multithread"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"with a lock" if threads else b"without a lock"]


@app_rule(
    id="hop-by-hop-fields-not-relied-on",
    level=Level.ERROR,
    clauses=("http-no-rely-hop-env",),
    stimuli=("hop-by-hop",),
    hint="Leave Connection, Keep-Alive, TE, Upgrade and Proxy-Authorization to the server.",
    since="0.1",
)
def hop_by_hop_fields_not_relied_on(run: AppRun) -> Outcome:
    """The answer does not depend on hop-by-hop request fields.

    They concern the connection between a client and its next neighbour, which the server handles alone (PEP 3333,
    "Other HTTP Features": applications must not rely on those that are found in environ).
    """
    outcome: Outcome = None
    for label, texts in (
        ("with", ["wsgiconform/1", "timeout=17", "trailers", "d3NnaWNvbmZvcm06", "http_te", "http_upgrade"]),
        ("websocket", ["websocket", "http_upgrade", "upgrade:"]),
    ):
        base, variant = run.labelled("without"), run.labelled(label)
        found = differences(base, variant)
        if found is None:
            continue
        shown = echoes(variant, texts)
        # An app that shows the request, as an echo service does, has another body and needs another length.
        real = [d for d in found if not (shown and d.part in OF_THE_BODY)]
        if real:
            worst = real[0]
            return fault(
                f"the answer changes when hop-by-hop fields are in environ: {worst.part} is {worst.variant}, "
                f"not {worst.base}",
                got=worst.variant,
                expected=worst.base,
                location=variant[0].start_location,
                exchange=label,
            )
        outcome = HELD
    return outcome


@hop_by_hop_fields_not_relied_on.bad
def _(environ, start_response):
    keep = "keep-alive" in environ.get("HTTP_CONNECTION", "")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"stay" if keep else b"go"]


@hop_by_hop_fields_not_relied_on.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"stay"]
