"""``wsgi.file_wrapper`` with every kind of file, and with none at all."""

from __future__ import annotations

from ....observe.wire import Script, Send
from ....probe.behaviours.files import CONTENTS, TEXT
from ....rules.records.stimulus_facts import Wanted
from ..model import Setting, stimulus


def _file(name: str, expected: bytes) -> None:
    """Register ``file:NAME``: the behaviour ``file-NAME``, which has to deliver *expected*."""
    stimulus(f"file:{name}", lambda s: s.last("first", f"file-{name}"), wanted=Wanted(body=expected))


for _name in ("memory", "real", "block-1", "block-65536", "read-only", "no-descriptor", "through-middleware"):
    _file(_name, TEXT)
_file("seek-real", TEXT[10:])
_file("seek-memory", TEXT[10:])
_file("length-memory", TEXT[:100])
_file("length-real", TEXT[:100])
stimulus("file:discarded", lambda s: s.last("first", "file-discarded"))
stimulus("file:inside", lambda s: s.last("first", "file-inside"))


def _compared(s: Setting, name: str) -> list[Script]:
    """The same content as a file on disk, as a file in memory, and by plain iteration."""
    return [Script((Send(s.last(how, f"file-as-{name}-{how}")),)) for how in ("iterated", "real", "memory")]


def _compare(name: str) -> None:
    stimulus(f"file-as:{name}", lambda s: _compared(s, name))


for _name in CONTENTS:
    _compare(_name)
