"""The session of the fixture ``wsgi_session``: one for each app, shared by all tests of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from . import options

if TYPE_CHECKING:
    from ..targets.app.session import Session

_SESSIONS = pytest.StashKey["list[tuple[Any, Session]]"]()

_OPTIONS = ("header", "auth", "login", "login-field")


def session_pairs(config: pytest.Config, app: Callable[..., Any]) -> list[tuple[str, str]]:
    """Return the header pairs of the session with *app*, which is opened on the first call.

    :raises pytest.fail.Exception: when it can't be opened.
    """
    has_hook = bool(config.hook.pytest_wsgiconform_session.get_hookimpls())
    if not has_hook and not any(options.value(config, name) for name in _OPTIONS):
        return []
    known = config.stash.setdefault(_SESSIONS, [])
    for other, session in known:
        if other is app:
            return list(session.pairs())
    session = _open(config, app)
    known.append((app, session))
    return list(session.pairs())


def _open(config: pytest.Config, app: Callable[..., Any]) -> Session:
    from ..targets.app.credentials import site_asking
    from ..targets.app.session import Session
    from ..targets.base import TargetError
    from .masked import learn, watch
    from .run_settings import settings as settings_of
    from .target_hooks import TargetHooks

    settings = settings_of(config)
    mask = learn(config, settings)
    specs = list(dict.fromkeys(options.value(config, "app")))
    hooks = TargetHooks(config, specs[0] if len(specs) == 1 else "")
    session = Session(app, settings, hooks, site_asking(settings, hooks).environ)
    try:
        session.open()
    except TargetError as error:
        mask.add(**session.secrets())
        pytest.fail(f"wsgi_session: {mask.text(str(error))}", pytrace=False)
    mask.add(**session.secrets())
    watch(config)
    return session
