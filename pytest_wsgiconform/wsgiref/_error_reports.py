"""What a handler says of errors: to the log in full, to the client next to nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._input import BodyError

if TYPE_CHECKING:
    from .types import ErrorStream, StartResponse, WSGIEnvironment, _OptExcInfo

__all__ = ["ErrorReports", "blame_client", "log_unreadable_body"]


class ErrorReports:
    """The part of ``handlers.BaseHandler`` that logs errors, and the page for the client."""

    traceback_limit: int | None = None
    """The most frames :meth:`log_exception` shows of a traceback; ``None`` for all."""

    error_status: str = "500 Internal Server Error"
    error_headers: list[tuple[str, str]] = [("Content-Type", "text/plain")]  # noqa: RUF012  # read only
    error_body: bytes = b"A server error occurred.  Please contact the administrator."

    if TYPE_CHECKING:  # what handlers have

        def get_stderr(self) -> ErrorStream: ...

    def log_exception(self, exc_info: _OptExcInfo) -> None:
        """Write the traceback of ``exc_info``, a ``sys.exc_info()`` triple, to the error stream and flush
        that.
        """
        from traceback import format_exception

        try:
            lines = format_exception(exc_info[0], exc_info[1], exc_info[2], self.traceback_limit)
            self._write_to_log("".join(lines))
        finally:
            exc_info = (None, None, None)

    def log_fault(self, message: str) -> None:
        """Write ``message``, one line about a fault that raised no exception, to the error stream."""
        self._write_to_log(f"{message}\n")

    def _write_to_log(self, text: str) -> None:
        stderr = self.get_stderr()
        try:
            stderr.write(text)
        except UnicodeError:  # a stream of narrower encoding must not hide what went wrong
            stderr.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        stderr.flush()

    def error_output(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        """An application: the page for an error that came before any header was sent.

        Made of ``error_status``, ``error_headers`` and ``error_body``.  ``sys.exc_info()`` is the error,
        which is not shown to the client.
        """
        start_response(self.error_status, self.error_headers[:], sys.exc_info())
        return [self.error_body]


def blame_client(reports: ErrorReports, error: BaseException | None) -> None:
    """Have the page of ``reports`` say 400, 408 or 413 when ``error`` is a request body that could not be read.

    That is no fault of the application's.
    """
    if isinstance(error, BodyError):
        from http import HTTPStatus

        reports.error_status = f"{error.status} {HTTPStatus(error.status).phrase}"
        reports.error_body = f"{error.reason}.".encode("ascii")


def log_unreadable_body(reports: ErrorReports, error: BaseException | None) -> bool:
    """Log a request body that could not be read in one line; false for any other ``error``, which is not logged."""
    if not isinstance(error, BodyError):
        return False
    reports.log_fault(f"Bad request body: {error.reason}")
    return True
