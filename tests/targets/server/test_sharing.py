"""Workers that judge the same server play each stimulus once between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.rules.model import RuleResult
from pytest_wsgiconform.rules.records.server import ServerRun, one_connection
from pytest_wsgiconform.rules.records.stimulus_facts import Noted
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.server.model import ServerStimulus, first_stimulus, server_stimuli
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.runner import Runner
from pytest_wsgiconform.targets.server.share import SharedRuns
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Server

#: A passive rule, two that share their stimuli, and the one that looks at everything.
RULES = ("environ-builtin-dict", "status-line-well-formed", "headers-sent-verbatim", "server-survives")


def test_one_claims_and_the_others_wait_for_the_record(tmp_path: Path) -> None:
    first, second = SharedRuns(tmp_path, "x"), SharedRuns(tmp_path, "x")
    assert first.is_free("basic:get")
    assert first.claim("basic:get")
    assert not second.claim("basic:get")
    assert not second.is_free("basic:get")
    timer = threading.Timer(0.2, first.store, [one_connection(b"\x00\xff", stimulus="basic:get")])
    timer.start()
    found = second.wait("basic:get", 20)
    timer.join()
    assert found is not None
    assert found.connection.bytes_sent == b"\x00\xff"
    assert list(second.stored()) == list(second.claimed()) == ["basic:get"]


def test_other_servers_are_other_records(tmp_path: Path) -> None:
    assert SharedRuns(tmp_path, "x").claim("basic:get")
    assert SharedRuns(tmp_path, "y").claim("basic:get")


def test_nobody_waits_for_what_was_given_up(tmp_path: Path) -> None:
    share = SharedRuns(tmp_path, "x")
    assert share.claim("basic:get")
    share.release("basic:get")
    assert share.wait("basic:get", 20) is None
    assert share.is_free("basic:get")


def test_nobody_waits_for_a_worker_that_crashed(tmp_path: Path) -> None:
    code = (
        "import sys, os\nfrom pathlib import Path\n"
        "from pytest_wsgiconform.targets.server.share import SharedRuns\n"
        "assert SharedRuns(Path(sys.argv[1]), 'x').claim('basic:get')\nos._exit(1)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 1
    share = SharedRuns(tmp_path, "x")
    assert not share.is_free("basic:get")
    assert share.wait("basic:get", 60) is None


def test_wait_is_bounded(tmp_path: Path) -> None:
    share = SharedRuns(tmp_path, "x")
    assert share.claim("basic:get")
    assert share.wait("basic:get", 0.05) is None


def test_restarts_are_counted_over_all(tmp_path: Path) -> None:
    SharedRuns(tmp_path, "x").note_restart()
    SharedRuns(tmp_path, "x").note_restart()
    assert SharedRuns(tmp_path, "x").restarts() == 2


def test_facts_of_a_stimulus_come_back_as_they_are_defined(tmp_path: Path) -> None:
    """Bytes and tuples among them: rules compare with them."""
    share = SharedRuns(tmp_path, "x")
    for name, stimulus in server_stimuli().items():
        run = ServerRun(stimulus=name, wanted=stimulus.wanted, launch=stimulus.launch, noted=Noted(hasty=True))
        share.store(run)
        found = share.load(name)
        assert found is not None
        assert (found.wanted, found.launch, found.noted) == (stimulus.wanted, stimulus.launch, Noted(hasty=True))


def test_two_workers_play_each_stimulus_once_and_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played: Counter[str] = Counter()
    play = Runner.play

    def counted(self: Runner, stimulus: ServerStimulus, *args: Any, **options: Any) -> ServerRun:
        played[stimulus.id] += 1
        return play(self, stimulus, *args, **options)

    monkeypatch.setattr(Runner, "play", counted)
    rules = [catalogue()[name] for name in RULES]
    targets = [ServerTarget(InProcess("base", Server), Settings(), share=SharedRuns(tmp_path, "base")) for _ in "12"]
    results: list[list[RuleResult]] = [[], []]
    try:
        workers = [
            threading.Thread(target=lambda n=n: results[n].extend(map(targets[n].judge, rules))) for n in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(120)
        for target in targets:
            target.gather()
        shown = [target.summary_lines() for target in targets]
    finally:
        for target in targets:
            target.close()
    assert played.pop(first_stimulus().id) == 2, "each makes sure of its own server"
    assert set(played.values()) == {1}
    assert len(played) > 90
    assert [r.verdict for r in results[0]] == [r.verdict for r in results[1]] == ["held"] * len(RULES)
    assert results[0][-1].exercised > len(played)
    assert shown[0] == shown[1]


def _judged(folder: Path, temporary: Path, *options: str) -> tuple[str, dict[str, Any], int]:
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={folder}", "-p", "no:cacheprovider"]
    command += ["--wsgi-server=waitress", f"--wsgi-report=json:{folder}/found.json", *options]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr, json.loads((folder / "found.json").read_text()), done.returncode


def test_verdicts_and_facts_are_the_same_with_workers(tmp_path: Path) -> None:
    """Whole runs of a real server; nothing that was shared is left behind."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    seen = []
    for workers in ("0", "2"):
        folder = tmp_path / workers
        folder.mkdir()
        printed, report, code = _judged(folder, temporary, "-n", workers)
        verdicts = {entry["rule"]: entry["verdict"] for entry in report["rules"]}
        [played] = [line.strip() for line in printed.splitlines() if " stimuli on " in line]
        seen.append((code, verdicts, played))
    assert seen[0] == seen[1]
    assert not [entry for entry in os.listdir(temporary) if entry.startswith("wsgiconform-")]
