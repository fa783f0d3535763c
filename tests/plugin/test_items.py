"""Items: their ids, and that pytest's own options work on them as on any other test."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

STATUS = "wsgi-app[apps:bad]::start-response::status-native-string"


def collected(result: pytest.RunResult) -> list[str]:
    """The node ids that ``--co -q`` printed, ours and others."""
    return [line for line in result.outlines if "::" in line]


def test_one_item_per_rule_grouped_by_section(run: Any) -> None:
    result = run("--wsgi-app=apps:good", "--co", "-q")
    ids = collected(result)
    assert result.ret == 0
    assert "wsgi-app[apps:good]::start-response::status-native-string" in ids
    assert all(one.startswith("wsgi-app[apps:good]::") for one in ids)
    assert len(ids) == len(set(ids)) > 50
    sections = [one.split("::")[-2] for one in ids]
    firsts = list(dict.fromkeys(sections))
    assert [s for s in firsts for _ in range(sections.count(s))] == sections, "a section comes in two parts"


def test_collect_only_shows_the_tree(run: Any) -> None:
    result = run("--wsgi-app=apps:good", "--co")
    result.stdout.fnmatch_lines(
        ["*<WsgiTarget wsgi-app?apps:good?>", "*<WsgiSection start-response>", "*<WsgiRule status-native-string>"]
    )


def test_an_empty_folder_with_a_good_app_passes(run: Any) -> None:
    result = run("--wsgi-app=apps:good")
    outcomes = result.parseoutcomes()
    assert result.ret == pytest.ExitCode.OK
    assert outcomes["passed"] > 40
    assert "failed" not in outcomes
    assert "warnings" not in outcomes
    assert f"collected {outcomes['passed'] + outcomes['skipped']} items" in result.stdout.str()


def test_a_bad_app_fails_and_only_by_what_is_bad(run: Any) -> None:
    result = run("--wsgi-app=apps:bad", "-rf")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"FAILED {STATUS.replace('[', '?').replace(']', '?')} - start_resp*"])
    assert result.parseoutcomes()["failed"] == 1


def test_a_pasted_node_id_runs_alone_with_or_without_the_option(run: Any) -> None:
    for args in ([STATUS], ["--wsgi-app=apps:bad", STATUS]):
        result = run(*args)
        assert result.parseoutcomes() == {"failed": 1}
        assert result.ret == 1


def test_node_ids_and_paths_mix(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_it(): pass\ndef test_other(): pass")
    result = run(STATUS, "test_own.py::test_it", "wsgi-app[apps:good]::headers::headers-builtin-list", "-v")
    assert result.parseoutcomes() == {"passed": 2, "failed": 1}
    result = run(STATUS)
    assert result.parseoutcomes() == {"failed": 1}, "paths that nobody named are not run"


def test_a_prefix_of_a_node_id_runs_what_is_below(run: Any) -> None:
    whole = collected(run("wsgi-app[apps:good]", "--co", "-q"))
    section = collected(run("wsgi-app[apps:good]::body", "--co", "-q"))
    assert section == [one for one in whole if "::body::" in one]
    assert 1 < len(section) < len(whole)


def test_a_node_id_leaves_other_targets_alone(run: Any) -> None:
    result = run("--wsgi-app=apps:good", "--wsgi-app=apps:nonesuch", "wsgi-app[apps:good]::body", "--co", "-q")
    assert all("apps:good" in one for one in collected(result))
    assert result.ret == 0


@pytest.mark.parametrize(
    "name",
    ["pkg.sub/odd:app", "python -m server --bind [::1]:{port} {app}", "./run [x]::y {app}", "apps:make_app('x')"],
)
@pytest.mark.usefixtures("fake")
def test_target_names_may_hold_anything(run: Any, name: str) -> None:
    ids = collected(run(f"--wsgi-server={name}", "--co", "-q"))
    assert f"wsgi-server[{name}]::one::fails" in ids
    for args, outcome in (
        ((f"wsgi-server[{name}]::one::fails",), {"failed": 1}),
        ((f"wsgi-server[{name}]::one", "-W", "ignore"), {"failed": 1, "passed": 2}),
        ((f"wsgi-server[{name}]::one::holds",), {"passed": 1}),
    ):
        assert run(*args).parseoutcomes() == outcome


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wsgi-app[apps:good]::start-respons", "there is no such section; did you mean start-response?"),
        ("wsgi-app[apps:good]::body::iterable-can-be-iterate", "no such rule; did you mean iterable-can-be-iterated?"),
        ("wsgi-app[apps:gold]", "module 'apps' has no attribute 'gold'; did you mean apps:good?"),
    ],
)
def test_a_node_id_of_nothing_is_a_usage_error(run: Any, text: str, message: str) -> None:
    result = run(text)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_a_target_given_twice_is_judged_once(run: Any) -> None:
    ids = collected(run("--wsgi-app=apps:good", "--wsgi-app=apps:good", "--co", "-q"))
    assert len(ids) == len(set(ids))


def test_the_suite_and_tests_of_ones_own_run_together(run: Any, pytester: pytest.Pytester) -> None:
    pytester.mkdir("tests").joinpath("test_own.py").write_text("def test_it(): pass\n")
    alone = run("--wsgi-app=apps:good", "wsgi-app[apps:good]").parseoutcomes()["passed"]
    for args in (("tests",), ("tests/test_own.py::test_it",)):
        assert run("--wsgi-app=apps:good", *args).parseoutcomes()["passed"] == alone + 1


def test_keyword_and_marker_expressions(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_it(): pass")
    ids = collected(run("--wsgi-app=apps:good", "--co", "-q", "-k", "status and not latin1"))
    assert "wsgi-app[apps:good]::start-response::status-native-string" in ids
    assert not any("latin1" in one for one in ids)
    assert len(collected(run("--wsgi-app=apps:good", "--co", "-q", "-k", "start-response"))) > len(ids)
    assert collected(run("--wsgi-app=apps:good", ".", "--co", "-q", "-m", "not wsgi")) == ["test_own.py::test_it"]
    assert "test_own.py::test_it" not in collected(run("--wsgi-app=apps:good", ".", "--co", "-q", "-m", "wsgi"))


def test_exit_first_and_last_failed_and_stepwise(run: Any) -> None:
    assert run("--wsgi-app=apps:worse", "-x").parseoutcomes()["failed"] == 1
    every = run("--wsgi-app=apps:worse").parseoutcomes()["failed"]
    assert every > 2
    again = run("--wsgi-app=apps:worse", "--lf").parseoutcomes()
    assert (again["failed"], again.get("passed", 0)) == (every, 0)
    assert run("--wsgi-app=apps:worse", "--ff").parseoutcomes()["failed"] == every
    assert run("--wsgi-app=apps:worse", "--sw").parseoutcomes()["failed"] == 1
    assert run("--wsgi-app=apps:worse", "--sw", "--sw-skip").parseoutcomes()["failed"] == 2


def test_quiet_and_verbose(run: Any) -> None:
    verbose = run("--wsgi-app=apps:bad", "-v").stdout.str()
    assert f"{STATUS} FAILED" in verbose
    assert "wsgi-app[apps:bad]::headers::headers-builtin-list PASSED" in verbose
    quiet = run("--wsgi-app=apps:bad", "-q")
    assert quiet.ret == 1
    assert "wsgi: app" not in quiet.stdout.str()


def test_junit_xml_has_a_case_per_rule_with_the_whole_story(run: Any, project: Path) -> None:
    run("--wsgi-app=apps:bad", "--junitxml=junit.xml")
    # pytest before 9.2 puts the whole node id into the name, later ones the last part of it.
    names = ((str(case.get("name")), case) for case in ElementTree.parse(project / "junit.xml").iter("testcase"))
    cases = {name.rpartition("::")[2]: case for name, case in names}
    case = cases["status-native-string"]
    failure = case.find("failure")
    assert failure is not None and failure.text is not None
    assert "start_response got a status of type bytes" in failure.text
    assert "apps.py:15" in failure.text
    assert "to do: Pass the status as a str" in failure.text
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert properties["wsgi.rule"] == "status-native-string"
    assert properties["wsgi.verdict"] == "broken"
    assert "status-str" in str(properties["wsgi.clauses"])
    assert sum(case.find("skipped") is not None for case in cases.values()) > 10


@pytest.mark.parametrize("plugin", ["cacheprovider", "terminal", "junitxml", "warnings", "capture", "xdist", "logging"])
def test_pytest_without_one_of_its_plugins(run: Any, project: Path, plugin: str) -> None:
    result = run("--wsgi-app=apps:bad", "--wsgi-report=json:out.json", "-p", f"no:{plugin}")
    assert result.ret == 1
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert (project / "out.json").exists()


def test_distributed_runs_find_the_same(run: Any, project: Path) -> None:
    for name, args in (("one", ()), ("two", ("-n2",))):
        result = run("--wsgi-app=apps:worse", "--wsgi-app=apps:warned", f"--wsgi-report=json:{name}.json", *args)
        assert result.ret == 1
        result.stdout.fnmatch_lines(["*WSGI conformance: app apps:worse*", "*WSGI conformance: app apps:warned*"])
        result.stdout.fnmatch_lines(["*ConformanceWarning: status-code-below-600:*"])
    one, two = (json.loads((project / f"{name}.json").read_text("utf-8")) for name in ("one", "two"))
    # All that may differ between two equal runs stands there.
    assert one.pop("run")["command"] != two.pop("run")["command"]
    assert json.dumps(one) == json.dumps(two)


def test_targets_of_the_ini_file_wait_for_a_run_without_paths(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nwsgi_app = apps:good\n")
    pytester.makepyfile(test_own="def test_it(): pass")
    assert len(collected(run("--co", "-q"))) > 50
    assert collected(run("--co", "-q", "test_own.py")) == ["test_own.py::test_it"]
    assert collected(run("--co", "-q", "wsgi-app[apps:good]::start-response::status-no-control")) == [
        "wsgi-app[apps:good]::start-response::status-no-control"
    ]


def test_all_markers_are_declared(run: Any) -> None:
    result = run("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.wsgi: *", "@pytest.mark.wsgi_allow(?rule_ids): *"])
    assert run("--wsgi-app=apps:good", "--strict-markers", "-q").ret == 0


def test_the_report_of_a_broken_rule_is_located_at_the_finding(run: Any, pytester: pytest.Pytester) -> None:
    """Annotation plug-ins take the place from the report; the item itself lies where the app is defined."""
    pytester.makeconftest(
        "def pytest_runtest_logreport(report):\n"
        "    if report.failed:\n"
        "        print('\\nPLACE', report.nodeid, *report.location[:2])\n"
    )
    result = run("--wsgi-app=apps:bad", "-s", "-k", "status-native-string")
    source = (pytester.path / "apps.py").read_text().splitlines()
    (line,) = [number for number, text in enumerate(source) if "b'200 OK'" in text or 'b"200 OK"' in text]
    result.stdout.fnmatch_lines([f"PLACE wsgi-app?apps:bad?::start-response::status-native-string apps.py {line}"])


def test_what_an_app_prints_is_shown_without_anything_raw_and_not_endlessly(run: Any, project: Path) -> None:
    (project / "loud.py").write_text(
        "import sys\n\n"
        "def app(environ, start_response):\n"
        "    print('\\x1b[31mred\\x9b\\u202e\\tafter a tab')\n"
        "    print('x' * 50_000, file=sys.stderr)\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [b'x']\n"
    )
    text = run("--wsgi-app=loud:app", "-rA").stdout.str()
    assert "\\x1b[31mred\\x9b\\u202e      after a tab" in text
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "x" * 20_001 not in text


def test_what_an_app_raises_where_nobody_catches_it_is_warned_of_without_anything_raw(
    pytester: pytest.Pytester, project: Path
) -> None:
    (project / "late.py").write_text(
        "class Body(list):\n"
        "    def __del__(self):\n"
        "        raise ValueError('\\x1b[31mred')\n\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return Body([b'x'])\n"
    )
    # Not in this process: the outer run, too, would hear of what nobody catches.
    text = pytester.runpytest_subprocess("--wsgi-app=late:app", "-p", "no:hypothesispytest").stdout.str()
    assert "ValueError: \\x1b[31mred" in text
    assert "\x1b" not in text
