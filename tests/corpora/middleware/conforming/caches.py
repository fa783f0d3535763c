"""Conforming middleware: caches of pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Wrapped, close, lookup

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def cache(app: App) -> App:
    kept: dict[str, Any] = {}

    def middleware(environ: Any, start_response: Any) -> Any:
        key = f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')}"
        if environ["REQUEST_METHOD"] != "GET" or environ.get("HTTP_RANGE"):
            return app(environ, start_response)
        if key in kept:
            status, headers, blocks = kept[key]
            start_response(status, list(headers))
            return list(blocks)
        seen: dict[str, Any] = {}

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            seen.update(status=status, headers=list(headers), written=bool(exc_info))
            write = start_response(status, headers, exc_info)

            def noted(data: bytes) -> None:
                seen["written"] = True
                write(data)

            return noted

        def steps(body: Any) -> Any:
            blocks = []
            for block in body:
                blocks.append(block)
                yield block
            if not seen.get("written") and seen.get("status", "").startswith("200"):
                kept[key] = (seen["status"], seen["headers"], blocks)

        return Wrapped(app(environ, start), steps)

    return middleware


class _Kept:
    def __init__(self, body: Any, started: list[Any], pages: dict[Any, Any], key: Any) -> None:
        self.body, self.started, self.pages, self.key = body, started, pages, key

    def __iter__(self) -> Iterator[bytes]:
        seen = bytearray()
        for block in self.body:
            if len(seen) < 100_000:
                seen += block
            yield block
        if self.started and len(seen) < 100_000:
            self.pages[self.key] = (*self.started[0], bytes(seen))

    def close(self) -> None:
        close(self.body)


@correct()
class PageCache:
    """Keeps small answers that say they are public, once they came to their end; answers from there."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.pages: dict[tuple[str, str, str], tuple[str, list[tuple[str, str]], bytes]] = {}

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" in environ:
            return self.app(environ, start_response)
        key = (environ.get("HTTP_HOST", ""), environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
        if key in self.pages:
            status, headers, content = self.pages[key]
            start_response(status, list(headers))
            return [content]
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
            control = lookup(headers, "cache-control") or ""
            fit = status.startswith("200") and "public" in control and not lookup(headers, "set-cookie")
            started[:] = [(status, list(headers))] if fit and not lookup(headers, "vary") else []
            write = start_response(status, headers, exc_info)

            def writing(data: bytes) -> None:
                started.clear()
                write(data)

            return writing

        return _Kept(self.app(environ, start), started, self.pages, key)
