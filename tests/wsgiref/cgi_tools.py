"""Running an application by a CGI handler in this process."""

from __future__ import annotations

import os
import sys
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any
from unittest import mock


def run_cgi(package: Any, app: Any, variables: dict[str, str], kind: str = "CGIHandler") -> tuple[bytes, str]:
    """What an application answers and logs when run as a CGI program with these variables."""
    out, err = BytesIO(), StringIO()
    with (
        mock.patch.dict(os.environ, variables, clear=True),
        mock.patch.object(sys, "stdin", TextIOWrapper(BytesIO(b"body"))),
        mock.patch.object(sys, "stdout", TextIOWrapper(out)),
        mock.patch.object(sys, "stderr", err),
    ):
        getattr(package.handlers, kind)().run(app)
        answer = out.getvalue()
    return answer, err.getvalue()
