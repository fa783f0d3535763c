"""The project's hooks as the child interpreter of ``--wsgi-isolate`` sees them: each call is asked of its parent.

The hooks themselves stay where pytest is. A question is a message of the child in place of an answer; the parent's
next request is the reply to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..base import HookError, TargetError
from ..hooks import Hooks, Pairs, header_pairs

#: The key of a question, and that of its reply.
QUESTION, REPLY = "hook", "hooked"


class RemoteHooks(Hooks):
    """Hooks that are called in the parent. :param names: of those that there are. :param ask: sends and waits."""

    def __init__(self, names: list[str], ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._ask, self._lock = ask, threading.Lock()
        self.session = self._session if "session" in names else None
        self.request = self._request if "request" in names else None
        self.reset = self._reset if "reset" in names else None

    def _called(self, **question: Any) -> Any:
        with self._lock:  # some stimuli play in several threads
            reply = self._ask(question)
        return reply.get(REPLY)

    def _session(self, _app: Any) -> Pairs:
        return header_pairs(self._called(hook="session"))

    def _request(self, environ: dict[str, Any]) -> None:
        before = {key: value for key, value in environ.items() if type(value) is str}
        after = self._called(hook="request", environ=before)
        for key in before.keys() - after.keys():
            del environ[key]
        environ.update(after)

    def _reset(self, _app: Any) -> None:
        self._called(hook="reset")


class ParentHooks:
    """Answers the child's questions. :param hooks: the project's own. :param app: loaded here, ``None`` for not."""

    def __init__(self, hooks: Hooks, app: Callable[..., Any] | None) -> None:
        self._hooks, self._app = hooks, app

    @property
    def names(self) -> list[str]:
        """The hooks that there are."""
        return [name for name in ("session", "request", "reset") if getattr(self._hooks, name) is not None]

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to *question*. It comes out of the app's process, so that it may be anything.

        :raises HookError: when the project's hook is at fault. :raises TargetError: for no question of ours.
        """
        name = question.get(QUESTION)
        if name == "session" and self._hooks.session is not None:
            return {REPLY: [list(pair) for pair in self._hooks.session(self._app)]}
        if name == "reset" and self._hooks.reset is not None:
            self._hooks.reset(self._app)
            return {REPLY: None}
        environ = question.get("environ")
        if name == "request" and self._hooks.request is not None and isinstance(environ, dict):
            self._hooks.request(environ)
            wrong = [key for key, value in environ.items() if type(value) is not str]
            if wrong:
                raise HookError(
                    f"the hook pytest_wsgiconform_request set {wrong[0]!r} to no string; under --wsgi-isolate "
                    "the app lives in another process, and only strings reach it"
                )
            return {REPLY: environ}
        raise TargetError("the app wrote to the harness's own pipe")
