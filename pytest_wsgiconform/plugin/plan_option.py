"""``--wsgi-plan``: what would be sent to each app, without sending it."""

from __future__ import annotations

import pytest

from ..engine import TargetError
from ..naming import parse_node_id
from ..rules.display import clean
from ..rules.registry import UnknownRule, pick
from ..targets.load import make_importable
from . import options
from .printed import captured
from .run_settings import settings as settings_of


def print_plan(config: pytest.Config) -> int:
    """Print the routes of each app that is named, with methods and numbers of requests; return the exit code.

    :raises pytest.UsageError: when no app is named, or one can't be loaded.
    """
    settings = settings_of(config)
    asked = [node_id.target for node_id in map(parse_node_id, config.args) if node_id is not None]
    targets = list(dict.fromkeys(asked)) or options.targets(config)
    if not any(target.kind == "app" for target in targets):
        raise pytest.UsageError("--wsgi-plan: there is no app to plan for; name one with --wsgi-app=MODULE:ATTR")
    make_importable((settings.cwd, settings.rootdir))
    for target in targets:
        if target.kind != "app":
            continue
        try:
            with captured(config):
                run = config.hook.pytest_wsgiconform_open_run(kind=target.kind, name=target.name, settings=settings)
                try:
                    run.plan(pick(run.rules(), settings.select, settings.ignore))
                    lines = run.plan_lines()
                finally:
                    run.close()
        except TargetError as error:
            raise pytest.UsageError(f"{target.option}: {error}") from None
        except UnknownRule as error:
            raise pytest.UsageError(f"--wsgi-select, --wsgi-ignore: {error}; --wsgi-rules lists them all") from None
        print(f"wsgi: plan for app {clean(target.name)}; nothing was sent")
        print("\n".join(lines))
    return 0
