"""How far the fast path vouches for a conversation."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Stage(Enum):
    """The one state that decides who judges, the fast path or the rules::

        FRESH --one clean start--> STARTED --a clean list is iterated--> VOUCHED
          |                           |  <-----any event is judged-----------'
          '---any other start---> JUDGED <---another start---'

    From each of them the end leads to ``FINISHED``. A thorough conversation begins in ``JUDGED``. ``exchange.phase``
    says something else: where the app is.
    """

    FRESH = "no start_response call yet; the first one may take the fast path"
    STARTED = "one start_response call, found clean; the conversation's facts hold what the end needs to know of it"
    VOUCHED = "besides, all that can still come, but for misuse, is the end of a list that is known to be clean"
    JUDGED = "the fast path knows too little of the start: the rules judge the end"
    FINISHED = "it is over, and has been judged as a whole"


# By themselves, because looking up a member in its class costs several times as much on Python 3.10 and 3.11.
FRESH: Final = Stage.FRESH
STARTED: Final = Stage.STARTED
VOUCHED: Final = Stage.VOUCHED
JUDGED: Final = Stage.JUDGED
FINISHED: Final = Stage.FINISHED
