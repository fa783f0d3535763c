"""Making a complete, fresh WSGI environ: what a well-kept server would hand over.

One function, used by the ``wsgi_environ`` fixture and by the in-process gateway. Source: PEP 3333,
"environ Variables" and "URL Reconstruction"; RFC 3875 for the CGI variables.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from ._version import __version__

#: Headers whose CGI variable has no ``HTTP_`` in front (RFC 3875 sections 4.1.2, 4.1.3).
_UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}

#: What real servers do otherwise; ``command`` in it says how it was measured.
PROFILES_FILE = Path(__file__).with_name("environ_profiles.json")

_DEFAULT_PORTS = {"http": "80", "https": "443"}


def build_environ(
    path: str = "/",
    method: str = "GET",
    *,
    query: str = "",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: Any = b"",
    script_name: str = "",
    scheme: str = "http",
    server: tuple[str, str | int | None] = ("localhost", None),
    remote: tuple[str, str | int] = ("127.0.0.1", "49152"),
    protocol: str = "HTTP/1.1",
    errors: Any = None,
    extra: Mapping[str, Any] | None = None,
    like: str | None = None,
) -> dict[str, Any]:
    """Return a new builtin ``dict`` with every variable that PEP 3333 requires, and the usual CGI ones.

    :param path: URL path below the application, ``""`` or with a leading slash. Percent escapes are decoded
        and other characters become UTF-8, so that ``PATH_INFO`` holds the bytes as Latin-1 text. What follows
        a ``?`` is the query, when *query* is empty.
    :param method: request method, taken as it is.
    :param query: query string without ``?``, as it stands in the URL (percent-encoded).
    :param headers: request headers, a mapping or pairs; values of one name are joined as RFC 9110 section 5.3
        and RFC 6265 section 5.4 say. ``Host`` is made up from *server* when it is not among them.
    :param body: request body as bytes, or a binary stream that becomes ``wsgi.input`` as it is.
        ``CONTENT_LENGTH`` is set for non-empty bytes, unless a header gives it.
    :param script_name: URL path of the application itself, ``""`` or with a leading and no trailing slash;
        decoded like *path*.
    :param scheme: ``"http"`` or ``"https"``.
    :param server: ``SERVER_NAME`` and ``SERVER_PORT``; a port of ``None`` is the scheme's default.
    :param remote: ``REMOTE_ADDR`` and ``REMOTE_PORT``.
    :param protocol: ``SERVER_PROTOCOL``.
    :param errors: text stream for ``wsgi.errors``; ``None`` makes a new ``StringIO``.
    :param extra: variables that are set last, over everything else.
    :param like: name of a server whose habits the environ is to have, see :func:`profiles`; ``None`` for those that
        PEP 3333 and RFC 3875 describe. Objects that only the server itself can make are not in it.
    :raises ValueError: for an unknown server, a path without a leading slash, a trailing slash of *script_name*, a
        scheme without a known default port when none is given, or a header that is not Latin-1 text.
    """
    target = script_name + path + (f"?{query}" if query else "")
    if not query and "?" in path:
        path, _, query = path.partition("?")
    name, port = _host(server, scheme)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": _decoded(script_name, "script_name"),
        "PATH_INFO": _decoded(path, "path"),
        "QUERY_STRING": query,
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": protocol,
        "SERVER_SOFTWARE": f"pytest-wsgiconform/{__version__}",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": remote[0],
        "REMOTE_PORT": str(remote[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": BytesIO(body) if isinstance(body, (bytes, bytearray, memoryview)) else body,
        "wsgi.errors": StringIO() if errors is None else errors,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if environ["SCRIPT_NAME"].endswith("/"):
        raise ValueError(f"script_name must not end in a slash: {script_name!r} (the root is the empty string)")
    if scheme == "https":
        environ["HTTPS"] = "on"
    add_headers(environ, headers)
    host = f"[{name}]" if ":" in name else name
    environ.setdefault("HTTP_HOST", host if port == _DEFAULT_PORTS.get(scheme) else f"{host}:{port}")
    if isinstance(body, (bytes, bytearray, memoryview)) and len(body) and "HTTP_TRANSFER_ENCODING" not in environ:
        environ.setdefault("CONTENT_LENGTH", str(memoryview(body).nbytes))
    if like is not None:
        _take_on(environ, target, profile(like))
    if extra:
        environ.update(extra)
    return environ


@functools.cache
def profiles() -> dict[str, dict[str, Any]]:
    """Return the profiles of real servers by name, as they were measured. Do not change them.

    Each has ``server`` (what was measured, with its version), ``python`` and ``measured`` (the date), and says how it
    differs from what :func:`build_environ` makes: ``set`` (variable -> value), ``derived`` (variable -> part of the
    request, see :func:`request_parts`), ``int`` (variables that are numbers), ``default`` (variable -> value where
    the request gives none), ``unset`` (variables that are absent), ``objects`` (variable -> type of what only the
    server can make) and ``left_out`` (variables that depend on the machine or the run).
    """
    found: dict[str, dict[str, Any]] = json.loads(PROFILES_FILE.read_text(encoding="utf-8"))["profiles"]
    return found


def profile(name: str) -> dict[str, Any]:
    """Return the profile of the server *name*.

    :raises ValueError: for a server that was not measured; it names those that were, the likeliest first.
    """
    known = profiles()
    if name not in known:
        import difflib

        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"there is no profile of a server {name!r}{hint} Known are {', '.join(sorted(known))}.")
    return known[name]


def request_parts(environ: Mapping[str, Any], target: str) -> dict[str, str]:
    """Return the parts of a request that servers copy into variables of their own, by name.

    :param environ: a complete environ. :param target: the request target as it was sent.
    """
    path = target.partition("?")[0]
    url = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
    return {
        "target": target,
        "path": path,
        "url": url + target,
        "url without query": url + path,
        "decoded path": environ["PATH_INFO"],
        "host": environ.get("HTTP_HOST", ""),
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "remote address": environ["REMOTE_ADDR"],
        "remote port": environ["REMOTE_PORT"],
        "server port": environ["SERVER_PORT"],
        "server name": environ["SERVER_NAME"],
        "content type": environ.get("CONTENT_TYPE", ""),
        "content length": environ.get("CONTENT_LENGTH", ""),
    }


def _take_on(environ: dict[str, Any], target: str, habits: Mapping[str, Any]) -> None:
    """Change *environ* to what the server with these *habits* would make of the same request."""
    parts = request_parts(environ, target)
    environ.update(habits["set"])
    environ.update((name, parts[part]) for name, part in habits["derived"].items())
    for name in habits["int"]:
        if name in environ:
            environ[name] = int(environ[name])
    for name, value in habits["default"].items():
        environ.setdefault(name, value)
    for name in habits["unset"]:
        environ.pop(name, None)
    if "wsgi.file_wrapper" in habits["objects"]:
        from .wsgiref.util import FileWrapper

        environ["wsgi.file_wrapper"] = FileWrapper


def _host(server: tuple[str, str | int | None], scheme: str) -> tuple[str, str]:
    name, port = server
    if port is None:
        port = _DEFAULT_PORTS.get(scheme)
    if port is None:
        raise ValueError(f"no default port is known for scheme {scheme!r}: give server=(name, port)")
    return name, str(port)


def _decoded(path: str, what: str) -> str:
    """Return the bytes that *path* stands for, as Latin-1 text (PEP 3333, "Unicode Issues")."""
    if path and not path.startswith("/"):
        raise ValueError(f"{what} must be empty or begin with a slash: {path!r}")
    return unquote_to_bytes(path).decode("latin-1")


def add_headers(environ: dict[str, Any], headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
    """Add request *headers* to *environ*; see :func:`build_environ`."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, text in pairs:
        value = text
        try:
            value.encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError(f"the value of header {name!r} is not Latin-1 text: {value!r}") from None
        variable = name.upper().replace("-", "_")
        if variable not in _UNPREFIXED:
            variable = f"HTTP_{variable}"
        if variable in environ and variable not in _UNPREFIXED:
            separator = "; " if variable == "HTTP_COOKIE" else ", "
            value = environ[variable] + separator + value
        environ[variable] = value
