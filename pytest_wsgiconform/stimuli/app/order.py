"""All stimuli for apps, in the order in which they are played."""

from __future__ import annotations

from .environ import ENVIRON
from .http import HEAD, HTTP
from .input import INPUT
from .model import Stimulus
from .ordinary import MOUNT, ORDINARY
from .output import OUTPUT
from .paths import PATHS
from .repeat import REPEAT

_FIRST, *_FURTHER = ORDINARY
#: Ordinary traffic first, then what disturbs the app more and more; the threads come last. A finding shows the request
#: that was the first to bring it out, so a plain HEAD comes before those to an app that is mounted somewhere.
_ALL = (_FIRST, HEAD, *_FURTHER, *HTTP, *ENVIRON, *INPUT, *PATHS, *OUTPUT, *REPEAT)


def app_stimuli() -> tuple[Stimulus, ...]:
    """Return all stimuli for apps, in the order in which they are played."""
    return _ALL


__all__ = ["MOUNT", "app_stimuli"]
