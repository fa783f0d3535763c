"""What the attacks on simple_server share."""

from __future__ import annotations

from typing import Any

import pytest

Environ = dict[str, Any]
either = pytest.mark.parametrize("threaded", [True, False], ids=["threading", "single"])


class Noting:
    """An application that notes the path and the body of each request that reaches it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    def __call__(self, environ: Environ, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        self.seen.append((environ["PATH_INFO"], body))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"."]
