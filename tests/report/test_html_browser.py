"""The HTML report in a real browser: filter, search, deep links, keyboard, console, accessibility, size.

Needs chromium (Debian's package, or WSGICONFORM_CHROMIUM=PATH), playwright and axe-playwright-python.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.report import html
from pytest_wsgiconform.report.document import Document
from pytest_wsgiconform.report.lines import FileLines
from pytest_wsgiconform.report.policy import Policy
from pytest_wsgiconform.rules.model import Level, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import SCRIPT, document, finding, side_by_side


def missing(what: str) -> None:
    """Where the project's own checks run everything has to be there; on a developer's machine not."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing: see the docstring of this file", allow_module_level=True)


CHROMIUM = os.environ.get("WSGICONFORM_CHROMIUM") or shutil.which("chromium")
if CHROMIUM is None:
    missing("chromium")
try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Browser, Page, sync_playwright
except ImportError as error:
    missing(str(error.name))

ERROR, OTHER = "status-native-string", "header-no-persistence"
WARNING = next(rule.id for rule in catalogue().values() if rule.level == "warning")
HELD = "status-has-reason"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # The sandbox needs rights that containers don't give; the page is our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("html") / "report.html"
    html.write(small_document(), path)
    return path.as_uri()


def small_document() -> Document:
    """Return a report that has one of everything."""
    findings = [
        finding(ERROR, 12),
        finding(ERROR, 40, message="seen in the cellar", evidence={"got": SCRIPT, "trace": ["one", "two"]}),
        finding(OTHER, 50, message=f"the header value is {SCRIPT}", baselined=True),
        finding(WARNING, 60, evidence={"sent": r"GET / HTTP/1.1\r\n\r\n", "received": r"HTTP/1.1 200 OK\r\n\r\n"}),
    ]
    lines = (FileLines("shop/views.py", (1, 2), (3,)),)
    made = document(findings, policy=Policy(Level.WARNING), coverage=lines)
    return side_by_side(made, document([], ("app", "shop:other")))


@pytest.fixture
def page(browser: Browser, report: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.goto(report)
    yield page
    # Errors of the policy, of the script and loads from elsewhere all end here.
    assert said == []
    context.close()


def visible(page: Page, selector: str) -> int:
    return page.locator(f"{selector}:visible").count()


def shown(page: Page) -> str:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return page.text_content("#shown") or ""


def test_all_findings_are_there_at_first(page: Page) -> None:
    assert visible(page, ".finding") == 4
    assert shown(page) == "4 findings"


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [("level", "warning", 1), ("level", "error", 3), ("blame", "app", 4), ("section", "start-response", 2)],
)
def test_a_filter_leaves_what_fits(page: Page, name: str, value: str, count: int) -> None:
    page.select_option(f"select[name={name}]", value)
    assert shown(page) == (f"{count} of 4 findings" if count < 4 else "4 findings")
    assert visible(page, ".finding") == count
    page.click("button[type=reset]")
    assert shown(page) == "4 findings"


def test_rules_can_be_filtered_by_state(page: Page) -> None:
    page.select_option("select[name=state]", "not-exercised")
    assert shown(page) == "0 of 4 findings"
    states = page.eval_on_selector_all(
        ".rule", "all => all.filter(r => !r.closest('[hidden]')).map(r => r.dataset.state)"
    )
    assert set(states) == {"not-exercised"}


def test_search_looks_into_messages_and_evidence_all_words_counting(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("cellar two")
    assert shown(page) == "1 of 4 findings"
    assert page.locator(".finding:visible .text").text_content() == "seen in the cellar"
    page.fill("#search", "cellar nowhere")
    assert shown(page) == "0 of 4 findings"
    assert page.locator(".nothing").is_visible()
    page.keyboard.press("Escape")
    assert shown(page) == "4 findings"


def test_search_finds_rules_without_findings_by_their_name(page: Page) -> None:
    page.fill("#search", HELD)
    assert shown(page) == "0 of 4 findings"
    assert page.locator(f"#rule-{HELD}").is_visible()
    assert visible(page, ".rule") == 1


def test_a_deep_link_opens_what_is_closed_and_filtered_away(page: Page, report: str) -> None:
    page.fill("#search", "cellar")
    assert shown(page) == "1 of 4 findings"
    page.evaluate(f"location.hash = 'rule-{HELD}'")
    page.wait_for_function(f"document.querySelector('#rule-{HELD} > details').open")
    assert page.locator(f"#rule-{HELD}").is_visible()
    assert page.locator(f"#rule-{HELD}").evaluate("rule => rule.getBoundingClientRect().top") < 900
    page.evaluate("location.hash = 'clause-status-str'")
    page.wait_for_function("document.getElementById('clause-status-str').closest('details').open")
    assert page.locator("#clause-status-str").is_visible()


def test_a_link_to_a_finding_works_from_outside(page: Page, report: str) -> None:
    target = page.locator(".finding").nth(1).get_attribute("id")
    page.goto("about:blank")
    page.goto(f"{report}#{target}")
    assert page.evaluate("document.activeElement.id") == target


def test_a_square_of_the_map_leads_to_its_clause(page: Page) -> None:
    page.click('.squares a[href="#clause-status-str"]')
    page.wait_for_function("location.hash === '#clause-status-str'")
    assert page.locator("#clause-status-str").is_visible()


def test_findings_can_be_walked_with_the_keyboard(page: Page) -> None:
    ids = page.eval_on_selector_all(".finding", "all => all.map(f => f.id)")
    seen = []
    for key in "jjkjjjj":
        page.keyboard.press(key)
        seen.append(ids.index(page.evaluate("document.activeElement.id")))
    assert seen == [0, 1, 0, 1, 2, 3, 3]
    page.locator(".finding:has(.wire)").focus()
    page.keyboard.press("o")
    assert page.locator(".wire pre").first.is_visible()
    assert not page.locator(".hex pre").first.is_visible()


def test_a_script_in_a_header_value_is_shown_and_does_not_run(page: Page) -> None:
    assert page.locator(".finding.known .text").text_content() == f"the header value is {SCRIPT}"
    assert page.title().startswith("WSGI conformance")


def test_it_can_be_read_without_javascript(browser: Browser, report: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report)
    assert page.locator(".finding").first.is_visible()
    assert not page.locator("#filter").is_visible()
    summary = page.locator(f"#rule-{HELD} summary").first
    summary.click()
    assert page.locator(f"#rule-{HELD} .examples").is_visible()
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_it_is_accessible_and_fits(browser: Browser, tmp_path: Path, scheme: Any, width: int) -> None:
    made = small_document()
    # Rules look all the same, and the checker looks at each of their words: a few of each kind will do.
    kept = [one.rule for n, one in enumerate(made.records) if one.verdict is Verdict.BROKEN or n % 40 == 0]
    made = replace(made, records=tuple(one for one in made.records if one.rule in kept))
    html.write(made, tmp_path / "report.html")
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    page.evaluate(
        "document.querySelectorAll('.rule:has(.finding) details, .card details').forEach(d => { d.open = true; })"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    assert [
        (v["id"], v["impact"], v["nodes"][0]["html"]) for v in violations if v["impact"] in ("serious", "critical")
    ] == []
    context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_many_targets_with_long_names_do_not_make_the_page_wide(browser: Browser, tmp_path: Path, width: int) -> None:
    made = small_document()
    for name in ("waitress", "gunicorn@/a/long/way/to/an/environment/bin/python", "x" * 80, "one", "two", "three"):
        made = side_by_side(made, document([finding(ERROR, target=name)], ("server", name)))
    html.write(made, tmp_path / "report.html")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((tmp_path / "report.html").as_uri())
    assert page.locator(".matrix").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_paper_gets_everything_and_no_controls(page: Page) -> None:
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert not page.locator("#filter").is_visible()
    assert page.locator(f"#rule-{HELD} .examples").is_visible()
    assert page.locator(".trace").first.is_visible()


def test_five_thousand_findings_open_and_can_be_searched(browser: Browser, tmp_path: Path) -> None:
    rules = list(catalogue())
    findings = [finding(rules[n % 100], n, message=f"finding number {n}") for n in range(5000)]
    path = tmp_path / "large.html"
    html.write(document(findings), path)
    page = browser.new_page()
    page.goto(path.as_uri())
    # Not a measurement (see tests/benchmarks/html_report.py): a bound that only a page gone wrong would miss.
    started = time.monotonic()
    page.fill("#search", "4711")
    page.wait_for_function("document.getElementById('shown').textContent === '1 of 5000 findings'")
    assert time.monotonic() - started < 30
    assert page.locator(".finding:visible .text").text_content() == "finding number 4711"
    page.close()
