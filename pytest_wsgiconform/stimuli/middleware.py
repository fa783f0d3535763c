"""What a middleware is put through: requests from our server, and inner apps that are conforming but awkward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..environ import build_environ
from ..observe.sandwich import Sandwich
from ..wsgiref.util import FileWrapper
from . import middleware_apps as apps


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
    sandwich.play("query", apps.fixed([b"hello"]), environ(path="/page/other?name=value&x=1"))
    page = [("Content-Type", "text/html; charset=utf-8")]
    html = [b"<html><head></head><body>", b"hello" * 200, b"</body></html>"]
    sandwich.play("html", apps.fixed(html, headers=page, length=True), environ())


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


STIMULI: tuple[MiddlewareStimulus, ...] = (
    MiddlewareStimulus("list", "inner apps that return lists", _list),
    MiddlewareStimulus("closing", "inner apps whose iterable has a close()", _closing),
    MiddlewareStimulus("request-body", "requests with bodies, read to their end by the inner app", _request_body),
    MiddlewareStimulus("written", "an inner app that uses write()", _written),
)


def middleware_stimuli() -> tuple[MiddlewareStimulus, ...]:
    """Return all stimuli for middleware, in the order in which they are played."""
    return STIMULI
