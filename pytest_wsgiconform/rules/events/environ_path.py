"""Rules on SCRIPT_NAME and PATH_INFO: the path of the request, split at the application.

Source: PEP 3333, "environ Variables" and "URL Reconstruction". Either variable may be empty or absent. Two requests
have no path: OPTIONS for the server as a whole (``*``), and CONNECT (RFC 9112, section 3.2).
"""

from __future__ import annotations

from typing import Any

from ..display import show
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, AppCalled, Exchange
from ..registry import event_rule
from .environ_lookup import begins_with_slash, entry, lookup, readable, text

SECTION = "environ"


def _leading_slash(variables: dict[Any, Any], name: str) -> Outcome:
    value = text(variables, name)
    if not value:
        return None
    if value.startswith("/"):
        return HELD
    message = f"{entry(name)} is {show(value)}, which does not begin with a slash"
    return fault(message, got=show(value), expected="'/...', or an empty string", variable=name)


@event_rule(
    id="environ-script-name-leading-slash",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-script-name-slash",),
    on=AppCalled,
    environ=("SCRIPT_NAME",),
    hint="Begin SCRIPT_NAME with a slash; it is empty for an app at the root.",
    since="0.1",
)
def environ_script_name_leading_slash(event: AppCalled, exchange: Exchange) -> Outcome:
    """SCRIPT_NAME, when it is not empty, begins with a slash.

    It is the first part of a URL's path, appended to the host when an app builds its own URL (PEP 3333, "URL
    Reconstruction"); without the slash it runs into the host's name.
    """
    return _leading_slash(event.variables, "SCRIPT_NAME")


@environ_script_name_leading_slash.bad
def _(environ):
    environ["SCRIPT_NAME"] = "shop"


@environ_script_name_leading_slash.good
def _(environ):
    environ["SCRIPT_NAME"] = "/shop"


@event_rule(
    id="environ-script-name-not-lone-slash",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-script-name-not-bare-slash",),
    on=AppCalled,
    environ=("SCRIPT_NAME",),
    hint="Leave SCRIPT_NAME empty for an app at the root, and put the slash into PATH_INFO.",
    since="0.1",
)
def environ_script_name_not_lone_slash(event: AppCalled, exchange: Exchange) -> Outcome:
    """SCRIPT_NAME of an app at the root is empty, not a lone slash.

    With PATH_INFO after it every link gets two slashes, or the app looks for a page without the leading slash of its
    routes. PEP 3333, "environ Variables", makes SCRIPT_NAME empty at the root.
    """
    value = text(event.variables, "SCRIPT_NAME")
    if value is None:
        return None
    if value == "/":
        return fault(f"{entry('SCRIPT_NAME')} is a lone slash", got="'/'", expected="''", variable="SCRIPT_NAME")
    return HELD


@environ_script_name_not_lone_slash.bad
def _(environ):
    environ["SCRIPT_NAME"] = "/"


@environ_script_name_not_lone_slash.good
def _(environ):
    environ["SCRIPT_NAME"] = ""


@event_rule(
    id="environ-script-name-no-trailing-slash",
    level=Level.ADVICE,
    side=Blame.SERVER,
    clauses=("env-script-name-value",),
    on=AppCalled,
    environ=("SCRIPT_NAME",),
    hint="Cut SCRIPT_NAME before the slash that PATH_INFO begins with.",
    since="0.1",
)
def environ_script_name_no_trailing_slash(event: AppCalled, exchange: Exchange) -> Outcome:
    """SCRIPT_NAME does not end in a slash.

    PATH_INFO begins with one, so the URLs that an app builds would have two. PEP 3333, "environ Variables", does not
    forbid it, since the client may really have sent both; so this is advice.
    """
    value = text(event.variables, "SCRIPT_NAME")
    if not value or value == "/":  # a lone slash has its own rule
        return None
    if not value.endswith("/"):
        return HELD
    expected = show(value.rstrip("/"))
    message = f"{entry('SCRIPT_NAME')} is {show(value)}, which ends in a slash"
    return fault(message, got=show(value), expected=expected, variable="SCRIPT_NAME")


@environ_script_name_no_trailing_slash.bad
def _(environ):
    environ["SCRIPT_NAME"] = "/shop/"


@environ_script_name_no_trailing_slash.good
def _(environ):
    environ["SCRIPT_NAME"] = "/shop"


@event_rule(
    id="environ-path-info-leading-slash",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-path-info-slash",),
    on=AppCalled,
    environ={"PATH_INFO": begins_with_slash},
    hint="Begin PATH_INFO with the slash that follows SCRIPT_NAME in the URL's path.",
    since="0.1",
)
def environ_path_info_leading_slash(event: AppCalled, exchange: Exchange) -> Outcome:
    """PATH_INFO, when it is not empty, begins with a slash.

    Apps look their routes up by it, and append it to SCRIPT_NAME (PEP 3333, "URL Reconstruction"). A middleware that
    moves a part of the path into SCRIPT_NAME must leave the slash in PATH_INFO. The "*" of OPTIONS and the authority of
    CONNECT are not paths, and may stand here.
    """
    method = text(event.variables, "REQUEST_METHOD")
    if method == "CONNECT" or (method == "OPTIONS" and text(event.variables, "PATH_INFO") == "*"):
        return None
    return _leading_slash(event.variables, "PATH_INFO")


@environ_path_info_leading_slash.bad
def _(environ):
    environ["PATH_INFO"] = "index.html"


@environ_path_info_leading_slash.good
def _(environ):
    environ["PATH_INFO"] = "/index.html"


@event_rule(
    id="environ-path-present",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-path-not-both-missing",),
    on=AppCalled,
    environ={"PATH_INFO": begins_with_slash},
    hint="Set PATH_INFO to '/' for a request of the root.",
    since="0.1",
)
def environ_path_present(event: AppCalled, exchange: Exchange) -> Outcome:
    """SCRIPT_NAME and PATH_INFO are not both empty or absent.

    The path of an HTTP request is at least a slash, and together the two are that path (PEP 3333, "environ Variables").
    Apps at the root that get neither redirect for ever, or answer 404. OPTIONS for the server as a whole ("*") and
    CONNECT have no path.
    """
    variables = readable(event)
    if variables is None:
        return None
    values = [lookup(variables, name) for name in ("SCRIPT_NAME", "PATH_INFO")]
    if not all(value is MISSING or (type(value) is str and not value) for value in values):
        # Text, or something of a wrong type that another rule reports.
        return HELD if all(value is MISSING or type(value) is str for value in values) else None
    if text(variables, "REQUEST_METHOD") in ("OPTIONS", "CONNECT"):
        return None
    return fault("SCRIPT_NAME and PATH_INFO are both empty or absent", expected="at least '/' in PATH_INFO")


@environ_path_present.bad
def _(environ):
    environ["SCRIPT_NAME"] = environ["PATH_INFO"] = ""


@environ_path_present.good
def _(environ):
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/shop", ""
