"""Servers whose environ is complete and legal, and not what apps are used to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .asking import Bodies
from .model import Stage, Stimulus

#: What PEP 3333 ("environ Variables") lets a server leave out when it would be empty.
MAY_BE_EMPTY = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH")

#: What no server has to provide at all.
OPTIONAL = (
    "SERVER_SOFTWARE",
    "GATEWAY_INTERFACE",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "HTTP_HOST",
    "HTTP_ACCEPT",
    "HTTP_USER_AGENT",
)

_USUAL = {"Accept": "*/*", "User-Agent": "pytest-wsgiconform"}


def _full(stage: Stage, method: str | None = None) -> dict[str, Any]:
    return stage.environ(method, usual=_USUAL)


def _without(stage: Stage, *names: str, method: str | None = None, **options: Any) -> Callable[[], dict[str, Any]]:
    """Return a maker of environs that lack *names*."""

    def make() -> dict[str, Any]:
        environ = stage.environ(method, usual=_USUAL, **options)
        for name in names:
            environ.pop(name, None)
        return environ

    return make


def _bare(stage: Stage) -> None:
    empty = [name for name in MAY_BE_EMPTY if not _full(stage).get(name)]
    stage.compare(("full", lambda: _full(stage)), ("bare", _without(stage, *OPTIONAL, *empty)))


def _absent(stage: Stage) -> None:
    method = stage.asking.usual
    for name in OPTIONAL:
        if stage.out_of_time:
            break
        full = ("full", lambda: _full(stage, method))
        stage.confirm(full, (f"without {name}", _without(stage, name, method=method)))


def _script_name(stage: Stage) -> None:
    options = {"method": stage.asking.usual, "script_name": ""}
    stage.compare(("empty", _without(stage, **options)), ("absent", _without(stage, "SCRIPT_NAME", **options)))


def _path_info(stage: Stage) -> None:
    mounted = {"method": stage.asking.usual, "script_name": stage.asking.mount or "/mounted"}
    empty = ("empty", _without(stage, path="", **mounted))
    stage.confirm(("usual", _without(stage, **mounted)), empty)
    stage.compare(empty, ("absent", _without(stage, "PATH_INFO", path="", **mounted)))


def _query_string(stage: Stage) -> None:
    path = stage.path.partition("?")[0]
    stage.compare(("empty", _without(stage, path=path)), ("absent", _without(stage, "QUERY_STRING", path=path)))


def _content_type(stage: Stage) -> None:
    def make(value: str | None) -> Callable[[], dict[str, Any]]:
        extra = {} if value is None else {"CONTENT_TYPE": value}
        return lambda: stage.with_body(headers={}, extra=extra)

    if stage.sends(Bodies.HANDFUL):
        typed = ("typed", stage.with_body)
        stage.confirm(typed, ("empty", make("")), base_first=False)
        stage.confirm(typed, ("absent", make(None)), base_first=False)


def _content_length(stage: Stage) -> None:
    def make(value: str | None) -> Callable[[], dict[str, Any]]:
        extra = {} if value is None else {"CONTENT_LENGTH": value}
        return lambda: stage.with_body(b"", extra=extra)

    if stage.sends(Bodies.HANDFUL):
        zero = ("zero", make("0"))
        stage.confirm(zero, ("empty", make("")), base_first=False)
        stage.confirm(zero, ("absent", make(None)), base_first=False)


class TruthValue:
    """A truth value that isn't a bool, but prints like one, so that an app that shows its environ isn't misjudged."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def __bool__(self) -> bool:
        return self._value

    def __repr__(self) -> str:
        return str(self._value)


FLAGS = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")


def _flags(stage: Stage) -> None:
    def make(kind: Callable[[bool], Any], *values: bool) -> Callable[[], dict[str, Any]]:
        flags = dict(zip(FLAGS, values, strict=True))
        return lambda: stage.environ(stage.asking.usual, extra={name: kind(value) for name, value in flags.items()})

    for name, values in (
        ("single", (False, False, False)),
        ("threads", (True, False, False)),
        ("processes", (False, True, False)),
        ("once", (False, False, True)),
    ):
        base = (f"{name} bool", make(bool, *values))
        stage.compare(base, (f"{name} object", make(TruthValue, *values)))
        stage.confirm(base, (f"{name} int", make(int, *values)))


def _run_once(stage: Stage) -> None:
    for label in ("first", "second", "third"):
        flags = {"wsgi.run_once": True, "wsgi.multiprocess": True}
        stage.play(label, stage.environ(stage.asking.usual, extra=flags))


class _Opaque:
    """An object such as servers put into environ for apps that know them."""


def _exotic(stage: Stage) -> None:
    extra: dict[str, Any] = {
        "pytest_wsgiconform.connection": _Opaque(),
        "pytest_wsgiconform.numbers": [1, 2, {"three": 4.0}],
        "wsgi.input_terminated": True,
        "SERVER_ADMIN": "webmaster@example.org",
        "DOCUMENT_ROOT": "/srv/www",
        "SSL_CLIENT_S_DN": "CN=J\xfcrgen",
        "AUTH_TYPE": "Basic",
        "REMOTE_USER": "j\xfcrgen",
        "PATH": "/usr/bin:/bin",
        "HTTP_X_FORWARDED_FOR": "192.0.2.1, 192.0.2.2",
        "HTTP_X": "",
        "HTTP_X_EMPTY": "",
        "HTTP_X_LONG": "x" * 8000,
    }
    cookies = {"Cookie": 'a=1; b="two"; ;=; c; a=2; d=%20; \xe9=\xe8'}
    stage.play("exotic", stage.environ(headers=cookies, extra=extra))
    latin = "caf\xe9 \xff\x80\xa0"
    headers = {
        "Cookie": f"name={latin}",
        "Referer": f"http://localhost/{latin}",
        "User-Agent": latin,
        "Accept-Language": latin,
        "X-Name": "\xc3\xa9t\xc3\xa9",
        "If-None-Match": f'"{latin}"',
        "Authorization": f"Basic {latin}",
        "Range": f"bytes={latin}",
        "Accept": f"text/{latin};q=x",
        "If-Modified-Since": latin,
    }
    stage.play("latin-1", stage.environ(headers=headers))
    for name, value in headers.items():
        if not stage.out_of_time:
            stage.play(f"latin-1 {name}", stage.environ(stage.asking.usual, headers={name: value}))


#: Fields that belong to one connection; servers may leave them in environ, and apps must not care.
HOP_BY_HOP = {
    "Connection": "keep-alive, Upgrade, TE",
    "Keep-Alive": "timeout=17, max=99",
    "TE": "trailers",
    "Upgrade": "wsgiconform/1",
    "Proxy-Connection": "keep-alive",
    "Proxy-Authorization": "Basic d3NnaWNvbmZvcm06",
}


def _hop_by_hop(stage: Stage) -> None:
    stage.compare(
        ("without", lambda: _full(stage)),
        ("with", lambda: stage.environ(usual=_USUAL, headers=HOP_BY_HOP)),
    )
    websocket = {"Connection": "Upgrade", "Upgrade": "websocket"}
    stage.compare(
        ("without", lambda: _full(stage)),
        ("websocket", lambda: stage.environ(usual=_USUAL, headers=websocket)),
    )


ENVIRON: tuple[Stimulus, ...] = (
    Stimulus("bare-environ", "an environ of nothing but the required variables", _bare),
    Stimulus("variable-absent", "each variable that a server need not give left out in turn", _absent),
    Stimulus("no-script-name", "SCRIPT_NAME empty, and absent", _script_name),
    Stimulus("no-path-info", "a mounted app without a trailing slash: PATH_INFO empty, and absent", _path_info),
    Stimulus("no-query-string", "QUERY_STRING empty, and absent", _query_string),
    Stimulus("no-content-type", "a request body with CONTENT_TYPE empty, and absent", _content_type),
    Stimulus("no-content-length", "a POST without a body: CONTENT_LENGTH empty, and absent", _content_length),
    Stimulus("flags", "concurrency flags of other types than bool, each way", _flags),
    Stimulus("run-once", "wsgi.run_once and wsgi.multiprocess true, three times", _run_once),
    Stimulus("exotic-environ", "a server's own variables, and Latin-1 bytes in request fields", _exotic),
    Stimulus("hop-by-hop", "the fields of one connection left in environ", _hop_by_hop),
)
