"""A server that serves an app below a mount point, rightly or wrongly:

python mounted_server.py HOST PORT MODULE:ATTR MOUNT FAULT
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from typing import Any

from pytest_wsgiconform.wsgiref.simple_server import ThreadingWSGIServer, make_server

Application = Callable[..., Iterable[bytes]]


def rightly(mount: str, path: str) -> tuple[str, str]:
    return mount, path[len(mount) :]


#: Each returns SCRIPT_NAME and PATH_INFO for a path below the mount point.
SPLITS: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "none": rightly,
    "whole-path-in-path-info": lambda mount, path: ("", path),
    "mount-in-both": lambda mount, path: (mount, path),
    "mount-ends-with-slash": lambda mount, path: (mount + "/", path[len(mount) + 1 :]),
    "mount-is-lost": lambda mount, path: ("", path[len(mount) :]),
    "mount-takes-a-segment-more": lambda mount, path: (
        "/".join(path.split("/")[: mount.count("/") + 2]),
        path[len("/".join(path.split("/")[: mount.count("/") + 2])) :],
    ),
}


def mounted(app: Application, mount: str, fault: str) -> Application:
    """Serve *app* below *mount*, and 404 beside it."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path != mount and not path.startswith(mount + "/"):
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = SPLITS[fault](mount, path)
        return app(environ, start_response)

    return serve


if __name__ == "__main__":
    host, port, target, mount, fault = sys.argv[1:]
    module, _, attribute = target.partition(":")
    app: Application = getattr(importlib.import_module(module), attribute)
    if mount != "-":
        app = mounted(app, mount, fault)
    make_server(host, int(port), app, ThreadingWSGIServer).serve_forever()
