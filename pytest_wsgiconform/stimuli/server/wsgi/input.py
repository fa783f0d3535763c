"""``wsgi.input`` and ``wsgi.errors`` used in every way that the PEP lists."""

from __future__ import annotations

from ....observe.wire import AwaitFinal, AwaitProbe, Pause, Script, Send
from ....rules.records.stimulus_facts import Wanted
from ..model import Setting, one_after_the_other, stimulus

#: Lines that end in LF only, with everything in them that careless code also takes for a line end.
LINES = b"line one\nline two\r\ncar\rriage\nform\x0cfeed\x0bvt\x1c\x85nel\xe2\x80\xa8ls\n\nno end"

#: Every byte value, longer than one read of the probe.
BINARY = bytes(range(256)) * 280


def _post(s: Setting, behaviour: str, body: bytes, label: str = "first") -> bytes:
    return s.request(label, behaviour, method="POST", fields=(f"Content-Length: {len(body)}",), body=body)


def _kept_open(s: Setting, behaviour: str, body: bytes) -> Script:
    """A request on a connection that stays open: a read beyond the body would wait for more."""
    return one_after_the_other(s, _post(s, behaviour, body))


def _whole(name: str, behaviour: str, body: bytes) -> None:
    stimulus(f"input:{name}", lambda s: _kept_open(s, behaviour, body), wanted=Wanted(body=body))


_whole("binary", "echo", BINARY)
_whole("lines", "echo", LINES)
_whole("one-byte", "echo", b"x")
_whole("read-sized", "read-sized", BINARY[:9000])
_whole("read-after-readline", "read-after-readline", LINES)
_whole("read-zero", "read-zero", LINES)
_whole("read-all", "read-all", LINES)
_whole("read-past", "read-past", LINES)
_whole("readline", "readline", LINES)
_whole("readline-sized", "readline-sized", LINES)
_whole("readlines", "readlines", LINES)
_whole("readlines-hint", "readlines-hint", LINES)
_whole("iterate", "iterate", LINES)
_whole("iterate-after-readline", "iterate-after-readline", LINES)
_whole("after-end", "after-end", LINES)
_whole("unread", "ignore", LINES)
stimulus(
    "input:none",
    lambda s: Script((Send(s.request("first", "after-end")), AwaitFinal(1), Send(s.last()))),
    wanted=Wanted(body=b""),
)


def _in_pieces(s: Setting) -> Script:
    data = _post(s, "read-total", LINES)
    at = len(data) - len(LINES)
    cuts = (data[:at], data[at : at + 5], data[at + 5 : at + 25], data[at + 25 :])
    steps = [step for cut in cuts for step in (Send(cut), Pause(0.05))]
    return Script((*steps, AwaitFinal(1), Send(s.last())), methods=("POST", "GET"))


stimulus("input:fills", _in_pieces, wanted=Wanted(body=LINES))


def chunked(body: bytes, size: int) -> bytes:
    """Return *body* in chunks of *size* bytes."""
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


stimulus(
    "input:chunked",
    lambda s: Script(
        (
            Send(s.request("first", method="POST", fields=("Transfer-Encoding: chunked",), body=chunked(LINES, 13))),
            AwaitFinal(1),
            Send(s.last()),
        ),
        methods=("POST", "GET"),
    ),
    wanted=Wanted(body=LINES),
)


def _complaining(s: Setting, behaviour: str, last: str) -> Script:
    """Wait until the text is in the log while the app is still inside its call, then let it go on."""
    return Script(
        (
            Send(s.request("first", behaviour, close=True)),
            AwaitProbe("gate:flushed", "first"),
            AwaitProbe(f"printed:{last}", "first"),
            AwaitProbe("go:flushed", "first"),
        )
    )


stimulus("errors:write", lambda s: _complaining(s, "errors-write", "probe-errors written {marker}"))
stimulus("errors:writelines", lambda s: _complaining(s, "errors-writelines", "four"))
stimulus("errors:unicode", lambda s: s.last("first", "errors-unicode"))
