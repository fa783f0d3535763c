"""The documented home of :class:`MiddlewareContract`, which needs pytest and so lives in ``plugin.contract``."""

from __future__ import annotations

from .plugin.contract import MiddlewareContract, middleware_run, weigh

__all__ = ["MiddlewareContract", "middleware_run", "weigh"]
