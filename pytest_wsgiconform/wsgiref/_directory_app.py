"""An application that serves the files under one directory."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from .util import FileWrapper

if TYPE_CHECKING:
    from .types import StartResponse, WSGIEnvironment


class DirectoryApp:
    """Serves files by GET and HEAD; a directory by its index.html; nothing outside the directory.

    Args:
        directory: the directory; symbolic links that lead out of it are not followed.

    Raises:
        NotADirectoryError: if it isn't one.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.root = os.path.realpath(directory)
        if not os.path.isdir(self.root):
            raise NotADirectoryError(f"{os.fspath(directory)} is not a directory")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _text(start_response, "405 Method Not Allowed", [("Allow", "GET, HEAD")])
        path = environ.get("PATH_INFO", "")
        file_name = self._file_name(path)
        if file_name is not None and not os.path.isdir(file_name):
            # What stands before a slash is a directory.
            file_name = None if path.endswith("/") else file_name
        elif file_name is not None:
            if not path.endswith("/"):
                location = quote((environ.get("SCRIPT_NAME", "") + path).encode("latin-1")) + "/"
                # Two slashes at the beginning would make the first segment a host.
                return _text(start_response, "301 Moved Permanently", [("Location", "/" + location.lstrip("/"))])
            file_name = self._file_name(path + "index.html")
        try:
            if file_name is None or not os.path.isfile(file_name):
                raise FileNotFoundError
            file = open(file_name, "rb")  # noqa: SIM115  # closed by the server, through the wrapper
        except OSError:
            return _text(start_response, "404 Not Found", [])
        return _send(environ, start_response, file, file_name)

    def _file_name(self, path: str) -> str | None:
        """Return the file that a path names, None for one that no file under the directory can have."""
        relative = os.fsdecode(path.encode("latin-1")).lstrip("/")
        if "\0" in relative or os.path.isabs(relative):
            return None
        name = os.path.realpath(os.path.join(self.root, relative))
        inside = name == self.root or name.startswith(self.root.rstrip(os.sep) + os.sep)
        return name if inside else None


def _text(start_response: StartResponse, status: str, headers: list[tuple[str, str]]) -> list[bytes]:
    body = f"{status}\n".encode("ascii")
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *headers])
    return [body]


def _send(environ: WSGIEnvironment, start_response: StartResponse, file: BinaryIO, file_name: str) -> Iterable[bytes]:
    status = os.fstat(file.fileno())
    modified = ("Last-Modified", formatdate(status.st_mtime, usegmt=True))
    if _is_fresh(environ.get("HTTP_IF_MODIFIED_SINCE"), status.st_mtime):
        file.close()
        start_response("304 Not Modified", [modified])
        return []
    kind, encoding = mimetypes.guess_type(file_name)
    if encoding is not None or kind is None:  # a packed file is served as it is, not to be unpacked on the way
        kind = "application/octet-stream"
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(status.st_size)), modified])
    wrapper = environ.get("wsgi.file_wrapper", FileWrapper)
    wrapped: Iterable[bytes] = wrapper(file)
    return wrapped


def _is_fresh(condition: str | None, modified: float) -> bool:
    if condition is None:
        return False
    try:
        return int(modified) <= parsedate_to_datetime(condition).timestamp()
    except (ValueError, OverflowError):
        return False
