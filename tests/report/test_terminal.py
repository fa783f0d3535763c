"""The terminal summary: complete, within the width, and nothing raw of what the target says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report.document import Record, record
from pytest_wsgiconform.report.failure_text import failure_text, request, sentence
from pytest_wsgiconform.report.terminal import ShortFailure, shorten_to, write_summary
from pytest_wsgiconform.rules.model import Blame, Finding, Level, Location, Rule, RuleResult, Verdict

NASTY = "\x1b]0;title\x07 \u202eevil\u2066 \ud800"


class Reporter:
    """Stands for pytest's terminal reporter: keeps what is written, and how."""

    def __init__(self, width: int = 80, verbose: int = 0) -> None:
        self.fullwidth, self.verbose = width, verbose
        self.text = ""
        self.marked: list[tuple[str, dict[str, bool]]] = []
        self.config = self

    def getoption(self, name: str, default: Any = None) -> Any:
        return {"verbose": self.verbose}.get(name, default)

    def get_terminal_writer(self) -> Reporter:
        return self

    def write(self, text: str, **markup: bool) -> None:
        self.text += text
        self.marked.append((text, markup))

    def write_line(self, text: str, **markup: bool) -> None:
        self.write(text + "\n", **markup)

    def write_sep(self, sep: str, title: str) -> None:
        self.write(f" {title} ".center(self.fullwidth, sep) + "\n")


def a_rule(name: str, level: Level = Level.ERROR, hint: str = "Mend it.") -> Rule:
    return Rule(
        id=name, section="s", level=level, side=Blame.APP, clauses=("status-str",), on=(object,), since="0.1",
        check=lambda event, exchange: None, summary="It holds.", why="So.", hint=hint,
    )  # fmt: skip


def a_finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "rule": "r",
        "level": Level.ERROR,
        "blame": Blame.APP,
        "clauses": ("status-str",),
        "message": "it broke",
        "target": "m:a",
        "request": {"method": "GET", "path": "/", "query": ""},
    }
    return Finding(**{**values, **changes})


def broken(*findings: Finding, level: Level = Level.ERROR, order: int = 0, hint: str = "Mend it.") -> Record:
    result = RuleResult(findings[0].rule, "m:a", Verdict.BROKEN, len(findings), findings)
    return record(result, a_rule(findings[0].rule, level, hint), "app", order)


def settled(name: str, verdict: Verdict, reason: str, order: int = 0) -> Record:
    return record(RuleResult(name, "m:a", verdict, 0, (), reason), a_rule(name), "app", order)


def summary(*records: Record, **options: Any) -> str:
    reporter = Reporter(**options)
    write_summary(reporter, records, {Target("app", "m:a"): ["3 paths exercised"]}, ["a report: x.json"])
    return reporter.text


def test_a_broken_rule_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text("def a(environ, start_response):\n    start_response(b'200 OK', [])\n")
    text = summary(
        broken(
            a_finding(
                location=Location(str(tmp_path / "m.py"), 2, "a"),
                count=4,
                request={"method": "POST", "path": "/x", "query": "y=1"},
                evidence={"got": "b'200 OK'", "expected": "str"},
            )
        )
    )
    assert text.splitlines()[-8:] == [
        "",
        "ERROR  r  the app's fault",
        "  it broke (got b'200 OK', expected str)",
        "    m.py:2 in a",
        "      start_response(b'200 OK', [])",
        "    seen in POST /x?y=1 (4 times)",
        "  to do: Mend it.",
        "a report: x.json",
    ]
    assert "The app does not conform: 1 error.\n1 rule: 1 broken\n" in text
    assert "3 paths exercised\n" in text
    assert " WSGI conformance: app m:a " in text


def test_levels_come_worst_first_and_rules_in_their_order() -> None:
    text = summary(
        broken(a_finding(rule="advice", level=Level.ADVICE), level=Level.ADVICE, order=0),
        broken(a_finding(rule="error-two"), order=3),
        broken(a_finding(rule="error-one"), order=1),
        broken(a_finding(rule="warning", level=Level.WARNING), level=Level.WARNING, order=2),
    )
    heads = [line for line in text.splitlines() if line.startswith(("ERROR", "WARNING", "ADVICE"))]
    assert heads == [
        "ERROR  error-one  the app's fault",
        "ERROR  error-two  the app's fault",
        "WARNING  warning  the app's fault",
        "ADVICE  advice  for the app",
    ]


@pytest.mark.parametrize(
    ("records", "headline"),
    [
        ([settled("x", Verdict.HELD, "")], "No fault found."),
        ([broken(a_finding(level=Level.ADVICE), level=Level.ADVICE)], "No fault found, 1 piece of advice."),
        ([broken(a_finding(level=Level.WARNING))] * 2, "No error, but 2 warnings."),
        (
            [broken(a_finding()), broken(a_finding(level=Level.WARNING)), *[broken(a_finding(level=Level.ADVICE))] * 2],
            "The app does not conform: 1 error, 1 warning, 2 pieces of advice.",
        ),
        ([broken(a_finding(baselined=True))], "Nothing new: what is broken is known (baseline)."),
        ([settled("x", Verdict.NOT_EXERCISED, "")], "Nothing could be judged: no rule was put to the test."),
    ],
)
def test_the_first_line_is_the_verdict(records: list[dict[str, Any]], headline: str) -> None:
    assert summary(*records).splitlines()[1] == headline


def test_quiet_leaves_out_what_was_not_exercised() -> None:
    record = settled("idle-rule", Verdict.NOT_EXERCISED, "nothing came")
    assert "idle-rule" in summary(record)
    assert "idle-rule" not in summary(record, verbose=-1)


def test_the_levels_have_their_colours() -> None:
    reporter = Reporter()
    write_summary(reporter, [broken(a_finding())], {}, [])
    assert ("ERROR", {"red": True, "bold": True}) in reporter.marked


def test_blame_names_each_party_once() -> None:
    text = summary(broken(a_finding(blame=Blame.SERVER), a_finding(blame=Blame.APP), a_finding(blame=Blame.APP)))
    assert "ERROR  r  the app and the server's fault" in text


def test_many_places_are_cut_unless_verbose() -> None:
    many = broken(*(a_finding(message=f"place {number}") for number in range(9)))
    short = summary(many)
    assert "place 2" in short and "place 3" not in short
    assert "... and 6 more places (-v shows all)" in short
    whole = summary(many, verbose=1)
    assert "place 8" in whole and "more places" not in whole


def test_known_findings_are_told_apart() -> None:
    assert "the app's fault, known (baseline)" in summary(broken(a_finding(baselined=True)))
    assert "known" not in summary(broken(a_finding(baselined=True), a_finding(message="new")))


@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal_or_120_columns(width: int, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(f"start_response({'x' * 300})\n")
    text = summary(
        broken(
            a_finding(
                message="word " * 60,
                location=Location(str(tmp_path / "m.py"), 1, ""),
                evidence={"got": "y" * 500},
                request={"method": "GET", "path": "/" + "z" * 500, "query": ""},
            ),
            hint="do " * 60,
        ),
        settled("idle", Verdict.NOT_EXERCISED, "because " * 30),
        *(settled(f"idle-{number}", Verdict.NOT_EXERCISED, "nothing came") for number in range(40)),
        width=width,
    )
    lines = [line for line in text.splitlines() if "=" not in line]
    assert max(map(len, lines)) <= max(40, min(width, 120))
    assert "start_response(xxx" in text and "..." in text


def test_rules_that_were_not_put_to_the_test_are_grouped_by_reason() -> None:
    text = summary(
        settled("one", Verdict.NOT_EXERCISED, "no request had a body", 0),
        settled("two", Verdict.NOT_EXERCISED, "the app never wrote", 1),
        settled("three", Verdict.NOT_EXERCISED, "no request had a body", 2),
        settled("four", Verdict.NOT_APPLICABLE, "", 3),
        settled("five", Verdict.INCONCLUSIVE, "seen once", 4),
        settled("six", Verdict.HELD, "", 5),
    )
    assert "6 rules: 1 held, 3 not exercised, 1 not applicable, 1 inconclusive\n" in text
    assert "  no request had a body: one, three\n  the app never wrote: two\n" in text
    assert "not exercised (nothing that happened could have broken these): 3\n" in text
    assert "not applicable: 1\n  four\n" in text
    assert "inconclusive (seen once, not again): 1\n  seen once: five\n" in text


def test_nothing_of_the_targets_comes_out_raw() -> None:
    finding = a_finding(
        message=NASTY,
        target="m:a",
        location=Location(f"/p/{NASTY}.py", 1, NASTY),
        request={"method": NASTY, "path": NASTY, "query": NASTY},
        evidence={"got": NASTY, "expected": NASTY},
    )
    reporter = Reporter()
    write_summary(
        reporter,
        [broken(finding), settled("x", Verdict.NOT_EXERCISED, NASTY)],
        {Target("app", "m:a"): [NASTY]},
        [NASTY],
    )
    short = ShortFailure(broken(finding))
    for text in (reporter.text, short.text, str(short), short.reprcrash.message, failure_text([finding])):
        assert all(char == "\n" or char.isprintable() for char in text)
        assert "\\x1b" in text


def test_a_target_of_that_name_gets_no_raw_title() -> None:
    result = RuleResult("r", NASTY, Verdict.HELD)
    reporter = Reporter()
    write_summary(reporter, [record(result, a_rule("r"), "server", 0)], {}, [])
    assert all(char == "\n" or char.isprintable() for char in reporter.text)


def test_messages_alone_have_a_heading() -> None:
    reporter = Reporter()
    write_summary(reporter, [], {}, ["json report: x"])
    assert "WSGI conformance" in reporter.text and reporter.text.endswith("json report: x\n")


def test_a_short_failure_takes_the_worst_finding() -> None:
    failure = ShortFailure(
        broken(a_finding(level=Level.ADVICE, message="small"), a_finding(message="big", location=Location("/m.py", 2)))
    )
    assert failure.text == "/m.py:2: big (and 1 more)"
    assert failure.reprcrash.message == "big"


def test_got_and_expected_are_not_said_twice() -> None:
    finding = a_finding(message="the status is 'x'", evidence={"got": "'x'", "expected": "a str"})
    assert sentence(finding) == "the status is 'x' (expected a str)"


def test_the_request_is_told_as_far_as_it_is_known() -> None:
    assert request(a_finding()) == "GET /"
    assert request(a_finding(count=2)) == "GET / (2 times)"
    assert request(a_finding(request=None, count=2)) == "2 times"
    assert request(a_finding(request=None)) == ""
    assert request(a_finding(request={"method": "GET"})) == "GET"


def test_shortening_keeps_the_width() -> None:
    assert shorten_to("abcdef", 6) == "abcdef"
    assert shorten_to("abcdefg", 6) == "abc..."
