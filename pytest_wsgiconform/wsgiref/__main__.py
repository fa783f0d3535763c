"""Serve a WSGI application, or the files of a directory: `python -m pytest_wsgiconform.wsgiref [MODULE:APP]`."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, cast

from ._directory_app import DirectoryApp
from .simple_server import ThreadingWSGIServer, WSGIServer, make_server

if TYPE_CHECKING:
    from .types import WSGIApplication


def load_application(name: str) -> WSGIApplication:
    """Return the application that MODULE:ATTR names; MODULE:FACTORY() is called for it.

    Raises:
        ValueError: with a sentence for the user, if the name is malformed, nothing is there, or it can't be called.
        Exception: whatever the module raises when it is imported.
    """
    module_name, colon, attribute = name.partition(":")
    factory = attribute.endswith("()")
    attribute = attribute[:-2] if factory else attribute
    if not colon or not module_name or not all(part.isidentifier() for part in attribute.split(".")):
        raise ValueError(f"{name!r} does not name an application: use MODULE:ATTRIBUTE or MODULE:FACTORY()")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ValueError(f"there is no module {error.name!r} (looked for {name!r})") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise ValueError(f"{module_name!r} has no attribute {attribute!r}") from error
    if factory and callable(found):
        found = found()
    if not callable(found):
        raise ValueError(f"{name!r} is {type(found).__name__}, which can't be called")
    return cast("WSGIApplication", found)


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_wsgiconform.wsgiref",
        description="Serve a WSGI application over HTTP/1.1, or the files of a directory.",
    )
    parser.add_argument(
        "app", nargs="?", metavar="MODULE:APP", help="the application, or MODULE:FACTORY(); else files are served"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8000, help="port, 0 for any (default: %(default)s)")
    parser.add_argument("--directory", default=None, help="directory whose files are served (default: the current one)")
    parser.add_argument(
        "--single-thread", action="store_true", help="run one request at a time, all in the main thread"
    )
    parser.add_argument(
        "--env",
        metavar="NAME=VALUE",
        type=_variable,
        action="append",
        default=[],
        help="put a variable into every environ; may be repeated",
    )
    return parser


def _serve(server: WSGIServer, what: str) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        # shutdown() from a thread: here, in the serving thread, it would return before the loop has ended.
        threading.Thread(target=server.shutdown, daemon=True).start()

    previous = signal.signal(signal.SIGTERM, stop)
    host = f"[{server.server_name}]" if ":" in server.server_name else server.server_name
    print(f"Serving {what} on http://{host}:{server.server_port}/ (Control-C to stop)", flush=True)
    try:
        with server:
            server.serve_forever()
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    finally:
        signal.signal(signal.SIGTERM, previous)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; `arguments` are those of `sys.argv` when None.

    Raises:
        SystemExit: (2) for a wrong usage, an application that can't be loaded or an address that can't be used.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.app is not None and options.directory is not None:
        parser.error("give either an application or --directory")
    try:
        if options.app is None:
            app: WSGIApplication = DirectoryApp(options.directory or os.curdir)
        else:
            sys.path.insert(0, os.getcwd())
            app = load_application(options.app)
        server_class = WSGIServer if options.single_thread else ThreadingWSGIServer
        server = make_server(options.host, options.port, app, server_class)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    server.base_environ.update(options.env)
    _serve(server, options.app or f"the files of {os.path.abspath(options.directory or os.curdir)}")


if __name__ == "__main__":
    main()
