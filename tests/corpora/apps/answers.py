"""Answers that the apps of the corpora share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

App = Callable[..., Any]

TEXT = ("Content-Type", "text/plain")

#: Text that must never reach a terminal or a page as it is.
EVIL = "\x1b[31m\x1b]0;pwned\x07\u202egnp.exe\x00\udc80\x9b2J\r\n<script>alert(1)</script>"


def plain(start_response: Any, *body: bytes, status: str = "200 OK", headers: Any = ()) -> list[bytes]:
    """Answer with text."""
    start_response(status, [TEXT, *headers])
    return list(body)


def page(start_response: Any, *headers: Any) -> list[bytes]:
    """Answer with a greeting."""
    start_response("200 OK", [TEXT, *headers])
    return [b"hello"]


def answer(environ: Any, start_response: Any, body: bytes, *headers: tuple[str, str], status: str = "200 OK") -> Any:
    """Answer with *body*, or without it to HEAD, and its length in both cases."""
    start_response(status, [TEXT, ("Content-Length", str(len(body))), *headers])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def length_of(environ: Any) -> int:
    """Return CONTENT_LENGTH, or 0 if it is missing or no number."""
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0


def is_head(environ: Any) -> bool:
    return bool(environ["REQUEST_METHOD"] == "HEAD")


def ok(start_response: Any, *body: bytes) -> list[bytes]:
    """Answer with *body*, or with a byte."""
    start_response("200 OK", [TEXT])
    return list(body or (b"x",))
