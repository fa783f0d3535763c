"""Rules on all variables of an environ at once: native strings, and the names that servers choose.

Source: PEP 3333, "environ Variables" and "Unicode Issues". These rules go through every key, so they may report
several variables of one environ, a fault each.
"""

from __future__ import annotations

import os
import re

from ..display import show, type_name
from ..model import HELD, Blame, Fault, Level, Outcome, fault
from ..records.exchange import MISSING, AppCalled, Exchange
from ..registry import event_rule
from .environ_lookup import (
    EXTENSION_KEYS,
    STANDARD_KEYS,
    entry,
    is_cgi_name,
    is_latin1,
    is_latin1_text,
    limited,
    lookup,
    named,
    readable,
    text,
    variable_fault,
)

SECTION = "environ"

_SERVER_DEFINED = re.compile(r"[a-z0-9._]+")

#: Names that Apache's own documentation has administrators set for old browsers; mod_wsgi hands them on.
_APACHE_FLAGS = frozenset({"downgrade-1.0", "force-response-1.0"})


@event_rule(
    id="environ-cgi-native-strings",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-cgi-str",),
    on=AppCalled,
    environ=(),
    any_variable=is_latin1_text,
    hint="Convert the value to str, bytes with .decode('latin-1'); an object needs a dotted name of the server's own.",
    since="0.1",
)
def environ_cgi_native_strings(event: AppCalled, exchange: Exchange) -> Outcome:
    """Every CGI variable is a native string: exactly of type str, not of a subclass.

    Apps slice, compare and concatenate these values without a look at their type. PEP 3333, "environ Variables", calls
    any other type a violation, and "A Note On String Types" says what a native string is. Names in lower case or with a
    dot are not CGI's, and may hold anything.
    """
    exercised, faults = False, []
    for name, value in named(event.variables):
        if value is None or not is_cgi_name(name):  # None has a rule of its own
            continue
        exercised = True
        if type(value) is not str:
            # The value stands in got: in the message, a port number would make a new story of every request.
            message = f"{entry(name)} is of type {type_name(value)}, not str"
            faults.append(variable_fault(name, message, show(value), "str"))
    return limited(faults) if exercised else None


@environ_cgi_native_strings.bad
def _(environ):
    environ["REMOTE_PORT"] = 49152


@environ_cgi_native_strings.good
def _(environ):
    environ["REMOTE_PORT"] = "49152"


@event_rule(
    id="environ-no-none-for-missing",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-missing-omitted", "env-cgi-str"),
    on=AppCalled,
    environ=(),
    any_variable=is_latin1_text,
    hint="Leave a variable out of environ when there is no value for it.",
    since="0.1",
)
def environ_no_none_for_missing(event: AppCalled, exchange: Exchange) -> Outcome:
    """A CGI variable without a value is left out of environ, not set to None.

    ``environ.get("REMOTE_USER", "")`` gives the ``None``, and the next string method fails. PEP 3333, "environ
    Variables", has such variables left out, and lets a CGI variable be nothing but a string.
    """
    exercised, faults = False, []
    for name, value in named(event.variables):
        if not is_cgi_name(name):
            continue
        exercised = True
        if value is None:
            faults.append(variable_fault(name, f"{entry(name)} is None", "None", "no such key"))
    return limited(faults) if exercised else None


@environ_no_none_for_missing.bad
def _(environ):
    environ["REMOTE_USER"] = None


@environ_no_none_for_missing.good
def _(environ):
    environ.pop("REMOTE_USER", None)


@event_rule(
    id="environ-no-empty-user",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("env-missing-omitted",),
    on=AppCalled,
    environ=("REMOTE_USER", "AUTH_TYPE"),
    hint="Leave REMOTE_USER and AUTH_TYPE out of environ when nobody was authenticated.",
    since="0.1",
)
def environ_no_empty_user(event: AppCalled, exchange: Exchange) -> Outcome:
    """REMOTE_USER and AUTH_TYPE are absent, not empty, when nobody was authenticated.

    Apps ask ``"REMOTE_USER" in environ`` to learn whether the server has authenticated the client, and take a visitor
    without a name for a user with an empty one. PEP 3333, "environ Variables", has variables without a value left out,
    with REMOTE_USER as its example; it is a SHOULD.
    """
    faults: list[Fault] = []
    exercised = False
    for name in ("REMOTE_USER", "AUTH_TYPE"):
        value = text(event.variables, name)
        exercised = exercised or value is not None
        if value == "":
            faults.append(variable_fault(name, f"{entry(name)} is empty", "''", "no such key"))
    return tuple(faults) if exercised else None


@environ_no_empty_user.bad
def _(environ):
    environ["REMOTE_USER"] = ""


@environ_no_empty_user.good
def _(environ):
    environ["REMOTE_USER"] = "ada"


@event_rule(
    id="environ-text-latin1",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("text-server-latin1",),
    on=AppCalled,
    environ=(),
    any_variable=is_latin1_text,
    hint="Decode the request's bytes as Latin-1; turn other text into bytes first: value.encode().decode('latin-1').",
    since="0.1",
)
def environ_text_latin1(event: AppCalled, exchange: Exchange) -> Outcome:
    """Text in environ has no character beyond U+00FF: names, CGI variables, and wsgi.url_scheme.

    A native string carries bytes, one character each, and apps get the bytes back with ``.encode("latin-1")``. PEP
    3333, "Unicode Issues", forbids servers to hand over any other character; this includes variables copied from the
    operating system (the PEP's own CGI gateway converts them). Values under a server's own dotted names are left alone.
    """
    exercised, faults = False, []
    for name, value in named(event.variables):
        if not is_latin1(name):
            message = f"the key {show(name)} has characters beyond U+00FF"
            faults.append(variable_fault(name, message, show(name), "Latin-1 text"))
        elif type(value) is str and ("." not in name or name in STANDARD_KEYS or is_cgi_name(name)):
            exercised = True
            if not is_latin1(value):
                message = f"{entry(name)} has characters beyond U+00FF: {show(value)}"
                faults.append(variable_fault(name, message, show(value), "Latin-1 text"))
    return limited(faults) if faults or exercised else None


@environ_text_latin1.bad
def _(environ):
    environ["PATH_INFO"] = "/prices/\u20ac"


@environ_text_latin1.good
def _(environ):
    environ["PATH_INFO"] = "/prices/\u20ac".encode().decode("latin-1")


def _from_the_system(name: str, value: object) -> bool:
    """Tell whether this is a variable of the operating system or of Apache, whose names nobody can choose."""
    if type(value) is not str:
        return False
    return name in _APACHE_FLAGS or (name.isascii() and name in os.environ)


@event_rule(
    id="environ-server-variable-chars",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("env-server-var-chars",),
    on=AppCalled,
    environ=(),
    hint="Name the variable with lower-case letters, digits, dots and underscores only: 'myserver.some_name'.",
    since="0.1",
)
def environ_server_variable_chars(event: AppCalled, exchange: Exchange) -> Outcome:
    """Variables that a server defines have names of lower-case letters, digits, dots and underscores.

    Such a name can't be mistaken for a CGI variable, and never clashes with one. PEP 3333, "environ Variables", says so
    as a SHOULD. Keys with a dot are judged, and keys that are not strings; request headers with a dot in their name,
    variables of the operating system, and the ``x-wsgiorg.`` names of wsgi.org are left alone.
    """
    exercised, faults = False, []
    for key in event.variables:
        if not issubclass(type(key), str):
            exercised = True
            message = f"the key {show(key)} of environ is of type {type_name(key)}"
            faults.append(variable_fault(show(key), message, show(key), "a string"))
    for name, value in named(event.variables):
        if "." not in name or name.startswith(("wsgi.", "HTTP_", "x-wsgiorg.")) or not is_latin1(name):
            continue
        if _SERVER_DEFINED.fullmatch(name):
            exercised = True
        elif not _from_the_system(name, value):
            message = f"the name of the server-defined variable {show(name)} has other characters"
            allowed = "lower-case letters, digits, dots and underscores"
            faults.append(variable_fault(name, message, show(name), allowed))
    return limited(faults) if faults or exercised else None


@environ_server_variable_chars.bad
def _(environ):
    environ["MyServer.Worker-Id"] = 7


@environ_server_variable_chars.good
def _(environ):
    environ["myserver.worker_id"] = 7


@event_rule(
    id="environ-server-variable-prefix",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("env-server-var-prefix",),
    on=AppCalled,
    environ=(),
    hint="Put the server's own name and a dot in front: 'myserver.some_name'.",
    since="0.1",
)
def environ_server_variable_prefix(event: AppCalled, exchange: Exchange) -> Outcome:
    """Variables that a server defines have a prefix of their own: neither none, nor the PEP's wsgi.

    Two servers, or a server and a later edition of WSGI, would use one name for different things. PEP 3333, "environ
    Variables", asks for a prefix unique to the server, as a SHOULD. In the ``wsgi.`` namespace the names of the PEP and
    the extensions in common use are left alone; of the names without a dot only those whose value is not a string are
    judged, since a string may come from the operating system or the deployer.
    """
    exercised, faults = False, []
    for name, value in named(event.variables):
        if name in STANDARD_KEYS or is_cgi_name(name) or not is_latin1(name):
            continue
        if name.startswith("wsgi."):
            exercised = True
            if name in EXTENSION_KEYS:
                continue
            message = f"{show(name)} is neither a key of PEP 3333 nor a known extension"
        elif "." in name:
            exercised = True
            continue
        elif issubclass(type(value), str):
            continue
        else:
            message = f"the server-defined variable {show(name)} has no prefix"
        faults.append(variable_fault(name, message, show(name), "a prefix unique to the server"))
    return limited(faults) if faults or exercised else None


@environ_server_variable_prefix.bad
def _(environ):
    environ["wsgi.worker_id"] = 7


@environ_server_variable_prefix.good
def _(environ):
    environ["myserver.worker_id"] = 7


_EXPECTED_OF_CGI = ("REMOTE_ADDR", "SERVER_SOFTWARE", "GATEWAY_INTERFACE")


@event_rule(
    id="environ-supplies-cgi-variables",
    level=Level.ADVICE,
    side=Blame.SERVER,
    clauses=("env-cgi-others",),
    on=AppCalled,
    environ=("SERVER_NAME", "SERVER_PORT"),
    once=True,
    hint="Set the CGI variables that apply: REMOTE_ADDR above all, SERVER_SOFTWARE, GATEWAY_INTERFACE 'CGI/1.1'.",
    since="0.1",
)
def environ_supplies_cgi_variables(event: AppCalled, exchange: Exchange) -> Outcome:
    """environ has the further CGI variables that apply to any request: who asks, and what serves.

    Logs and rate limits need REMOTE_ADDR, and nothing else in environ gives it. PEP 3333, "environ Variables", asks
    servers for as many CGI variables as apply. REMOTE_ADDR is not asked for where SERVER_NAME or SERVER_PORT shows a
    Unix socket, whose clients have no address.
    """
    variables = readable(event)
    if variables is None:
        return None
    name, port = text(variables, "SERVER_NAME") or "", text(variables, "SERVER_PORT") or ""
    over_tcp = "/" not in name and port.isdigit()
    missing = [v for v in _EXPECTED_OF_CGI if lookup(variables, v) is MISSING and (over_tcp or v != "REMOTE_ADDR")]
    if not missing:
        return HELD
    return fault(f"environ lacks {', '.join(missing)}", variables=missing)


@environ_supplies_cgi_variables.bad
def _(environ):
    for name in ("REMOTE_ADDR", "SERVER_SOFTWARE", "GATEWAY_INTERFACE"):
        environ.pop(name, None)


@environ_supplies_cgi_variables.good
def _(environ):
    environ.update(REMOTE_ADDR="192.0.2.7", SERVER_SOFTWARE="Example/1.0", GATEWAY_INTERFACE="CGI/1.1")
