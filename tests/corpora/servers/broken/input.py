"""Broken servers: wsgi.input."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import InputStream
from tests.corpora.servers.base_http import RequestParser
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- lines -----------------------------------------------------------------------------------------


_INPUT = ("status-sent-verbatim", "content-length-as-sent", "input-read-fills-up", "input-read-takes-size")


@breaks("input-readline-splits-on-lf", apart=_INPUT)
class LastLineGetsAnEnd(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line if not line or line.endswith(b"\n") or size not in (None, -1) else line + b"\n"


@breaks("input-readlines-lists-lines", apart=_INPUT)
class ListsEndWithAnEmptyLine(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines = super().readlines(hint)
        return [*lines, b""] if lines else lines


@breaks("input-readlines-lists-lines", apart=_INPUT)
class ListsOfText(InputStream):
    def readlines(self, hint: int | None = -1) -> list[Any]:
        return [line.decode("latin-1") for line in iter(self.readline, b"")]


class _LinesByReadline(InputStream):
    """The base makes lists and iteration of one another; here both come from ``readline``."""

    def readlines(self, hint: int | None = -1) -> list[Any]:
        return list(iter(self.readline, b""))


@breaks("input-iterates-over-lines", apart=_INPUT)
class IterationEndsWithAnEmptyLine(_LinesByReadline):
    def __iter__(self) -> Iterator[bytes]:
        while True:
            line = self.readline()
            yield line
            if not line:
                return


@breaks("input-iterates-over-lines", apart=_INPUT)
class IterationOverNumbers(_LinesByReadline):
    def __iter__(self) -> Iterator[Any]:
        return iter(self.read())


@breaks("input-readline-takes-size", apart=_INPUT)
class ReadlineOfSizeRunsOn(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        return super().readline() if size is None or size < 0 else self.read(size)


@breaks("input-readlines-hint-optional", apart=_INPUT)
class HintCutsLines(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        if hint is None or hint < 0:
            return super().readlines()
        data = self.read(hint)
        return [data] if data else []


_NO_INPUT = ("status-sent-verbatim", "content-length-as-sent", "input-read-fills-up", "input-read-takes-size")
_NO_READLINE = (*_NO_INPUT, "input-body-complete", "input-has-readline")


@breaks("input-readline-splits-on-lf", apart=_NO_READLINE)
class LineEndCutOff(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line[:-1] if len(line) > 1 and line.endswith(b"\n") else line


@breaks("input-readline-splits-on-lf", apart=_NO_READLINE)
class SplitsAsText(InputStream):
    """Ends a line where ``str.splitlines`` does, at a form feed for one."""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        first = next(iter(line.decode("latin-1").splitlines(keepends=True)), "").encode("latin-1")
        if first != line and not first.endswith((b"\r", b"\n")):
            self.ready[:0] = line[len(first) :]
            return first
        return line


@breaks("input-readline-splits-on-lf", apart=_NO_READLINE)
class LastLineNeedsItsEnd(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line if line.endswith(b"\n") or size not in (None, -1) else b""


_NO_READLINES = (*_NO_READLINE, "input-readline-splits-on-lf", "input-iterates-over-lines", "input-has-readlines")


@breaks("input-readlines-lists-lines", apart=_NO_READLINES)
class LinesInATuple(InputStream):
    def readlines(self, hint: int | None = -1) -> tuple[bytes, ...]:  # type: ignore[override]
        return tuple(super().readlines(hint))


@breaks("input-readlines-lists-lines", apart=_NO_READLINES)
class LinesWithoutEmptyOnes(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return [line for line in super().readlines(hint) if line.strip()]


@breaks("input-readlines-lists-lines", apart=_NO_READLINES)
class ListSplitAsText(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return [line.encode("latin-1") for line in self.read().decode("latin-1").splitlines(keepends=True)]


@breaks("input-readlines-hint-optional", apart=(*_NO_READLINES, "input-readlines-lists-lines"))
class HintIsALimit(InputStream):
    """Gives no line that goes beyond the hint."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines = super().readlines()
        return lines if hint is None or hint < 0 else [line for line in lines if len(line) <= hint]


@breaks("input-readlines-hint-optional", apart=(*_NO_READLINES, "input-readlines-lists-lines"))
class RestBehindHintLost(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines = super().readlines()
        return lines if hint is None or hint < 0 else lines[:hint]


_NO_ITERATION = (*_NO_READLINE, "input-readline-splits-on-lf", "input-readlines-lists-lines")


class _IterationApart(InputStream):
    """Has a list of lines that does not depend on iteration."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return list(iter(self.readline, b""))


@breaks("input-iterates-over-lines", apart=_NO_ITERATION)
class IterationForgetsWhatIsBuffered(_IterationApart):
    def __iter__(self) -> Iterator[bytes]:
        self.ready.clear()
        return iter(self.readline, b"")


@breaks("input-iterates-over-lines", apart=_NO_ITERATION)
class IterationStopsAtAnEmptyLine(_IterationApart):
    def __iter__(self) -> Iterator[bytes]:
        for line in iter(self.readline, b""):
            if not line.strip():
                return
            yield line


@breaks("input-readline-takes-size", apart=(*_NO_READLINE, "input-readline-splits-on-lf", "input-iterates-over-lines"))
class SizeOfLineIgnored(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        return super().readline()


@breaks("input-readline-takes-size", apart=(*_NO_READLINE, "input-readline-splits-on-lf", "input-iterates-over-lines"))
class RestOfLineLost(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline()
        return line if size is None or size < 0 else line[:size]


@breaks("input-ends-at-content-length", apart=(*_NO_READLINES, "input-readlines-lists-lines"))
class ReadBeyondRaises(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > self.left + len(self.ready):
            raise EOFError("the body is not that long")
        return super().read(size)


@breaks("input-ends-at-content-length", apart=(*_NO_READLINES, "input-readlines-lists-lines"))
class ReadBeyondPadded(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        return data.ljust(size, b"\0") if data and size is not None else data


@breaks("input-ends-at-content-length", apart=_NO_INPUT)
class LinesGoOnBehindTheBody(InputStream):
    """Counts the body in ``read``, not in ``readline``."""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line if line.endswith(b"\n") or self.request.chunked else line + self.connection.reader.some(100)


@breaks("input-readline-splits-on-lf")
class SplitsOnCr(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        head, mark, rest = line.partition(b"\r")
        if mark and rest not in (b"", b"\n"):
            self.ready[:0] = rest
            return head + mark
        return line


@breaks("input-readlines-lists-lines")
class LinesWithoutEnds(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return [line.rstrip(b"\n") for line in super().readlines()]


@breaks("input-iterates-over-lines")
class IteratesOverBlocks(InputStream):
    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(16), b"")


@breaks("input-ends-at-content-length", "input-read-needs-no-size", "input-empty-after-end")
class ReadsTheSocket(InputStream):
    def pull(self, size: int) -> bool:
        data = self.connection.reader.some(size)
        self.ready += data
        self.left = max(0, self.left - len(data))
        return bool(data)


@breaks("input-read-needs-no-size")
class SizeRequired(InputStream):
    def read(self, size: int) -> bytes:  # type: ignore[override]
        return super().read(size)


@breaks("input-readline-takes-size")
class ReadlineWithoutSize(InputStream):
    def readline(self) -> bytes:  # type: ignore[override]
        return super().readline()


@breaks("input-readlines-hint-optional")
class HintRefused(InputStream):
    def readlines(self) -> list[bytes]:  # type: ignore[override]
        return super().readlines()


@breaks("transfer-coding-decoded")
class ChunksPassedOn(RequestParser):
    def chunked_body(self) -> bytes:
        body = super().chunked_body()
        return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


# -- reading ---------------------------------------------------------------------------------------


@breaks("input-body-complete", apart=_INPUT)
class LinesReadAheadAreLost(InputStream):
    """What ``readline`` has fetched beyond its line, ``read`` does not know of."""

    def read(self, size: int | None = -1) -> bytes:
        self.ready.clear()
        return super().read(size)


@breaks("input-body-complete")
class BodyAsText(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        return super().read(size).replace(b"\r\n", b"\n")


@breaks("input-read-takes-size")
class ReadWithoutSize(InputStream):
    def read(self) -> bytes:  # type: ignore[override]
        return super().read()


@breaks("input-has-readline")
class NoReadline(InputStream):
    readline = None  # type: ignore[assignment]


@breaks("input-has-readlines")
class NoReadlines(InputStream):
    readlines = None  # type: ignore[assignment]


@breaks("input-can-be-iterated")
class NotIterable(InputStream):
    __iter__ = None  # type: ignore[assignment]


@breaks("input-read-at-most-size", "input-read-zero-consumes-nothing")
class SizeIgnored(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        return super().read(-1)


@breaks("input-read-fills-up")
class ReadsOnePacket(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return super().read(size)
        if size and not self.ready:
            self.pull(size)
        return self.take(size)
