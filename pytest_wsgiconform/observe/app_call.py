"""The call of the app itself: what it is given, how it is made, and whether it came about."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..rules.records.exchange import Exchange
from . import location as locate


def as_dict(environ: Any) -> dict[Any, Any]:
    """Return *environ*'s content as a builtin dict; an empty one when it can't be read as a mapping."""
    if isinstance(environ, dict):
        return dict(dict.items(environ))
    try:
        return {key: environ[key] for key in environ.keys()}  # noqa: SIM118 - it only claims to be a mapping
    except Exception:  # whatever a stranger's object raises: it isn't a mapping, and that is a finding
        return {}


def call_profiled(app: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], exchange: Exchange) -> Any:
    """Call *app*, and put into the record which of its return statements was taken."""
    if sys.getprofile() is not None:
        return app(*args, **kwargs)
    # Only a profile hook can tell which of several return statements was taken.
    caller = sys._getframe()
    code = locate.code_of(app)

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        # What the interpreter runs here by itself (finalizers, warnings of coroutines) returns to us as well.
        if event == "return" and frame.f_back is caller and frame.f_code is (code or frame.f_code):
            exchange.returned_at = locate.of_frame(frame)

    sys.setprofile(profile)
    try:
        return app(*args, **kwargs)
    finally:
        if sys.getprofile() is profile:
            sys.setprofile(None)


def was_entered(app: Callable[..., Any], error: BaseException) -> bool:
    """Return whether *app* was running when *error* left its call; a call can also be refused."""
    inner = error.__traceback__
    while inner is not None and locate.is_ours(inner.tb_frame.f_code.co_filename):
        inner = inner.tb_next
    return inner is not None or not isinstance(error, TypeError) or not _refuses_two(app)


def _refuses_two(app: Any) -> bool:
    """Return whether *app*'s signature has no room for two positional arguments."""
    try:
        inspect.signature(app).bind(None, None)
    except TypeError:
        return True
    except ValueError:  # no signature to look at: a callable written in C
        return False
    return False
