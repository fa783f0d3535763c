"""The same request again, at once, and in several threads."""

from __future__ import annotations

import contextlib
import threading
from time import monotonic
from typing import Any

from ...observe.gateway import Play
from ...rules.app.compare import alike
from .asking import SAFE
from .model import OutOfTime, Stage, Stimulus, Unsent

#: How many threads call the app at once.
THREADS = 8

#: Seconds that one response's step may take before the other's turn comes.
_TURN = 0.3


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


def _threaded(stage: Stage, number: int, method: str | None = None) -> dict[str, Any]:
    """Return the environ of client *number*: each asks for something of its own."""
    path, _, query = stage.path.partition("?")
    own = f"wsgiconform={number}"
    return stage.environ(
        method,
        path=path,
        query=f"{query}&{own}" if query else own,
        headers={"X-Client": f"wsgiconform-{number}"},
        usual={"Accept": "*/*"},
        extra={"wsgi.multithread": True},
    )


#: How often an answer is asked for again, alone, once it differed while another request went on.
_CONFIRM = 12


def _confirm(stage: Stage, numbers: range, method: str | None = None) -> None:
    """Ask again for what differed: an app whose answers vary by chance shows it then."""
    for number in numbers:
        alone = stage.run.labelled(f"alone {number}")
        together = stage.run.labelled(f"together {number}")
        if not alone or all(alike(alone[0], record) for record in together):
            continue
        for _ in range(_CONFIRM):
            if stage.out_of_time:
                return
            stage.play(f"alone {number}", _threaded(stage, number, method))


class _Client(threading.Thread):
    """Plays one exchange in a thread of its own, a step at each turn that it is given, and closes it at its end."""

    def __init__(self, play: Play | Unsent) -> None:
        super().__init__(daemon=True)
        self.play, self.going = play, True
        self._turn, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._behind = False

    def run(self) -> None:
        try:
            self._turn.acquire()
            going = self.play.call()
            while going:
                self._done.release()
                self._turn.acquire()
                going = self.play.step()
            self.play.finish()
        finally:
            self.going = False
            self._done.release()

    def take_turn(self) -> None:
        """Let it go one step, and wait until that is done: not for long, for it may have to wait for another."""
        if not self._behind:
            self._turn.release()
        self._behind = not self._done.acquire(timeout=_TURN / 10 if self._behind else _TURN)


def _in_turns(stage: Stage, plays: list[Play | Unsent]) -> None:
    """Step through *plays*, one item of each in turn.

    Each has a thread of its own, as with any server that says ``wsgi.multithread``: what an app keeps by thread is
    kept apart, and one response may wait for the other's end.
    """
    clients = [_Client(play) for play in plays]
    for client in clients:
        client.start()
    deadline = monotonic() + stage.limit + 1
    while (going := [client for client in clients if client.going]) and monotonic() < deadline:
        for client in going:
            client.take_turn()
    for client in going:  # it waits for something in C code, where no time limit reaches it
        client.play.record.timed_out = True


def _interleaved(stage: Stage) -> None:
    """Take one item of each response in turn."""
    once = stage.asking.chosen not in SAFE
    for _ in range(2 if once else 3):
        for number in (1, 2):
            stage.play(f"alone {number}", _threaded(stage, number))
    for _ in range(1 if once else 3):
        if stage.out_of_time:
            return
        _in_turns(stage, [stage.begin(f"together {number}", _threaded(stage, number)) for number in (1, 2)])
    _confirm(stage, range(1, 3))


def _threads(stage: Stage) -> None:
    method = stage.asking.usual
    for _ in range(2):
        for number in range(THREADS):
            if stage.out_of_time:
                return
            stage.play(f"alone {number}", _threaded(stage, number, method))
    barrier = threading.Barrier(THREADS)

    def client(number: int) -> None:
        barrier.wait(timeout=stage.limit)
        with contextlib.suppress(OutOfTime):
            for _ in range(3):
                stage.play(f"together {number}", _threaded(stage, number, method))

    threads = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(stage.limit + 1)
    stage.run.facts["stuck_threads"] = sum(thread.is_alive() for thread in threads)
    _confirm(stage, range(THREADS), method)


REPEAT: tuple[Stimulus, ...] = (
    Stimulus("repeat", "the same request three times", _repeat),
    Stimulus("interleaved", "two requests at once, one item of each in turn", _interleaved),
    Stimulus("threads", f"{THREADS} threads at once", _threads),
)
