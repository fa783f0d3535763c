"""What HTTP lets a client ask for: HEAD, conditions, ranges, negotiation, and URLs of other origins."""

from __future__ import annotations

from typing import Any

from .asking import SAFE
from .model import Stage, Stimulus


def _head(stage: Stage) -> None:
    for label, method in (("get", "GET"), ("head", "HEAD"), ("head", "HEAD"), ("get", "GET")):
        stage.play(label, stage.environ(method, usual={"Accept": "*/*"}))


def _conditional(stage: Stage) -> None:
    first = stage.play("get", stage.environ("GET"))
    second = stage.play("get", stage.environ("GET"))
    for name, field in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
        values = first.header(name)
        if len(values) == 1 and values == second.header(name) and values[0].isprintable():
            stage.play(f"{field} itself", stage.environ("GET", headers={field: values[0]}))
            stage.play(f"{field} by HEAD", stage.environ("HEAD", headers={field: values[0]}))
    stage.play("other", stage.environ("GET", headers={"If-None-Match": '"wsgiconform-other"'}))
    stage.play("old", stage.environ("GET", headers={"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}))
    stage.play("broken", stage.environ("GET", headers={"If-Modified-Since": "yesterday", "If-None-Match": "no quotes"}))
    stage.play("get", stage.environ("GET"))


_RANGES = (
    "bytes=0-0",
    "bytes=1-3",
    "bytes=2-",
    "bytes=-1",
    "bytes=99999999999-",
    "bytes=3-1",
    "bytes=0-0,2-2",
    "lines=1-2",
    "bytes=",
    "bytes=a-b",
    "bytes=0-99999999999",
)


def _range(stage: Stage) -> None:
    stage.play("whole", stage.environ("GET"))
    for text in _RANGES:
        if not stage.out_of_time:
            stage.play(text, stage.environ("GET", headers={"Range": text}))
    stage.play("if-range", stage.environ("GET", headers={"Range": "bytes=0-0", "If-Range": '"wsgiconform-other"'}))
    stage.play("whole", stage.environ("GET"))


NEGOTIATED = {
    "Accept": ("*/*", ("application/json", "text/html", "text/plain", "application/xml")),
    "Accept-Language": ("*", ("de", "fr;q=0.5, es")),
    "Accept-Encoding": ("identity", ("gzip", "br, deflate")),
}


def _negotiation(stage: Stage) -> None:
    method = stage.asking.instead_of_get
    for name, (usual, others) in NEGOTIATED.items():
        for other in others if method in SAFE else others[:1]:
            if not stage.out_of_time:
                stage.compare(
                    (f"{name}: {usual}", lambda n=name, v=usual: stage.environ(method, headers={n: v})),  # type: ignore[misc]
                    (f"{name}: {other}", lambda n=name, v=other: stage.environ(method, headers={n: v})),  # type: ignore[misc]
                )


CODINGS = {
    "gzip": "gzip",
    "deflate": "deflate",
    "identity": "identity",
    "no gzip": "gzip;q=0, identity",
    "absent": None,
}


def _encoding(stage: Stage) -> None:
    for label, value in CODINGS.items():
        headers = {} if value is None else {"Accept-Encoding": value}
        without = ("accept-encoding",) if value is None else ()
        stage.play(label, stage.environ(stage.asking.instead_of_get, headers=headers, without=without))


#: Names that can only come from the request that carried them.
HOST = "host.wsgiconform.example"
SERVER = "server.wsgiconform.example"
PORT = "8763"
#: Bytes that go wrong when a path is quoted carelessly: space, percent, UTF-8, and a byte that isn't UTF-8.
ODD_MOUNT = "/mount%20%25%C3%A9%E9"
ODD_QUERY = "wsgiconform=%20%2541&plus=a%2Bb%26c"


def _urls(stage: Stage) -> None:
    path = stage.path.partition("?")[0]
    paths = dict.fromkeys((path, path.rstrip("/") or "/", path.rstrip("/") + "/"))
    asking = stage.asking
    usual_port = "443" if asking.scheme == "https" else "80"

    def environ(target: str, host: str | None, port: str = PORT, **options: Any) -> dict[str, Any]:
        method = asking.chosen if target == path else asking.usual
        made = stage.environ(method, path=target, server=(SERVER, port), without=("host",), **options)
        return made if host is None else {**made, "HTTP_HOST": host}

    for target in paths:
        stage.play("host", environ(target, HOST))
        stage.play("host and port", environ(target, f"{HOST}:{PORT}"))
        stage.play("no host", environ(target, None))
        stage.play("default port", environ(target, None, usual_port))
        stage.play("https", environ(target, None, "443", scheme="https"))
        stage.play("https elsewhere", environ(target, None, "80", scheme="https"))
        stage.play("mount", environ(target, HOST, script_name=ODD_MOUNT))
        stage.play("query", environ(target, HOST, query=ODD_QUERY))
    stage.play("mount without slash", environ("", HOST, script_name=ODD_MOUNT))
    odd = "/seg%20%25%C3%A9%E9"
    for target in (path.rstrip("/") + odd, path.rstrip("/") + odd + "/"):
        stage.play("odd path", environ(target, HOST))


HEAD = Stimulus("head", "GET and HEAD of the same path, twice", _head)
HTTP: tuple[Stimulus, ...] = (
    Stimulus("conditional", "the response's own validators sent back, others, and broken ones", _conditional),
    Stimulus("range", "byte ranges, good and bad", _range),
    Stimulus("negotiation", "Accept, Accept-Language and Accept-Encoding varied one by one", _negotiation),
    Stimulus("content-coding", "gzip and others offered, refused, and not mentioned", _encoding),
    Stimulus("urls", "other hosts, ports, mounts and queries than the app may expect in URLs", _urls),
)
