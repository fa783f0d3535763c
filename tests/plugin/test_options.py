"""Options: command line before ini file, every key in both, in ini and in TOML form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.naming import NodeId, Target, parse_node_id
from pytest_wsgiconform.plugin import options, run_settings
from pytest_wsgiconform.settings import DEFAULT_TIMEOUT

CONTRACT = (
    "app", "middleware", "server", "url", "path", "select", "ignore", "strict", "fuzz", "timeout", "isolate", "report",
    "baseline", "write-baseline", "repro", "layers", "crawl", "cov", "diff", "rules",
)  # fmt: skip


def test_every_option_of_the_contract_is_there_with_its_help_and_its_ini_key(run: Any) -> None:
    text = run("--help").stdout.str()
    for name in CONTRACT:
        assert f"--wsgi-{name}" in text
        assert f"wsgi_{name.replace('-', '_')} (" in text
    assert set(CONTRACT) <= {option.name for option in options.OPTIONS}
    assert "WSGI conformance:" in text


INI = """
wsgi_path =
    /one
    /two?x=1
wsgi_select = status-*, header-*
wsgi_ignore =
    status-latin1
    header-name-*
wsgi_strict = true
wsgi_fuzz = 5
wsgi_timeout = 2.5
wsgi_isolate = yes
wsgi_layers = on
wsgi_crawl = 7
wsgi_cov = 1
wsgi_diff = true
"""

TOML = """
wsgi_path = ["/one", "/two?x=1"]
wsgi_select = ["status-*, header-*"]
wsgi_ignore = ["status-latin1", "header-name-*"]
wsgi_strict = true
wsgi_fuzz = 5
wsgi_timeout = 2.5
wsgi_isolate = true
wsgi_layers = true
wsgi_crawl = 7
wsgi_cov = true
wsgi_diff = true
"""


def config_of(pytester: pytest.Pytester, *args: str) -> pytest.Config:
    return pytester.parseconfig("-p", "no:hypothesispytest", *args)


@pytest.mark.parametrize("form", ["ini", "legacy-toml", "toml"])
def test_the_ini_file_sets_everything(pytester: pytest.Pytester, form: str) -> None:
    if form == "ini":
        pytester.makeini(f"[pytest]\n{INI}")
    elif form == "legacy-toml":
        strings = TOML.replace("= 5", "= '5'").replace("= 2.5", "= '2.5'").replace("= 7", "= '7'")
        pytester.makepyprojecttoml(f"[tool.pytest.ini_options]\n{strings}")
    elif pytest.version_tuple < (9,):
        pytest.skip("pytest 9 was the first to read typed TOML")
    else:
        pytester.makepyprojecttoml(f"[tool.pytest]\n{TOML}")
    found = run_settings.settings(config_of(pytester))
    assert found.paths == ("/one", "/two?x=1")
    assert found.select == ("status-*", "header-*")
    assert found.ignore == ("status-latin1", "header-name-*")
    assert (found.strict, found.isolate, found.layers, found.cov, found.diff) == (True,) * 5
    assert (found.fuzz, found.timeout, found.crawl) == (5, 2.5, 7)
    assert (found.rootdir, found.cwd) == (str(pytester.path),) * 2


def test_the_command_line_replaces_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"[pytest]\n{INI}\nwsgi_app = a:b\n")
    config = config_of(
        pytester, "--wsgi-path=/three", "--wsgi-fuzz=0", "--wsgi-timeout=1", "--wsgi-app=c:d", "--wsgi-app=e:f"
    )
    found = run_settings.settings(config)
    assert (found.paths, found.fuzz, found.timeout) == (("/three",), 0, 1.0)
    assert options.targets(config) == [Target("app", "c:d"), Target("app", "e:f")]


def test_nothing_given_means_the_defaults(pytester: pytest.Pytester) -> None:
    config = config_of(pytester)
    found = run_settings.settings(config)
    assert (found.paths, found.select, found.ignore, found.fuzz, found.crawl) == ((), (), (), 0, 0)
    assert found.timeout == DEFAULT_TIMEOUT
    assert not any((found.strict, found.isolate, found.layers, found.cov, found.diff))
    assert not options.active(config)
    assert options.targets(config) == options.reports(config) == []


def test_every_option_makes_the_plugin_active(pytester: pytest.Pytester) -> None:
    for option in options.OPTIONS:
        value = [] if option.how.get("action") == "store_true" else ["3" if "type" in option.how else "x"]
        config = config_of(pytester, "=".join([option.flag, *value]))
        assert options.active(config) is (option.name not in options.MODIFIERS), option.flag
    assert options.active(config_of(pytester, "wsgi-app[a:b]"))


def test_targets_come_in_order_of_kind_and_each_once(pytester: pytest.Pytester) -> None:
    config = config_of(
        pytester, "--wsgi-url=http://x/", "--wsgi-server=gunicorn", "--wsgi-app=a:b", "--wsgi-middleware=m:f",
        "--wsgi-app=a:b",
    )  # fmt: skip
    found = options.targets(config)
    assert [target.nodeid for target in found] == [
        "wsgi-app[a:b]",
        "wsgi-middleware[m:f]",
        "wsgi-server[gunicorn]",
        "wsgi-server[http://x/]",
    ]
    assert [target.option for target in found] == [
        "--wsgi-app=a:b",
        "--wsgi-middleware=m:f",
        "--wsgi-server=gunicorn",
        "--wsgi-url=http://x/",
    ]


def test_relative_paths_belong_to_whoever_gave_them(pytester: pytest.Pytester, monkeypatch: Any) -> None:
    pytester.makeini("[pytest]\nwsgi_report = json:ini.json\n")
    below: Path = pytester.mkdir("below")
    monkeypatch.chdir(below)
    assert options.reports(config_of(pytester)) == [("json", pytester.path / "ini.json")]
    assert options.reports(config_of(pytester, "--wsgi-report=json:own.json")) == [("json", below / "own.json")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wsgi-app[a:b]", NodeId(Target("app", "a:b"), None, None)),
        ("wsgi-app[a:b]::call", NodeId(Target("app", "a:b"), "call", None)),
        ("wsgi-app[a:b]::call::x-y", NodeId(Target("app", "a:b"), "call", "x-y")),
        ("wsgi-server[x [::1]::y]::call", NodeId(Target("server", "x [::1]::y"), "call", None)),
        ("wsgi-app[]", None),
        ("wsgi-app[a:b", None),
        ("wsgi-app[a:b]::call::x::y", None),
        ("wsgi-thing[a:b]", None),
        ("tests/wsgi-app[a:b]", None),
    ],
)
def test_node_ids_are_told_from_paths(text: str, expected: NodeId | None) -> None:
    assert parse_node_id(text) == expected
