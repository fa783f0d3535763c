"""Runs the application for one request on a connection, and tells the connection what became of it."""

from __future__ import annotations

import os
import platform
import stat
import sys
from io import BufferedReader, FileIO
from typing import TYPE_CHECKING, Any

from ._error_reports import blame_client, log_unreadable_body
from ._timeouts import TimedConnection
from .handlers import SimpleHandler

if TYPE_CHECKING:
    from .types import _OptExcInfo

server_version = "WSGIServer/0.2"
sys_version = f"{platform.python_implementation()}/{platform.python_version()}"
software_version = f"{server_version} {sys_version}"


class ConnectionWriter:
    """The sending half of a connection, unbuffered: `write` returns when the system has taken all the bytes.

    Args:
        timed: the connection; its time limits count for each part that the system takes and for the client's pace, not
            for the whole, so that a slow client is not a dead one.
    """

    closed = False

    def __init__(self, timed: TimedConnection) -> None:
        self.timed = timed
        self._send = timed.send

    def write(self, data: bytes, /) -> int:
        """Send all of `data`; return its length in bytes."""
        sent = self._send(data)
        if sent != len(data):
            with memoryview(data) as view:
                while sent < len(data):
                    sent += self._send(view[sent:])
        return sent

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def writable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Mark the stream closed; the connection is the server's."""
        self.closed = True


class ServerHandler(SimpleHandler):
    """A `SimpleHandler` for requests that `WSGIRequestHandler` reads.

    Attributes:
        request_handler: the `WSGIRequestHandler`; set it before `run`. Without one, nothing is logged and nothing said
            about the connection.
        server_software: text of the Server header and of SERVER_SOFTWARE.
    """

    server_software: str | None = software_version
    request_handler: Any = None

    @property
    def persistent(self) -> bool | None:  # type: ignore[override]
        """Whether the connection is meant to be kept; asked when the head is sent."""
        return None if self.request_handler is None else self.request_handler.begin_final()

    def run_finished(self) -> None:
        """Log the request, whatever became of it, and settle what becomes of the connection."""
        request_handler = self.request_handler
        if request_handler is None:
            return
        try:
            status = self.status[:3] if self.status and self.headers_sent else "500"
            request_handler.log_request(status, self.bytes_sent)
        finally:
            request_handler.end_request(self.connection_reusable or self._is_whole_without_content())

    def _is_whole_without_content(self) -> bool:
        """Whether a response was sent that is whole with its head, and its end left out by an overriding method."""
        whole = self.headers_sent and self._keeps_connection and not self._sends_content()
        return whole and not self._at_fault and not self.client_disconnected

    def handle_error(self) -> None:
        """Answer as ever, but 400, 408 or 413 for a request body that could not be read."""
        blame_client(self, sys.exc_info()[1])
        super().handle_error()

    def log_exception(self, exc_info: _OptExcInfo) -> None:
        """Log as ever, but a request body that could not be read in one line."""
        if not log_unreadable_body(self, exc_info[1]):
            super().log_exception(exc_info)

    # ---- files

    def sendfile(self) -> bool:
        """Have the system send a regular file over a plain socket; return False for anything else."""
        source = self._sendable_file()
        headers = self.headers
        if source is None or headers is None or self.headers_sent or not self._sends_content():
            return False
        file, start, size = source
        if "Content-Length" not in headers:
            headers["Content-Length"] = str(size)
        self.send_headers()
        count = size if self._remaining is None else min(size, self._remaining)
        if count:
            self.note_sent(self._send_part(file, start, count))
        self.finish_content()
        return True

    def _send_part(self, file: Any, start: int, count: int) -> int:
        timed: TimedConnection = self.stdout.timed
        try:
            return timed.send_file(file.fileno(), start, count)
        except OSError as error:
            self._write_error = error
            raise

    def _sendable_file(self) -> tuple[Any, int, int] | None:
        """Return the file of `result`, its position and the bytes from there, if the system can send it."""
        timed = getattr(self.stdout, "timed", None)
        if not isinstance(timed, TimedConnection) or not timed.can_send_files:
            return None
        if self.request_handler is None:
            return None
        file: Any = getattr(self.result, "filelike", None)
        if type(file) not in (BufferedReader, FileIO):
            return None
        try:
            status = os.fstat(file.fileno())
            start = file.tell()
        except (OSError, ValueError):
            return None
        size = status.st_size - start
        return (file, start, size) if stat.S_ISREG(status.st_mode) and size > 0 else None


__all__ = ["ConnectionWriter", "ServerHandler", "server_version", "software_version", "sys_version"]
