"""The part of this process in a run that pytest-xdist distributes: controller, worker, or neither."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

import pytest

#: Under this name the controller tells its workers the folder.
_INPUT = "wsgiconform_share"


class Distribution:
    """Knows the folder that the workers of one run share; also a plugin, whose hook tells them.

    :ivar is_controller: whether this process only hands out the items that others run.
    :ivar folder: the folder; ``""`` when nothing can be shared: the run is not distributed, its workers are on other
        machines, or each of them is to do everything for itself (``--dist each``).
    """

    def __init__(self, config: pytest.Config) -> None:
        given: dict[str, Any] | None = getattr(config, "workerinput", None)
        mode = config.getoption("dist", "no")
        self.is_controller = given is None and mode != "no" and not config.getoption("collectonly", False)
        self.folder = ""
        if self.is_controller and mode != "each":
            self.folder = tempfile.mkdtemp(prefix="wsgiconform-")
        elif given is not None and os.path.isdir(given.get(_INPUT, "")):
            self.folder = given[_INPUT]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_INPUT] = self.folder

    def close(self) -> None:
        """Remove what was shared; safe to call twice."""
        if self.is_controller and self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = ""
