"""Hypothesis strategies for WSGI: environs, requests, raw requests, and apps that keep PEP 3333.

They need hypothesis, which is imported with this module. All of them shrink towards the plain: ``GET /``, no query, no
fields, no body; an app that returns ``[b""]`` with ``200 OK``.

>>> from hypothesis import given
>>> from pytest_wsgiconform.strategies import environs
>>> @given(environs())
... def test_app_answers(environ):
...     ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from .environ import build_environ

#: Characters of a token (RFC 9110 section 5.6.2).
_TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

#: What may stand in a field value: visible ASCII, space, tab, and the bytes above (RFC 9110 section 5.5).
_VALUE = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="".join(map(chr, range(0x7F, 0xA0))))

#: Fields that apps look at, with values of which some are well-formed and some nearly so.
_KNOWN_FIELDS: dict[str, tuple[str, ...]] = {
    "Accept": ("*/*", "text/html", "application/json;q=0.5, text/*", "text/html;level=1;q=x", ","),
    "Accept-Charset": ("utf-8", "iso-8859-1;q=0.5", "*;q=0"),
    "Accept-Encoding": ("gzip", "identity", "gzip;q=0, br", "*;q=0"),
    "Accept-Language": ("de", "en-GB, en;q=0.5", "-", "*"),
    "Authorization": ("Basic dXNlcjpwYXNz", "Basic %%%", "Bearer x", "Digest", "Basic"),
    "Cache-Control": ("no-cache", "max-age=0", "max-age=x"),
    "Cookie": ("a=1", "a=1; b=2", "=; ;a", 'a="\\"', "session=x.y.z"),
    "If-Match": ("*", '"x"'),
    "If-Modified-Since": ("Sat, 01 Jan 2000 00:00:00 GMT", "yesterday"),
    "If-None-Match": ("*", '"x"', 'W/"x", "y"', "x"),
    "If-Range": ('"x"', "Sat, 01 Jan 2000 00:00:00 GMT"),
    "Origin": ("http://localhost", "null", "http://example.org"),
    "Range": ("bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=0-,1-", "x=y"),
    "Referer": ("http://localhost/", "/", "not a url"),
    "User-Agent": ("pytest-wsgiconform", "Mozilla/5.0 (", ""),
    "X-Forwarded-For": ("192.0.2.1", "unknown", ","),
    "X-Forwarded-Proto": ("https", "ftp"),
    "X-HTTP-Method-Override": ("DELETE", "x y"),
    "X-Requested-With": ("XMLHttpRequest",),
}

_BODIES: dict[str, tuple[bytes, ...]] = {
    "application/x-www-form-urlencoded": (b"a=1", b"a=%", b"=&=&", b"a=%ff&a=2", b"next=%0d%0aX:%201"),
    "application/json": (b"{}", b"[]", b"null", b'{"a": 1}', b'{"a": ', b"\xff"),
    "multipart/form-data; boundary=b": (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n\x00\r\n--b--\r\n',
        b"--b\r\n",
    ),
    "text/plain; charset=none": (b"text",),
}


@dataclass(frozen=True)
class Request:
    """An HTTP request as plain values.

    :param method: the method. :param target: path and query as they stand in a request line.
    :param headers: pairs, ``Host`` and ``Content-Length`` not among them. :param body: the body.
    """

    method: str = "GET"
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def environ(self, **options: Any) -> dict[str, Any]:
        """Return a fresh environ for it; *options* as for ``build_environ``."""
        return build_environ(self.target, self.method, headers=self.headers, body=self.body, **options)

    def python(self) -> str:
        """Return the request as a call of the ``wsgi_environ`` fixture, ready to be pasted."""
        arguments = [repr(self.target), repr(self.method)]
        if self.headers:
            arguments.append(f"headers={list(self.headers)!r}")
        if self.body:
            arguments.append(f"body={self.body!r}")
        return f"wsgi_environ({', '.join(arguments)})"

    def raw(self) -> bytes:
        """Return the bytes that a client sends for it in HTTP/1.1."""
        fields = [("Host", "localhost"), *self.headers]
        if self.body:
            fields.append(("Content-Length", str(len(self.body))))
        head = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
        return "\r\n".join([*head, "", ""]).encode("latin-1") + self.body


def methods() -> st.SearchStrategy[str]:
    """Request methods: the usual ones, and any token."""
    usual = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"])
    return st.one_of(usual, st.text(_TOKEN, min_size=1, max_size=12))


def paths() -> st.SearchStrategy[str]:
    """Percent-encoded absolute paths whose decoded bytes may be anything, NUL and bytes that aren't UTF-8 included."""
    segment = st.one_of(
        st.sampled_from(
            ["", "a", ".", "..", "%00", "%2F", "%C3%A9", "%E9", "%25", "%0D%0A", "*", ";a=b", "index.html"]
        ),
        st.binary(max_size=8).map(lambda data: quote_from_bytes(data, safe="")),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda text: quote(text, safe="")),
    )
    return st.lists(segment, max_size=5).map(lambda parts: "/" + "/".join(parts))


def queries() -> st.SearchStrategy[str]:
    """Query strings without their question mark: pairs, odd separators, broken escapes."""
    piece = st.one_of(
        st.sampled_from(["a=1", "a", "=", "a=%", "a=%00", "a=%ff", "next=%0d%0aX:%201", "page=-1", "id=1'", "a[]=1"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda text: f"q={quote(text, safe='')}"),
    )
    return st.lists(piece, max_size=4).map("&".join)


def headers() -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """Request fields as a tuple of pairs with distinct names, without those that frame the message."""
    known = st.sampled_from(sorted(_KNOWN_FIELDS)).flatmap(
        lambda name: st.tuples(
            st.just(name), st.one_of(st.sampled_from(_KNOWN_FIELDS[name]), st.text(_VALUE, max_size=10).map(str.strip))
        )
    )
    other = st.tuples(
        st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8).map(lambda name: f"X-{name}"),
        st.text(_VALUE, max_size=20).map(str.strip),
    )
    return st.lists(st.one_of(known, other), max_size=4, unique_by=lambda pair: pair[0].lower()).map(tuple)


@st.composite
def requests(draw: st.DrawFn, path: str | None = None, method: str | None = None, body: bool | None = None) -> Request:
    """Well-formed requests.

    :param path: a percent-encoded path to keep to, perhaps with something behind it; ``None`` for any path.
    :param method: the method; ``None`` for any. :param body: whether there is a body; ``None`` for either.
    """
    own_method = draw(methods()) if method is None else method
    if path is None:
        own_path = draw(paths())
    else:
        own_path = path.partition("?")[0] + draw(st.sampled_from(["", "", "", "/", "/x", "%00", "%FF", "//"]))
    fixed_query = path.partition("?")[2] if path is not None else ""
    query = "&".join(part for part in (fixed_query, draw(queries())) if part)
    fields = draw(headers())
    content = b""
    has_body = draw(st.booleans()) if body is None else body
    if has_body:
        kind = draw(st.sampled_from(sorted(_BODIES)))
        content = draw(st.one_of(st.sampled_from(_BODIES[kind]), st.binary(max_size=30)))
        fields = (*fields, ("Content-Type", kind))
    return Request(own_method, f"{own_path}?{query}" if query else own_path, fields, content)


def environs(
    path: str | None = None, method: str | None = None, body: bool | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Complete conforming environs, a fresh dict each time; arguments as for :func:`requests`.

    Mounts, schemes, protocols and the concurrency flags vary, and variables that may be absent are absent at times.
    """
    return st.builds(
        _environ,
        requests(path, method, body),
        st.sampled_from(["", "/mounted", "/two/deep", "/caf%C3%A9"]),
        st.sampled_from([("http", "80"), ("https", "443"), ("http", "8080")]),
        st.sampled_from(["HTTP/1.1", "HTTP/1.0"]),
        st.tuples(st.booleans(), st.booleans(), st.booleans()),
        st.sets(st.sampled_from(_DROPPABLE), max_size=3),
    )


#: Variables that a server may leave out, as far as they are empty (the first five) or at all.
_DROPPABLE = (
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "SERVER_SOFTWARE",
    "GATEWAY_INTERFACE",
)
_DROPPED_WHEN_EMPTY = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")


def _environ(
    request: Request,
    mount: str,
    origin: tuple[str, str],
    protocol: str,
    flags: tuple[bool, bool, bool],
    dropped: Iterable[str],
) -> dict[str, Any]:
    names = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
    environ = request.environ(
        script_name=mount,
        scheme=origin[0],
        server=("localhost", origin[1]),
        protocol=protocol,
        extra=dict(zip(names, flags, strict=True)),
    )
    for name in dropped:
        if name not in _DROPPED_WHEN_EMPTY or not environ.get(name):
            environ.pop(name, None)
    return environ


def raw_requests() -> st.SearchStrategy[bytes]:
    """The bytes of well-formed HTTP/1.1 requests, as a client sends them."""
    return requests().map(Request.raw)


# -- apps ---------------------------------------------------------------------------------------------------

_STATUSES = (
    "200 OK",
    "201 Created",
    "202 Accepted",
    "400 Bad Request",
    "404 Not Found",
    "418 I'm a teapot",
    "500 Oops",
)
_STYLES = ("list", "tuple", "generator", "late generator", "iterator", "closing", "write", "restarted")


@dataclass(frozen=True)
class ConformingApp:
    """A WSGI application that keeps PEP 3333, made from plain values.

    :param status: the status. :param headers: the response's fields. :param chunks: the parts of the body.
    :param style: how it answers: ``"list"`` or ``"tuple"`` return one; ``"generator"``; ``"late generator"`` calls
        start_response when it is iterated over; ``"iterator"``; ``"closing"`` has a ``close()``; ``"write"`` uses the
        write callable; ``"restarted"`` replaces a first start by an error response.
    :param reads: whether it reads the request's body first.
    """

    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/plain"),)
    chunks: tuple[bytes, ...] = (b"",)
    style: str = "list"
    reads: bool = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.reads:
            left = int(environ.get("CONTENT_LENGTH") or 0)
            while left > 0 and (data := environ["wsgi.input"].read(left)):
                left -= len(data)
        if self.style == "late generator":
            return self._late(start_response)
        if self.style == "restarted":
            return self._restarted(start_response)
        write = start_response(self.status, list(self.headers))
        if self.style == "write":
            for chunk in self.chunks:
                write(chunk)
            return []
        if self.style == "generator":
            return (chunk for chunk in self.chunks)
        if self.style == "closing":
            return _Closing(self.chunks)
        return {"tuple": tuple, "iterator": iter}.get(self.style, list)(self.chunks)  # type: ignore[no-any-return,operator]

    def _late(self, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response(self.status, list(self.headers))
        yield from self.chunks

    def _restarted(self, start_response: Callable[..., Any]) -> Iterable[bytes]:
        import sys

        start_response("200 OK", [("Content-Type", "text/html")])
        try:
            raise ValueError("provoked")
        except ValueError:
            start_response(self.status, list(self.headers), sys.exc_info())
        return list(self.chunks)


class _Closing:
    def __init__(self, chunks: tuple[bytes, ...]) -> None:
        self._chunks, self.closed = iter(chunks), False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        self.closed = True


@st.composite
def conforming_apps(draw: st.DrawFn) -> ConformingApp:
    """Apps that keep PEP 3333 whatever they are asked, in every style that it allows.

    A server or middleware that treats one of them differently from another of the same status, fields and body is
    at fault.
    """
    chunks = tuple(draw(st.lists(st.binary(max_size=20), min_size=0, max_size=4)))
    fields = [("Content-Type", draw(st.sampled_from(["text/plain", "application/octet-stream"])))]
    if draw(st.booleans()):
        fields.append(("Content-Length", str(sum(map(len, chunks)))))
    names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8).map(
        lambda name: f"X-{name.strip('-') or 'x'}"
    )
    values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12).map(str.strip)
    fields += draw(st.lists(st.tuples(names, values), max_size=3, unique_by=lambda pair: pair[0]))
    if draw(st.booleans()):
        fields += [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    return ConformingApp(
        status=draw(st.sampled_from(_STATUSES)),
        headers=tuple(fields),
        chunks=chunks,
        style=draw(st.sampled_from(_STYLES)),
        reads=draw(st.booleans()),
    )


__all__ = [
    "ConformingApp",
    "Request",
    "conforming_apps",
    "environs",
    "headers",
    "methods",
    "paths",
    "queries",
    "raw_requests",
    "requests",
]
