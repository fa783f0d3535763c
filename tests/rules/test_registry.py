"""The catalogue as a whole."""

from __future__ import annotations

import subprocess
import sys


def test_the_order_does_not_depend_on_what_was_imported_first() -> None:
    script = (
        "import sys, importlib\n"
        "for name in sys.argv[1:]: importlib.import_module('pytest_wsgiconform.rules.' + name)\n"
        "from pytest_wsgiconform.rules.registry import catalogue, event_rules\n"
        "event_rules()\n"
        "print(*catalogue())\n"
    )
    orders = {
        subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True, check=True).stdout
        for names in ([], ["server.wire.length", "events.body"], ["middleware.general", "events.status"])
    }
    assert len(orders) == 1
