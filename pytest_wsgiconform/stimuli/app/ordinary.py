"""Ordinary traffic for apps: what every server sends all day."""

from __future__ import annotations

from .model import Stage, Stimulus

#: Where the app is mounted in the mounted stimuli.
MOUNT = "/mounted"
DEEP_MOUNT = "/mounted/deep/er"


def _get(stage: Stage) -> None:
    usual = {"Accept": "*/*", "User-Agent": "pytest-wsgiconform"}
    first = stage.play("get", stage.environ("GET", usual=usual))
    if first.complete:
        # This is the first that the app sees of us, so an app that can answer only once shows it here.
        second = stage.play("get", stage.environ("GET", usual=usual))
        if first.size and second.complete and not second.size:
            stage.play("get", stage.environ("GET", usual=usual))
    if stage.method != "GET":
        stage.play("ordinary", stage.environ(stage.method, usual={"Accept": "*/*"}))


def _post(stage: Stage) -> None:
    if not (stage.asking.own and stage.method == stage.asking.sends_body_by):  # that one is the ordinary request
        stage.play("post", stage.with_body())


def _options(stage: Stage) -> None:
    stage.play("options", stage.environ("OPTIONS"))


def _mounted(stage: Stage) -> None:
    for mount in (MOUNT, DEEP_MOUNT):
        stage.play("get", stage.environ("GET", script_name=mount))
        stage.play("head", stage.environ("HEAD", script_name=mount))


def _https(stage: Stage) -> None:
    name = stage.server_name("www.example.org")
    stage.play("https", stage.environ(scheme="https", server=(name, "443")))
    stage.play("https", stage.environ(scheme="https", server=(name, "8443")))


def _ipv6(stage: Stage) -> None:
    stage.play("ipv6", stage.environ(server=("::1", "8080"), remote=("::1", "50000")))


def _http_1_0(stage: Stage) -> None:
    environ = stage.environ(protocol="HTTP/1.0")
    environ.pop("HTTP_HOST", None)  # no HTTP/1.0 client has to send it
    stage.play("http-1.0", environ)


def _odd_methods(stage: Stage) -> None:
    for method in ("PROPFIND", "BREW", "TRACE", "M-SEARCH", "get", "X!#$%&'*+.^_`|~9"):
        stage.play(f"method {method}", stage.environ(method))
    stage.play("asterisk", stage.environ("OPTIONS", path="/", extra={"PATH_INFO": "*"}), judged=False)


ORDINARY: tuple[Stimulus, ...] = (
    Stimulus("get", "an ordinary GET", _get),
    Stimulus("post", "a POST with a small form", _post),
    Stimulus("options", "an OPTIONS request", _options),
    Stimulus("mounted", "GET and HEAD with the app mounted below one and below several segments", _mounted),
    Stimulus("https", "requests over TLS, on the default port and another", _https),
    Stimulus("ipv6", "a request to a server that is known by its IPv6 address", _ipv6),
    Stimulus("http-1-0", "an HTTP/1.0 request without Host", _http_1_0),
    Stimulus("odd-methods", "methods the app can't know, and OPTIONS *", _odd_methods),
)
