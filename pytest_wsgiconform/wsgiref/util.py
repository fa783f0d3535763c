"""Helpers for WSGI environments: URLs, path traversal, test environments, file iteration.

Every function that takes ``environ`` expects a WSGI environment dictionary (:pep:`3333`, "environ
Variables").
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .types import WSGIEnvironment

__all__ = [
    "FileWrapper",
    "application_uri",
    "guess_scheme",
    "is_hop_by_hop",
    "request_uri",
    "setup_testing_defaults",
    "shift_path_info",
]

# RFC 3986 section 3.3: what may stand in a path as it is, beside letters, digits and "-._~" (which quote()
# never touches).
_PATH_CHARACTERS = "/:@!$&'()*+,;="

# RFC 2616 section 13.5.1, with the spellings it uses ("Trailers", not the header named Trailer).
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)


class FileWrapper:
    """Iterate over a file-like object in blocks; what ``wsgi.file_wrapper`` offers by default.

    ``filelike`` needs ``read(size)``; ``blksize`` is the size asked for each time, in bytes.  Both are kept
    as attributes.  Iteration ends for good with the first empty block.  ``wrapper[i]`` returns the next
    block whatever ``i`` is, raises :exc:`IndexError` at the end, and is deprecated.

    There is a ``close()`` exactly when the file-like object has one, and it calls that one (:pep:`3333`,
    "Optional Platform-Specific File Handling").
    """

    def __init__(self, filelike: Any, blksize: int = 8192) -> None:
        self.filelike = filelike
        self.blksize = blksize
        self._ended = False

    if TYPE_CHECKING:

        def close(self) -> object: ...

    def __getattr__(self, name: str) -> Any:
        # Looked up on the file each time, so that a close() put there later is the one that is called.
        if name == "close" and "filelike" in self.__dict__:
            return self.filelike.close
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> Any:
        if not self._ended:
            block = self.filelike.read(self.blksize)
            if block:
                return block
            self._ended = True
        raise StopIteration

    def __getitem__(self, key: object) -> Any:
        import warnings

        warnings.warn(
            "FileWrapper's __getitem__ method ignores its argument. Use iterator protocol instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        try:
            return next(self)
        except StopIteration:
            raise IndexError("the file has no further block") from None


def guess_scheme(environ: WSGIEnvironment) -> str:
    """Return ``"https"`` when the ``HTTPS`` variable says so (``1``, ``on``, ``yes``, ``true``, any case),
    else ``"http"``.
    """
    https = environ.get("HTTPS")
    return "https" if https and str(https).lower() in ("on", "1", "yes", "true") else "http"


def _host_is_trusted(host: str, trusted_hosts: Iterable[str]) -> bool:
    host = host.lower()
    # What follows the last colon is a port unless that colon is inside the brackets of an IPv6 address.
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return any(trusted.lower() in (host, name) for trusted in trusted_hosts)


def _origin(environ: WSGIEnvironment, trusted_hosts: Iterable[str] | None) -> str:
    scheme = str(environ["wsgi.url_scheme"])
    host = environ.get("HTTP_HOST")
    if host and (trusted_hosts is None or _host_is_trusted(host, trusted_hosts)):
        return f"{scheme}://{host}"
    name, port = str(environ["SERVER_NAME"]), str(environ["SERVER_PORT"])
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    default_port = "443" if scheme == "https" else "80"
    return f"{scheme}://{name}" if port == default_port else f"{scheme}://{name}:{port}"


def application_uri(environ: WSGIEnvironment, *, trusted_hosts: Iterable[str] | None = None) -> str:
    """Return the URI of the application object: no ``PATH_INFO``, no query (:pep:`3333`, "URL
    Reconstruction").

    ``trusted_hosts``: names (``"example.com"``, or ``"example.com:8000"`` for that port only) for which the
    client's ``Host`` header is believed; for any other, ``SERVER_NAME`` and ``SERVER_PORT`` are used.
    ``None`` believes every ``Host``, as documented for ``wsgiref``.

    Raises :exc:`KeyError` when ``wsgi.url_scheme``, or a variable needed in place of ``HTTP_HOST``, is
    missing.
    """
    from urllib.parse import quote

    path = quote(environ.get("SCRIPT_NAME") or "/", safe=_PATH_CHARACTERS, encoding="latin-1")
    return _origin(environ, trusted_hosts) + path


def request_uri(
    environ: WSGIEnvironment, include_query: bool = True, *, trusted_hosts: Iterable[str] | None = None
) -> str:
    """Return the full request URI, with the query string unless ``include_query`` is false.

    ``trusted_hosts`` and errors are those of :func:`application_uri`.
    """
    from urllib.parse import quote

    path = (environ.get("SCRIPT_NAME") or "") + (environ.get("PATH_INFO") or "")
    if not path.startswith("/"):
        path = "/" + path
    uri = _origin(environ, trusted_hosts) + quote(path, safe=_PATH_CHARACTERS, encoding="latin-1")
    query = environ.get("QUERY_STRING")
    return f"{uri}?{query}" if include_query and query else uri


def shift_path_info(environ: WSGIEnvironment, *, normalize: bool = True) -> str | None:
    """Move one segment from ``PATH_INFO`` to ``SCRIPT_NAME``, in place, and return it; ``None`` when none
    is left.

    A ``PATH_INFO`` of ``"/"`` gives ``""`` and a ``SCRIPT_NAME`` that ends in a slash, so that ``/x`` and
    ``/x/`` can be told apart.  A ``PATH_INFO`` that lacks its leading slash is read as if it had one.

    ``normalize``: empty and ``.`` segments are skipped, and ``..`` (which is returned) takes the last
    segment off ``SCRIPT_NAME``.  When false, every segment is taken as it stands, and ``SCRIPT_NAME +
    PATH_INFO`` never changes: the choice for code that decides access by path.
    """
    path = environ.get("PATH_INFO") or ""
    if not path:
        return None
    if path[0] != "/":
        path = "/" + path
    if normalize and ("//" in path or "/." in path):
        *segments, last = path.split("/")
        kept = [segment for segment in segments if segment and segment != "."]
        if not kept and last == ".":
            environ["PATH_INFO"] = ""
            return None
        kept.append(last)  # whatever it is: a last slash has a meaning
        name = kept[0]
        kept[0] = ""
        rest = "/".join(kept)
    else:
        end = path.find("/", 1)
        if end < 0:
            name, rest = path[1:], ""
        else:
            name, rest = path[1:end], path[end:]
    script = environ.get("SCRIPT_NAME") or ""
    if normalize:
        if script and script[-1] == "/":
            script = script.rstrip("/")
        if name == "..":
            # The parent of the root is the root, whose SCRIPT_NAME is empty.
            environ["SCRIPT_NAME"] = script.rpartition("/")[0]
            environ["PATH_INFO"] = rest
            return name
    environ["SCRIPT_NAME"] = f"{script}/{name}"
    environ["PATH_INFO"] = rest
    return name


def setup_testing_defaults(environ: WSGIEnvironment) -> None:
    """Fill ``environ`` up with what a request needs to look real, leaving what is there alone; for tests
    only.

    Sets the CGI variables that :pep:`3333` requires, ``HTTP_HOST``, ``QUERY_STRING`` and all the required
    ``wsgi.*`` entries.
    """
    setdefault = environ.setdefault
    setdefault("SERVER_NAME", "127.0.0.1")
    setdefault("SERVER_PROTOCOL", "HTTP/1.0")
    setdefault("HTTP_HOST", environ["SERVER_NAME"])
    setdefault("REQUEST_METHOD", "GET")
    if "SCRIPT_NAME" not in environ and "PATH_INFO" not in environ:
        environ["PATH_INFO"] = "/"
    setdefault("SCRIPT_NAME", "")
    setdefault("PATH_INFO", "")
    setdefault("QUERY_STRING", "")
    setdefault("wsgi.version", (1, 0))
    setdefault("wsgi.run_once", False)
    setdefault("wsgi.multithread", False)
    setdefault("wsgi.multiprocess", False)
    setdefault("wsgi.input", BytesIO())
    setdefault("wsgi.errors", StringIO())
    setdefault("wsgi.url_scheme", guess_scheme(environ))
    setdefault("SERVER_PORT", "443" if environ["wsgi.url_scheme"] == "https" else "80")


def is_hop_by_hop(header_name: str) -> bool:
    """Return whether ``header_name`` (any case) is a hop-by-hop header as RFC 2616 section 13.5.1 lists
    them.
    """
    return header_name.lower() in _HOP_BY_HOP
