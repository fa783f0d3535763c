"""Rules on PATH_INFO and QUERY_STRING against the bytes of the target."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...records.stimulus_facts import UNSAID, Wanted
from ...registry import server_rule
from ..evidence import broken
from ..outcomes import answered, differs

SECTION = "url"


def _example(stimulus: str, sent: str, got: str, wanted: Wanted = UNSAID) -> ServerRun:
    """Write a run by hand in which the path *sent* arrived as *got* (``""``: refused)."""
    path = "/probe/echo/00000000.first"
    calls = [Call("first", {"PATH_INFO": path + got})] if got else []
    request = f"GET {path}{sent} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1")
    return one_connection(request, Response(200 if got else 400), calls=calls, stimulus=stimulus, wanted=wanted)


def _path_kept(run: ServerRun, why: str) -> Outcome:
    call, wanted = run.first_call, run.wanted.path
    if not run.took_place or call is None or wanted is None:
        return None
    return differs(run, "the path", call.rest_of_path, wanted, why)


@server_rule(
    id="path-decoded-once",
    level=Level.ERROR,
    clauses=("rfc-path-percent-decoded",),
    stimuli=(
        "path:plain-letter",
        "path:encoded-percent",
        "path:encoded-slash",
        "path:encoded-question",
        "path:encoded-space",
        "path:encoded-semicolon",
        "path:plus",
    ),
    hint="Percent-decode the path exactly once, and decode nothing else in it.",
    since="0.1",
)
def path_decoded_once(run: ServerRun) -> Outcome:
    """PATH_INFO is the path percent-decoded exactly once.

    Undecoded, routes don't match; decoded twice, ``%252e`` slips past every filter that looked at the first decoding
    (RFC 3875 section 4.1.5). A plus sign in a path is not a space.
    """
    return _path_kept(run, "which is not the path percent-decoded once")


@path_decoded_once.bad
def _() -> ServerRun:
    return _example("path:encoded-percent", "/%2520", "/ ", wanted=Wanted(path="/%20"))


@path_decoded_once.good
def _() -> ServerRun:
    return _example("path:encoded-percent", "/%2520", "/%20", wanted=Wanted(path="/%20"))


@server_rule(
    id="path-bytes-are-latin1",
    level=Level.ERROR,
    clauses=("rfc-path-latin1",),
    stimuli=("path:all-high-bytes", "path:valid-utf8", "path:invalid-utf8", "path:encoded-lower-hex"),
    hint="Decode the percent-decoded bytes of the path as Latin-1.",
    since="0.1",
)
def path_bytes_are_latin1(run: ServerRun) -> Outcome:
    """Every byte of the decoded path comes back as the code point of the same number.

    Native strings in environ are bytes in disguise (PEP 3333, "Unicode Issues"): an app undoes it with
    ``.encode('latin-1')``, and gets something else when the server decoded as UTF-8.
    """
    return _path_kept(run, "which does not encode to the bytes that were sent")


@path_bytes_are_latin1.bad
def _() -> ServerRun:
    return _example("path:valid-utf8", "/%E2%82%AC", "/\u20ac", wanted=Wanted(path="/\xe2\x82\xac"))


@path_bytes_are_latin1.good
def _() -> ServerRun:
    return _example("path:valid-utf8", "/%E2%82%AC", "/\xe2\x82\xac", wanted=Wanted(path="/\xe2\x82\xac"))


@server_rule(
    id="path-bad-percent-survives",
    level=Level.ERROR,
    clauses=("rfc-path-bad-percent",),
    stimuli=("path-bad-percent:*",),
    hint="Leave an invalid percent sequence as it is, or answer 400.",
    since="0.1",
)
def path_bad_percent_survives(run: ServerRun) -> Outcome:
    """An invalid percent sequence is left as it is, or the request refused.

    Dropping characters makes another path of it, and an unhandled error lets clients fill the log (RFC 3986 section 2.1
    gives the grammar).
    """
    sent = run.wanted.path_sent
    if not run.took_place or sent is None:
        return None
    call = run.first_call
    if call is not None:
        return differs(run, "the path", call.rest_of_path, sent, "not what was sent")
    if run.failed_inside:
        return broken(run, "an invalid percent sequence was answered with 500", got=answered(run), expected="400")
    return HELD if run.refused else None


@path_bad_percent_survives.bad
def _() -> ServerRun:
    return _example("path-bad-percent:letter", "/a%zb", "/ab", wanted=Wanted(path_sent="/a%zb"))


@path_bad_percent_survives.good
def _() -> ServerRun:
    return _example("path-bad-percent:letter", "/a%zb", "/a%zb", wanted=Wanted(path_sent="/a%zb"))


@server_rule(
    id="path-nul-keeps-tail",
    level=Level.ERROR,
    clauses=("rfc-path-nul",),
    stimuli=("path-nul:*",),
    hint="Refuse an encoded NUL in the path, or pass it on with all that follows.",
    since="0.1",
)
def path_nul_keeps_tail(run: ServerRun) -> Outcome:
    """An encoded NUL in the path does not cut it.

    ``%00`` stands for a byte like any other (RFC 3986 section 2.1). A path that ends at the NUL for one layer and goes
    on for the next lets ``/secret%00.png`` through.
    """
    if not run.took_place:
        return None
    call = run.first_call
    if call is None:
        return broken(run, "an encoded NUL was answered with 500", got="500") if run.failed_inside else HELD
    rest = call.rest_of_path
    if rest in ("/a\0tail", "/a%00tail"):
        return HELD
    return broken(run, f"the path became {show(rest)}", got=show(rest), expected=show("/a\0tail"))


@path_nul_keeps_tail.bad
def _() -> ServerRun:
    return _example("path-nul:middle", "/a%00tail", "/a")


@path_nul_keeps_tail.good
def _() -> ServerRun:
    return _example("path-nul:middle", "/a%00tail", "/a\0tail")


@server_rule(
    id="dot-segments-stay-in-mount",
    level=Level.ERROR,
    clauses=("rfc-path-dot-segments",),
    stimuli=("path-dots:*",),
    hint="Resolve dot segments before choosing the app, or not at all.",
    since="0.1",
)
def dot_segments_stay_in_mount(run: ServerRun) -> Outcome:
    """Dot segments don't move a request out of the mount point that it was given to.

    An app that runs under a SCRIPT_NAME must not be given a path outside of it under another name (RFC 3986 section
    5.2.4 resolves dot segments). At a root mount nothing is outside, so the rule is not exercised there.
    """
    mount = run.mount
    if not run.took_place or not mount:
        return None
    for call in run.calls:
        if call.get("SCRIPT_NAME") != mount:
            got = call.get("SCRIPT_NAME")
            return broken(run, f"the app ran as if mounted at {show(got)}", got=show(got), expected=show(mount))
    return HELD if run.calls or run.connection.finals else None


@dot_segments_stay_in_mount.bad
def _() -> ServerRun:
    run = one_connection(
        b"GET /mount/probe/echo/00000000.first/../../../../../outside HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"SCRIPT_NAME": "", "PATH_INFO": "/outside"})],
        stimulus="path-dots:plain",
    )
    run.mount = "/mount"
    return run


@dot_segments_stay_in_mount.good
def _() -> ServerRun:
    run = one_connection(
        b"GET /mount/probe/echo/00000000.first/../../../../../outside HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(404),
        stimulus="path-dots:plain",
    )
    run.mount = "/mount"
    return run


def _double_slash(run: ServerRun) -> tuple[str, str] | None:
    call = run.first_call
    if not run.took_place or call is None:
        return None
    return call.path, call.get("HTTP_HOST")


@server_rule(
    id="double-slash-is-a-path",
    level=Level.ERROR,
    clauses=("rfc-path-double-slash",),
    stimuli=("path-double-slash:leading",),
    hint="Do not give an origin-form target to a URL parser that takes // for an authority.",
    since="0.1",
)
def double_slash_is_a_path(run: ServerRun) -> Outcome:
    """A target that begins with two slashes is a path, not an authority.

    ``urlsplit("//host/x")`` makes a host of the first segment; a server that uses it drops a part of the path (RFC 9112
    section 3.2.1: the origin form is a path and a query).
    """
    seen, authority = _double_slash(run), run.wanted.authority
    if seen is None or authority is None:
        return None
    path, host = seen
    if host == authority:
        return broken(run, f"HTTP_HOST became {show(host)}, a part of the path", got=show(host))
    if authority not in path:
        return broken(
            run, f"{show(authority)} was cut off the path", got=show(path), expected=show(f"//{authority}/...")
        )
    return HELD


@double_slash_is_a_path.bad
def _() -> ServerRun:
    return one_connection(
        b"GET //host.test/probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "/probe/echo/00000000.first", "HTTP_HOST": "x"})],
        stimulus="path-double-slash:leading",
        wanted=Wanted(authority="host.test"),
    )


@double_slash_is_a_path.good
def _() -> ServerRun:
    return one_connection(
        b"GET //host.test/probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "//host.test/probe/echo/00000000.first", "HTTP_HOST": "x"})],
        stimulus="path-double-slash:leading",
        wanted=Wanted(authority="host.test"),
    )


@server_rule(
    id="double-slash-not-merged",
    level=Level.WARNING,
    clauses=("rfc-path-double-slash",),
    stimuli=("path-double-slash:*",),
    hint="Leave repeated slashes in PATH_INFO as they are.",
    since="0.1",
)
def double_slash_not_merged(run: ServerRun) -> Outcome:
    """Repeated slashes stay in the path.

    An empty segment is a segment (RFC 3986 section 3.3); where a server merges slashes, signatures over the path fail
    for no visible reason.
    """
    seen = _double_slash(run)
    if seen is None:
        return None
    wanted = "//" if run.stimulus.endswith("inner") else "//host.test/"
    path = seen[0]
    # A path without the segment at all is another fault than a merge.
    if wanted in path or (wanted != "//" and "host.test" not in path):
        return HELD
    return broken(run, f"repeated slashes were merged: the path is {show(path)}", got=show(path))


@double_slash_not_merged.bad
def _() -> ServerRun:
    return _example("path-double-slash:inner", "/a//b", "/a/b")


@double_slash_not_merged.good
def _() -> ServerRun:
    return _example("path-double-slash:inner", "/a//b", "/a//b")


@server_rule(
    id="query-passed-raw",
    level=Level.ERROR,
    clauses=("rfc-query-raw",),
    stimuli=("query:*",),
    hint="Put everything after the first question mark into QUERY_STRING, undecoded.",
    since="0.1",
)
def query_passed_raw(run: ServerRun) -> Outcome:
    """QUERY_STRING is everything after the first question mark, still encoded.

    Decoding it before it is split makes ``%26`` a separator (RFC 3875 section 4.1.7).
    """
    call, wanted = run.first_call, run.wanted.query
    if not run.took_place or call is None or wanted is None:
        return None
    return differs(run, "QUERY_STRING", call.get("QUERY_STRING"), wanted, "which is not the query as it was sent")


@query_passed_raw.bad
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first/q?a=%26&b=?c+d HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"QUERY_STRING": "a=&&b=?c d"})],
        stimulus="query:encoded",
        wanted=Wanted(query="a=%26&b=?c+d"),
    )


@query_passed_raw.good
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first/q?a=%26&b=?c+d HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"QUERY_STRING": "a=%26&b=?c+d"})],
        stimulus="query:encoded",
        wanted=Wanted(query="a=%26&b=?c+d"),
    )


@server_rule(
    id="path-parameters-kept",
    level=Level.ERROR,
    clauses=("rfc-path-params",),
    stimuli=("path:parameters",),
    hint="Do not split the path at semicolons.",
    since="0.1",
)
def path_parameters_kept(run: ServerRun) -> Outcome:
    """Semicolons and what follows them stay in the path.

    They are ordinary characters of a segment (RFC 3986 section 3.3); ``urlparse`` splits the last segment's off, and a
    server that uses it loses them.
    """
    return _path_kept(run, "a part of it was lost")


@path_parameters_kept.bad
def _() -> ServerRun:
    return _example("path:parameters", "/a;b=1/c", "/a/c", wanted=Wanted(path="/a;b=1/c"))


@path_parameters_kept.good
def _() -> ServerRun:
    return _example("path:parameters", "/a;b=1/c", "/a;b=1/c", wanted=Wanted(path="/a;b=1/c"))
