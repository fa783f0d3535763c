"""An app that answers with the environ it was given: the profiles of real servers are measured with it."""

from __future__ import annotations

import json
from typing import Any

from .snapshot import snapshot


def app(environ: Any, start_response: Any) -> list[bytes]:
    """Answer with a JSON object of ``values`` and, for what is no text, ``types``; see :func:`.snapshot.snapshot`."""
    values, types = snapshot(environ)
    body = json.dumps({"values": values, "types": types}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
