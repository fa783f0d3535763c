"""The active half of the plugin: opened targets, their items, and the reports of one pytest session.

Registered only when a run asks for a target or a report. Results ride on the test reports as plain data
(``wsgi_record``, ``wsgi_facts``, ``wsgi_findings``), so they come together on the controller of a distributed
run without anything of our own.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import os
import sys
import threading
import warnings
from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import Any

import pytest

from ..naming import NodeId, Target, parse_node_id
from ..report.document import Document, Record, build
from ..report.lines import together
from ..report.terminal import ShortFailure, write_summary
from ..rules.display import clean
from ..rules.model import Finding, Rule, Verdict
from ..rules.registry import UnknownRule, matches, matching
from ..targets.app.last_word import keep_terminal
from ..targets.base import Places, TargetError
from ..targets.load import make_importable
from ..targets.progress import Progress
from ..targets.protect import take_finders_away
from . import options
from .distributed import Distribution
from .ending import Ending
from .gate import Gate, Outcome
from .opened import OpenTarget
from .printed import captured, clean_finalizers, printable
from .progress import LiveLine
from .remembered import Remembered
from .run_settings import settings as settings_of
from .suite import WsgiRule, nodes


class WsgiSession:
    """The hooks of an active run, in a plain run, a test worker and a controller alike.

    :ivar targets: the opened targets, in the user's order.
    """

    def __init__(self, config: pytest.Config) -> None:
        """Open every target, so that what can't be loaded is told before anything is collected.

        :raises pytest.UsageError: for anything in the options that can't be done.
        """
        self.config = config
        self.settings = settings_of(config)
        self.reports = options.reports(config)
        self.repro = options.repro_folder(config)
        self.gate = Gate.of(config)
        _check_installed(self.reports)
        self.wanted = _take_node_ids(config)
        named = list(dict.fromkeys(node_id.target for node_id in self.wanted)) or options.targets(config)
        self._distribution: Distribution | None = None
        self._stopping: list[threading.Thread] = []
        if any(target.kind == "server" for target in named):
            _learn_servers(config)
            self._distribute()
        self.ending = Ending(config, self.settings.deadline, self._add_unreported)
        self._live = LiveLine(config)
        for helper in (self.ending, self._live):
            config.pluginmanager.register(helper)
        self.ending.listen()
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

    def _distribute(self) -> None:
        """Let the workers of a distributed run share what they play on a server."""
        self._distribution = Distribution(self.config)
        self.config.pluginmanager.register(self._distribution, "wsgiconform-distribution")
        self.settings = replace(self.settings, share=self._distribution.folder)

    def _open(self, target: Target) -> OpenTarget:
        try:
            with captured(self.config) as output:
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
        opened = OpenTarget(target, run, self.settings, self.gate)
        opened.run.bound(self.ending.deadline, Progress(self._live.look))
        return opened

    def _check_rule_names(self) -> None:
        known = {rule.id for opened in self.targets for rule in opened.run.rules()}
        for name in ("select", "ignore"):
            for glob in getattr(self.settings, name):
                if not any(matches(rule_id, (glob,)) for rule_id in known):
                    _check_glob(f"--wsgi-{name}={glob}", glob)
        for node_id in self.wanted:
            opened = next(t for t in self.targets if t.target == node_id.target)
            _check_node_id(node_id, opened.rules)

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
        return [f"wsgi: {names}"]

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
        if not isinstance(item, WsgiRule):
            return report
        # What a target prints is a stranger's text, too, and pytest shows it as it is.
        report.sections = [(title, printable(text)) for title, text in report.sections]
        if report.when != "call":
            return report
        if item.record is None:
            report.wsgi_unjudged = not report.skipped
        else:
            report.wsgi_record = item.record.to_dict()
            report.wsgi_facts = item.open_target.run.summary_lines()
            report.wsgi_ended_early = item.open_target.run.ended_early
            report.wsgi_coverage = item.open_target.measured_once()
            report.wsgi_places, report.wsgi_stopped_early = item.places, item.stopped_early
            if item.failed_at is not None:
                # Annotation plug-ins point at this place; the item's own, known before it ran, is the target's.
                report.location = (self._relative(item.failed_at.file), item.failed_at.line - 1, item.nodeid)
            if report.skipped:
                # pytest.skip() gives the line of our own code, of which no user has any use.
                where = item.open_target.location
                place = (where.file, where.line) if where else (str(self.config.rootpath / item.target_id), None)
                report.longrepr = (*place, report.longrepr[2])
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Make a warning printable before anyone shows it: it may quote what a target raised in ``__del__``."""
        text = str(warning_message.message)
        shown = printable(text)
        if shown != text:
            warning_message.message = UserWarning(shown)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        if isinstance(item, WsgiRule) and not isinstance(nextitem, WsgiRule):
            # What the target leaves in reference cycles ends here, while pytest still looks at what finalizers raise.
            gc.collect()

    def _relative(self, file: str) -> str:
        """Return *file* as seen from the root folder, as it is where no path leads there (another drive)."""
        try:
            return os.path.relpath(file, self.config.rootpath)
        except ValueError:
            return file

    def pytest_unconfigure(self) -> None:
        with clean_finalizers():
            self.close()
            gc.collect()

    # Where reports come together

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for found in getattr(report, "wsgi_findings", ()):
            finding = {**found, "evidence": {**found["evidence"], "test": report.nodeid}}
            self._loose.append(Finding.from_dict(finding))
            self.config.hook.pytest_wsgiconform_finding(config=self.config, finding=finding)
        self._unjudged += getattr(report, "wsgi_unjudged", False)
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

    def _add_unreported(self, item: WsgiRule, record: Record) -> None:
        """Take in what was judged without a test report, because the run had been ended."""
        self._records[item.nodeid] = record
        self._facts[record.target] = item.open_target.run.summary_lines()
        self.ending.note(record.target, item.open_target.run.ended_early)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        take_finders_away()
        if hasattr(self.config, "workerinput") or self.config.getoption("collectonly", False):
            return
        for report, record in self._failures:
            # The summary tells the whole; other report writers have taken the long text by now.
            report.longrepr = ShortFailure(record)  # type: ignore[assignment]
        if self._unjudged:
            self._messages.append(f"Rules that could not be judged, by a fault of the harness: {self._unjudged}.")
        self._remember()
        outcome = self._settle_baseline(session)
        made = self.document(session, outcome)
        made = self._write_repro(made, session)
        for kind, path in self.reports:
            try:
                importlib.import_module(options.REPORT_FORMATS[kind]).write(made, path)
                self._messages.append(f"{kind} report: {path}")
            except OSError as error:
                self._messages.append(f"the {kind} report could not be written: {error}")
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _remember(self) -> None:
        """Keep where rules showed, for those that fail and are judged again."""
        shown = {node_id: places for node_id, places in self._places.items() if places}
        self._remembered.keep(shown, self._places)
        if self._stopped_early:
            number = len(self._stopped_early)
            rules = f"{number} rules" if number > 1 else "1 rule"
            self._messages.append(
                f"{rules} judged only where last time's failure showed, and broken there still: "
                "there may be more places than those listed"
            )

    def _write_repro(self, made: Document, session: pytest.Session) -> Document:
        """Write the reproductions when they were asked for; return the document with their names."""
        if self.repro is None:
            return made
        from ..report import repro

        try:
            made = repro.write(made, self.repro, (self.settings.cwd, self.settings.rootdir), self.settings.timeout)
            self._messages.append(f"reproductions: {self.repro}")
        except OSError as error:
            self._messages.append(f"the reproductions could not be written: {error}")
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        return made

    def _settle_baseline(self, session: pytest.Session) -> Outcome:
        """Compare the whole run with the baseline, or write it; the exit status may change."""
        findings = [finding for record in self._records.values() for finding in record.findings] + self._loose
        # A rule that was judged in part says nothing of places that it did not come to.
        judged = {
            (record.rule, record.target.name)
            for node_id, record in self._records.items()
            if record.verdict in (Verdict.BROKEN, Verdict.HELD) and node_id not in self._stopped_early
        }
        if self._complete(session) and not _narrowed(self.config):
            # All of the user's own tests ran, so what is known of their traffic was put to the test as well.
            judged |= {(entry.rule, "") for entry in self.gate.baseline.entries}
        outcome = self.gate.finish(findings, judged, self._complete(session))
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
        )

    def _complete(self, session: pytest.Session) -> bool:
        """Tell whether the run came to its end."""
        return _came_to_its_end(session) and not self.ending.reason

    def _gather_from_workers(self) -> None:
        """Let the servers of a distributed run know what the workers have seen of them: each saw only a part."""
        for opened in self.targets:
            if opened.target in self._facts:
                opened.run.gather()
                self._facts[opened.target] = opened.run.summary_lines()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._distribution is not None and self._distribution.is_controller and self._distribution.folder:
            self._gather_from_workers()
        if self._records or self._messages:
            records = list(self._records.values())
            write_summary(terminalreporter, records, self._facts, self._messages, self.ending.reason)
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


def _narrowed(config: pytest.Config) -> bool:
    """Tell whether the command line left out some of the user's tests."""
    names = ("keyword", "markexpr", "lf", "stepwise", "deselect", "ignore", "ignore_glob")
    if any(config.getoption(name, None) for name in names):
        return True
    return config.args_source is pytest.Config.ArgsSource.ARGS


def _take_node_ids(config: pytest.Config) -> list[NodeId]:
    """Return the node ids of ours on the command line, and leave pytest the paths."""
    taken = [(text, parse_node_id(text)) for text in config.args]
    config.args[:] = [text for text, node_id in taken if node_id is None]
    return [node_id for _, node_id in taken if node_id is not None]


def _check_glob(option: str, glob: str) -> None:
    try:
        matching(glob)
    except UnknownRule as error:
        raise pytest.UsageError(f"{option}: {error}; --wsgi-rules lists them all") from None


def _check_node_id(node_id: NodeId, rules: Iterable[Rule]) -> None:
    where = node_id.target.nodeid
    sections = {rule.section for rule in rules}
    if node_id.section is not None and node_id.section not in sections:
        hint = options.did_you_mean(node_id.section, sections)
        raise pytest.UsageError(f"not found: {where}::{node_id.section}: there is no such section{hint}")
    names = {rule.id for rule in rules if rule.section == node_id.section}
    if node_id.rule is not None and node_id.rule not in names:
        hint = options.did_you_mean(node_id.rule, names)
        raise pytest.UsageError(f"not found: {where}::{node_id.section}::{node_id.rule}: there is no such rule{hint}")


def _check_installed(reports: list[tuple[str, Any]]) -> None:
    for kind, _ in reports:
        if kind == "html" and importlib.util.find_spec("jinja2") is None:
            raise pytest.UsageError("--wsgi-report=html: needs jinja2: pip install 'pytest-wsgiconform[html]'")
