"""What all options together make of a run: plain data for its targets."""

from __future__ import annotations

import pytest

from ..settings import DEFAULT_TIMEOUT, Settings
from . import options
from .request_options import request_settings


def settings(config: pytest.Config) -> Settings:
    """Return the options that a target's run needs.

    :raises pytest.UsageError: for a path without a leading slash, or a number out of range.
    """
    for path in options.value(config, "path"):
        if not path.startswith("/"):
            raise pytest.UsageError(f"--wsgi-path={path}: a path begins with a slash; did you mean /{path}?")
    for name in ("fuzz", "crawl", "timeout", "deadline"):
        # NaN compares false with everything, so ask for what is right.
        if not 0 <= options.value(config, name) < float("inf"):
            raise pytest.UsageError(f"--wsgi-{name}={options.value(config, name)}: a number from 0 up is needed")
    if options.given(config, "timeout") and not options.value(config, "timeout"):
        raise pytest.UsageError("--wsgi-timeout=0: nothing can be done in no time; give some seconds")
    return Settings(
        paths=tuple(options.value(config, "path")),
        select=options.globs(config, "select"),
        ignore=options.globs(config, "ignore"),
        timeout=options.value(config, "timeout") or DEFAULT_TIMEOUT,
        rootdir=str(config.rootpath),
        cwd=str(config.invocation_params.dir),
        deadline=options.value(config, "deadline"),
        **request_settings(config),
        **{
            name: options.value(config, name)
            for name in ("strict", "fuzz", "isolate", "layers", "crawl", "cov", "diff")
        },
    )
