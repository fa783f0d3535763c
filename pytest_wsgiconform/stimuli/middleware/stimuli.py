"""What a middleware is put through: requests from our server, and inner apps that are conforming but awkward."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...environ import build_environ
from ...observe.sandwich import Sandwich
from ...wsgiref.util import FileWrapper
from . import apps


@dataclass(frozen=True)
class MiddlewareStimulus:
    """A named way of treating a middleware.

    :param id: kebab-case name; findings and rules refer to it. :param summary: what happens, one sentence.
    :param play: plays it in a :class:`Sandwich`.
    """

    id: str
    summary: str
    play: Callable[[Sandwich], None]


#: A form as browsers send it: what middleware that looks into request bodies looks into.
FORM = b"name=value&_method=&text=" + b"two+words+" * 300
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def environ(method: str = "GET", **options: Any) -> dict[str, Any]:
    """Return what our server hands over: complete, with a file wrapper."""
    options.setdefault("headers", {"Accept": "*/*", "User-Agent": "pytest-wsgiconform", "Accept-Encoding": "gzip"})
    extra = {"wsgi.file_wrapper": FileWrapper, **options.pop("extra", {})}
    return build_environ(options.pop("path", "/page"), method, extra=extra, **options)


def _list(sandwich: Sandwich) -> None:
    sandwich.play("get", apps.fixed([b"hello ", b"world"]), environ())
    sandwich.play("sized", apps.fixed([b"hello ", b"world"], length=True), environ())
    sandwich.play("head", apps.fixed([b"hello ", b"world"], length=True), environ("HEAD"))
    sandwich.play("query", apps.fixed([b"hello"]), environ(path="/page/other?name=value&x=1"))
    page = [("Content-Type", "text/html; charset=utf-8")]
    html = [b"<html><head></head><body>", b"hello" * 200, b"</body></html>"]
    sandwich.play("html", apps.fixed(html, headers=page, length=True), environ())
    sandwich.play("no-content", apps.fixed([], "204 No Content", []), environ())
    sandwich.play("not-modified", apps.fixed([], "304 Not Modified", [("ETag", '"a"')]), environ())
    sandwich.play("not-found", apps.fixed([b"nothing here"], "404 Not Found"), environ())
    sandwich.play("file", apps.file_wrapping(bytes(range(256)) * 20, 1024), environ())


def _closing(sandwich: Sandwich) -> None:
    sandwich.play("blocks", apps.closing(apps.BLOCKS), environ())
    sandwich.play("sized", apps.closing([b"hello ", b"world"], length=True), environ())


def _request_body(sandwich: Sandwich) -> None:
    make = apps.reading(apps.read_all)
    sandwich.play("form", make, environ("POST", body=FORM, headers=FORM_HEADERS))
    sandwich.play("json", make, environ("POST", body=b'{"a": 1}', headers={"Content-Type": "application/json"}))
    sandwich.play("upload", make, environ("PUT", body=bytes(range(256)) * 40))


def _written(sandwich: Sandwich) -> None:
    sandwich.play("yielded", apps.writing([], [b"one ", b"two"]), environ())
    sandwich.play("half", apps.writing([], [b"two"]), environ())
    sandwich.play("written", apps.writing([b"one "], [b"two"]), environ())


def _blocks(sandwich: Sandwich) -> None:
    sandwich.play("blocks", apps.closing(apps.BLOCKS), environ())
    with_fillers = [b"", *(part for block in apps.BLOCKS for part in (block, b""))]
    sandwich.play("fillers", apps.closing(with_fillers), environ())


def _large(sandwich: Sandwich) -> None:
    block = bytes(range(256)) * 4096
    sandwich.play("large", apps.streaming(100, block), environ(headers={}))


def _lazy(sandwich: Sandwich) -> None:
    sandwich.play("eager", apps.fixed(apps.BLOCKS), environ())
    sandwich.play("lazy", apps.lazy(apps.BLOCKS), environ())


def _files(sandwich: Sandwich) -> None:
    content = bytes(range(256)) * 20
    sandwich.play("file", apps.file_wrapping(content), environ())
    sandwich.play("file-and-size", apps.file_wrapping(content, 1024), environ())


def _repeated(sandwich: Sandwich) -> None:
    for label in ("first", "second", "third"):
        sandwich.play(label, apps.streaming(3, b"a block of the page\n"), environ(), keep=True)


def _exc_info_kept(sandwich: Sandwich) -> None:
    """Ask, while the sandwich keeps the middleware, whether anything keeps the error passed to start_response."""
    errors: list[weakref.ref[BaseException]] = []
    crossing = sandwich.play("replaced", apps.handling("replaced", errors.append), environ())
    gc.collect()  # a frame and its traceback are a cycle: that is nobody's fault
    if crossing.inner is not None and errors:
        crossing.inner.facts["error_kept"] = errors[0]() is not None


def _empty(sandwich: Sandwich) -> None:
    sandwich.play("one-item", apps.fixed([b"hello"]), environ())
    sandwich.play("list", apps.fixed([]), environ())
    sandwich.play("generator", apps.lazy([]), environ())
    sandwich.play("closing", apps.closing([]), environ())


def _stopped(sandwich: Sandwich) -> None:
    sandwich.play("whole", apps.closing(apps.BLOCKS), environ())
    sandwich.play("after-one", apps.closing(apps.BLOCKS), environ(), take=1)
    sandwich.play("at-once", apps.closing(apps.BLOCKS), environ(), take=0)


def _failing(sandwich: Sandwich) -> None:
    sandwich.play("whole", apps.closing(apps.BLOCKS), environ())
    for where in ("call", "started", "first", "later"):
        sandwich.play(where, apps.failing(where), environ())


def _exc_info(sandwich: Sandwich) -> None:
    sandwich.play("plain", apps.fixed([b"a page\n"]), environ())
    for when in ("none", "first", "replaced", "after-body"):
        sandwich.play(when, apps.handling(when), environ())


#: A header that a server must refuse: a line end in its value.
_BAD_HEADER = ("X-Bad", "one\ntwo")


def _strict(start_response: Callable[..., Any]) -> Callable[..., Any]:
    """Make our server's start_response one that refuses bad headers, and any further call without exc_info."""
    calls: list[str] = []

    def start(status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        calls.append(status)
        if len(calls) > 1 and not exc_info:
            raise RuntimeError("start_response was called twice without exc_info")
        if _BAD_HEADER in headers:
            raise ValueError("a header value has a line end in it")
        return start_response(status, headers, exc_info)

    return start


def _starts(sandwich: Sandwich) -> None:
    once, twice = ("200 OK", apps.TEXT), ("404 Not Found", apps.TEXT)
    bad = ("200 OK", [*apps.TEXT, _BAD_HEADER])
    sandwich.play("once", apps.starting(once), environ(), start_wrapper=_strict)
    sandwich.play("twice", apps.starting(once, twice), environ(), start_wrapper=_strict)
    sandwich.play("after-refused", apps.starting(bad, once), environ(), start_wrapper=_strict)


#: Text that no header can hold: the euro sign is not in Latin-1.
WIDE = "5 \N{EURO SIGN}"


def _texts(sandwich: Sandwich) -> None:
    sandwich.play("narrow", apps.starting(("200 OK", [*apps.TEXT, ("X-Price", "5 EUR")])), environ())
    sandwich.play("wide-header", apps.starting(("200 OK", [*apps.TEXT, ("X-Price", WIDE)])), environ())
    sandwich.play("text-body", apps.returning(lambda notes: ["text, not bytes"], b"text, not bytes"), environ())


def _binary(sandwich: Sandwich) -> None:
    plain = [b"all of this text is plain ASCII\n" * 8] * 3
    binary = [bytes(range(256)), b"\r\n\n\r\r\r\n\x00\xff\xfe", bytes(range(255, -1, -1))]
    headers = [("Content-Type", "application/octet-stream")]
    sandwich.play("plain", apps.fixed(plain, headers=headers), environ())
    sandwich.play("binary", apps.fixed(binary, headers=headers), environ())


def _header_case(sandwich: Sandwich) -> None:
    body = [b"<html><head></head><body>" + b"text of a page " * 100 + b"</body></html>"]
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body[0]))),
        ("Cache-Control", "no-cache"),
        ("Set-Cookie", "a=b"),
        ("Vary", "Accept"),
    ]
    forms: dict[str, Callable[[str], str]] = {"usual": str, "usual-again": str, "lower": str.lower, "upper": str.upper}
    for label, form in forms.items():
        sandwich.play(label, apps.fixed(body, headers=[(form(name), value) for name, value in headers]), environ())


def _objects(sandwich: Sandwich) -> None:
    blocks = [b"one ", b"two ", b"three"]
    body = b"".join(blocks)
    makers: dict[str, Callable[[dict[str, Any]], Any]] = {
        "closing": lambda notes: apps.Closing(blocks, notes),
        "no-close": lambda notes: apps.BareIterator(blocks),
        "list": lambda notes: list(blocks),
        "sequence": lambda notes: apps.Sequence(blocks),
        "falsy": lambda notes: apps.Falsy(blocks, notes),
        "inspected": lambda notes: apps.Inspected(blocks, notes),
    }
    for label, make in makers.items():
        sandwich.play(label, apps.returning(make, body), environ(), watched=False)


_LINES = b"first=line\nsecond=line\nthird=line\n"


def _input_methods(sandwich: Sandwich) -> None:
    takes: dict[str, Callable[[Any, int], list[bytes]]] = {
        "read": apps.read_all,
        "readline": lambda stream, size: list(iter(stream.readline, b"")),
        "readlines": lambda stream, size: list(stream.readlines()),
        "iteration": lambda stream, size: list(stream),
    }
    for kind in ("text/plain", FORM_HEADERS["Content-Type"]):
        for label, take in takes.items():
            request = environ("POST", body=_LINES, headers={"Content-Type": kind})
            sandwich.play(label, apps.reading(take), request)


def _errors_methods(sandwich: Sandwich) -> None:
    uses: dict[str, Callable[[Any], None]] = {
        "write": lambda stream: stream.write("a line for the log\n"),
        "writelines": lambda stream: stream.writelines(["one line\n", "another line\n"]),
        "flush": lambda stream: stream.flush(),
    }
    for label, use in uses.items():
        sandwich.play(label, apps.logging(use), environ())


STIMULI: tuple[MiddlewareStimulus, ...] = (
    MiddlewareStimulus("list", "inner apps that return lists, with and without a body", _list),
    MiddlewareStimulus("closing", "inner apps whose iterable has a close()", _closing),
    MiddlewareStimulus("blocks", "an inner app that yields blocks, empty ones too, step by step", _blocks),
    MiddlewareStimulus("large", "a body of 100 MB in blocks of 1 MB", _large),
    MiddlewareStimulus("lazy", "an inner app that starts at its first step", _lazy),
    MiddlewareStimulus("empty", "inner apps without any item", _empty),
    MiddlewareStimulus("stopped", "our server closes before the end", _stopped),
    MiddlewareStimulus("failing", "an inner app that raises, at several points", _failing),
    MiddlewareStimulus("exc-info", "an inner app that passes exc_info", _exc_info),
    MiddlewareStimulus("starts", "an inner app that calls start_response again", _starts),
    MiddlewareStimulus("texts", "an inner app with text that is no bytes, or fits no header", _texts),
    MiddlewareStimulus("binary", "a body of all byte values", _binary),
    MiddlewareStimulus("header-case", "the same headers in several cases", _header_case),
    MiddlewareStimulus("objects", "inner apps that return unusual iterables, with nothing in between", _objects),
    MiddlewareStimulus("request-body", "requests with bodies, read to their end by the inner app", _request_body),
    MiddlewareStimulus("input-methods", "an inner app that reads in every way it may", _input_methods),
    MiddlewareStimulus("errors-methods", "an inner app that logs in every way it may", _errors_methods),
    MiddlewareStimulus("files", "an inner app that uses wsgi.file_wrapper, with and without a block size", _files),
    MiddlewareStimulus("repeated", "three equal requests through one middleware", _repeated),
    MiddlewareStimulus("exc-info-kept", "an error that is over, while the middleware lives on", _exc_info_kept),
    MiddlewareStimulus("written", "an inner app that uses write()", _written),
)


def middleware_stimuli() -> tuple[MiddlewareStimulus, ...]:
    """Return all stimuli for middleware, in the order in which they are played."""
    return STIMULI
