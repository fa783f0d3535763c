"""All stimuli for apps, in the order in which they are played."""

from __future__ import annotations

from .app_environ import ENVIRON
from .app_http import HEAD, HTTP
from .app_input import INPUT
from .app_ordinary import MOUNT, ORDINARY
from .app_output import OUTPUT
from .app_paths import PATHS
from .app_repeat import REPEAT
from .model import Stimulus

_FIRST, *_FURTHER = ORDINARY
#: Ordinary traffic first, then what disturbs the app more and more; the threads come last. A finding shows the request
#: that was the first to bring it out, so a plain HEAD comes before those to an app that is mounted somewhere.
_ALL = (_FIRST, HEAD, *_FURTHER, *HTTP, *ENVIRON, *INPUT, *PATHS, *OUTPUT, *REPEAT)


def app_stimuli() -> tuple[Stimulus, ...]:
    """Return all stimuli for apps, in the order in which they are played."""
    return _ALL


__all__ = ["MOUNT", "app_stimuli"]
