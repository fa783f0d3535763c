"""A real Flask app with five faults: known, then one more, then one less."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

try:
    import flask  # noqa: F401
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip("flask is not installed", allow_module_level=True)

SITE = """
from flask import Flask, Response

app = Flask(__name__)


@app.get("/")
def index():
    headers = {"Connection": "close", "ETag": "unquoted", "Last-Modified": "yesterday", "Cache-Control": {CACHE}}
    return Response("no", status=401, headers={**headers, {MORE}})


@app.get("/open")
def open_to_all():
    return "A page that is reached, so that the app is judged."
"""

FIVE = {
    "header-no-persistence",
    "etag-quoted",
    "date-fields-imf-fixdate",
    "challenge-with-401",
    "cache-control-parses",
}
SELECT = f"--wsgi-select={','.join(sorted(FIVE))},header-value-no-control"


def failed(result: pytest.RunResult) -> set[str]:
    return {line.split(" ")[1].rpartition("::")[2] for line in result.outlines if line.startswith("FAILED ")}


@pytest.fixture
def site(pytester: pytest.Pytester) -> Callable[..., None]:
    def write(more: str = "", cache: str = '"max-age=soon"') -> None:
        text = SITE.replace("{MORE}", more).replace("{CACHE}", cache)
        (pytester.path / "site_under_test.py").write_text(text, encoding="utf-8")

    write()
    return write


@pytest.mark.parametrize("workers", [(), pytest.param(("-n2",), marks=pytest.mark.slow)], ids=["alone", "n2"])
def test_known_new_and_stale(
    pytester: pytest.Pytester, site: Any, workers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    asked = ["--wsgi-app=site_under_test:app", "--wsgi-strict", SELECT, "--wsgi-baseline=known.toml"]
    asked += ["-p", "no:hypothesispytest", "-W", "default", *workers]
    written = pytester.runpytest_inprocess(*asked, "--wsgi-write-baseline")
    assert written.ret == 0
    assert {line.split('"')[1] for line in Path("known.toml").read_text().splitlines() if line[:4] == "rule"} == FIVE
    assert pytester.runpytest_inprocess(*asked).ret == 0
    site(more='"X-Note": "a\\tb"')
    sixth = pytester.runpytest_inprocess(*asked)
    assert (sixth.ret, failed(sixth)) == (1, {"header-value-no-control"})
    site(cache='"no-store"')
    mended = pytester.runpytest_inprocess(*asked)
    # Under --wsgi-strict what no longer occurs fails the run, so that the file shrinks with the faults.
    assert (mended.ret, failed(mended)) == (1, set())
    mended.stdout.fnmatch_lines(["baseline: cache-control-parses at werkzeug/* no longer occurs*"])
