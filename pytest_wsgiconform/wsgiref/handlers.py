"""Base classes for servers and gateways: they run an application and send what it answers.

:class:`BaseHandler` is abstract; :class:`SimpleHandler` has its streams and environment given, for HTTP
servers; :class:`BaseCGIHandler` likewise, for gateways that want the status in a ``Status:`` header;
:class:`CGIHandler` and :class:`IISCGIHandler` are for CGI programs.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

from ._base_handler import BaseHandler, ClientDisconnected
from ._cgi_environ import missing_cgi_variables, read_environ, settle_cgi_variables, strip_script_name
from ._cgi_input import CGIInput, body_length
from ._error_reports import blame_client, log_unreadable_body

if TYPE_CHECKING:
    from .types import ErrorStream, InputStream, WSGIApplication, WSGIEnvironment, _OptExcInfo

__all__ = [
    "BaseCGIHandler",
    "BaseHandler",
    "CGIHandler",
    "ClientDisconnected",
    "IISCGIHandler",
    "SimpleHandler",
    "read_environ",
]


class SimpleHandler(BaseHandler):
    """A handler for HTTP servers, with the streams and CGI variables of one request.

    ``stdin`` becomes ``wsgi.input``, ``stderr`` ``wsgi.errors``; ``stdout`` takes the response, as bytes.
    Its ``write()`` should take each block in full, as that of :class:`io.BufferedIOBase`; if it does not,
    there is a :exc:`DeprecationWarning` and the rest is written after.  ``environ`` holds the CGI
    variables, and is not changed: the application gets a copy.  ``multithread`` and ``multiprocess`` become
    the ``wsgi`` flags of those names.
    """

    # Empty: what the server's process holds, secrets among it, is no part of a request.
    os_environ: dict[str, str] = {}  # noqa: RUF012  # read only

    def __init__(
        self,
        stdin: Any,
        stdout: Any,
        stderr: Any,
        environ: WSGIEnvironment,
        multithread: bool = True,
        multiprocess: bool = False,
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.base_env = self.environ = environ
        self.wsgi_multithread = multithread
        self.wsgi_multiprocess = multiprocess

    def get_stdin(self) -> InputStream:
        stream: InputStream = self.stdin
        return stream

    def get_stderr(self) -> ErrorStream:
        stream: ErrorStream = self.stderr
        return stream

    def add_cgi_vars(self) -> None:
        self.environ.update(self.base_env)

    def _write(self, data: bytes) -> None:
        written = self.stdout.write(data)
        if written == len(data) or (written is None and not isinstance(self.stdout, io.RawIOBase)):
            return
        self._write_rest(data, written)

    def _write_rest(self, data: bytes, written: int | None) -> None:
        import warnings

        warnings.warn(
            f"SimpleHandler.stdout.write() should not do partial writes: {written} of {len(data)} bytes",
            DeprecationWarning,
            stacklevel=2,
        )
        while True:
            if not isinstance(written, int) or not 0 < written <= len(data):
                raise OSError(f"stdout.write() returned {written!r} for {len(data)} bytes")
            data = data[written:]
            if not data:
                return
            written = self.stdout.write(data)

    def _flush(self) -> None:
        # From the second time on in a response, this is the stream's own method: it is called for every block.
        self._flush = flush = self.stdout.flush  # type: ignore[method-assign]
        flush()


class BaseCGIHandler(SimpleHandler):
    """As :class:`SimpleHandler`, for what is not the HTTP server itself: CGI, FastCGI, SCGI and the like.

    The status goes into a ``Status:`` header.  ``HTTP_PROXY`` is not passed on, nor are ``HTTP_CONTENT_TYPE`` and
    ``HTTP_CONTENT_LENGTH``; an empty ``SERVER_NAME`` becomes ``SERVER_ADDR``.
    """

    origin_server = False

    def add_cgi_vars(self) -> None:
        super().add_cgi_vars()
        settle_cgi_variables(self.environ)


class CGIHandler(BaseCGIHandler):
    """Runs an application as a CGI program: ``CGIHandler().run(app)``.

    The streams are those of :mod:`sys`, the variables those of :func:`read_environ`.  ``wsgi.input`` ends after
    ``CONTENT_LENGTH`` bytes, whether or not the server closes the standard input there (RFC 3875 section 4.2); one
    that ends before raises an :exc:`OSError`, which, not caught, is answered 400.  ``run()`` raises
    :exc:`RuntimeError`, before it calls the application, when there is no CGI request in the environment, or a
    ``CONTENT_LENGTH`` that is no number.
    """

    wsgi_run_once = True
    wsgi_input_terminated = True
    _input: InputStream | None = None

    def __init__(self) -> None:
        super().__init__(
            sys.stdin.buffer,
            sys.stdout.buffer,
            sys.stderr,
            read_environ(),
            multithread=False,
            multiprocess=True,
        )

    def run(self, app: WSGIApplication) -> None:
        missing = missing_cgi_variables(self.base_env)
        if "REQUEST_METHOD" in missing:
            raise RuntimeError(
                f"This is a CGI program, to be started by a web server: {', '.join(missing)} not in the environment"
            )
        self.get_stdin()
        super().run(app)

    def get_stdin(self) -> InputStream:
        if self._input is None:
            self._input = CGIInput(self.stdin, body_length(self.base_env))
        return self._input

    def handle_error(self) -> None:
        """Answer as ever, but 400, 408 or 413 for a request body that could not be read."""
        blame_client(self, sys.exc_info()[1])
        super().handle_error()

    def log_exception(self, exc_info: _OptExcInfo) -> None:
        """Log as ever, but a request body that could not be read in one line."""
        if not log_unreadable_body(self, exc_info[1]):
            super().log_exception(exc_info)


class IISCGIHandler(CGIHandler):
    """:class:`CGIHandler` for Microsoft's IIS with ``allowPathInfo`` unset, which puts ``SCRIPT_NAME`` in
    front of ``PATH_INFO``; that copy is taken off."""

    def __init__(self) -> None:
        super().__init__()
        strip_script_name(self.base_env)
