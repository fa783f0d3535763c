"""The error of a target that can't be had."""

from __future__ import annotations


class TargetError(Exception):
    """The target can't be loaded or started: a usage error, not a finding.

    ``str()`` of it is one clear paragraph that shows the target's own error output.
    """
