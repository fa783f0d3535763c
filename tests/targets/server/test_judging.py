"""Conforming traffic that a rule once blamed, faults that it must go on seeing, and how a target judges."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any, ClassVar

import pytest

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.wire import Send
from pytest_wsgiconform.probe.app import app_variant
from pytest_wsgiconform.probe.behaviour import BEHAVIOURS
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.model import HELD, Blame, Finding, Level, Verdict
from pytest_wsgiconform.rules.records.server import Call, Connection, Response, Sent, ServerRun, one_connection
from pytest_wsgiconform.rules.records.stimulus_facts import Launch, Wanted
from pytest_wsgiconform.rules.registry import catalogue, choose
from pytest_wsgiconform.rules.server.examples import event, example_call, example_request, example_run, read_event
from pytest_wsgiconform.rules.server.versions import claims_http11, needs_http11
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.server.model import Setting, server_stimuli
from pytest_wsgiconform.targets.server.channel import SideChannel
from pytest_wsgiconform.targets.server.findings import found_inside
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.launchers import MOUNT, find_launcher
from pytest_wsgiconform.targets.server.runner import LINGERED, PATIENCE, Runner
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Connection as BaseConnection
from tests.corpora.servers.base import Server
from tests.corpora.servers.base_response import Responder
from tests.targets.server.judging import judge, messages


def verdict(rule: str, run: ServerRun) -> Any:
    return catalogue()[rule].check(run)


# -- HTTP/1.0


def test_every_clause_of_http11_is_one_that_rules_name() -> None:
    added = {clause.id for clause in clauses().values() if clause.added_by == "HTTP/1.1"}
    assert added
    assert {clause for rule in choose((), ()) for clause in rule.clauses} >= added


@pytest.mark.parametrize(
    ("version", "claims"), [("HTTP/1.1", True), ("HTTP/1.0", False), ("", True), ("HTTP/2.0", True)]
)
def test_version_that_a_server_claims(version: str, claims: bool) -> None:
    assert claims_http11(ServerRun(connections=[Connection(responses=[Response(version=version)])])) is claims


def test_silence_claims_no_less() -> None:
    assert claims_http11(ServerRun())


def test_duties_of_http11_are_not_put_to_a_server_of_http10() -> None:
    run = ServerTarget(find_launcher("wsgiref"), Settings())
    try:
        chunks, line = run.judge(catalogue()["chunks-decoded"]), run.judge(catalogue()["status-line-well-formed"])
    finally:
        run.close()
    assert chunks.verdict is Verdict.NOT_APPLICABLE
    assert "HTTP/1.0" in chunks.reason
    assert line.verdict is Verdict.HELD


def test_a_rule_with_an_older_duty_beside_stays() -> None:
    assert needs_http11(catalogue()["chunks-decoded"])
    assert not needs_http11(catalogue()["app-called-once-per-request"])
    assert not needs_http11(catalogue()["head-without-content"])


# -- the input


def _read(data: bytes, body: bytes) -> ServerRun:
    call = example_call(event("reading", method="read", args=[4096]), read_event("read", data, 4096))
    call.body = data
    return example_run(calls=[call], body=body)


def test_bytes_behind_the_body_are_another_rules_matter() -> None:
    assert verdict("input-body-complete", _read(b"bodyGET / HTTP/1.1\r\n", b"body")) == HELD


@pytest.mark.parametrize("data", [b"bod", b"", b"Body", b"xbody", b"body"[::-1]])
def test_a_body_that_is_not_whole_is_seen(data: bytes) -> None:
    assert len(verdict("input-body-complete", _read(data, b"body"))) == 1


# -- text beyond Latin-1


def test_a_head_cut_short_by_the_error_is_no_mangled_text() -> None:
    response = Response(deviations=[("head-incomplete", "the bytes end inside the head")], complete=False)
    assert verdict("wide-text-refused", example_run(response, calls=[example_call(event("start", raised=""))])) == HELD


@pytest.mark.parametrize("text", ["\xe2\x82\xac", "?", "&#8364;"])
def test_mangled_text_is_seen(text: str) -> None:
    run = example_run(Response(headers=[("X-Wide", text)]), calls=[example_call(event("start", raised=""))])
    assert len(verdict("wide-text-refused", run)) == 1


# -- both framings


def _both(body: bytes, *labels: str) -> ServerRun:
    sent = b"POST /probe/echo/00000000.first HTTP/1.1\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n"
    calls = [Call("first", body=body), *(Call(label) for label in labels)]
    run = one_connection(sent, Response(200), calls=calls, stimulus="cl-te:planted")
    run.wanted = Wanted(decoded=b"")
    return run


def test_what_ran_by_the_chunks_is_not_called_a_part_of_the_body() -> None:
    [fault] = verdict("length-before-chunked-overridden", _both(b"", "planted"))
    assert "stayed open" in fault.message
    assert fault.expected == "closed"


def test_what_ran_out_of_a_body_is_called_so() -> None:
    [fault] = verdict("length-before-chunked-overridden", _both(b"0\r\n\r\n", "planted"))
    assert fault.message == "bytes of the body ran as a request of their own"


def test_closing_after_both_framings_is_right() -> None:
    assert verdict("length-before-chunked-overridden", _both(b"")) == HELD


# -- messages


def test_unreadable_status_is_not_called_zero() -> None:
    run = example_run(Response(0, deviations=[("status-line", "b'HTTP/1.1 None'")]), calls=[example_call()])
    run.stimulus = "failure:never-starts"
    [fault] = verdict("app-failure-gets-5xx", run)
    assert fault.message == "the client got no status code although the app failed"


# -- below a mount point


def _mounted(script_name: str, path_info: str, mount: str = "/mount") -> ServerRun:
    sent = b"GET /mount/probe/echo/00000000.first/a%20b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"
    calls = [example_call(SCRIPT_NAME=script_name, PATH_INFO=path_info)]
    return example_run(sent=sent, calls=calls, mount=mount)


def test_mount_point_in_its_place() -> None:
    assert verdict("script-name-is-mount-point", _mounted("/mount", "/probe/echo/00000000.first/a b")) == HELD


@pytest.mark.parametrize(
    ("script_name", "path_info"),
    [
        ("", "/mount/probe/echo/00000000.first/a b"),
        ("/mount", "/mount/probe/echo/00000000.first/a b"),
        ("/mount/", "probe/echo/00000000.first/a b"),
        ("", "/probe/echo/00000000.first/a b"),
        ("/mount/probe", "/echo/00000000.first/a b"),
    ],
)
def test_mount_point_in_a_wrong_place(script_name: str, path_info: str) -> None:
    assert len(verdict("script-name-is-mount-point", _mounted(script_name, path_info))) == 1


def test_root_mount_says_nothing() -> None:
    assert verdict("script-name-is-mount-point", _mounted("", "/x", mount="")) is None


def test_dots_out_of_the_mount_are_seen_in_any_call() -> None:
    calls = [Call("first", {"SCRIPT_NAME": "/mount"}), Call("first", {"SCRIPT_NAME": ""})]
    run = one_connection(b"GET /mount/.. HTTP/1.1\r\n\r\n", Response(200), calls=calls, stimulus="path-dots:mounted")
    run.mount = "/mount"
    assert len(verdict("dot-segments-stay-in-mount", run)) == 1
    run.calls = calls[:1]
    assert verdict("dot-segments-stay-in-mount", run) == HELD


def test_a_real_server_is_tried_below_a_mount_point() -> None:
    pytest.importorskip("waitress")
    run = ServerTarget(find_launcher("waitress"), Settings())
    try:
        results = [
            run.judge(catalogue()[name]) for name in ("script-name-is-mount-point", "dot-segments-stay-in-mount")
        ]
    finally:
        run.close()
    assert [result.verdict for result in results] == [Verdict.HELD, Verdict.HELD]
    assert run.runs["env:mounted"].mount == MOUNT


def test_a_server_without_mount_points_is_not_tried_there() -> None:
    assert judge(Server, "script-name-is-mount-point")["script-name-is-mount-point"].verdict is Verdict.NOT_EXERCISED


# -- a server that waits for its client


class Lingering(BaseConnection):
    """Says that it closes, and leaves that to the client."""

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass
        super().hang_up()


class Waiting(Server):
    connection_class = Lingering


def _lingering_runs(patient: bool) -> list[ServerRun]:
    served = InProcess("lingering", Waiting).start("x:app", "", 5.0)
    runner = Runner("lingering", None, timeout=10.0, patience=0.5)
    try:
        return [runner.play(server_stimuli()["env:minimal"], served, patient=patient) for _ in range(LINGERED + 1)]
    finally:
        served.stop()


def test_waiting_for_a_server_that_lingers_is_cut_short() -> None:
    runs = _lingering_runs(patient=False)
    assert [run.connection.ended for run in runs] == ["eof-late"] * (LINGERED + 1)
    assert [run.noted.hasty for run in runs] == [False] * LINGERED + [True]
    assert all(run.finals[0].complete for run in runs)


def test_a_patient_record_is_never_a_hasty_one() -> None:
    assert not any(run.noted.hasty for run in _lingering_runs(patient=True))


def test_a_fault_of_a_hasty_record_that_does_not_come_again_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look at each stimulus is spoilt; what the second shows counts."""
    rule = "date-supplied"
    target = ServerTarget(InProcess("base", Server), Settings(select=(rule,)))
    play = target.player.runner.play

    def spoilt(stimulus: Any, served: Any, *, patient: bool = False) -> ServerRun:
        run = play(stimulus, served, patient=patient)
        if not patient and stimulus.id != "basic:get":
            run.noted.hasty = True
            for response in run.finals:
                response.headers = [pair for pair in response.headers if pair[0] != "Date"]
        return run

    monkeypatch.setattr(target.player.runner, "play", spoilt)
    try:
        assert target.judge(catalogue()[rule]).verdict is Verdict.HELD
    finally:
        target.close()


@pytest.mark.parametrize(
    ("spoilt", "verdict"),
    [({1}, Verdict.INCONCLUSIVE), ({1, 2}, Verdict.BROKEN), ({1, 3}, Verdict.BROKEN), ({2, 3}, Verdict.HELD)],
)
def test_what_is_seen_twice_of_three_times_is_seen(
    monkeypatch: pytest.MonkeyPatch, spoilt: set[int], verdict: Verdict
) -> None:
    """A server may race with itself; what shows once only is no fault yet."""
    rule, played = "date-supplied", Counter[str]()
    target = ServerTarget(InProcess("base", Server), Settings(select=(rule,)))
    play = target.player.runner.play

    def now_and_then(stimulus: Any, served: Any, *, patient: bool = False) -> ServerRun:
        run = play(stimulus, served, patient=patient)
        played[stimulus.id] += 1
        if stimulus.id != "basic:get" and played[stimulus.id] in spoilt:
            for response in run.finals:
                response.headers = [pair for pair in response.headers if pair[0] != "Date"]
        return run

    monkeypatch.setattr(target.player.runner, "play", now_and_then)
    try:
        assert target.judge(catalogue()[rule]).verdict is verdict
    finally:
        target.close()


# -- a chunked body that ends early


def test_a_body_with_its_last_chunk_is_not_sent_as_an_incomplete_one() -> None:
    """RFC 9112 section 8: a chunked body is incomplete when the zero-sized chunk has not come."""
    setting = Setting("127.0.0.1:8000")
    incomplete = [item for name, item in server_stimuli().items() if name.startswith("chunk-incomplete:")]
    assert incomplete
    for item in incomplete:
        sent = b"".join(step.data for step in item.scripts(setting)[0].steps if isinstance(step, Send))
        assert b"\r\n0\r\n" not in sent, item.id


# -- an app that reads more than it may


def _drained(*headers: tuple[str, str], body: bytes = b"GET /next", terminated: bool | None = None) -> ServerRun:
    environ = {} if terminated is None else {"wsgi.input_terminated": terminated}
    calls = [Call("first", environ, body=body, behaviour="drain")]
    sent = b"GET /probe/drain/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    response = Response(200, [("X-Wsgiconform", "00000000.first"), *headers])
    return one_connection(sent, response, calls=calls, stimulus="no-framing-drained:get")


def test_foreign_bytes_that_the_server_did_not_offer_are_the_should_rules_matter() -> None:
    assert verdict("no-framing-means-no-body", _drained(("Connection", "close"))) is None
    assert verdict("no-framing-means-no-body", _drained(("Connection", "keep-alive"))) is None


def test_a_request_offered_as_a_body_is_seen() -> None:
    assert len(verdict("no-framing-means-no-body", _drained(terminated=True))) == 1
    assert len(verdict("no-framing-means-no-body", _drained(("Connection", "close"), terminated=True))) == 1


def _no_framing(*calls: str, ended: str = "eof-late") -> ServerRun:
    sent = b"POST /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    response = Response(200, [("X-Wsgiconform", "00000000.first")])
    return one_connection(
        sent, response, ended=ended, calls=[Call(label) for label in calls], stimulus="no-framing:post"
    )


def test_a_request_lost_behind_one_without_framing_is_seen() -> None:
    assert len(verdict("no-framing-means-no-body", _no_framing("first", "plain", "behind-plain"))) == 1
    assert verdict("no-framing-means-no-body", _no_framing("first", "next", "plain", "behind-plain")) == HELD


def test_a_server_that_serves_no_request_behind_another_is_not_blamed_for_framing() -> None:
    assert verdict("no-framing-means-no-body", _no_framing("first", "plain")) is None
    assert verdict("no-framing-means-no-body", _drained(("Connection", "close"), body=b"")) == HELD


def test_bytes_behind_an_expected_body_are_another_rules_matter() -> None:
    call = example_call()
    call.body = b"helloGET / HTTP/1.1"
    assert verdict("expect-continue-supported", example_run(Response(200), calls=[call])) == HELD
    for body in (b"hell", b"Hello", b""):
        call.body = body
        assert len(verdict("expect-continue-supported", example_run(Response(200), calls=[call]))) == 1


def test_the_answer_to_another_request_is_not_taken_for_mangled_text() -> None:
    response = Response(headers=[("X-Wsgiconform", "00000000.next")])
    assert verdict("wide-text-refused", example_run(response, calls=[example_call(event("start", raised=""))])) == HELD


# -- write() that isn't there


@pytest.mark.parametrize(
    ("rule", "stimulus", "body", "wanted"),
    [
        ("invented-length-is-right", "write:one-item", b"de", b"abcde"),
        ("written-like-yielded", "write:order", b"y1,y2", b"w1,w2,w3,y1,y2"),
    ],
)
def test_data_that_no_write_took_is_told_once(rule: str, stimulus: str, body: bytes, wanted: bytes) -> None:
    for raised, arrived, expected in (("TypeError: None", body, None), ("", body, 1), ("", wanted, 0)):
        call = example_call(event("write", size=3, raised=raised))
        run = example_run(Response(headers=[("Content-Length", str(len(arrived)))], body=arrived), calls=[call])
        run.stimulus = stimulus
        outcome = verdict(rule, run)
        assert (outcome if outcome is None else len(outcome)) == expected


# -- the probe


@pytest.mark.parametrize(
    "name", [n for n in BEHAVIOURS if n.startswith(("bad-headers", "bad-value", "bad-name", "hop-"))]
)
def test_every_call_of_the_probe_gets_a_list_of_its_own(name: str) -> None:
    """A server may change the list (PEP 3333, "The start_response() Callable"): no other call may see that."""
    seen = []

    def start_response(status: Any, headers: Any, exc_info: Any = None) -> Any:
        seen.append(list(headers))
        if type(headers) is list:
            headers.append(("Connection", "close"))
        return lambda data: None

    for _ in range(2):
        list(app_variant("app", "")(build_environ(f"/probe/{name}/00000000.first"), start_response))
    assert seen[0] == seen[1]


# -- a server that never ends its calls


class Forgetful(Responder):
    """Leaves every iterable open, and keeps it, so that nobody else ends it either."""

    kept: ClassVar[list[Any]] = []

    def close(self) -> None:
        self.kept.append(self.result)


def test_waiting_for_calls_that_never_end_is_cut_short() -> None:
    class Open(Server):
        responder_class = Forgetful

    channel = SideChannel()
    try:
        served = InProcess("open", Open).start("x:app", channel.address, 5.0)
        try:
            runner = Runner("open", channel, timeout=10.0, patience=0.3)
            generator = server_stimuli()["body:generator"]
            runs = [runner.play(generator, served) for _ in range(PATIENCE + 1)]
            assert [run.noted.hasty for run in runs] == [False] * PATIENCE + [True]
            assert not runner.play(generator, served, patient=True).noted.hasty
        finally:
            served.stop()
    finally:
        channel.close()


# -- behind a gateway


def _warming_up(requests: int) -> Any:
    """Return a maker of servers that answer some *requests* with 503 before they pass any on to the app."""
    left = [requests]

    def make(app: Any) -> Server:
        def gateway(environ: Any, start_response: Any) -> Any:
            if left[0] > 0:
                left[0] -= 1
                start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Content-Length", "0")])
                return []
            return app(environ, start_response)

        return Server(gateway)

    return make


def test_a_gateway_may_listen_before_the_server_behind_it() -> None:
    run = ServerTarget(InProcess("gateway", _warming_up(7)), Settings())
    try:
        assert run.judge(catalogue()["server-answers"]).verdict is Verdict.HELD
        assert run.judge(catalogue()["status-sent-verbatim"]).verdict is Verdict.HELD
    finally:
        run.close()


def test_a_gateway_with_nothing_behind_it_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_wsgiconform.targets.server.lifecycle.START_LIMIT", 0.5)
    run = ServerTarget(InProcess("gateway", _warming_up(10**9)), Settings(timeout=0.5))
    try:
        assert run.judge(catalogue()["server-answers"]).verdict is Verdict.BROKEN
    finally:
        run.close()


# -- a server that never answers


def test_a_silent_server_is_told_once_and_a_death_always() -> None:
    silent = example_run(ended="open", alive=False)
    silent.launch = Launch(first=True)
    assert len(verdict("server-answers", silent)) == 1
    assert verdict("server-survives", silent) is None
    silent.noted.ended = "was killed by signal 11"
    assert len(verdict("server-survives", silent)) == 1


# -- the bytes that a finding shows


def test_a_finding_of_the_validator_inside_shows_the_request_of_its_call() -> None:
    """A stimulus has several connections; the one at fault need not be the first."""
    rule = catalogue()["environ-text-latin1"]
    found = Finding(rule.id, rule.level, Blame.SERVER, rule.clauses, "wide text").to_dict()
    judged = event("judged", exercised={rule.id: 1}, findings=[found])
    run = example_run(calls=[example_call(), example_call(judged, label="second")], sent=example_request())
    run.connections.append(Connection(sent=[Sent(example_request("second", "/x"))]))
    run.token = "00000000"
    assert found_inside(rule, run, run.calls[0]) == (0, [])
    times, findings = found_inside(rule, run, run.calls[1])
    assert times == 1
    assert [finding.request["path"] for finding in findings] == ["/probe/echo/TOKEN.second/x"]
    assert findings[0].evidence["sent"].startswith("GET /probe/echo/00000000.second/x")


@pytest.mark.parametrize(
    ("sent", "headers", "over"),
    [
        (example_request("first", "", "Connection: close"), (), True),
        (example_request("first"), (("Connection", "close"),), True),
        (example_request("first"), (), False),
        (example_request("first") + example_request("next", "", "Connection: close"), (), False),  # one is to come
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", (), False),  # nothing tells whose answer it is
        (b"", (), False),
    ],
)
def test_when_a_connection_is_over(sent: bytes, headers: tuple[tuple[str, str], ...], over: bool) -> None:
    response = Response(200, [("X-Wsgiconform", "00000000.first"), *headers])
    assert one_connection(sent, response).connection.is_over is over
    response.complete = False
    assert not one_connection(sent, response).connection.is_over


# -- inside foreign servers


def test_the_probe_sets_no_profile_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """In threads that Python didn't start, CPython 3.11 may never come out of a profiled function."""
    hooks: list[Any] = []
    monkeypatch.setattr("sys.setprofile", hooks.append)
    started: list[str] = []
    app = app_variant("app", "")
    result = app(build_environ("/probe/echo/00000000.first"), lambda *args: started.append(args[0]))
    assert b"".join(result) == b"ok 00000000.first\n"
    assert started == ["200 OK"]
    assert hooks == []


# -- without the side channel


def test_the_base_breaks_nothing_where_nobody_sees_what_reached_the_app() -> None:
    """As a server behind a URL: what needs the other side is not exercised, whatever came back."""
    target = ServerTarget(InProcess("base", Server, reports=False), Settings(timeout=8.0), patience=0.4)
    try:
        results = [target.judge(rule) for rule in target.rules()]
    finally:
        target.close()
    levels = {rule.id: rule.level for rule in target.rules()}
    broken = {r.rule: messages(r) for r in results if r.verdict is Verdict.BROKEN}
    assert {rule: told for rule, told in broken.items() if levels[rule] is not Level.ADVICE} == {}
    verdicts = {result.rule: result.verdict for result in results}
    for rule in ("incomplete-body-told", "incomplete-chunked-body-told", "valid-length-honoured", "chunks-decoded"):
        assert verdicts[rule] is Verdict.NOT_EXERCISED
    assert sum(verdict is Verdict.HELD for verdict in verdicts.values()) > 60
