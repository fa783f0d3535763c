"""What all handlers do: run an application and send what it answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ._error_reports import ErrorReports
from ._response_body import STATE_OF_A_RESPONSE, TOO_LONG, ResponseBody
from .util import FileWrapper, guess_scheme

if TYPE_CHECKING:
    from .types import ErrorStream, InputStream, WSGIApplication, WSGIEnvironment

__all__ = ["BaseHandler", "ClientDisconnected"]


class ClientDisconnected(ConnectionError):
    """The client has gone.

    An input stream that raises this spares the log a traceback for what is no fault of the application.
    """


class BaseHandler(ErrorReports, ResponseBody):
    """Runs one application for one request; the base of all gateways and servers.

    :meth:`run` is for use from outside; everything else is called by it and may be overridden.  ``_write``,
    ``_flush``, ``get_stdin``, ``get_stderr`` and ``add_cgi_vars`` must be.
    """

    wsgi_version: tuple[int, int] = (1, 0)
    wsgi_multithread: bool = True
    wsgi_multiprocess: bool = True
    wsgi_run_once: bool = False

    wsgi_input_terminated: bool = False
    """Whether ``get_stdin()`` ends by itself where the request's body does; the application is then told so
    by ``wsgi.input_terminated``."""

    os_environ: dict[str, str] = dict(os.environ)  # noqa: RUF012  # read only
    """Variables put into every environ, under those of the request; to be read only.  Here it is a copy of
    ``os.environ`` from the time of import; the classes that talk to clients have an empty one."""

    wsgi_file_wrapper: Callable[..., Any] | None = FileWrapper
    """What ``wsgi.file_wrapper`` is; ``None`` leaves it out."""

    client_disconnected: bool = False
    """After ``run()``: whether the client went away before it had the whole response."""

    _closed: Any = None
    _ran = False

    def run(self, app: WSGIApplication) -> None:
        """Call ``app`` for the present request and send its response.

        An :exc:`Exception` of the application is logged and, when no header was sent, answered by
        :meth:`error_output`.  A client that goes away is not logged, or in one line.  Other exceptions
        (:exc:`KeyboardInterrupt`, :exc:`SystemExit`) pass through, as do those of the error handling
        itself.  In every case the iterable is closed, once, and then :meth:`run_finished` called.
        """
        if self._ran:
            self._forget_last_response()
        self._ran = True
        try:
            try:
                self.setup_environ()
                self.result = app(self.environ, self.start_response)
                self.finish_response()
            except Exception as error:
                if not self._was_disconnect(error):
                    self._handle_error_while_client_listens()
        finally:
            try:
                if self.result is not self._closed:
                    self._close_after_error()
            finally:
                self._write_error = self._block = None  # the error's traceback refers to this handler
                self.run_finished()

    def _forget_last_response(self) -> None:
        for name in STATE_OF_A_RESPONSE:
            self.__dict__.pop(name, None)

    def _handle_error_while_client_listens(self) -> None:
        try:
            self.handle_error()
        except Exception as error:
            if not self._was_disconnect(error):
                raise

    def _was_disconnect(self, error: Exception) -> bool:
        """Whether ``error`` came from sending, or says that the client has gone; not when the application's
        own connections failed.
        """
        if not isinstance(error, ClientDisconnected):
            if error is not self._write_error or not isinstance(error, OSError):
                return False
            if not isinstance(error, ConnectionError):
                self.log_fault(f"The response could not be sent: {type(error).__name__}: {error}")
        self.client_disconnected = True
        self.connection_reusable = False
        return True

    def run_finished(self) -> None:
        """Called at the very end of :meth:`run`, whatever happened; ``status``, ``headers_sent``,
        ``bytes_sent`` and ``client_disconnected`` tell what did.  The place for an access log.  Does
        nothing by default."""

    def setup_environ(self) -> None:
        """Set ``environ`` to a new dictionary that is complete for the application."""
        environ: WSGIEnvironment = self.os_environ.copy()
        self.environ = environ
        self.add_cgi_vars()
        environ["wsgi.input"] = self.get_stdin()
        environ["wsgi.errors"] = self.get_stderr()
        environ["wsgi.version"] = self.wsgi_version
        environ["wsgi.run_once"] = self.wsgi_run_once
        environ["wsgi.url_scheme"] = self.get_scheme()
        environ["wsgi.multithread"] = self.wsgi_multithread
        environ["wsgi.multiprocess"] = self.wsgi_multiprocess
        if self.wsgi_input_terminated:
            environ["wsgi.input_terminated"] = True
        if self.wsgi_file_wrapper is not None:
            environ["wsgi.file_wrapper"] = self.wsgi_file_wrapper
        if self.origin_server and self.server_software:
            environ.setdefault("SERVER_SOFTWARE", self.server_software)

    def get_scheme(self) -> str:
        """The URL scheme of the request; guessed from the environ by default."""
        return guess_scheme(self.environ)

    def finish_response(self) -> None:
        """Send the response that ``result`` is the body of, and close it."""
        try:
            if type(self.result) is list or not self.result_is_file() or not self.sendfile():
                self._send_result()
                self.finish_content()
        except BaseException:
            self._close_after_error()
            raise
        self.close()

    def _send_result(self) -> None:
        write, result = self.write, self.result
        if type(result) is list:
            if len(result) == 1 and not self.headers_sent:
                self._block = result[0]
                write(result[0])
                return
            blocks = iter(result)
        else:
            blocks = iter(self._checked_result())
        if not self.headers_sent:
            for block in blocks:
                self._block = block
                write(block)
                if self.headers_sent:
                    break
            else:
                return
        if self._is_bounded:
            self._send_bounded(blocks)
        elif type(self).write is ResponseBody.write:
            self._write_all(blocks)
        else:
            for block in blocks:
                write(block)
        self._block = None

    def _send_bounded(self, blocks: Iterator[bytes]) -> None:
        while not self._sends_nothing_more or self._length_is_ours:
            try:
                self._block = block = next(blocks)
            except StopIteration:
                return
            self.write(block)
        # PEP 3333, "Handling the Content-Length Header": no further block is asked for.
        if self._remaining == 0 and type(self.result) in (list, tuple) and len(self.result) > 1:
            self._tell_unsent_blocks()

    def _checked_result(self) -> Any:
        result = self.result
        if type(result) is bytes:
            self.log_fault("The application returned bytes, not an iterable of bytes such as [data]")
            self.result = [result]
        elif result is None or isinstance(result, str):
            kind = type(result).__name__
            raise AssertionError(f"The application returned {kind}, which is not an iterable of bytes")
        return self.result

    def _tell_unsent_blocks(self) -> None:
        if not self._at_fault and (self._length_of_result() or 0) > self.bytes_sent:
            self._at_fault = True
            self.log_fault(TOO_LONG.format(self.bytes_sent))

    def result_is_file(self) -> bool:
        """Whether the application returned what ``wsgi_file_wrapper`` makes."""
        wrapper = self.wsgi_file_wrapper
        return isinstance(wrapper, type) and isinstance(self.result, wrapper)

    def sendfile(self) -> bool:
        """Override to send the file of ``result`` by other means; true when that is done, headers and all.

        Such a method calls :meth:`send_headers` first and :meth:`note_sent` and :meth:`finish_content` after.
        """
        return False

    def close(self) -> None:
        """Close the iterable, unless that is done, after a response that was sent in full."""
        self._close_result()
        self.result = self._closed = None  # the iterable may refer to start_response, and so to this handler

    def _close_result(self) -> None:
        result = self.result
        if result is not self._closed:
            self._closed = result
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _close_after_error(self) -> None:
        try:
            self._close_result()
        except Exception:
            self.log_exception(sys.exc_info())

    def handle_error(self) -> None:
        """Log the exception being handled, and send the error page if no header was sent."""
        self.log_exception(sys.exc_info())
        if not self.headers_sent:
            self._close_after_error()
            self._block = None
            self._forget_framing()
            self.result = self.error_output(self.environ, self.start_response)
            self.finish_response()

    def _write(self, data: bytes) -> None:
        """Override: take all of ``data`` for sending."""
        raise NotImplementedError

    def _flush(self) -> None:
        """Override: send what was taken."""
        raise NotImplementedError

    def get_stdin(self) -> InputStream:
        """Override: the ``wsgi.input`` of the request."""
        raise NotImplementedError

    def get_stderr(self) -> ErrorStream:
        """Override: the ``wsgi.errors`` of the request."""
        raise NotImplementedError

    def add_cgi_vars(self) -> None:
        """Override: put the CGI variables of the request into ``environ``."""
        raise NotImplementedError
