"""Every finding in the corpora of broken apps and middlewares can be repeated alone, and goes with the fault.

The corpora are those of ``tests/corpora``. For each program the suite is run, its reproductions
are written, and each of them is started by an interpreter without site-packages: it must exit with 1 and name the
rule and the clause. Then a good program takes the place of the broken one, and each must exit with 0.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_wsgiconform import repeat
from pytest_wsgiconform.engine import judge_all, open_run
from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report import repro
from pytest_wsgiconform.report.document import Document, build, record
from pytest_wsgiconform.settings import Settings
from tests import ROOT
from tests.corpora.collecting import Program, programs

FOLDERS = {"app": "apps", "middleware": "middleware"}

#: The corpora of each kind of target.
FOLDERS = {"app": "apps/broken", "middleware": "middleware/broken"}

GOOD = {
    "app": """
def good(environ, start_response):
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [body]
""",
    "middleware": """
def good(app):
    return lambda environ, start_response: app(environ, start_response)
""",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


#: Programs that name a rule, with the kind of target that each is.
PROGRAMS = [(kind, program) for kind, folder in FOLDERS.items() for program in programs(folder) if program.rules]


@pytest.mark.parametrize(
    ("kind", "program"), PROGRAMS, ids=[f"{kind}-{program.rules[0]}-{program.name}" for kind, program in PROGRAMS]
)
def test_each_finding_is_repeated_and_goes_with_the_fault(
    kind: str, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = sys.modules[program.module].corpus.index(program)
    name = f"program_{number}_of_{program.module.replace('.', '_')}"
    source = tmp_path / f"{name}.py"
    source.write_text(f"from {program.module} import corpus\nprogram = corpus[{number}].make()\n", encoding="utf-8")
    folders = [str(tmp_path), str(ROOT)]
    for folder in reversed(folders):
        monkeypatch.syspath_prepend(folder)
    made = judged(kind, f"{name}:program")
    assert made.findings
    repro.write(made, tmp_path / "repro", folders, timeout=3.0)
    scripts = sorted((tmp_path / "repro").glob("*.py"))
    assert len(scripts) == len(made.findings)
    for script in scripts:
        done = run_alone(script)
        rule = script.stem.rpartition("-")[0]
        clauses = {clause for finding in made.findings if finding.rule == rule for clause in finding.clauses}
        assert done.returncode == repeat.BROKEN, (script.name, done.stdout, done.stderr)
        assert done.stdout.startswith(f"{rule}: "), done.stdout
        # An advice may stand on no clause.
        assert not clauses or any(f"broken clause {clause}: " in done.stdout for clause in clauses), done.stdout
    source.write_text(f"{GOOD[kind]}\nprogram = good\n", encoding="utf-8")
    for script in scripts:
        done = run_alone(script)
        assert done.returncode == repeat.HELD, (script.name, done.stdout, done.stderr)


def judged(kind: str, target: str) -> Document:
    """Return the report of *target*, as a run of pytest would have it."""
    run = open_run(kind, target, Settings(timeout=3.0))
    try:
        _, results = judge_all(run)
        rules = {rule.id: rule for rule in run.rules()}
    finally:
        run.close()
    records = [record(result, rules[result.rule], kind, number) for number, result in enumerate(results)]
    return build(records, [Target(kind, target)], exit_status=1)


def run_alone(script: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-S", "-E", "-s", str(script)]
    return subprocess.run(command, cwd=script.parent.parent, capture_output=True, text=True, timeout=300, check=False)
