"""Playing stimuli in a child interpreter that may hang, crash or be killed, and is replaced then."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any

from ...rules.display import clean
from ...rules.model import Rule
from ...rules.records.app import AppRun
from ...settings import Settings
from ..base import TargetError
from ..deadline import Deadline
from ..hooks import Hooks
from ..load import load_app, load_limit
from ..progress import Progress
from .remote_hooks import QUESTION, ParentHooks
from .routes import Route

_PACKAGE = f"{Path(__file__).parents[2]}{os.sep}"

_GUARD = str(Path(__file__).parents[1].joinpath("process_guard.py"))

#: Seconds that a child interpreter may take to start, before it loads the app.
_START = 20.0

#: Seconds that opening a session, or a report on coverage, may take.
_LONG = 120.0

#: Seconds that a child has beyond a stimulus's own limit before it is taken for hanging.
_GRACE = 5.0

#: Bytes by which a child may grow beyond what it had after loading the app, as /proc tells.
MEMORY_LIMIT = 1 << 30

#: Most bytes of one reply.
_REPLY_LIMIT = 1 << 26


class ChildDied(Exception):
    """The child can't be used any more. ``str()`` says how it ended."""


class Child:
    """One child interpreter below its guard.

    :ivar printed: the last lines that it wrote to standard output and error.
    """

    def __init__(self) -> None:
        request_read, self._requests = os.pipe()
        self._replies, reply_write = os.pipe()
        self._status, status_write = os.pipe()
        python = [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
        command = [*python, "-m", "pytest_wsgiconform.targets.app.isolated", str(request_read), str(reply_write)]
        kept = f"{request_read},{reply_write}"
        package = str(Path(__file__).parents[3])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([package, *sys.path[1:]])}
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", _GUARD, str(status_write), kept, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(request_read, reply_write, status_write),
            start_new_session=True,
            env=environment,
        )
        for number in (request_read, reply_write, status_write):
            os.close(number)
        self.printed: deque[str] = deque(maxlen=20)
        self._reader = threading.Thread(target=self._read_printed, daemon=True)
        self._reader.start()
        self._buffer = b""
        self._pid: int | None = None
        self._memory = 0
        self._told = b""

    def _read_printed(self) -> None:
        stream = self._guard.stdout
        while stream is not None and (line := stream.readline(2000)):
            self.printed.append(clean(line.decode("utf-8", "replace").rstrip())[:500])

    def ask(self, request: dict[str, Any], limit: float, waiting: Callable[[], None] | None = None) -> Any:
        """Send *request* and return the answer.

        :param limit: seconds to wait. :param waiting: called again and again meanwhile; what it raises ends that.
        :raises ChildDied: when no answer comes.
        """
        deadline = monotonic() + limit
        data = json.dumps(request).encode("ascii") + b"\n"
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except OSError:
            raise ChildDied(self._how_it_ended()) from None
        return self._answer(deadline, limit, waiting)

    def _answer(self, deadline: float, limit: float, waiting: Callable[[], None] | None) -> Any:
        size: int | None = None
        while True:
            if size is None and b"\n" in self._buffer:
                head, _, self._buffer = self._buffer.partition(b"\n")
                if not head.isdigit() or len(head) > 12 or int(head) > _REPLY_LIMIT:
                    raise ChildDied("wrote to the harness's own pipe")
                size = int(head)
            if size is not None and len(self._buffer) >= size:
                text, self._buffer = self._buffer[:size], self._buffer[size:]
                try:
                    return json.loads(text)
                except ValueError:
                    raise ChildDied("wrote to the harness's own pipe") from None
            self._wait_for_more(deadline, limit)
            if waiting is not None:
                waiting()

    def _wait_for_more(self, deadline: float, limit: float) -> None:
        ready, _, _ = select.select([self._replies], [], [], 0.05)
        if ready:
            more = os.read(self._replies, 1 << 20)
            if not more:
                raise ChildDied(self._how_it_ended())
            self._buffer += more
            if len(self._buffer) > _REPLY_LIMIT + 32:
                raise ChildDied("wrote to the harness's own pipe")
        elif monotonic() > deadline:
            raise ChildDied(f"hung for more than {limit:.0f} seconds, where no time limit of Python's reaches")
        grown = self.memory() - self._memory
        if self._memory and grown > MEMORY_LIMIT:
            raise ChildDied(f"grew by more than {MEMORY_LIMIT >> 20} MiB of memory")

    def loaded(self) -> None:
        """Note how much memory the child has now."""
        self._memory = self.memory()

    def memory(self) -> int:
        """Return the child's resident memory in bytes, 0 where that can't be told."""
        if self._pid is None:
            self._read_status(0.0)
        try:
            with open(f"/proc/{self._pid}/statm", "rb") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def _read_status(self, seconds: float) -> bool:
        """Take in what the guard reports; tell whether something came."""
        ready, _, _ = select.select([self._status], [], [], seconds)
        more = os.read(self._status, 1000) if ready else b""
        self._told += more
        for line in self._told.decode("ascii", "replace").splitlines():
            if line.startswith("pid ") and line[4:].isdigit():
                self._pid = int(line[4:])
        return bool(more)

    def _how_it_ended(self) -> str:
        """Say how the child ended, as the guard reports it."""
        deadline = monotonic() + _GRACE
        while b"exit " not in self._told and b"fail " not in self._told and monotonic() < deadline:
            if not self._read_status(0.1) and self._guard.poll() is not None:
                return "killed the process that guards it"
        code = self._told.partition(b"exit ")[2].partition(b"\n")[0]
        if not code.lstrip(b"-").isdigit():
            return "closed the harness's pipe"
        number = int(code)
        if number == 70:
            return "closed the harness's pipe, or exited with code 70"
        if number < 0:
            with contextlib.suppress(ValueError):
                return f"died of {signal.Signals(-number).name}"
        return f"exited with code {number}"

    def close(self) -> None:
        """End the child and everything that it started."""
        stdin = self._guard.stdin
        if stdin is not None:
            with contextlib.suppress(OSError):
                stdin.close()
        for number in (self._requests, self._replies, self._status):
            with contextlib.suppress(OSError):
                os.close(number)
        try:
            self._guard.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        with contextlib.suppress(OSError):  # the guard itself may have been killed by the app
            os.killpg(self._guard.pid, signal.SIGKILL)
        self._reader.join(2)
        if self._guard.stdout is not None and not self._reader.is_alive():
            self._guard.stdout.close()


def _last_words(how: str, printed: Iterable[str]) -> tuple[str, str]:
    """Return how a child ended that was loading its app, and the lines it printed, without those on our own code."""
    lines = [line for line in printed if _PACKAGE not in line and "<frozen " not in line]
    if any(line.startswith("Timeout (") for line in lines):  # faulthandler's
        how = "hung, where no time limit of Python's reaches,"
    return how, "".join(f"\n    {line}" for line in lines)


class ChildPlayer:
    """Plays stimuli in a child interpreter; see :class:`~pytest_wsgiconform.targets.app.player.Player`.

    :param name: the app, as ``MODULE:ATTR``. :param settings: the run's.
    :raises TargetError: when the child can't load the app.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self._rules: list[str] = []
        self.settings = settings
        self._load: dict[str, Any] = {
            "name": name,
            "settings": asdict(replace(settings, isolate=False)),
            "path": list(sys.path),
        }
        self._deadline, self._progress = Deadline(), Progress()
        self._hooks: ParentHooks | None = None
        self._session: dict[str, Any] = {}
        self._name, self._child = name, None  # type: tuple[str, Child | None]
        self._routes, self._notes = self._start()

    def _start(self) -> tuple[list[Route], list[str]]:
        self._child = child = Child()
        try:
            limit = _START + load_limit(self._load["settings"]["timeout"])
            answer = child.ask(self._load, limit, self._wait)
        except ChildDied as error:
            self.close()  # which waits for the last that it printed
            how, printed = _last_words(str(error), child.printed)
            raise TargetError(f"{self._name}: the child interpreter {how} while it loaded it{printed}") from None
        if "error" in answer:
            self.close()
            raise TargetError(answer["error"])
        if self._hooks is not None:
            self._open_in_child(child)
        child.loaded()
        self.settings = replace(self.settings, host=str(answer["host"]))
        return [Route.from_dict(route) for route in answer["routes"]], list(map(str, answer["notes"]))

    def open_session(self, hooks: Hooks, app: Callable[..., Any] | None = None) -> None:
        """Log in, in the child; hooks are called here, with the app loaded here as well when one needs it."""
        if app is None and (hooks.session is not None or hooks.reset is not None):
            app = load_app(self._name, self.settings.timeout)
        self._hooks = ParentHooks(hooks, app)
        if self._child is None:
            self._start()
        else:
            self._open_in_child(self._child)

    def _open_in_child(self, child: Child) -> None:
        names = self._hooks.names if self._hooks is not None else []
        try:
            answer = self._ask(child, {"open": names}, _LONG)
        except ChildDied as error:
            self.close()
            raise TargetError(f"{self._name}: the child interpreter {error} while the session was opened") from None
        self._learn(answer)
        if "error" in answer:
            self.close()
            raise TargetError(str(answer["error"]))

    def _ask(
        self, child: Child, request: dict[str, Any], limit: float, waiting: Callable[[], None] | None = None
    ) -> Any:
        """Send *request* and return the answer, after the questions that the child has meanwhile.

        :param waiting: see :meth:`Child.ask`.
        """
        answer = child.ask(request, limit, waiting)
        while isinstance(answer, dict) and QUESTION in answer and self._hooks is not None:
            try:
                reply = self._hooks.answer(answer)
            except TargetError:
                self.close()
                raise
            answer = child.ask(reply, limit, waiting)
        return answer

    def _learn(self, answer: Any) -> None:
        """Take in what the child tells of its session, whatever the app has made of it."""
        told = answer.get("session") if isinstance(answer, dict) else None
        if isinstance(told, dict):
            self._session = {
                str(key): [text for text in value if isinstance(text, str)]
                for key, value in told.items()
                if isinstance(value, list)
            }

    def secrets(self) -> dict[str, list[str]]:
        return {key: self._session[key] for key in ("secrets", "names", "cookies") if key in self._session}

    def notes(self) -> list[str]:
        return [clean(note) for note in self._session.get("notes", [])]

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        self._deadline, self._progress = deadline, progress

    def _wait(self) -> None:
        """Give a sign of life while the child works. :raises ChildDied: when the run is over."""
        self._progress.pulse()
        if self._deadline.reason is not None:
            raise ChildDied(f"was stopped: {self._deadline.reason}")

    def watch(self, rules: Sequence[Rule]) -> None:
        self._rules = [rule.id for rule in rules]

    def routes(self) -> tuple[list[Route], list[str]]:
        return self._routes, self._notes

    def play(self, stimulus: str, route: Route, limit: float, patience: float | None) -> AppRun:
        request = {
            "stimulus": stimulus,
            "rules": self._rules,
            "route": route.to_dict(),
            "limit": limit,
            "patience": patience,
        }
        if self._child is None:
            try:
                self._start()
            except TargetError as error:  # it could be loaded once
                return self._dead(stimulus, route, f"could not be loaded again: {error}")
        child = self._child
        if child is None:
            return self._dead(stimulus, route, "could not be loaded again")
        try:
            answer = self._ask(child, request, 2 * limit + _GRACE, self._wait)
            self._learn(answer)
            run = AppRun.from_dict(answer)
        except ChildDied as error:
            return self._dead(stimulus, route, str(error))
        except (LookupError, TypeError, ValueError, AttributeError):
            return self._dead(stimulus, route, "wrote to the harness's own pipe")
        if run.facts.get("died"):
            self.close()
        return run

    def coverage(self) -> dict[str, Any] | None:
        """Return what the living child measured; what one measured that died is lost."""
        if self._child is None or not self._load["settings"]["cov"]:
            return None
        try:
            report: dict[str, Any] | None = self._child.ask({"coverage": True}, _LONG)["coverage"]
        except (ChildDied, LookupError, TypeError):
            return None
        return report

    def _dead(self, stimulus: str, route: Route, how: str) -> AppRun:
        child = self._child
        self.close()  # which waits for the last that it printed
        printed = list(child.printed) if child is not None else []
        return AppRun(stimulus, route.path, facts={"died": how, "printed": printed, "method": route.method})

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()
