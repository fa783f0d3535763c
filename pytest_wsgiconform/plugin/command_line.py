"""What the command line itself names, apart from what ``addopts`` and the ini file add to it."""

from __future__ import annotations

import pytest

from ..naming import NodeId, parse_node_id
from . import options

#: The options that name a target.
TARGETS = ("app", "middleware", "server", "url")


def typed(config: pytest.Config, name: str) -> bool:
    """Tell whether the option *name* stands on the command line itself."""
    if not options.given(config, name):
        return False
    flag = f"--wsgi-{name}"
    return any(text == flag or text.startswith((f"{flag}=", "@")) for text in _texts(config))


def only_targets(config: pytest.Config) -> bool:
    """Tell whether the command line names a target and nothing to test besides it.

    Node ids of ours are left to who takes them.
    """
    if not any(typed(config, name) for name in TARGETS):
        return False
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return True
    texts = _texts(config)
    # A path of addopts is the project's, as one of testpaths is; what "@file" holds was typed as well as can be known.
    return not any(text in texts for text in config.args) and not any(text.startswith("@") for text in texts)


def collect_nothing_else(config: pytest.Config) -> None:
    """Let pytest collect no tests, as if an empty list of paths had been typed."""
    config.args[:] = []
    config.args_source = pytest.Config.ArgsSource.ARGS


def narrowed(config: pytest.Config) -> bool:
    """Tell whether the command line left out some of the user's tests."""
    names = ("keyword", "markexpr", "lf", "stepwise", "deselect", "ignore", "ignore_glob")
    if any(config.getoption(name, None) for name in names):
        return True
    return config.args_source is pytest.Config.ArgsSource.ARGS


def take_node_ids(config: pytest.Config) -> list[NodeId]:
    """Return the node ids of ours on the command line, and leave pytest the paths."""
    taken = [(text, parse_node_id(text)) for text in config.args]
    config.args[:] = [text for text, node_id in taken if node_id is None]
    return [node_id for _, node_id in taken if node_id is not None]


def _texts(config: pytest.Config) -> list[str]:
    return [str(text) for text in config.invocation_params.args]
