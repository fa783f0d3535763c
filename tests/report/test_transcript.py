"""Examples as people read them: a run written by hand becomes a transcript that holds all that it says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.observe.wire import AwaitInterim, Close, HalfClose, Pause, Reset, Script, Send
from pytest_wsgiconform.report.html_wire import unescape
from pytest_wsgiconform.report.probe_events import event_lines
from pytest_wsgiconform.report.transcript import app_transcript, example, hand_written_run, server_transcript
from pytest_wsgiconform.report.wire_text import SHOWN, marked, script_lines
from pytest_wsgiconform.rules.model import Blame, Rule
from pytest_wsgiconform.rules.records.app import AppRun, ErrorRecord, ExchangeRecord
from pytest_wsgiconform.rules.records.server import ENDS, Call, Connection, Received, Response, Sent, ServerRun
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.server.model import Setting, chosen

SERVER = [rule for rule in catalogue().values() if rule.side is Blame.SERVER and not rule.on]
SENT = re.compile(r"^  > ?", re.MULTILINE)
LEFT_OUT = re.compile(r"  \* (\d+) more bytes")


def block(text: str, title: str) -> list[str]:
    """Return the lines of all blocks called *title*, those of several connections one after the other."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith(" "):
            inside = re.fullmatch(rf"{title}( \(connection \d+\))?:", line) is not None
        elif inside:
            lines.append(line)
    return lines


def shown_bytes(lines: list[str], mark: str) -> Iterator[bytes]:
    """Yield the bytes that *lines* show, in pieces between which some are left out."""
    piece = b""
    for line in lines:
        if LEFT_OUT.fullmatch(line):
            yield piece
            piece = b""
        elif line.startswith(f"  {mark} "):
            piece += unescape(line[4:])
    yield piece


def sent_by(rule: Rule, run: ServerRun, text: str) -> bytes:
    """Return what the example sends: its own bytes, else those of the stimulus that the transcript names."""
    own = b"".join(connection.bytes_sent for connection in run.connections)
    named = re.search(r"as the stimulus (\S+) does", text)
    if named is None:
        return own
    assert own == b"", "a stimulus stands for what the example sends itself"
    (stimulus,) = (one for one in chosen(rule.stimuli) if one.id == named[1])
    scripts = stimulus.scripts(Setting("127.0.0.1:8000"))[: len(run.connections)]
    return b"".join(step.data for script in scripts for step in script.steps if isinstance(step, Send))


def helpers(example: Any) -> set[str]:
    """Return the names of the functions and classes that the source of *example* uses."""
    code = inspect.unwrap(example).__code__
    found = {name for name in code.co_names if callable(example.__globals__.get(name))}
    return found | {"one_connection", "example_run", "ServerRun", "AppRun", "ExchangeRecord"}


@pytest.mark.parametrize("which", ["bad", "good"])
@pytest.mark.parametrize("rule", SERVER, ids=lambda rule: rule.id)
def test_an_example_of_a_server_rule_is_a_transcript(rule: Rule, which: str) -> None:
    run = hand_written_run(rule, which)
    assert isinstance(run, ServerRun)
    shown = example(rule, which)
    assert (shown.language, shown.title) == ("text", f"A server that {'breaks' if which == 'bad' else 'keeps'} it")
    assert all(line.isprintable() for line in shown.text.split("\n"))
    used = helpers(rule.bad_example if which == "bad" else rule.good_example)
    assert [name for name in used if f"{name}(" in shown.text] == []

    sent = sent_by(rule, run, shown.text)
    first, *rest = shown_bytes(block(shown.text, "sent"), ">")
    counts = [int(match[1]) for line in block(shown.text, "sent") if (match := LEFT_OUT.fullmatch(line))]
    assert len(first) + sum(map(len, rest)) + sum(counts) == len(sent) > 0
    assert sent.startswith(first) and sent.endswith(rest[-1] if rest else first)

    answered = b"".join(shown_bytes(block(shown.text, "the server answered"), "<"))
    for connection in run.connections:
        for piece in connection.received:
            assert piece.data in answered
        for response in connection.responses if not connection.received else ():
            assert f"{response.version} {response.status} ".encode() in answered
            assert all(f"{name}: {value}\r\n".encode("latin-1") in answered for name, value in response.headers)
            assert len(response.body) > SHOWN or response.body in answered

    seen = block(shown.text, "the app saw")
    assert sum(line.startswith("  * call ") for line in seen) == len(run.calls)
    for call in run.calls:
        assert all(any(line.startswith(f"      {name} = ") for line in seen) for name in call.environ)


@pytest.mark.parametrize("rule", catalogue().values(), ids=lambda rule: rule.id)
def test_bad_and_good_examples_look_different(rule: Rule) -> None:
    bad, good = example(rule, "bad"), example(rule, "good")
    assert bad.text != good.text
    assert bad.language == good.language


@pytest.mark.parametrize("rule", [r for r in catalogue().values() if r not in SERVER], ids=lambda rule: rule.id)
def test_a_program_is_shown_as_its_source_and_a_run_is_not(rule: Rule) -> None:
    for which, made in (("bad", rule.bad_example), ("good", rule.good_example)):
        shown, run = example(rule, which), hand_written_run(rule, which)
        assert made is not None
        if run is None:
            assert (shown.language, shown.text) == ("python", rule.example_source(which))
        else:
            assert isinstance(run, AppRun) and shown.language == "text"
            assert [name for name in helpers(made) if f"{name}(" in shown.text] == []


@given(st.binary(max_size=3 * SHOWN))
def test_all_bytes_are_shown_or_counted(data: bytes) -> None:
    lines = [f"  {line}" for line in marked(">", data)]
    assert all(line.isascii() and line.isprintable() for line in lines)
    first, *rest = shown_bytes(lines, ">")
    if len(data) <= SHOWN:
        assert (first, rest) == (data, [])
    else:
        (last,) = rest
        assert data.startswith(first) and data.endswith(last)
        assert f"  * {len(data) - len(first) - len(last)} more bytes" in lines


# -- what only a run that was really played has


@pytest.mark.parametrize("ended", ENDS)
def test_each_end_of_a_connection_has_its_sentence(ended: str) -> None:
    (last,) = block(
        "\n".join(server_transcript(ServerRun(connections=[Connection(ended=ended)]))), "the server answered"
    )[-1:]
    assert last.startswith("  * ") and last != f"  * {ended}"


def test_what_the_client_did_beside_sending_is_said() -> None:
    steps = [Sent(b"a"), Sent(what="half-close"), Sent(what="reset"), Sent(what="close")]
    text = "\n".join(server_transcript(ServerRun(connections=[Connection(sent=steps)])))
    assert [line.split("the client ")[-1] for line in block(text, "sent")] == [
        "  > a",
        "stops sending, and goes on receiving",
        "resets the connection",
        "closes the connection",
    ]


def test_a_server_without_a_probe_is_not_said_to_have_called_nothing() -> None:
    assert "  * it was not called" in server_transcript(ServerRun())
    assert "  * not known: this server is watched from outside only" in server_transcript(ServerRun(probed=False))
    assert "  * it was not called" not in server_transcript(ServerRun(probed=False))


def test_what_is_wrong_with_an_answer_stands_below_its_bytes() -> None:
    response = Response(
        204,
        body=b"x",
        framing="close",
        complete=False,
        deviations=[("chunk", "bad \x1b size")],
        stray=b"more",
        method="HEAD",
    )
    connection = Connection(responses=[response], skipped=["AwaitFinal"], stray=b"before")
    text = "\n".join(server_transcript(ServerRun(connections=[connection], alive=False, output="Traceback\x07\n")))
    assert block(text, "the server answered") == [
        "  < before",
        r"  < HTTP/1.1 204 No Content\r\n",
        r"  < \r\n",
        "  < x",
        "  < more",
        "  * the answer 204 is to a HEAD request",
        "  * the end of the connection is the end of the body of the answer 204",
        "  * the answer 204 was cut off before its end",
        r"  * not valid HTTP in the answer 204 (chunk): bad \x1b size",
        "  * after the end of the answer 204 came 4 bytes that belong to none",
        "  * the client waited for an answer in vain",
        "  * the server closed the connection",
    ]
    assert block(text, "afterwards") == ["  * the server served no further request"]
    assert block(text, "the server printed") == [r"  < Traceback\x07\n"]


def test_pieces_and_events_have_their_times() -> None:
    call = Call("first", events=[{"event": "yield", "size": 5, "at": 2.0}])
    run = ServerRun(connections=[Connection(received=[Received(b"abc", 1.5)])], calls=[call])
    lines = server_transcript(run)
    assert lines.index("  * at 1.5 s:") + 1 == lines.index("  < abc")
    assert "      at 2.0 s: it yielded 5 bytes" in lines


def test_a_read_that_did_not_return_is_said_so() -> None:
    reading = {"event": "reading", "method": "read", "args": [10]}
    read = {"event": "read", "method": "read", "args": [10], "raised": "", "data": "ab"}
    failed = {**read, "raised": "OSError: gone"}
    assert list(event_lines([reading, read])) == ["wsgi.input.read(10) gave b'ab'"]
    assert list(event_lines([reading, failed])) == ["wsgi.input.read(10) raised OSError: gone"]
    assert list(event_lines([reading, {"event": "close"}])) == [
        "wsgi.input.read(10) did not return",
        "close() was called on the returned object",
    ]
    assert list(event_lines([reading])) == ["wsgi.input.read(10) did not return"]


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text())), st.text())
def test_an_event_nobody_knows_is_printed_safely(facts: dict[str, Any], name: str) -> None:
    (line,) = event_lines([{**facts, "event": f"new-{name}", "at": 0.0}])
    assert line.isprintable() and line.startswith("new-")


def test_a_script_is_said_step_by_step() -> None:
    steps = (Send(b"ab", each=1), Pause(), AwaitInterim(), HalfClose(), Reset(), Close())
    assert list(script_lines(Script(steps))) == [
        "* in packets of 1 byte:",
        "> ab",
        "* the client waits for a 100 Continue or the answer",
        "* the client stops sending, and goes on receiving",
        "* the client resets the connection",
        "* the client closes the connection",
    ]


def test_a_run_of_an_app() -> None:
    error = ErrorRecord("ValueError", "no", "next")
    run = AppRun("get", "/", [ExchangeRecord("a", path="/p", query="q=1", status="200 OK", body=b"x", error=error)])
    assert app_transcript(run) == [
        "sent:",
        "  > GET /p?q=1",
        "the app:",
        "  < 200 OK",
        "  < x",
        "  * it raised ValueError: no while it was iterated",
    ]
