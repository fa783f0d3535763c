"""Several servers side by side: the table, and what differs between them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report.document import Record
from pytest_wsgiconform.report.matrix import difference_lines, table, table_lines, write_matrix
from pytest_wsgiconform.rules.model import Level, Verdict
from pytest_wsgiconform.rules.records.server import Call, Connection, Received, Response, ServerRun


def record(target: str, section: str, verdict: str, order: int, kind: str = "server") -> Record:
    return Record(Target(kind, target), f"rule-{order}", Verdict(verdict), Level.ERROR, section, order)


RECORDS = [
    record("beta", "url", "held", 3),
    record("alpha", "url", "broken", 2),
    record("alpha", "environ", "held", 0),
    record("alpha", "environ", "held", 1),
    record("beta", "environ", "not-exercised", 1),
    record("alpha", "url", "inconclusive", 4),
    record("pkg:app", "url", "held", 5, kind="app"),
]


def test_table_counts_what_was_judged() -> None:
    assert table(RECORDS) == [["rules", "alpha", "beta"], ["environ", "2/2", "-"], ["url", "0/1", "1/1"]]


def test_table_lines_are_aligned() -> None:
    assert table_lines(RECORDS) == ["rules    alpha  beta", "environ  2/2    -", "url      0/1    1/1"]


def test_names_cannot_command_the_terminal() -> None:
    rows = table([record("evil\x1b[2J", "url", "held", 0)])
    assert "\x1b" not in rows[0][1]


def run(server: str, token: str, host: str, **changes: Any) -> ServerRun:
    """One request and its answer, as *server* made of them. *changes*: variables of environ."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/probe/echo/{token}.first",
        "SERVER_PORT": host.partition(":")[2],
        "HTTP_HOST": host,
        "HTTP_REFERER": f"http://{host}/",
        "wsgi.multithread": True,
        "PATH": "/usr/bin",
        "own.key": server,
        **changes,
    }
    body = f"ok {token}.first\n".encode()
    headers = [("Date", f"now on {server}"), ("Server", server), ("Content-Length", "18")]
    connection = Connection(received=[Received(body)], responses=[Response(headers=headers, body=body)])
    return ServerRun("env:plain", server, [connection], [Call("first", environ, token=token)], token=token, host=host)


def test_what_belongs_to_one_run_is_no_difference() -> None:
    alpha = run("alpha", "aaaaaaaa", "127.0.0.1:8001")
    beta = run("beta", "bbbbbbbb", "127.0.0.1:8002")
    assert list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {"env:plain": beta}})) == []


def test_differing_environ_is_told_per_server() -> None:
    alpha = run("alpha", "aaaaaaaa", "127.0.0.1:8001", HTTP_ACCEPT="a,b")
    beta = run("beta", "bbbbbbbb", "127.0.0.1:8002", HTTP_ACCEPT="a, b")
    lines = list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {"env:plain": beta}}))
    assert lines == ["env:plain  environ of first: HTTP_ACCEPT", "    alpha: 'a,b'", "    beta: 'a, b'"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: setattr(r, "status", 404), "response 1.1: status"),
        (lambda r: r.headers.append(("X-More", "1")), "response 1.1: fields"),
        (lambda r: setattr(r, "body", b"other"), "response 1.1: body"),
    ],
)
def test_differing_bytes_are_told(change: Any, told: str) -> None:
    alpha = run("alpha", "aaaaaaaa", "127.0.0.1:8001")
    beta = run("beta", "bbbbbbbb", "127.0.0.1:8002")
    change(beta.connection.responses[0])
    lines = list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {"env:plain": beta}}))
    assert lines[0] == f"env:plain  {told}"
    assert len(lines) == 3


def test_connection_end_and_missing_answer_are_told() -> None:
    alpha = run("alpha", "aaaaaaaa", "127.0.0.1:8001")
    beta = run("beta", "bbbbbbbb", "127.0.0.1:8002")
    beta.connections[0].responses, beta.connections[0].ended = [], "reset"
    lines = list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {"env:plain": beta}}))
    assert "    beta: (absent)" in lines
    assert lines[-3:] == ["env:plain  connection 1 ended", "    alpha: eof", "    beta: reset"]


def test_what_differs_everywhere_is_told_once() -> None:
    made = {name: run(name, "", "", **{"wsgi.multithread": name == "alpha"}) for name in ("alpha", "beta")}
    runs = {name: {f"env:{number}": record for number in range(5)} for name, record in made.items()}
    differing = [line for line in difference_lines(runs) if "multithread" in line]
    assert differing == ["in 5 of 5 stimuli  environ: wsgi.multithread"]


def test_of_a_call_that_one_server_did_not_make_nothing_else_is_told() -> None:
    alpha, beta = run("alpha", "", "", HTTP_X="a"), run("beta", "", "", HTTP_X="b")
    beta.calls = []
    beta.connections = alpha.connections
    lines = list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {"env:plain": beta}}))
    assert lines == ["env:plain  the app for the request first", "    alpha: called", "    beta: not called"]


def test_only_shared_stimuli_are_compared() -> None:
    alpha = run("alpha", "aaaaaaaa", "127.0.0.1:8001")
    assert list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {}})) == []


def test_process_environment_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@proxy/")
    alpha = run("alpha", "aaaaaaaa", "127.0.0.1:8001", TOKEN="secret", HTTP_PROXY="http://user:secret@proxy/")
    beta = run("beta", "bbbbbbbb", "127.0.0.1:8002")
    assert list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {"env:plain": beta}})) == []


def test_values_that_are_no_text_are_compared_too() -> None:
    alpha = run("alpha", "", "", **{"wsgi.version": [1, 0], "HTTP_X": ("aaaa",)})
    beta = run("beta", "", "", **{"wsgi.version": [1, 1], "HTTP_X": ("aaaa",)})
    alpha.connections[0].responses[0].body = beta.connections[0].responses[0].body
    lines = list(difference_lines({"alpha": {"env:plain": alpha}, "beta": {"env:plain": beta}}))
    assert lines == ["env:plain  environ of first: wsgi.version", "    alpha: [1, 0]", "    beta: [1, 1]"]


class Reporter:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_sep(self, sep: str, title: str) -> None:
        self.lines.append(f"{sep} {title}")

    def write_line(self, line: str) -> None:
        self.lines.append(line)


class Server:
    def __init__(self, name: str, runs: dict[str, ServerRun]) -> None:
        self.name, self.runs = name, runs


def test_differences_are_written_for_two_servers_only() -> None:
    alpha = Server("alpha", {"env:plain": run("alpha", "aaaaaaaa", "127.0.0.1:8001", HTTP_X="1")})
    beta = Server("beta", {"env:plain": run("beta", "bbbbbbbb", "127.0.0.1:8002", HTTP_X="2")})
    reporter = Reporter()
    write_matrix(reporter, RECORDS, [alpha])
    assert reporter.lines == ["= WSGI servers", *table_lines(RECORDS)]
    reporter = Reporter()
    write_matrix(reporter, RECORDS, [alpha, beta])
    assert reporter.lines[-4:] == [
        "- differences",
        "env:plain  environ of first: HTTP_X",
        "    alpha: '1'",
        "    beta: '2'",
    ]
