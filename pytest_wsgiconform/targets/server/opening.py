"""From what the user gave as ``--wsgi-server`` or ``--wsgi-url`` to a server that is ready to be judged."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from ...rules.display import clean
from ...settings import Settings
from ..base import TargetError
from .launchers import Launcher, UrlStarter, find_launcher, known_launchers
from .selftest import self_test
from .share import SharedRuns
from .target import ServerTarget

_more: dict[str, Launcher] = {}
_tested = threading.Event()


def add_launchers(launchers: Iterable[Launcher]) -> None:
    """Make *launchers* known by their names, before those that ship with this package."""
    _more.update((launcher.name, launcher) for launcher in launchers)


def open_server(name: str, settings: Settings) -> ServerTarget:
    """Start the server *name* and return its run. The probe tests itself first, once per process or distributed run.

    :param name: a known name, a command, or a URL. :raises TargetError: when it can't be started.
    """
    url = name.startswith(("http://", "https://"))
    starter = UrlStarter(name) if url else find_launcher(name, {**known_launchers(), **_more})
    passed = Path(settings.share, "probe-passed") if settings.share else None
    if not _tested.is_set() and not (passed and passed.exists()):
        problems = self_test()
        if problems:
            raise TargetError(
                f"the probe app failed its own test on the reference server, so {clean(name)} can't be judged: "
                + "; ".join(problems)
            )
        _tested.set()
        if passed is not None:
            passed.touch()
    return ServerTarget(starter, settings, share=SharedRuns(Path(settings.share), name) if settings.share else None)
