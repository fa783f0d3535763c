"""The documented home of :class:`Launcher`, by which plugins make servers known; see ``targets.server.launchers``."""

from __future__ import annotations

from .server.launchers import Launcher

__all__ = ["Launcher"]
