"""Apps that do their worst: each gets a verdict on every rule, and the run ends as any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HOSTILE = {
    "raises": "raise ValueError('\\x1b[31mno')",
    "exits": "import sys; sys.exit(3)",
    "interrupts": "raise KeyboardInterrupt",
    "stops": "raise GeneratorExit",
    "recurses": "return app(environ, start_response)",
    "huge_header": "start_response('200 OK', [('X-Big', 'x' * 2**20)]); return [b'']",
    "odd_status": (
        "class S:\n"
        "        def __str__(self): raise RuntimeError('S')\n"
        "        __repr__ = __str__\n"
        "    start_response(S(), [S(), (S(), S())]); return [S()]"
    ),
    "returns_none": "return None",
    "forever": (
        "start_response('200 OK', [('Content-Type', 'text/plain')])\n    import itertools\n"
        "    return itertools.repeat(b'x')"
    ),
    "sleeps": "import time; time.sleep(60)",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_suite_ends_with_verdicts(run: Any, project: Path, name: str) -> None:
    (project / "hostile_app.py").write_text(f"def app(environ, start_response):\n    {HOSTILE[name]}\n")
    # Other tests of this process have loaded hypothesis, whose hook on garbage collection can't run either when the
    # stack is full; pytest warns of that, and the traceback in its warning is neither the app's nor ours.
    unheard = "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
    result = run("--wsgi-app=hostile_app:app", "--wsgi-timeout=0.5", "-rA", "-W", unheard)
    text = result.stdout.str()
    assert result.ret in (0, 1)
    assert "INTERNALERROR" not in text
    assert "Traceback" not in text.partition("WSGI conformance")[0]
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"failed", "passed", "skipped", "warning", "warnings"}
    assert sum(outcomes.values()) > 70
    assert "\x1b[31mno" not in text
