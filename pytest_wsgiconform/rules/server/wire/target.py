"""Rules on the forms of a request target: absolute, asterisk, authority, fragment."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..outcomes import answered, must_refuse

SECTION = "request-line"


@server_rule(
    id="absolute-form-gives-path-and-query",
    level=Level.ERROR,
    clauses=("rfc-absolute-form",),
    stimuli=("target:absolute", "target:absolute-upper-case-scheme"),
    hint="Accept an absolute URI as the target and hand its path and query to the app.",
    since="0.1",
)
def absolute_form_gives_path_and_query(run: ServerRun) -> Outcome:
    """A target in absolute form is served like the same target in origin form.

    Every client behind a proxy sends this form, and RFC 9112 section 3.2.2 requires servers to accept it. The scheme
    and authority are not part of the path that an app sees.
    """
    wanted = run.wanted.path, run.wanted.query
    if not run.took_place or run.unseen or None in wanted:
        return None
    call = run.first_call
    if call is None:
        return broken(run, f"a target in absolute form got: {answered(run)}", got=answered(run), expected="served")
    path, query = call.path, call.get("QUERY_STRING")
    if not path.startswith("/") or "://" in path or (call.rest_of_path, query) != wanted:
        return broken(
            run,
            f"the path became {show(path)} and the query {show(query)}",
            got=show(path),
            expected=f"... {show(wanted[0])} and {show(wanted[1])}",
        )
    return HELD


_ABSOLUTE = b"GET http://127.0.0.1:80/probe/echo/00000000.first/x?a=1 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"


@absolute_form_gives_path_and_query.bad
def _() -> ServerRun:
    environ = {"PATH_INFO": "http://127.0.0.1:80/probe/echo/00000000.first/x", "QUERY_STRING": "a=1"}
    return one_connection(
        _ABSOLUTE,
        Response(200),
        calls=[Call("first", environ)],
        stimulus="target:absolute",
        wanted=Wanted(path="/x", query="a=1"),
    )


@absolute_form_gives_path_and_query.good
def _() -> ServerRun:
    environ = {"PATH_INFO": "/probe/echo/00000000.first/x", "QUERY_STRING": "a=1"}
    return one_connection(
        _ABSOLUTE,
        Response(200),
        calls=[Call("first", environ)],
        stimulus="target:absolute",
        wanted=Wanted(path="/x", query="a=1"),
    )


@server_rule(
    id="absolute-form-overrides-host",
    level=Level.ERROR,
    clauses=("rfc-absolute-form-host",),
    stimuli=("target:absolute-other-host",),
    hint="Put the authority of an absolute target into HTTP_HOST, in the place of the Host field.",
    since="0.1",
)
def absolute_form_overrides_host(run: ServerRun) -> Outcome:
    """With a target in absolute form the app sees the target's authority, not the Host field.

    The received Host is ignored and replaced (RFC 9112 section 3.2.2). A front end that routes by the target and an app
    that trusts Host must not see two different hosts.
    """
    if not run.took_place or run.unseen:
        return None
    call = run.first_call
    if call is None:
        return must_refuse(run, "an absolute target with another Host")
    host, other = call.get("HTTP_HOST"), run.wanted.other_host
    if other is None:
        return None
    if other in host:
        return broken(run, f"HTTP_HOST has the ignored field's {show(host)}", got=show(host), expected=show(run.host))
    return HELD


_OTHER_HOST = b"GET http://127.0.0.1:80/probe/echo/00000000.first HTTP/1.1\r\nHost: other.test\r\n\r\n"


@absolute_form_overrides_host.bad
def _() -> ServerRun:
    return one_connection(
        _OTHER_HOST,
        Response(200),
        calls=[Call("first", {"HTTP_HOST": "other.test"})],
        stimulus="target:absolute-other-host",
        wanted=Wanted(other_host="other.test"),
    )


@absolute_form_overrides_host.good
def _() -> ServerRun:
    return one_connection(
        _OTHER_HOST,
        Response(200),
        calls=[Call("first", {"HTTP_HOST": "127.0.0.1:80"})],
        stimulus="target:absolute-other-host",
        wanted=Wanted(other_host="other.test"),
    )


@server_rule(
    id="asterisk-form-is-no-path",
    level=Level.ERROR,
    clauses=("rfc-asterisk-form",),
    stimuli=("target:asterisk-options",),
    hint="Answer OPTIONS * in the server, or pass '*' or an empty PATH_INFO.",
    since="0.1",
)
def asterisk_form_is_no_path(run: ServerRun) -> Outcome:
    """``OPTIONS *`` never reaches the app as a path that begins with a slash.

    It asks about the server as a whole (RFC 9112 section 3.2.4); as ``/`` or ``/*`` the app would take it for a
    question about one resource. Answering or refusing it in the server is fine.
    """
    call = run.first_call
    if not run.took_place or (call is None and not run.connection.finals):
        return None
    if call is not None and call.path not in ("*", ""):
        return broken(run, f"the asterisk became the path {show(call.path)}", got=show(call.path), expected="'*'")
    return HELD


@asterisk_form_is_no_path.bad
def _() -> ServerRun:
    return one_connection(
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "/*"})],
        stimulus="target:asterisk-options",
    )


@asterisk_form_is_no_path.good
def _() -> ServerRun:
    return one_connection(
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "*"})],
        stimulus="target:asterisk-options",
    )


@server_rule(
    id="asterisk-form-only-for-options",
    level=Level.WARNING,
    clauses=("rfc-asterisk-form",),
    stimuli=("target:asterisk-get",),
    hint="Refuse the target * with any method but OPTIONS.",
    since="0.1",
)
def asterisk_form_only_for_options(run: ServerRun) -> Outcome:
    """The target ``*`` is refused for methods other than OPTIONS.

    The asterisk form exists for a server-wide OPTIONS only (RFC 9112 section 3.2.4).
    """
    return must_refuse(run, "an asterisk target of a GET")


@asterisk_form_only_for_options.bad
def _() -> ServerRun:
    return one_connection(
        b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "*"})],
        stimulus="target:asterisk-get",
    )


@asterisk_form_only_for_options.good
def _() -> ServerRun:
    return one_connection(b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", Response(400), stimulus="target:asterisk-get")


@server_rule(
    id="connect-target-is-no-path",
    level=Level.ERROR,
    clauses=("rfc-connect-refused",),
    stimuli=("target:connect",),
    hint="Refuse CONNECT, or keep its authority out of PATH_INFO.",
    since="0.1",
)
def connect_target_is_no_path(run: ServerRun) -> Outcome:
    """The authority of a CONNECT never reaches the app as a path.

    CONNECT asks for a tunnel (RFC 9110 section 9.3.6), which a WSGI app can't give; as a path, the authority would name
    a resource that was not asked for.
    """
    call = run.first_call
    if not run.took_place or (call is None and not run.connection.finals and not run.connection.closed_by_server):
        return None
    authority = run.wanted.authority
    if authority is None:
        return None
    if call is not None and call.path == "/" + authority:
        return broken(
            run, f"the authority became the path {show(call.path)}", got=show(call.path), expected="405 or 501"
        )
    return HELD


@connect_target_is_no_path.bad
def _() -> ServerRun:
    return one_connection(
        b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "/example.test:443"})],
        stimulus="target:connect",
        wanted=Wanted(authority="example.test:443"),
    )


@connect_target_is_no_path.good
def _() -> ServerRun:
    return one_connection(
        b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n",
        Response(501),
        stimulus="target:connect",
        wanted=Wanted(authority="example.test:443"),
    )


@server_rule(
    id="fragment-not-passed-on",
    level=Level.WARNING,
    clauses=("rfc-target-fragment",),
    stimuli=("target:fragment", "target:fragment-in-path"),
    hint="Answer a target with a number sign with 400.",
    since="0.1",
)
def fragment_not_passed_on(run: ServerRun) -> Outcome:
    """A fragment in the request target never reaches the app as data.

    No form of a target allows one (RFC 9112 section 3.2), so a sender that puts it there means something else than a
    recipient that keeps it in the path or the query.
    """
    call = run.first_call
    if not run.took_place or run.unseen:
        return None
    if call is None:
        return must_refuse(run, "a target with a fragment")
    fragment = run.wanted.fragment
    if fragment is None:
        return None
    for name in ("QUERY_STRING", "PATH_INFO"):
        value = call.get(name)
        if fragment in value:
            return broken(run, f"the fragment is in {name}: {show(value[-80:])}", got=show(value[-80:]), expected="400")
    return HELD


@fragment_not_passed_on.bad
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first?a=1#frag HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"QUERY_STRING": "a=1#frag"})],
        stimulus="target:fragment",
        wanted=Wanted(fragment="frag"),
    )


@fragment_not_passed_on.good
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first?a=1#frag HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(400),
        stimulus="target:fragment",
        wanted=Wanted(fragment="frag"),
    )
