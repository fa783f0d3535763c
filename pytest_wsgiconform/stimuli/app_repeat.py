"""The same request again, at once, and in several threads."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from ..rules.app_compare import alike
from .model import OutOfTime, Stage, Stimulus

#: How many threads call the app at once.
THREADS = 8


def _repeat(stage: Stage) -> None:
    plays = []
    for label in ("first", "second", "third"):
        play = stage.begin(label)
        if play.call():
            plays.append(play.iterable)  # kept alive, so that the same object is told from the same address
            iterator = _is_iterator(play.iterable)
            play.record.facts["same_iterator"] = iterator and any(play.iterable is seen for seen in plays[:-1])
            while play.step():
                pass
        play.finish()


def _is_iterator(result: Any) -> bool:
    return hasattr(type(result), "__next__")


def _threaded(stage: Stage, number: int) -> dict[str, Any]:
    """Return the environ of client *number*: each asks for something of its own."""
    path, _, query = stage.path.partition("?")
    own = f"wsgiconform={number}"
    return stage.environ(
        path=path,
        query=f"{query}&{own}" if query else own,
        headers={"X-Client": f"wsgiconform-{number}", "Accept": "*/*"},
        extra={"wsgi.multithread": True},
    )


#: How often an answer is asked for again, alone, once it differed while another request went on.
_CONFIRM = 12


def _confirm(stage: Stage, numbers: range) -> None:
    """Ask again for what differed: an app whose answers vary by chance shows it then."""
    for number in numbers:
        alone = stage.run.labelled(f"alone {number}")
        together = stage.run.labelled(f"together {number}")
        if all(alike(alone[0], record) for record in together):
            continue
        for _ in range(_CONFIRM):
            if stage.out_of_time:
                return
            stage.play(f"alone {number}", _threaded(stage, number))


def _interleaved(stage: Stage) -> None:
    """Take one item of each response in turn."""
    for _ in range(3):
        for number in (1, 2):
            stage.play(f"alone {number}", _threaded(stage, number))
    for _ in range(3):
        plays = [stage.begin(f"together {number}", _threaded(stage, number)) for number in (1, 2)]
        going = [play for play in plays if play.call()]
        while going:
            going = [play for play in going if play.step()]
        for play in plays:
            play.finish()
    _confirm(stage, range(1, 3))


def _threads(stage: Stage) -> None:
    for _ in range(2):
        for number in range(THREADS):
            if stage.out_of_time:
                return
            stage.play(f"alone {number}", _threaded(stage, number))
    barrier = threading.Barrier(THREADS)

    def client(number: int) -> None:
        barrier.wait(timeout=stage.limit)
        with contextlib.suppress(OutOfTime):
            for _ in range(3):
                stage.play(f"together {number}", _threaded(stage, number))

    threads = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(stage.limit + 1)
    stage.run.facts["stuck_threads"] = sum(thread.is_alive() for thread in threads)
    _confirm(stage, range(THREADS))


REPEAT: tuple[Stimulus, ...] = (
    Stimulus("repeat", "the same request three times", _repeat),
    Stimulus("interleaved", "two requests at once, one item of each in turn", _interleaved),
    Stimulus("threads", f"{THREADS} threads at once", _threads),
)
