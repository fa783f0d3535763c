"""Connections: persistence, pipelining, splitting into packets, expectations, upgrades."""

from __future__ import annotations

from ....observe.wire import AwaitFinal, AwaitInterim, Pause, Script, Send
from ....rules.records.stimulus_facts import Wanted
from ..model import Setting, stimulus


def _two(first: bytes, setting: Setting) -> Script:
    """Send *first*, wait for its answer, then ask for another that closes."""
    return Script((Send(first), AwaitFinal(1), Send(setting.last())))


stimulus("persist:length", lambda s: _two(s.request("first"), s))
stimulus("persist:chunked", lambda s: _two(s.request("first", "generator"), s))
stimulus(
    "persist:post", lambda s: _two(s.request("first", method="POST", fields=("Content-Length: 5",), body=b"hello"), s)
)

for _name, _option in {"plain": "close", "mixed-case": "Close", "in-list": "x-other, close"}.items():
    stimulus(
        f"close:{_name}", lambda s, option=_option: s.request("first", fields=(f"Connection: {option}",)) + s.last()
    )
stimulus(
    "close:two-lines", lambda s: s.request("first", fields=("Connection: x-other", "Connection: close")) + s.last()
)

stimulus("http10:plain", lambda s: s.request("first", version="HTTP/1.0") + s.last())
stimulus("http10:generator", lambda s: s.request("first", "generator", version="HTTP/1.0") + s.last())
for _name in ("echo", "generator"):
    stimulus(
        f"http10-keep:{_name}",
        lambda s, behaviour=_name: (
            s.request("first", behaviour, version="HTTP/1.0", fields=("Connection: keep-alive",)) + s.last()
        ),
    )

# -- pipelining and packets

_LABELS = ("n1", "n2", "n3", "n4", "n5")


def _pipeline(setting: Setting) -> bytes:
    post = setting.request("n2", method="POST", fields=("Content-Length: 5",), body=b"hello")
    parts = [
        setting.request("n1"),
        post,
        setting.request("n3", "generator"),
        setting.request(
            "n4", "ignore", method="POST", fields=("Transfer-Encoding: chunked",), body=b"2\r\nhi\r\n0\r\n\r\n"
        ),
        setting.last("n5"),
    ]
    return b"".join(parts)


stimulus("pipeline:one-packet", _pipeline, wanted=Wanted(labels=_LABELS))
for _each in (1, 7, 64, 150):
    stimulus(
        f"pipeline:packets-of-{_each}",
        lambda s, each=_each: Script((Send(_pipeline(s), each=each),)),
        wanted=Wanted(labels=_LABELS),
    )
stimulus(
    "pipeline:bare",
    lambda s: b"".join(s.request(f"n{number}", close=number == 9) for number in range(10)),
    wanted=Wanted(labels=tuple(f"n{number}" for number in range(10))),
)


def _packets(setting: Setting, fields: tuple[str, ...], body: bytes, method: str) -> list[Script]:
    def head(label: str) -> bytes:
        return setting.request(label, method=method, fields=fields, rest="/a%20b?x=%26&y=1", close=True)

    # The pauses let a server read what there is, so that it can't happen to get the pieces together again.
    pause = Pause(0.05)
    data = head("split")
    inside, last = data.index(b"X-First: a, b") + len("X-First: a"), len(data) - 1
    steps = (
        Send(data[:3], each=1),
        pause,
        Send(data[3:inside], each=1),
        pause,
        Send(data[inside:last], each=1),
        pause,
        Send(data[last:]),
        pause,
        Send(body[:1]),
        pause,
        Send(body[1:-1], each=1),
        pause,
        Send(body[-1:]),
    )
    return [Script((Send(head("whole") + body),)), Script(steps)]


_COMMON = ("X-First: a, b", "Cookie: a=1", "Content-Type: text/plain")
stimulus("packets:get", lambda s: _packets(s, _COMMON, b"", "GET"))
stimulus("packets:length", lambda s: _packets(s, (*_COMMON, "Content-Length: 11"), b"hello\nworld", "POST"))
stimulus(
    "packets:chunked",
    lambda s: _packets(s, (*_COMMON, "Transfer-Encoding: chunked"), b"b\r\nhello\nworld\r\n0\r\n\r\n", "POST"),
    needs="chunked:one",
)

# -- expectations


def _expecting(
    setting: Setting, behaviour: str, *, version: str = "HTTP/1.1", body: bytes = b"hello", expect: str = "100-continue"
) -> Script:
    """Send the head, wait for any answer, then the body and another request."""
    fields = (f"Content-Length: {len(body)}", f"Expect: {expect}")
    head = setting.request("first", behaviour, method="POST", version=version, fields=fields)
    return Script((Send(head), AwaitInterim(), Send(body), Send(setting.last())))


stimulus("continue:read", lambda s: _expecting(s, "echo"))
stimulus("continue:steps", lambda s: _expecting(s, "steps"))
stimulus("continue:drain", lambda s: _expecting(s, "drain"))
stimulus("continue:mixed-case", lambda s: _expecting(s, "echo", expect="100-Continue"))
stimulus(
    "continue:body-at-once",
    lambda s: (
        s.request("first", method="POST", fields=("Content-Length: 5", "Expect: 100-continue"), body=b"hello")
        + s.last()
    ),
)


def _expecting_10(setting: Setting) -> Script:
    fields = ("Content-Length: 5", "Expect: 100-continue")
    data = setting.request("first", method="POST", version="HTTP/1.0", fields=fields, body=b"hello")
    return Script((Send(data),))


stimulus("continue-10:body-at-once", _expecting_10)


def _unread(setting: Setting) -> Script:
    """The app ignores the body; the client sends it all the same, shaped like a request."""
    inner = setting.request("planted")
    fields = (f"Content-Length: {len(inner)}", "Expect: 100-continue")
    head = setting.request("first", "ignore", method="POST", fields=fields)
    return Script((Send(head), AwaitInterim(), Send(inner), Send(setting.last())))


stimulus("continue-unread:body-after-answer", _unread)
stimulus("expect-unknown:made-up", lambda s: s.request("first", fields=("Expect: x-made-up",)) + s.last())

stimulus(
    "upgrade:websocket",
    lambda s: (
        s.request(
            "first",
            fields=(
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ),
        )
        + s.last()
    ),
)
stimulus(
    "upgrade:h2c",
    lambda s: (
        s.request(
            "first",
            fields=("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        )
        + s.last()
    ),
)
stimulus(
    "upgrade:made-up", lambda s: s.request("first", fields=("Connection: Upgrade", "Upgrade: x-made-up/9")) + s.last()
)
