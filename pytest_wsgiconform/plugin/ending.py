"""How a session ends before all was played: its deadline, a request to end the process, Ctrl-C.

In each case what was played is judged, and all reports are written.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from math import inf
from time import monotonic, time
from typing import Any

import pytest

from ..naming import Target
from ..observe.limits import ring_now
from ..rules.display import clean
from ..targets.deadline import ENDED, INTERRUPTED, TOO_LATE, Deadline
from .reach_item import WsgiReach
from .suite import WsgiRule

#: Under this name the controller of a distributed run tells its workers when the run ends, in seconds of the clock.
_INPUT = "wsgiconform_ends"


class Ending:
    """Ends a session in time; also a plugin. Made when the run begins.

    :param config: of the session. :param seconds: what the whole run may take, 0 for no bound.
    :param add: takes in an item that was judged after the run had been ended.
    :ivar deadline: for the targets. :ivar cut: why a target was not played to the end, for each that was not.
    """

    def __init__(self, config: pytest.Config, seconds: float, add: Callable[[WsgiRule | WsgiReach], None]) -> None:
        worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self._is_worker = worker is not None
        self._ends = time() + seconds if seconds else inf
        if worker is not None:
            self._ends = worker.get(_INPUT) or inf
        self.deadline = Deadline(monotonic() + self._ends - time())
        self.cut: dict[Target, str] = {}
        self._config, self._add = config, add
        self._session: pytest.Session | None = None
        self._playing = self._began = self._pressed = self._finishing = False
        self._before: Any = None

    # -- being asked to end

    def listen(self) -> None:
        """Let SIGTERM end the run in order from now on, unless somebody else listens to it."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._before = signal.signal(signal.SIGTERM, self._terminated)

    def stop_listening(self) -> None:
        """Leave SIGTERM as it was; safe to call twice."""
        if self._before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._before)
            self._before = None

    def _terminated(self, _number: int, _frame: Any) -> None:
        if self._finishing:
            return  # the reports are being written
        self.deadline.end(ENDED)
        if self._session is not None and not self._is_worker:
            self._session.shouldfail = ENDED  # nothing more is run after this item, whatever it makes of an exception
        if self._playing or self._is_worker:
            ring_now()
        else:
            raise pytest.exit.Exception(ENDED, returncode=pytest.ExitCode.TESTS_FAILED)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_INPUT] = self._ends if self._ends < inf else 0.0

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if not isinstance(item, WsgiRule | WsgiReach):
            return (yield)
        self._playing = self._began = True
        listens = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if listens:
            signal.signal(signal.SIGINT, self._interrupted)
        try:
            result = yield
        finally:
            self._playing = False
            if listens:
                signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._pressed:
            raise KeyboardInterrupt
        return result

    def _interrupted(self, _number: int, _frame: Any) -> None:
        # The exception may be swallowed: by the target, or by the interpreter where it comes out in a finalizer.
        self._pressed = True
        self.deadline.end(INTERRUPTED)
        raise KeyboardInterrupt

    # -- what became of it

    def note(self, target: Target, reason: str | None) -> None:
        """Take in why *target* was not played to the end."""
        if reason is not None:
            self.cut.setdefault(target, reason)

    @property
    def reason(self) -> str:
        """Why the session does not count as complete, ``""`` when it does."""
        reason = self.deadline.reason
        if reason is None or (reason == TOO_LATE and not self.cut):
            return ""  # all was played in time
        return reason

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge what is left when the run was ended, before anyone writes a report."""
        self._finishing = True  # from now on nothing more is played
        if self._is_worker or self._config.getoption("collectonly", False):
            return
        if session.exitstatus == pytest.ExitCode.INTERRUPTED:
            self.deadline.end(INTERRUPTED)
        if self._began and self.deadline.reason in (ENDED, INTERRUPTED):
            self._judge_the_rest(session)
        self._report_failures(session)

    def _judge_the_rest(self, session: pytest.Session) -> None:
        """Judge the rules whose items did not come to run, by what was played."""
        for item in session.items:
            if (isinstance(item, WsgiRule) and item.record is None) or (
                isinstance(item, WsgiReach) and item.reach is None
            ):
                item.judge()
                self._add(item)

    def _report_failures(self, session: pytest.Session) -> None:
        """Let every target fail that was not played to the end, so that nobody takes the session for a good one."""
        for target, reason in self.cut.items():
            if reason == INTERRUPTED:
                continue  # pytest itself says so
            report = pytest.TestReport(
                nodeid=target.nodeid,
                location=(target.nodeid, None, target.nodeid),
                keywords={"wsgi": 1},
                outcome="failed",
                longrepr=f"{clean(target.name)} was not played to the end: {reason}",
                when="call",
            )
            self._config.hook.pytest_runtest_logreport(report=report)
            failed: Any = self._config.pluginmanager.getplugin("lfplugin")
            known = failed.lastfailed if failed is not None else {}
            for key in [key for key in known if str(key) == target.nodeid]:
                del known[key]  # there is no item of this name that could pass again
        if self.reason and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
