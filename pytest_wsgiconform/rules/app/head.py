"""HEAD, answered as GET would be."""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun
from ..registry import app_rule
from .compare import steady, was_answered

SECTION = "http"


def _steady_pair(run: AppRun) -> tuple[dict[str, str], dict[str, str]] | None:
    """Return what is steady in the GETs and in the HEADs, ``None`` unless all were answered."""
    gets, heads = run.labelled("get"), run.labelled("head")
    if len(gets) < 2 or len(heads) < 2 or not all(map(was_answered, gets)) or not all(map(was_answered, heads)):
        return None
    return steady(gets), steady(heads)


@app_rule(
    id="head-status-as-get",
    level=Level.WARNING,
    clauses=("rfc-head-app-fields",),
    stimuli=("head",),
    hint="Treat HEAD as GET, and leave out the body or let the server drop it.",
    since="0.1",
)
def head_status_as_get(run: AppRun) -> Outcome:
    """A HEAD gets the status that a GET of the same path gets.

    Link checkers, caches and monitors send HEAD and believe what it says (RFC 9110 section 9.3.2); GET and HEAD are the
    two methods that every general-purpose resource has to know (section 9.1).
    """
    pair = _steady_pair(run)
    if pair is None or "status" not in pair[0] or "status" not in pair[1]:
        return None
    get, head = pair[0]["status"], pair[1]["status"]
    if get == head:
        return HELD
    return fault(f"GET gets {get}, HEAD {head}", got=head, expected=get, exchange="head")


@head_status_as_get.bad
def _(environ, start_response):
    if environ["REQUEST_METHOD"] != "GET":
        start_response("405 Method Not Allowed", [("Allow", "GET"), ("Content-Length", "0")])
        return []
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@head_status_as_get.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


@app_rule(
    id="head-fields-as-get",
    level=Level.WARNING,
    clauses=("rfc-head-app-fields",),
    stimuli=("head",),
    hint="Compute the fields before you drop the body, or leave Content-Length out of the answer to HEAD.",
    since="0.1",
)
def head_fields_as_get(run: AppRun) -> Outcome:
    """Content-Type and Content-Length of a HEAD are those of the GET, as far as they are given.

    A Content-Length of 0 for HEAD, where GET has a body, makes caches throw away what they hold and downloaders believe
    in an empty file (RFC 9110 section 9.3.2). Leaving a field out is allowed.
    """
    pair = _steady_pair(run)
    if pair is None or pair[0].get("status") != pair[1].get("status"):
        return None
    exercised = False
    for name in ("content-type", "content-length"):
        wanted = pair[0].get(name)
        if name == "content-length" and wanted is None:
            wanted = _size(run)
        given = pair[1].get(name)
        if wanted is None or given is None:
            continue
        exercised = True
        if given != wanted:
            return fault(
                f"{name.title()} is {given} for HEAD, {wanted} for GET", got=given, expected=wanted, exchange="head"
            )
    return HELD if exercised else None


def _size(run: AppRun) -> str | None:
    """Return the number of bytes that GET gives without saying so, ``None`` when it varies."""
    sizes = {record.size for record in run.labelled("get")}
    return str(sizes.pop()) if len(sizes) == 1 else None


@head_fields_as_get.bad
def _(environ, start_response):
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


@head_fields_as_get.good
def _(environ, start_response):
    body = b"hello"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
