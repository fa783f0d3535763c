"""``start_response`` and ``write`` as the app gets them while it is watched."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conversation import Conversation


class StartResponse:
    """The ``start_response`` that the app gets: it can be called, and notices being looked at."""

    __slots__ = ("_conversation",)

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        conversation = self._conversation
        if conversation.quick and not kwargs and len(args) == 2:
            facts = conversation.validator.fast.start_is_clean(*args)
            if facts is not None:
                frame = sys._getframe(1)
                conversation.quick_start = (args[0], args[1][:], frame.f_code, frame.f_lasti)
                conversation.facts = facts
                conversation.quick = False
                write = conversation.real_start(*args)
                if callable(write):
                    return Write(conversation, write)
                return conversation.start_returned(write)
        return conversation.start(args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._conversation.inspected("start_response", self._conversation.real_start, name)


class Write:
    """The ``write`` that the app gets from ``start_response``."""

    __slots__ = ("_conversation", "_write")

    def __init__(self, conversation: Conversation, write: Callable[..., Any]) -> None:
        self._conversation = conversation
        self._write = write

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._conversation.writing(args, kwargs)
        return self._write(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._conversation.inspected("write", self._write, name)
