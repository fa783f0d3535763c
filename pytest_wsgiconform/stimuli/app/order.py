"""All stimuli for apps, in the order in which they are played."""

from __future__ import annotations

from collections.abc import Iterable

from .asking import SAFE, Asking
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


#: What needs no request by a method that may change something, and would meet a refusal by any other on a route that
#: takes only such a method: these are left to other routes.
_BY_ANY_METHOD = frozenset(
    stimulus.id
    for stimulus in (*HTTP, *ENVIRON, *PATHS, *OUTPUT, *REPEAT)
    if stimulus.id not in ("no-content-type", "no-content-length", "line-ends")
) | {"mounted", "https", "ipv6", "http-1-0"}


def played_on(names: Iterable[str], asking: Asking) -> list[str]:
    """Return those of the stimuli *names* that are played on a route that is asked so."""
    sparing = asking.method not in SAFE and not asking.own
    return [name for name in names if not sparing or name not in _BY_ANY_METHOD]


def app_stimuli() -> tuple[Stimulus, ...]:
    """Return all stimuli for apps, in the order in which they are played."""
    return _ALL


__all__ = ["MOUNT", "app_stimuli", "played_on"]
