"""The HTML report as text: self-contained, strict, escaped, and complete without a script."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from pytest_wsgiconform.report import html
from pytest_wsgiconform.report.baseline import Entry, Outdated
from pytest_wsgiconform.report.document import Document, Tool
from pytest_wsgiconform.report.html_view import page
from pytest_wsgiconform.report.html_wire import pieces, unescape
from pytest_wsgiconform.report.lines import FileLines
from pytest_wsgiconform.report.policy import Ignore, Policy
from pytest_wsgiconform.report.transcript import example
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.display import plain
from pytest_wsgiconform.rules.model import Level, Location, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import SCRIPT, document, finding, side_by_side

ERROR, OTHER = "status-native-string", "header-no-persistence"
HOSTILE = f"{SCRIPT}\" onload='x' {{{{ 7*7 }}}} \u202e"


class Outline(HTMLParser):
    """What a browser makes of the page: elements with their attributes, and the text of styles and scripts."""

    VOID = ("meta", "link", "input", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self.text = ""
        self._stack: list[str] = []
        self.feed(text)
        assert self._stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "li") or self._stack[-1] == tag:
            assert self._stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._stack and self._stack[-1] in ("style", "script"):
            self.raw[self._stack[-1]] = self.raw.get(self._stack[-1], "") + data
        else:
            self.text += data

    def attribute(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]


def outline(made: Document) -> Outline:
    return Outline(html.render(made))


FULL = document(
    [
        finding(ERROR, 12),
        finding(ERROR, 40, baselined=True, count=3),
        finding(OTHER, None, evidence={"sent": r"GET / HTTP/1.1\r\n\r\n", "received": r"\x00<b>", "ended": "eof"}),
    ],
    policy=Policy(
        Level.WARNING, {"x-y": Level.ADVICE}, [Ignore(("a", "b"), "old/*", "frozen"), Ignore(("c",))], (0, 1)
    ),
    baseline=Outdated(stale=(Entry(ERROR, "shop:app", "gone.py::f"),)),
    coverage=(FileLines("shop/views.py", (1, 2, 3), (9, 5, 6)),),
)


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline_but_its_own() -> None:
    got = outline(FULL)
    loading = {"src", "srcset", "action", "formaction", "data", "poster", "background", "style"}
    for tag, attrs in got.elements:
        assert not loading & set(attrs), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        if tag == "link":
            assert attrs == {"rel": "icon", "href": "data:,"}
    assert [tag for tag, _ in got.elements if tag in ("script", "style")] == ["style", "script"]
    assert "url(" not in got.raw["style"]
    assert "@import" not in got.raw["style"]


def test_the_policy_allows_its_own_style_and_script_by_hash_and_nothing_else() -> None:
    got = outline(FULL)
    (policy,) = [
        attrs["content"] for tag, attrs in got.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    directives = dict(part.strip().split(" ", 1) for part in (policy or "").split(";"))
    assert directives["default-src"] == "'none'"
    for directive, element in (("style-src", "style"), ("script-src", "script")):
        digest = base64.b64encode(hashlib.sha256(got.raw[element].encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert "unsafe" not in (policy or "")


def test_whatever_a_target_says_is_text() -> None:
    hostile = finding(
        ERROR,
        message=HOSTILE,
        target=HOSTILE,
        stimulus=HOSTILE,
        request={"method": HOSTILE, "path": HOSTILE, "query": HOSTILE},
        location=Location(HOSTILE, 1, HOSTILE),
        evidence={
            HOSTILE: HOSTILE,
            "got": HOSTILE,
            "trace": [HOSTILE],
            "sent": HOSTILE,
            "received": HOSTILE,
            "n": [HOSTILE],
        },
    )
    made = document([hostile], ("app", HOSTILE), tool=Tool(HOSTILE, HOSTILE, HOSTILE))
    got = outline(made)
    plain = outline(document([finding(ERROR)]))
    assert sorted({tag for tag, _ in got.elements}) == sorted({tag for tag, _ in plain.elements} | {"dl", "dt", "dd"})
    assert got.raw["script"] == plain.raw["script"]
    assert got.text.count(SCRIPT) >= 15
    assert "{{ 7*7 }}" in got.text
    assert "\u202e" not in got.text


def test_links_into_the_page_lead_somewhere_and_ids_are_unique() -> None:
    got = outline(FULL)
    ids = got.attribute("id")
    assert len(ids) == len(set(ids))
    inside = {href[1:] for href in got.attribute("href") if href.startswith("#")}
    assert inside <= set(ids)
    assert len(inside) > 100
    assert set(got.attribute("aria-labelledby")) <= set(ids)


def test_every_rule_has_its_why_its_examples_and_its_findings() -> None:
    text = outline(FULL).text
    for rule in catalogue().values():
        assert plain(rule.hint) in text
        assert example(rule, "bad").text in text
        assert example(rule, "good").text in text
    assert "start_response(b'200 OK', [])" in text
    assert "shop/views.py:12" in text
    assert "seen 3 times" in text


def test_the_numbers_are_those_of_the_document() -> None:
    text = " ".join(outline(FULL).text.split())
    # One warning would do for this policy: two findings are not known.
    assert "2 to mend" in text
    assert "3 findings, 1 known" in text
    assert f"{FULL.clauses.held} of {FULL.clauses.total} clauses held" in text


def test_the_clause_map_has_a_state_for_every_clause_that_binds_the_target() -> None:
    parts = page(FULL).parts
    assert [part.title for part in parts] == ["PEP 3333", "HTTP"]
    states = {c.clause.id: c.state for part in parts for section in part.sections for c in section.clauses}
    assert states["status-str"] == "broken"
    assert states["start-called"] == "held"
    assert set(states) >= {c.id for c in clauses().values() if "app" in c.binds}
    counted = [state for name, state in states.items() if clauses()[name].level != "may"]
    assert states["env-script-name-empty-ok"] == "may"
    assert counted.count("broken") == FULL.clauses.broken
    assert counted.count("held") == FULL.clauses.held


def test_a_clause_with_a_rule_held_and_a_rule_broken_is_broken() -> None:
    made = document([finding(ERROR)])
    held = replace(made.records[0], verdict=Verdict.HELD, clauses=("status-str",), findings=())
    parts = page(replace(made, records=(*made.records, held))).parts
    (state,) = [c.state for part in parts for s in part.sections for c in s.clauses if c.clause.id == "status-str"]
    assert state == "broken"


def test_targets_of_one_name_and_two_kinds_have_their_own_column() -> None:
    both = side_by_side(document([finding(ERROR)]), document([], ("middleware", "shop:app")))
    ((_, differing), _) = page(both).matrix
    assert {row.id: row.cells for row in differing}[ERROR] == ["broken", "held"]


def test_several_targets_stand_side_by_side() -> None:
    made = document([finding(ERROR)])
    assert page(made).matrix == []
    more = document([], ("server", "waitress"))
    made = side_by_side(made, replace(more, records=more.records[:3]))
    (_, differing), (title, same) = page(made).matrix
    assert {row.id: row.cells for row in differing}[ERROR] == ["broken", ""]
    assert [row.cells for row in same] == [["held", "held"]] * 3
    assert title == "3 rules that every target holds"
    got = outline(made)
    assert "Targets side by side" in got.text
    assert title in got.text


def test_lines_that_ran_are_told_with_the_ranges_of_those_that_did_not() -> None:
    (row,) = page(FULL).coverage
    assert (row.percent, row.missing) == (50, "5-6, 9")
    (empty,) = page(replace(FULL, coverage=(FileLines("e.py", (), ()),))).coverage
    assert empty.percent == 100


def test_the_decisions_of_the_project_are_shown() -> None:
    assert page(FULL).policy == [
        ("fails on", "warning and worse"),
        ("rules as of", "0.1"),
        ("level of x-y", "advice"),
        ("ignored: a, b in old/*", "frozen"),
        ("ignored: c", "no reason given"),
    ]
    text = " ".join(outline(FULL).text.split())
    assert f"{ERROR} at gone.py::f no longer occurs" in text


def test_a_run_cut_short_says_so() -> None:
    assert "The run was cut short" in outline(document(complete=False)).text
    assert "The run was cut short" not in outline(FULL).text


def test_a_rule_that_is_no_longer_in_the_catalogue_is_shown_with_its_findings() -> None:
    gone = replace(finding(ERROR, None, request=None, message="gone was broken"), rule="gone")
    assert "gone was broken" in outline(document(loose=(gone,))).text


def test_bytes_are_printable_with_a_hex_dump() -> None:
    client, server = pieces({"sent": r"GET /\\ HTTP/1.1\r\nA: \xff\r\n", "received": "abc...(70 more bytes)...xyz"})
    assert client.text == "GET /\\\\ HTTP/1.1\\r\\n\nA: \\xff\\r\\n\n"
    assert client.hex.splitlines() == [
        "000000  47 45 54 20 2f 5c 20 48 54 54 50 2f 31 2e 31 0d  GET /\\ HTTP/1.1.",
        "000010  0a 41 3a 20 ff 0d 0a                             .A: ...",
    ]
    assert (client.sender, client.size, server.sender, server.size) == ("client", 23, "server", 6)
    assert server.text == "abc\n...(70 more bytes)...\nxyz"
    assert "70 more bytes" in server.hex.splitlines()[1]
    assert pieces({"sent": 3}) == []


def test_text_that_is_no_escaped_bytes_is_shown_as_it_is() -> None:
    assert unescape("é") == "é".encode()
    assert unescape("\\") == b"\\"
    assert unescape("\\u20ac") == b"\\u20ac"


def test_it_is_written_to_its_file(tmp_path: Path) -> None:
    html.write(FULL, tmp_path / "out" / "report.html")
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == html.render(FULL)
    assert re.match(r"\s*<!DOCTYPE html>", html.render(FULL))
