"""The active half of the plugin: opened targets, their items, and the reports of one pytest session.

Registered only when a run asks for a target or a report. Results ride on the test reports as plain data
(``wsgi_record``, ``wsgi_facts``, ``wsgi_findings``), so they come together on the controller of a distributed
run without anything of our own.
"""

from __future__ import annotations

import contextlib
import gc
import shlex
import sys
import threading
import time
import warnings
from collections.abc import Generator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ..naming import Target
from ..observe.sources import shield
from ..report.document import Document, Record, Run, build
from ..report.lines import together
from ..report.terminal import ShortFailure, write_summary
from ..rules.display import clean
from ..rules.model import Finding, Verdict
from ..rules.registry import matches
from ..targets.app.last_word import keep_terminal
from ..targets.base import Places, TargetError
from ..targets.load import make_importable
from ..targets.progress import Progress
from ..targets.protect import keeping_directory, take_finders_away
from . import options
from .command_line import collect_nothing_else, narrowed, only_targets, take_node_ids
from .distributed import Distribution
from .ending import Ending
from .gate import Gate, Outcome
from .masked import learn
from .names import check_glob, check_installed, check_node_id
from .opened import OpenTarget
from .printed import captured, clean_finalizers, printable
from .progress import LiveLine
from .reach_item import WsgiReach
from .remembered import Remembered
from .run_settings import settings as settings_of
from .suite import WsgiRule, nodes
from .target_hooks import open_session
from .told import tell
from .told_reach import ToldReach
from .written import write_reports, write_repro

#: Exit codes of sessions that a target which can't be judged makes fail.
_SUCCESSES = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


class WsgiSession:
    """The hooks of an active run, in a plain run, a test worker and a controller alike.

    :ivar targets: the opened targets, in the user's order. :ivar alone: whether nothing but targets is collected.
    """

    def __init__(self, config: pytest.Config) -> None:
        """Open every target, so that what can't be loaded is told before anything is collected.

        :raises pytest.UsageError: for anything in the options that can't be done.
        """
        self.config = config
        self.settings = settings_of(config)
        self.mask = learn(config, self.settings)
        self.reports = options.reports(config)
        self.repro = options.repro_folder(config)
        self.gate = Gate.of(config)
        check_installed(self.reports)
        if only_targets(config):
            collect_nothing_else(config)
        self.wanted = take_node_ids(config)
        self.alone = not config.args
        named = list(dict.fromkeys(node_id.target for node_id in self.wanted)) or options.targets(config)
        self._distribution: Distribution | None = None
        self._stopping: list[threading.Thread] = []
        if any(target.kind == "server" for target in named):
            _learn_servers(config)
            self._distribute()
        self._watch_over_time()
        self._added_paths = make_importable((self.settings.cwd, self.settings.rootdir))
        keep_terminal()
        self.targets: list[OpenTarget] = []
        self._records: dict[str, Record] = {}
        self._facts: dict[Target, list[str]] = {}
        self._loose: list[Finding] = []
        self._measured: list[dict[str, Any]] = []
        self._failures: list[tuple[pytest.TestReport, Record]] = []
        self._messages: list[str] = []
        self._unjudged = 0
        self._reach = ToldReach(self.settings.rootdir)
        self._began = time.time()
        self._remembered = Remembered(config)
        self._places: dict[str, Places] = {}
        self._stopped_early: set[str] = set()
        try:
            for target in named:
                self.targets.append(self._open(target))
            self._check_rule_names()
        except BaseException:
            self.close()
            raise

    def _watch_over_time(self) -> None:
        """Let the run end in time, and show signs of life until then."""
        self.ending = Ending(self.config, self.settings.deadline, self._add_unreported)
        self._live = LiveLine(self.config)
        for watcher in (self.ending, self._live):
            self.config.pluginmanager.register(watcher)
        self.ending.listen()

    def _distribute(self) -> None:
        """Let the workers of a distributed run share what they play on a server."""
        self._distribution = Distribution(self.config)
        self.config.pluginmanager.register(self._distribution, "wsgiconform-distribution")
        self.settings = replace(self.settings, share=self._distribution.folder)

    def _open(self, target: Target) -> OpenTarget:
        try:
            with captured(self.config) as output, keeping_directory():
                run = self.config.hook.pytest_wsgiconform_open_run(
                    kind=target.kind, name=target.name, settings=self.settings
                )
        except TargetError as error:
            printed = "".join(f"\n    {line}" for line in output[-5:])
            said = f"\n  It printed:{printed}" if printed else ""
            raise pytest.UsageError(f"{target.option}: {error}{said}") from None
        if target.kind == "server" and self._distribution is not None and self._distribution.is_controller:
            # It has shown that it can be started; the workers start their own, and meanwhile this one stops.
            stopping = threading.Thread(target=run.close, name="wsgiconform stops a server")
            stopping.start()
            self._stopping.append(stopping)
        opened = OpenTarget(target, run, self.settings, self.gate, self.mask)
        opened.run.bound(self.ending.deadline, Progress(self._live.look))
        open_session(self.config, opened)
        return opened

    def _check_rule_names(self) -> None:
        known = {rule.id for opened in self.targets for rule in opened.run.rules()}
        for name in ("select", "ignore"):
            for glob in getattr(self.settings, name):
                if not any(matches(rule_id, (glob,)) for rule_id in known):
                    check_glob(f"--wsgi-{name}={glob}", glob)
        if self.targets and not any(opened.rules for opened in self.targets):
            raise pytest.UsageError("--wsgi-select and --wsgi-ignore together leave no rule to judge")
        for node_id in self.wanted:
            opened = next(t for t in self.targets if t.target == node_id.target)
            check_node_id(node_id, opened.rules)

    def close(self) -> None:
        """Stop every target, and leave ``sys.path`` as it was."""
        self.ending.stop_listening()
        while self._stopping:
            self._stopping.pop().join()
        while self.targets:
            self.targets.pop().run.close()
        if self._distribution is not None:
            self._distribution.close()
        for path in self._added_paths:
            with contextlib.suppress(ValueError):
                sys.path.remove(path)
        self._added_paths = []

    # Collection and running

    def pytest_report_header(self) -> list[str]:
        if not self.targets:
            return []
        names = ", ".join(f"{t.target.kind} {clean(t.target.name)} ({len(t.rules)} rules)" for t in self.targets)
        sent = [(clean(t.target.name), t.run.announcement()) for t in self.targets]
        return [*(f"wsgi: {name} {text}" for name, text in sent if text), f"wsgi: {names}"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        suite = [item for node in nodes(session, self.targets, self.wanted) for item in session.genitems(node)]
        items[:0] = suite

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Let each target know what is asked of it, after all that selects or deselects items had its say."""
        for opened in self.targets:
            own = [item for item in session.items if isinstance(item, WsgiRule) and item.open_target is opened]
            opened.expect(
                [item.rule for item in own], {item.rule.id: self._remembered.places(item.nodeid) for item in own}
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report = yield
        if not isinstance(item, WsgiRule | WsgiReach):
            return report
        # What a target prints is a stranger's text, too, and pytest shows it as it is.
        report.sections = [(title, printable(text)) for title, text in report.sections]
        if report.when != "call":
            return report
        if item.fault_of_hook:
            report.wsgi_fault_of_hook = item.fault_of_hook
            return report
        tell(report, item, self.config.rootpath)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Make a warning printable before anyone shows it: it may quote what a target raised in ``__del__``.

        Its source line is shown as well.
        """
        shield(warning_message.filename)
        text = str(warning_message.message)
        shown = printable(text)
        if shown != text:
            warning_message.message = UserWarning(shown)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        if isinstance(item, WsgiRule | WsgiReach) and not isinstance(nextitem, WsgiRule | WsgiReach):
            # What the target leaves in reference cycles ends here, while pytest still looks at what finalizers raise.
            gc.collect()

    def pytest_unconfigure(self) -> None:
        with clean_finalizers():
            self.close()
            gc.collect()

    # Where reports come together

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        fault = getattr(report, "wsgi_fault_of_hook", "")
        if fault and not hasattr(self.config, "workerinput"):
            # It is the project's own code that does not work, so nothing that follows would say anything.
            pytest.exit(self.mask.text(fault), returncode=int(pytest.ExitCode.USAGE_ERROR))
        for found in getattr(report, "wsgi_findings", ()):
            finding = {**found, "evidence": {**found["evidence"], "test": report.nodeid}}
            self._loose.append(Finding.from_dict(finding))
            self.config.hook.pytest_wsgiconform_finding(config=self.config, finding=finding)
        self._unjudged += getattr(report, "wsgi_unjudged", False)
        self._reach.take(report, self._facts)
        data: dict[str, Any] | None = getattr(report, "wsgi_record", None)
        if data is None:
            return
        record = Record.from_dict(data)
        self._records[report.nodeid] = record
        self.ending.note(record.target, getattr(report, "wsgi_ended_early", None))
        if getattr(report, "wsgi_stopped_early", False):
            self._stopped_early.add(report.nodeid)
        else:
            self._places[report.nodeid] = getattr(report, "wsgi_places", ())
        measured = getattr(report, "wsgi_coverage", None)
        if measured is not None:
            self._measured.append(measured)
        self._facts[record.target] = getattr(report, "wsgi_facts", [])
        if report.failed:
            self._failures.append((report, record))
        for finding in data["findings"]:
            self.config.hook.pytest_wsgiconform_finding(config=self.config, finding=finding)

    def _add_unreported(self, item: WsgiRule | WsgiReach) -> None:
        """Take in what was judged without a test report, because the run had been ended."""
        opened = item.open_target
        self._facts[opened.target] = facts = opened.run.summary_lines()
        self._reach.take(SimpleNamespace(wsgi_reach=opened.reach_news(), wsgi_facts=facts), self._facts)
        if isinstance(item, WsgiRule) and item.record is not None:
            self._records[item.nodeid] = item.record
        self.ending.note(opened.target, opened.run.ended_early)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        take_finders_away()
        if hasattr(self.config, "workerinput") or self.config.getoption("collectonly", False):
            return
        self._answer_for_nothing(session)
        for report, record in self._failures:
            # The summary tells the whole; other report writers have taken the long text by now.
            report.longrepr = ShortFailure(record)  # type: ignore[assignment]
        if self._unjudged:
            self._messages.append(f"Rules that could not be judged, by a fault of the harness: {self._unjudged}.")
        self._remember()
        if self._reach.fails() and session.exitstatus in _SUCCESSES:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED  # whatever was deselected or ignored
        outcome = self._settle_baseline(session)
        made = self.document(session, outcome)
        done = True
        if self.repro is not None:
            say, targets = self._messages.append, self.targets
            made, done = write_repro(made, self.repro, self.config, self.settings, targets, say)
        if not write_reports(made, self.reports, self._messages.append) or not done:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _answer_for_nothing(self, session: pytest.Session) -> None:
        """Fail a run that was asked to judge a target, and whose every item was deselected."""
        if self.alone and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            self._messages.append("Nothing was judged: no rule was left to put to the target.")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _remember(self) -> None:
        """Keep where rules showed, for those that fail and are judged again."""
        shown = {node_id: places for node_id, places in self._places.items() if places}
        self._remembered.keep(shown, self._places)
        if self.mask.note():
            self._messages.append(self.mask.note())
        if self._stopped_early:
            number = len(self._stopped_early)
            rules = f"{number} rules" if number > 1 else "1 rule"
            self._messages.append(
                f"{rules} judged only where last time's failure showed, and broken there still: "
                "there may be more places than those listed"
            )

    def _settle_baseline(self, session: pytest.Session) -> Outcome:
        """Compare the whole run with the baseline, or write it; the exit status may change."""
        findings = [finding for record in self._records.values() for finding in record.findings] + self._loose
        # A rule that was judged in part says nothing of places that it did not come to.
        judged = {
            (record.rule, record.target.name)
            for node_id, record in self._records.items()
            if record.verdict in (Verdict.BROKEN, Verdict.HELD) and node_id not in self._stopped_early
        }
        if self._complete(session) and not narrowed(self.config):
            # All of the user's own tests ran, so what is known of their traffic was put to the test as well.
            judged |= {(entry.rule, "") for entry in self.gate.baseline.entries}
        unjudged = [target.name for target, reach in self._reach.all().items() if not reach.judged]
        outcome = self.gate.finish(findings, judged, self._complete(session), unjudged)
        self._messages += outcome.messages
        if outcome.unwritten:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif outcome.fails and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return outcome

    def document(self, session: pytest.Session, outcome: Outcome) -> Document:
        """Return the report of what has been judged so far."""
        return build(
            self._records.values(),
            [opened.target for opened in self.targets],
            exit_status=int(session.exitstatus),
            complete=self._complete(session),
            loose=self._loose,
            root=self.settings.rootdir,
            coverage=together(self._measured, self.settings.rootdir),
            policy=self.gate.policy,
            baseline=outcome.outdated if self.gate.path is not None else None,
            reach=self._reach.all(),
            run=self._run(),
        )

    def _complete(self, session: pytest.Session) -> bool:
        """Tell whether the run came to its end."""
        return _came_to_its_end(session) and not self.ending.reason

    def _run(self) -> Run:
        """Return what was typed, and when and how long it ran."""
        command = shlex.join(["pytest", *map(str, self.config.invocation_params.args)])
        return Run.since(self._began, self.mask.text(command))

    def _gather_from_workers(self) -> None:
        """Let the servers of a distributed run know what the workers have seen of them: each saw only a part."""
        for opened in self.targets:
            if opened.target in self._facts:
                opened.run.gather()
                self._facts[opened.target] = opened.run.summary_lines()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._distribution is not None and self._distribution.is_controller and self._distribution.folder:
            self._gather_from_workers()
        reach = self._reach.all()
        if self._records or self._messages or reach:
            records = list(self._records.values())
            write_summary(terminalreporter, records, self._facts, self._messages, reach, self.ending.reason)
        servers = [opened.run for opened in self.targets if opened.target.kind == "server"]
        if len({r.target for r in self._records.values() if r.target.kind == "server"}) > 1:
            from ..report.matrix import write_matrix

            write_matrix(terminalreporter, list(self._records.values()), servers if self.settings.diff else ())


def _learn_servers(config: pytest.Config) -> None:
    """Let plugins make servers known by name."""
    from ..targets.server.opening import add_launchers

    for launchers in config.hook.pytest_wsgiconform_launchers():
        add_launchers(launchers)


def _came_to_its_end(session: pytest.Session) -> bool:
    """Tell whether the run came to its end."""
    broken_off = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR)
    return int(session.exitstatus) not in broken_off and not session.shouldstop and not session.shouldfail
