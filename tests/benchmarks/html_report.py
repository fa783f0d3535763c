"""How long a browser takes to open and to search the HTML report of 5,000 findings, against one of 50.

Run by hand: ``python tests/benchmarks/html_report.py``. Needs what tests/report/test_html_browser.py needs. Prints
seconds (the goal for opening 5,000 findings is two) and the ratio of the two, measured in turn in one run.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from documents import document, finding

from pytest_wsgiconform.report import html
from pytest_wsgiconform.rules.registry import catalogue

ROUNDS = 5


def written(folder: Path, count: int) -> Path:
    rules = list(catalogue())[:100]
    path = folder / f"{count}.html"
    html.write(document([finding(rules[n % 100], n, message=f"finding number {n}") for n in range(count)]), path)
    return path


def opened(page: Any, path: Path) -> float:
    """Return the seconds until the page is drawn for the first time and answers."""
    started = time.perf_counter()
    page.goto(path.as_uri())
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return time.perf_counter() - started


def searched(page: Any) -> float:
    started = time.perf_counter()
    page.fill("#search", "number 17")
    page.wait_for_function("document.getElementById('shown').textContent.includes(' of ')")
    return time.perf_counter() - started


def main() -> None:
    chromium = os.environ.get("WSGICONFORM_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        paths = {count: written(Path(folder), count) for count in (50, 5000)}
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        times: dict[tuple[str, int], list[float]] = {}
        for _ in range(ROUNDS):
            for count, path in paths.items():
                page = browser.new_page()
                times.setdefault(("open", count), []).append(opened(page, path))
                times.setdefault(("search", count), []).append(searched(page))
                page.close()
        browser.close()
    for what in ("open", "search"):
        few, many = (statistics.median(times[what, count]) for count in (50, 5000))
        print(f"{what}: {few:.2f} s with 50 findings, {many:.2f} s with 5,000 (ratio {many / few:.1f})")


if __name__ == "__main__":
    main()
