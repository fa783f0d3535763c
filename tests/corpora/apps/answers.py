"""What the applications without a fault share: an answer with its length, and the length of a request."""

from __future__ import annotations

from typing import Any

from tests.corpora.apps.marked import TEXT


def answer(environ: Any, start_response: Any, body: bytes, *headers: tuple[str, str], status: str = "200 OK") -> Any:
    """Answer with *body*, or without it to HEAD, and its length in both cases."""
    start_response(status, [TEXT, ("Content-Length", str(len(body))), *headers])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def length_of(environ: Any) -> int:
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0
