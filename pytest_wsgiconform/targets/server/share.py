"""What the workers of a distributed run have played, shared, so that no stimulus is played by two of them.

Each worker starts a server of its own. Which worker judges which rule is the scheduler's choice, and most stimuli serve
several rules: without sharing each worker would play nearly all of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ...rules.records.server import ServerRun
from ...stimuli.server.model import server_stimuli

#: Seconds between two looks at what another worker is playing.
_LOOK = 0.01


class SharedRuns:
    """The records of one server, in a folder that all workers on this machine see.

    A worker claims a stimulus before it plays it, and stores the record afterwards. The claim names its process, so
    that nobody waits for a worker that has crashed.

    :param folder: an existing folder that only this user can write to. :param server: the server's name.
    """

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder / hashlib.sha256(server.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._folder.mkdir(exist_ok=True)

    def _path(self, stimulus: str, kind: str) -> Path:
        return self._folder / f"{stimulus.replace(':', '=')}.{kind}"

    def claim(self, stimulus: str) -> bool:
        """Say that this process plays *stimulus*; tell whether it may, ``False`` when another one has said so."""
        try:
            handle = os.open(self._path(stimulus, "claim"), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        with os.fdopen(handle, "w") as file:
            file.write(str(os.getpid()))
        return True

    def release(self, stimulus: str) -> None:
        """Take a claim back: *stimulus* could not be played here."""
        with contextlib.suppress(FileNotFoundError):
            self._path(stimulus, "claim").unlink()

    def is_free(self, stimulus: str) -> bool:
        """Whether nobody has played *stimulus* or is playing it."""
        return not self._path(stimulus, "claim").exists()

    def store(self, run: ServerRun) -> None:
        """Give *run*, whose stimulus this process had claimed, to the others."""
        path = self._path(run.stimulus, f"{os.getpid()}-{threading.get_ident()}.part")
        path.write_bytes(pickle.dumps(run, pickle.HIGHEST_PROTOCOL))
        path.replace(self._path(run.stimulus, "run"))

    def load(self, stimulus: str) -> ServerRun | None:
        """Return the record of *stimulus*, ``None`` when there is none yet."""
        try:
            data = self._path(stimulus, "run").read_bytes()
        except FileNotFoundError:
            return None
        run: ServerRun = pickle.loads(data)  # nobody but the workers of this run can write to the folder
        return run

    def wait(self, stimulus: str, seconds: float) -> ServerRun | None:
        """Wait for the worker that has claimed *stimulus*.

        :param seconds: at most. :returns: its record; ``None`` when it has given up, crashed or takes longer.
        """
        deadline = time.monotonic() + seconds
        while (run := self.load(stimulus)) is None:
            if time.monotonic() > deadline or not self._is_claimed_by_the_living(stimulus):
                return self.load(stimulus)  # it may have ended between the two looks
            time.sleep(_LOOK)
        return run

    def _is_claimed_by_the_living(self, stimulus: str) -> bool:
        try:
            claimant = self._path(stimulus, "claim").read_text()
        except FileNotFoundError:
            return False
        if not claimant:  # the claim was made a moment ago, and its text is yet to come
            return True
        try:
            os.kill(int(claimant), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True

    def claimed(self) -> Iterator[str]:
        """Yield the ids of the stimuli that somebody has played or is playing, in the order of their definition."""
        return self._having("claim")

    def stored(self) -> Iterator[str]:
        """Yield the ids of the stimuli whose records are there, in the order of their definition."""
        return self._having("run")

    def _having(self, kind: str) -> Iterator[str]:
        there = set(os.listdir(self._folder))
        return (name for name in server_stimuli() if self._path(name, kind).name in there)

    def note_restart(self) -> None:
        """Count a restart of a server."""
        self._path(f"{os.getpid()}-{time.monotonic_ns()}", "restart").touch()

    def restarts(self) -> int:
        """Return how often servers were started again, in all workers."""
        return sum(entry.endswith(".restart") for entry in os.listdir(self._folder))
