"""start_response, write(), exc_info, the returned object and Content-Length, and the order of sending."""

from __future__ import annotations

from ....observe.wire import AwaitBytes, AwaitFinal, AwaitProbe, Close, Pause, Reset, Script, Send, Step
from ....probe.behaviours.response import STATUSES
from ....probe.behaviours.start import BAD_STARTS, HOP_BY_HOP
from ....rules.records.stimulus_facts import Launch
from ..model import Setting, stimulus


def _plain(id: str, behaviour: str) -> None:
    """Register an ordinary GET, and another one after it on the same connection."""
    stimulus(id, lambda s: Script((Send(s.request("first", behaviour)), AwaitFinal(1), Send(s.last()))))


for _id, _behaviour in {
    "body:list": "plain-list",
    "body:tuple": "plain-tuple",
    "body:iterator": "bare-iterator",
    "body:generator": "generator",
    "body:sequence": "sequence",
    "body:empty-list": "no-items-list",
    "body:empty-generator": "no-items-generator",
    "body:only-empty-blocks": "only-empty-blocks",
    "body:empty-blocks": "empty-blocks",
    "body:binary": "binary",
    "body:one-item": "one-item",
    "body:separate-iterator": "separate-iterator",
    "body:attributes": "attributes",
    "body:lazy-start": "lazy-start",
    "body:start-in-second-step": "start-in-second-step",
    "body:excess": "excess",
    "body:excess-one-block": "excess-one-block",
    "body:text": "yield-text",
    "body:delimited-11": "generator",
    "write:order": "write-order",
    "write:yielded": "yield-order",
    "write:one-item": "write-one-item",
    "write:beyond": "write-beyond",
    "start:second-call": "second-call",
    "start:second-after-failed": "second-after-failed",
    "exc:replace": "exc-replace",
    "exc:first": "exc-first",
    "exc:reference": "exc-reference",
    "exc:partial-text": "raise-later",
    "exc:partial-binary": "raise-binary",
    "exc:close-error": "close-after-error",
    "header:none": "no-headers",
    "header:verbatim": "verbatim",
}.items():
    _plain(_id, _behaviour)


def _apart(id: str, behaviour: str, plain: str) -> None:
    """Register *behaviour*, and on a connection of its own *plain*, which tells what the server does in any case."""
    pairs = (("first", behaviour), ("plain", plain))
    stimulus(id, lambda s: [Script((Send(s.last(label, name)),)) for label, name in pairs])


_apart("header:odd-case", "odd-case", "usual-case")
_apart("start:none", "exc-none", "second-call")
for _name in STATUSES:
    _plain(f"status:{_name.removeprefix('status-')}", _name)
for _name in BAD_STARTS:
    if _name != "bad-status-wide":
        _plain(f"refuse:{_name}", _name)
# Whether an ordinary reason is passed on at all tells what is to be expected of one that can't be.
_apart("refuse:bad-status-wide", "bad-status-wide", "custom-status")
for _name in HOP_BY_HOP:
    _plain(f"hop:{_name}", f"hop-{_name}")

stimulus("body:delimited-10", lambda s: s.request("first", "generator", version="HTTP/1.0"))
stimulus("body:empty-blocks-10", lambda s: s.request("first", "empty-blocks", version="HTTP/1.0"))
stimulus("body:binary-10", lambda s: s.request("first", "binary", version="HTTP/1.0"))


def _gates(s: Setting, behaviour: str, *gates: tuple[str, bytes]) -> Script:
    """Open each gate when the client has the bytes before it, or has given up waiting for them."""
    steps: list[Step] = [Send(s.request("first", behaviour, close=True))]
    for name, awaited in gates:
        steps += [AwaitBytes(awaited), AwaitProbe(f"go:{name}", "first")]
    return Script(tuple(steps))


_BLOCKS = (("one", b"<one>"), ("two", b"<two>"))
stimulus("gated:blocks", lambda s: _gates(s, "gated-blocks", *_BLOCKS))
stimulus("gated:length", lambda s: _gates(s, "gated-length", *_BLOCKS))
stimulus("gated:large", lambda s: _gates(s, "gated-large", *_BLOCKS))
stimulus("gated:write", lambda s: _gates(s, "gated-write", ("one", b"<one>")))
stimulus("gated:write-then-yield", lambda s: _gates(s, "write-then-yield", ("two", b"<two>")))
stimulus("gated:exc-sent", lambda s: _gates(s, "exc-sent", ("one", b"<one>")))


def _silent(s: Setting, behaviour: str, gate: str) -> Script:
    """Give the server a moment to send what it should not, while the app waits at *gate*."""
    return Script(
        (
            Send(s.request("first", behaviour, close=True)),
            AwaitProbe(f"gate:{gate}", "first"),
            Pause(0.2),
            AwaitProbe(f"go:{gate}", "first"),
        )
    )


stimulus("silent:start", lambda s: _silent(s, "gated-start", "started"))
stimulus("silent:empty-blocks", lambda s: _silent(s, "gated-empty", "empty"))
stimulus("silent:file", lambda s: _silent(s, "file-delayed", "wrapped"))

# The second request is on the way already, so that its answer could be taken for the missing bytes.
stimulus(
    "short:pipelined",
    lambda s: Script((Send(s.request("first", "short-logged") + s.request("next")),)),
)


def _then_another(s: Setting, behaviour: str) -> list[Script]:
    """The app fails; then a new connection has to be served."""
    return [Script((Send(s.last("first", behaviour)),)), Script((Send(s.last("next", "ignore")),))]


stimulus(
    "raise:call", lambda s: _then_another(s, "raise-call-logged"), launch=Launch(logged="probe-raised {token}.first")
)
stimulus(
    "raise:step", lambda s: _then_another(s, "raise-step-logged"), launch=Launch(logged="probe-raised {token}.first")
)
stimulus("raise:first-step", lambda s: _then_another(s, "raise-first"))


def _leaving(s: Setting, behaviour: str, how: Step) -> Script:
    return Script((Send(s.request("first", behaviour)), AwaitBytes(b"<data>"), how))


stimulus("leave:reset", lambda s: _leaving(s, "endless", Reset()), launch=Launch(settle=9.0))
stimulus("leave:close", lambda s: _leaving(s, "endless", Close()), launch=Launch(settle=9.0))


def _both(s: Setting) -> list[Script]:
    return [Script((Send(s.last(label, label)),)) for label in ("direct", "through-middleware")]


stimulus("middleware:identity", _both)

stimulus(
    "header:conditional",
    lambda s: s.request("first", "validators", fields=('If-None-Match: "probe"',), close=True),
)
stimulus("header:range", lambda s: s.request("first", "validators", fields=("Range: bytes=3-5",), close=True))
