"""What becomes of a request whose body could not be read: that is no fault of the application's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ._input import BodyError

if TYPE_CHECKING:
    from .handlers import BaseHandler
    from .types import _OptExcInfo
else:
    BaseHandler = object  # a mix-in, to stand before a handler among the bases


class AnswersUnreadableBody(BaseHandler):
    """Has a handler blame the client for a `BodyError` that the application did not catch."""

    def handle_error(self) -> None:
        """Answer as ever, but 400, 408 or 413 for a body that could not be read."""
        error = sys.exc_info()[1]
        if isinstance(error, BodyError):
            from http import HTTPStatus

            self.error_status = f"{error.status} {HTTPStatus(error.status).phrase}"
            self.error_body = f"{error.reason}.".encode("ascii")
        super().handle_error()

    def log_exception(self, exc_info: _OptExcInfo) -> None:
        """Log as ever, but a body that could not be read in one line."""
        if isinstance(exc_info[1], BodyError):
            self.log_fault(f"Bad request body: {exc_info[1].reason}")
        else:
            super().log_exception(exc_info)
