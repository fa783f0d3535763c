"""A whole server without a socket: the bytes of a request in, the bytes of the response out."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO, StringIO
from typing import Any

from ..environ import build_environ
from ..wsgiref._body import ChunkedBody, SizedBody
from ..wsgiref._reader import ConnectionReader, reader_of_stream
from ..wsgiref._request import RequestHead, RequestRejected, parse_head
from ..wsgiref.simple_server import ServerHandler


def serve(app: Callable[..., Any], request: bytes, errors: Any = None) -> bytes:
    """Serve the first HTTP/1 request in *request* with *app*, and return all that a client would get.

    :param app: a WSGI application.
    :param request: the raw request, head and body; ``Content-Length`` or ``Transfer-Encoding: chunked`` tell where
        the body ends. What comes after it is not looked at.
    :param errors: text stream for ``wsgi.errors``; ``None`` throws away what is logged.
    :returns: raw bytes of the response. A request that a server must refuse is answered by the server itself, with
        a status from 400 up; an exception of the app by a 500, as :class:`wsgiref.handlers.BaseHandler` has it.
    """
    response = BytesIO()
    log = StringIO() if errors is None else errors
    reader = reader_of_stream(BytesIO(request))
    try:
        head = parse_head(reader.read_head(None))
        body = _body(reader, head)
    except RequestRejected as rejected:
        _run(_refusal(rejected), BytesIO(), response, log, build_environ(), http11=True)
    else:
        _run(app, body, response, log, _environ(head), http11=head.http11)
    return response.getvalue()


def _run(
    app: Callable[..., Any], stdin: Any, stdout: BytesIO, stderr: Any, environ: dict[str, Any], *, http11: bool
) -> None:
    handler = ServerHandler(stdin, stdout, stderr, environ, multithread=False)
    handler.http_version = "1.1" if http11 else "1.0"
    handler.run(app)


def _body(reader: ConnectionReader, head: RequestHead) -> Any:
    body = ChunkedBody(reader, None) if head.chunked else SizedBody(reader, head.content_length or 0)
    reader.begin_body(body)
    return body


def _environ(head: RequestHead) -> dict[str, Any]:
    """The CGI variables of the request. The ``wsgi.`` ones are the handler's business."""
    environ = build_environ(
        method=head.method, protocol=head.version, query=head.query, extra={"PATH_INFO": head.path, **head.variables}
    )
    if "HTTP_HOST" not in head.variables:
        del environ["HTTP_HOST"]
    environ = {name: value for name, value in environ.items() if not name.startswith("wsgi.")}
    environ["wsgi.input_terminated"] = True
    return environ


def _refusal(rejected: RequestRejected) -> Callable[..., Any]:
    def refuse(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = f"{rejected.reason}\n".encode("latin-1")
        status = f"{rejected.status} {HTTPStatus(rejected.status).phrase}"
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return refuse
