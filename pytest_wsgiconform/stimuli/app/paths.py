"""Request targets that apps rarely see, and every client may send."""

from __future__ import annotations

from urllib.parse import quote

from .asking import Bodies
from .model import FORM_TYPE, Stage, Stimulus

#: PATH_INFO as the server hands it over: percent-decoded bytes as Latin-1 text.
_ODD_PATHS = {
    "not UTF-8": "/caf\xe9/\xff\xfe",
    "UTF-8": "/\xc3\xa9t\xc3\xa9/\xe6\x97\xa5",
    "overlong UTF-8": "/\xc0\xae\xc0\xae/",
    "NUL": "/a\x00b",
    "double slash": "//double//slash//",
    "dots": "/a/../../b/./c/..",
    "backslash": "/..\\..\\windows",
    "8 kB": "/" + "x" * 8191,
    "many segments": "/a" * 500,
    "percent": "/100%/%zz/%",
    "space": "/two words / ",
    "markup": "/<script>alert(1)</script>&amp;'\"",
    "semicolon": "/a;b=c;d",
    "colon": "/http://example.org/x",
    "question mark": "/what?/#frag",
}

#: Queries that no conforming client sends, so that an app which hands one on is not to blame for its form.
_MALFORMED_QUERIES = {
    "broken escape": "a=%&b=%zz&c=%e9",
    "Latin-1": "a=\xe9",
    "markup": "q=<script>alert(1)</script>",
}

_ODD_QUERIES = {
    "only separators": "&&==&;",
    "repeated": "a=1&a=2&a",
    "NUL": "a=%00",
    "not UTF-8": "a=%ff%fe",
    "long": "a=" + "x" * 8000,
    "many": "&".join(f"n{number}={number}" for number in range(500)),
    "question mark": "?a=?b",
}

_LINE_ENDS = "x\r\nX-Injected: 1\r\n\r\ny"


def _odd_paths(stage: Stage) -> None:
    for name, path in _ODD_PATHS.items():
        if not stage.out_of_time:
            stage.play(name, stage.environ(stage.asking.usual, extra={"PATH_INFO": path}))


def _tails(stage: Stage) -> None:
    """Change the end of the stage's own path, so that its route, or the one beside it, is met."""
    path = stage.path.partition("?")[0]
    for tail in ("/", "//", "%00", "%ff", "/..", ";v=1", "%2F", "%0A"):
        if not stage.out_of_time:
            stage.play(f"tail {tail}", stage.environ(stage.asking.usual, path=path + tail))


def _odd_queries(stage: Stage) -> None:
    for name, query in {**_ODD_QUERIES, **_MALFORMED_QUERIES}.items():
        if not stage.out_of_time:
            path = stage.path.partition("?")[0]
            environ = stage.environ(stage.asking.usual, path=path, extra={"QUERY_STRING": query})
            stage.play(name, environ, judged=name in _ODD_QUERIES)


def _line_ends(stage: Stage) -> None:
    path = stage.path.partition("?")[0]
    encoded = quote(_LINE_ENDS)
    names = ("next", "url", "redirect", "name", "lang", "q", "filename", "callback")
    usual = stage.asking.usual
    stage.play("in query", stage.environ(path=path, query="&".join(f"{name}={encoded}" for name in names)))
    stage.play("in path", stage.environ(usual, path=f"{path.rstrip('/')}/{encoded}"))
    stage.play("as path", stage.environ(usual, extra={"PATH_INFO": path + _LINE_ENDS}))
    stage.play("in mount", stage.environ(usual, extra={"SCRIPT_NAME": "/" + _LINE_ENDS}))
    body = "&".join(f"{name}={encoded}" for name in names).encode()
    if stage.sends(Bodies.ALL):
        stage.play("in form", stage.with_body(body, path=path, headers={"Content-Type": FORM_TYPE}, usual={}))


PATHS: tuple[Stimulus, ...] = (
    Stimulus("odd-paths", "paths that are long, not UTF-8, or hold NUL, dots, slashes and markup", _odd_paths),
    Stimulus("odd-tails", "the path itself with something odd behind it", _tails),
    Stimulus("odd-queries", "query strings that are long, broken or not UTF-8", _odd_queries),
    Stimulus("line-ends", "CR and LF, percent-encoded, in path, query and form", _line_ends),
)
