"""Conforming middleware: compression, entity tags and lengths."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Deferred, Wrapped, close, lookup, without

corpus = Corpus(__name__)
correct = corpus.program


def _accepts_gzip(accepted: str) -> bool:
    for coding in accepted.lower().split(","):
        name, _, quality = coding.replace(" ", "").partition(";q=")
        if name == "gzip":
            return quality == "" or float(quality) > 0
    return False


def _compresses(environ: Any, status: str, headers: Any) -> bool:
    present = {name.lower() for name, _ in headers}
    return (
        _accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        and environ["REQUEST_METHOD"] != "HEAD"
        and status[:3] not in ("204", "206", "304")
        and not present & {"content-encoding", "content-range"}
    )


@correct()
def gzip_streaming(app: App) -> App:
    class Zipped(Deferred):
        packer: Any = None

        def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
            if _compresses(self.environ, status, headers) and not self.sent:
                self.packer = zlib.compressobj(wbits=31)
                headers = [*without(headers, "content-length", "etag"), ("Content-Encoding", "gzip")]
            elif not self.sent:
                self.packer = None
            return super().__call__(status, [*headers, ("Vary", "Accept-Encoding")], exc_info)

        def steps(self, body: Any) -> Any:
            for item in body:
                self.send()
                block = b"".join([*self.written, item])
                self.written.clear()
                if self.packer is None:
                    yield block
                else:
                    yield self.packer.compress(block) + (self.packer.flush(zlib.Z_SYNC_FLUSH) if block else b"")
            self.send()
            rest = b"".join(self.written)
            if self.packer is not None:
                yield self.packer.compress(rest) + self.packer.flush()
            elif rest:
                yield rest

    def middleware(environ: Any, start_response: Any) -> Any:
        zipped = Zipped(start_response)
        zipped.environ = environ  # type: ignore[attr-defined]
        return Wrapped(app(environ, zipped), zipped.steps)

    return middleware


def _collecting(finish: Callable[[Any, Any, bytes], tuple[list[tuple[str, str]], bytes]]) -> Callable[[App], App]:
    """A middleware that needs the whole body: it gives empty blocks until it has it."""

    def factory(app: App) -> App:
        def middleware(environ: Any, start_response: Any) -> Any:
            deferred = Deferred(start_response)

            def steps(body: Any) -> Any:
                kept: list[bytes] = []
                for block in body:
                    kept.append(block)
                    yield b""
                if deferred.call is None:
                    return
                status, headers, exc_info = deferred.call
                whole = b"".join([*deferred.written, *kept])
                if status[:3] not in ("204", "304"):
                    headers, whole = finish(environ, headers, whole)
                if environ["REQUEST_METHOD"] == "HEAD":
                    headers, whole = without(headers, "content-length", "etag"), b""
                deferred.call = (status, headers, exc_info)  # type: ignore[assignment]
                deferred.send()
                yield whole

            return Wrapped(app(environ, deferred), steps)

        return middleware

    return factory


def _gzip(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    headers = [*headers, ("Vary", "Accept-Encoding")]
    if not _compresses(environ, "200", headers):
        return headers, whole
    packed = gzip.compress(whole)
    more = [("Content-Encoding", "gzip"), ("Content-Length", str(len(packed)))]
    return [*without(headers, "content-length", "etag"), *more], packed


def _etag(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    return [*without(headers, "etag"), ("ETag", f'"{hashlib.sha256(whole).hexdigest()}"')], whole


def _length(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    return [*without(headers, "content-length"), ("Content-Length", str(len(whole)))], whole


def _minified(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    if "html" not in {name.lower(): value for name, value in headers}.get("content-type", ""):
        return headers, whole
    small = b" ".join(whole.split())
    return [*without(headers, "content-length"), ("Content-Length", str(len(small)))], small


def _wrapped_in_json(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    body = json.dumps({"body": whole.decode("latin-1")}).encode()
    more = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return [*without(headers, "content-type", "content-length"), *more], body


corpus.add("gzip_whole", lambda: _collecting(_gzip))
corpus.add("etag", lambda: _collecting(_etag))
corpus.add("content_length", lambda: _collecting(_length))
corpus.add("minify", lambda: _collecting(_minified))
corpus.add("json_envelope", lambda: _collecting(_wrapped_in_json))


class _Gzip:
    """One response on its way through a compressor, whether it is yielded or written."""

    def __init__(self, environ: dict[str, Any], start_response: App) -> None:
        self.start_response = start_response
        codings = environ.get("HTTP_ACCEPT_ENCODING", "").lower().replace(" ", "").split(",")
        self.wanted = "gzip" in codings and environ["REQUEST_METHOD"] != "HEAD"
        self.compressor: Any = None
        self.body: Any = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
        kind = lookup(headers, "content-type") or ""
        fit = status[:3] not in ("204", "206", "304") and kind.startswith("text/")
        fit = fit and lookup(headers, "content-encoding") is None
        if fit:
            headers = [*headers, ("Vary", "Accept-Encoding")]
        use = fit and self.wanted
        if use:
            headers = [*without(headers, "content-length", "etag"), ("Content-Encoding", "gzip")]
        write = self.start_response(status, headers, exc_info) if exc_info else self.start_response(status, headers)
        self.compressor = zlib.compressobj(6, zlib.DEFLATED, 31) if use else None
        if not use:
            return write
        return lambda data: write(self.compressor.compress(data) + self.compressor.flush(zlib.Z_SYNC_FLUSH))

    def __iter__(self) -> Iterator[bytes]:
        for block in self.body:
            yield block if self.compressor is None else self.compressor.compress(block)
        if self.compressor is not None:
            yield self.compressor.flush()

    def close(self) -> None:
        close(self.body)


@correct()
def gzip_by_object(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> _Gzip:
        response = _Gzip(environ, start_response)
        response.body = app(environ, response.start)
        return response

    return middleware


class _EtagStart:
    """Holds the start of a response back until the app returns, or until it writes."""

    def __init__(self, start_response: App) -> None:
        self.start_response, self.held, self.write, self.through = start_response, None, None, False

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
        if self.held is not None and not exc_info:
            self.release()  # started twice: the server is to say what it thinks of it
        if self.through or exc_info:
            self.through, self.held = True, None
            return self.start_response(status, headers, exc_info) if exc_info else self.start_response(status, headers)
        self.held = (status, headers)  # type: ignore[assignment]
        return self._write

    def _write(self, data: bytes) -> None:
        self.release()
        self.write(data)  # type: ignore[misc]

    def release(self) -> None:
        self.through = True
        if self.held is not None:
            (status, headers), self.held = self.held, None
            self.write = self.start_response(status, headers)


@correct()
def etag_for_whole_bodies(app: App) -> App:
    """Only a list of one block has its whole body at hand; everything else passes as it is."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        start = _EtagStart(start_response)
        try:
            body = app(environ, start)
        except BaseException:
            start.release()
            raise
        held: Any = start.held
        whole = type(body) is list and len(body) == 1 and held is not None and held[0].startswith("200")
        if not whole or environ["REQUEST_METHOD"] != "GET" or lookup(held[1], "etag"):
            start.release()
            return body
        tag = f'"{hashlib.sha256(body[0]).hexdigest()[:16]}"'
        status, headers = held
        start.held = None
        if environ.get("HTTP_IF_NONE_MATCH") == tag:
            start_response("304 Not Modified", [*without(headers, "content-length", "content-type"), ("ETag", tag)])
            return []
        start_response(status, [*headers, ("ETag", tag)])
        return body

    return middleware
