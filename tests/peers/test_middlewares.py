"""Other people's middleware under every stimulus, through ``--wsgi-middleware``.

Each error-level finding was read in their source and in the PEP or the RFC (``docs/findings.md`` has file, line and
reason). What is found has to be exactly that: a new finding has to be judged first, and one that is gone may be our
fault.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import pytest_wsgiconform

from .environments import python_with

HERE = Path(__file__).parent
OURS = ("pytest==8.4.2", "webtest==3.0.7", "hypothesis", "coverage")
POCOO = ("werkzeug==3.1.9",)
PASTE = ("paste==3.10.1", "setuptools<81")
REPOZE = ("repoze.who==3.2.0", "repoze.retry==2.2", "repoze.tm2==2.3", "repoze.errorlog==1.1", "repoze.profile==2.3")
REPOZE += ("repoze.vhm==0.16", "transaction==5.0", "setuptools<81")

#: For each middleware what it needs, and the rules of level error that it breaks.
MIDDLEWARES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "whitenoise": (("whitenoise==6.11.0",), set()),
    "whitenoise_file": (("whitenoise==6.11.0",), set()),
    "proxy_fix": (POCOO, set()),
    "shared_data": (POCOO, set()),
    "shared_data_file": (POCOO, {"not-modified-keeps-fields"}),
    "dispatcher": (POCOO, set()),
    "profiler": (POCOO, {"returns-as-soon-as-inner-app", "close-forwarded-after-error"}),
    "debugged": (
        POCOO,
        {
            "start-response-called-once",
            "write-not-from-iterable",
            "exc-info-error-not-trapped",
            "close-forwarded-when-stopped",
        },
    ),
    "paste_gzip": (
        PASTE,
        {
            "no-content-length-with-204",
            "returns-as-soon-as-inner-app",
            "second-start-is-fatal",
            "lazy-start-accepted",
            "empty-body-accepted",
            "written-data-first",
        },
    ),
    "paste_translogger": (PASTE, {"start-response-called-once"}),
    "paste_session": (PASTE, {"start-response-called-once"}),
    "paste_cgitb": (
        PASTE,
        {"exc-info-error-not-trapped", "iterable-only-iterated", "close-forwarded-when-stopped"},
    ),
    "paste_errors": (PASTE, {"start-response-returns-write", "exc-info-error-not-trapped"}),
    "paste_http_exceptions": (PASTE, set()),
    "paste_recursive": (PASTE, set()),
    "paste_registry": (PASTE, set()),
    "paste_config": (PASTE, set()),
    "paste_status_keeper": (PASTE, set()),
    "paste_auth_cookie": (PASTE, set()),
    "paste_url_map": (PASTE, set()),
    "paste_cascade": (PASTE, set()),
    "paste_upload_progress": (PASTE, set()),
    "beaker_session": (("beaker==1.14.1",), set()),
    "beaker_cache": (("beaker==1.14.1",), set()),
    "repoze_who": (
        REPOZE,
        {
            "start-response-only-called",
            "returns-as-soon-as-inner-app",
            "second-start-is-fatal",
            "write-takes-one-argument",
        },
    ),
    "repoze_retry": (REPOZE, {"second-start-is-fatal", "lazy-start-accepted"}),
    "repoze_tm": (REPOZE, {"close-not-on-iterator", "write-not-from-iterable"}),
    "repoze_errorlog": (REPOZE, set()),
    "repoze_profile": (REPOZE, set()),
    "repoze_vhm": (REPOZE, set()),
    "sentry": (("sentry-sdk==2.75.0",), {"iterable-only-iterated"}),
    "opentelemetry": (("opentelemetry-instrumentation-wsgi==0.66b2", "opentelemetry-sdk==1.45.2"), set()),
    "new_relic": (("newrelic==14.1.0",), {"input-methods-work"}),
    "new_relic_registered": (("newrelic==14.1.0",), {"input-methods-work"}),
    "datadog": (("ddtrace==4.16.0",), {"close-not-on-iterator"}),
    "prometheus": (("prometheus-client==0.26.0", *POCOO), set()),
    "prometheus_page": (("prometheus-client==0.26.0", *POCOO), set()),
    "a2wsgi_both_ways": (("a2wsgi==1.10.10",), {"second-start-is-fatal"}),
}


def judged(python: str, folder: Path, name: str) -> dict[str, Any]:
    """Run the suite on the middleware *name*, and return the JSON report."""
    package = folder / "package"
    package.mkdir()
    (package / "pytest_wsgiconform").symlink_to(Path(pytest_wsgiconform.__file__).parent)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))},
        "PYTHONPATH": os.pathsep.join([str(package), str(HERE / "middlewares")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Agents are not to look for their services.
        "DD_TRACE_STARTUP_LOGS": "false",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    }
    command = [python, "-m", "pytest", "-q", "-p", "pytest_wsgiconform.plugin", "-p", "no:cacheprovider"]
    command += [f"--wsgi-middleware=peer_middlewares:{name}", "--wsgi-report=json:report.json", "--wsgi-timeout=30"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=1500,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    assert "INTERNALERROR" not in done.stdout
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


@pytest.mark.slow
@pytest.mark.parametrize("name", MIDDLEWARES)
def test_middleware(name: str, tmp_path: Path) -> None:
    requirements, known = MIDDLEWARES[name]
    report = judged(python_with(*requirements, *OURS), tmp_path, name)
    errors = {finding["rule"]: finding for finding in report["findings"] if finding["level"] == "error"}
    assert set(errors) == known, [errors[rule] for rule in set(errors) - known]
    assert {finding["blame"] for finding in report["findings"]} <= {"middleware"}
    # An app of its own (prometheus_page) never calls the inner one, so the rules on that are not exercised.
    assert sum(rule["verdict"] == "held" for rule in report["rules"]) > (60 if name == "prometheus_page" else 90)


@pytest.mark.slow
@pytest.mark.parametrize(("version", "verdict"), [("0.2.0", "broken"), ("0.3.2", "held")])
def test_a_fault_of_an_old_release_is_seen_and_its_mending_too(version: str, verdict: str, tmp_path: Path) -> None:
    """Backlash closed the app's iterable only at its end, not when the server stopped: TurboGears/backlash#19."""
    report = judged(python_with(f"backlash=={version}", *OURS), tmp_path, "backlash_errors")
    verdicts = {rule["rule"]: rule["verdict"] for rule in report["rules"]}
    assert verdicts["close-forwarded-when-stopped"] == verdict
    assert verdicts["close-forwarded"] == "held"
