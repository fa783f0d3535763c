"""A second make of each fault, over the base: the input, the call, start_response and the response."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_wsgiconform.engine import TargetError
from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.broken.refusals import second

_NO_INPUT = ("status-sent-verbatim", "content-length-as-sent", "input-read-fills-up", "input-read-takes-size")
_NO_READLINE = (*_NO_INPUT, "input-body-complete", "input-has-readline")
_NO_READLINES = (*_NO_READLINE, "input-readline-splits-on-lf", "input-iterates-over-lines", "input-has-readlines")
_NO_ITERATION = (*_NO_READLINE, "input-readline-splits-on-lf", "input-readlines-lists-lines")
_NO_HEAD = ("response-chunks-valid", "status-sent-verbatim", "body-bytes-unchanged", "second-start-refused")
_NO_NAMES = (*_NO_HEAD, "response-has-one-date", "response-has-one-length", "required-headers-added")
_NO_BODY = ("header-names-any-case", "status-sent-verbatim", "input-body-complete", "second-start-refused")
_NO_START = ("response-chunks-valid", "status-sent-verbatim", "header-names-any-case", "server-replaces-headers")
_NO_CALL = ("response-chunks-valid", "status-sent-verbatim", "input-body-complete", "second-start-refused")


# -- wsgi.input, line by line


@second("input-readline-splits-on-lf", _NO_READLINE)
class LineEndCutOff(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line[:-1] if len(line) > 1 and line.endswith(b"\n") else line


@second("input-readline-splits-on-lf", _NO_READLINE)
class SplitsAsText(InputStream):
    """Ends a line where ``str.splitlines`` does, at a form feed for one."""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        first = next(iter(line.decode("latin-1").splitlines(keepends=True)), "").encode("latin-1")
        if first != line and not first.endswith((b"\r", b"\n")):
            self.ready[:0] = line[len(first) :]
            return first
        return line


@second("input-readline-splits-on-lf", _NO_READLINE)
class LastLineNeedsItsEnd(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line if line.endswith(b"\n") or size not in (None, -1) else b""


@second("input-readlines-lists-lines", _NO_READLINES)
class LinesInATuple(InputStream):
    def readlines(self, hint: int | None = -1) -> tuple[bytes, ...]:  # type: ignore[override]
        return tuple(super().readlines(hint))


@second("input-readlines-lists-lines", _NO_READLINES)
class LinesWithoutEmptyOnes(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return [line for line in super().readlines(hint) if line.strip()]


@second("input-readlines-lists-lines", _NO_READLINES)
class ListSplitAsText(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return [line.encode("latin-1") for line in self.read().decode("latin-1").splitlines(keepends=True)]


@second("input-readlines-hint-optional", (*_NO_READLINES, "input-readlines-lists-lines"))
class HintIsALimit(InputStream):
    """Gives no line that goes beyond the hint."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines = super().readlines()
        return lines if hint is None or hint < 0 else [line for line in lines if len(line) <= hint]


@second("input-readlines-hint-optional", (*_NO_READLINES, "input-readlines-lists-lines"))
class RestBehindHintLost(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines = super().readlines()
        return lines if hint is None or hint < 0 else lines[:hint]


class _IterationApart(InputStream):
    """Has a list of lines that does not depend on iteration."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return list(iter(self.readline, b""))


@second("input-iterates-over-lines", _NO_ITERATION)
class IterationForgetsWhatIsBuffered(_IterationApart):
    def __iter__(self) -> Iterator[bytes]:
        self.ready.clear()
        return iter(self.readline, b"")


@second("input-iterates-over-lines", _NO_ITERATION)
class IterationStopsAtAnEmptyLine(_IterationApart):
    def __iter__(self) -> Iterator[bytes]:
        for line in iter(self.readline, b""):
            if not line.strip():
                return
            yield line


@second("input-readline-takes-size", (*_NO_READLINE, "input-readline-splits-on-lf", "input-iterates-over-lines"))
class SizeOfLineIgnored(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        return super().readline()


@second("input-readline-takes-size", (*_NO_READLINE, "input-readline-splits-on-lf", "input-iterates-over-lines"))
class RestOfLineLost(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline()
        return line if size is None or size < 0 else line[:size]


@second("input-ends-at-content-length", (*_NO_READLINES, "input-readlines-lists-lines"))
class ReadBeyondRaises(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > self.left + len(self.ready):
            raise EOFError("the body is not that long")
        return super().read(size)


@second("input-ends-at-content-length", (*_NO_READLINES, "input-readlines-lists-lines"))
class ReadBeyondPadded(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        return data.ljust(size, b"\0") if data and size is not None else data


@second("input-ends-at-content-length", _NO_INPUT)
class LinesGoOnBehindTheBody(InputStream):
    """Counts the body in ``read``, not in ``readline``."""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line if line.endswith(b"\n") or self.request.chunked else line + self.connection.reader.some(100)


# -- the call


@second("any-callable-served", _NO_CALL)
class ClassesMadeFirst(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        def made(*args: Any) -> Any:
            return app()(*args)

        super().run(made if isinstance(app, type) else app, environ)


@second("any-callable-served", _NO_CALL)
class MethodsTakenApart(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        super().run(getattr(app, "__func__", app), environ)


@second("any-callable-served", _NO_CALL)
class StartsWithAFunctionOnly(Server):
    def __init__(self, app: Any) -> None:
        if not hasattr(app, "__code__"):
            raise TargetError("the application is not a function")
        super().__init__(app)


# -- start_response


@second("explicit-none-is-no-exc-info", _NO_START)
class NoneIsNoTuple(Responder):
    def start_response(self, status: Any, headers: Any, *rest: Any) -> Any:
        if rest and type(rest[0]) is not tuple:
            raise TypeError("exc_info is not a tuple")
        return super().start_response(status, headers, *rest)


@second("explicit-none-is-no-exc-info", (*_NO_START, "second-start-refused"))
class SecondStartWithNoneIgnored(Responder):
    def start_response(self, status: Any, headers: Any, *rest: Any) -> Any:
        if self.called and rest == (None,):
            return self.write
        return super().start_response(status, headers, *rest)


class _WideTextSent(Responder):
    """Lets wide text pass, and encodes it in its own way. Everything else about the head is checked."""

    errors = "replace"

    def latin(self, text: str) -> str:
        return text.encode("latin-1", self.errors).decode("latin-1")

    def check_status(self, status: Any) -> None:
        super().check_status(self.latin(status) if type(status) is str else status)

    def check_header(self, name: str, value: str) -> None:
        super().check_header(self.latin(name), self.latin(value))

    def head(self, first: bytes) -> bytes:
        self.status = self.latin(self.status)
        self.headers = [(self.latin(n), self.latin(v)) for n, v in self.headers]
        return super().head(first)


@second("wide-text-refused", _NO_START)
class WideTextQuestioned(_WideTextSent):
    """Puts a question mark there, which no name may hold: names are refused by another check."""


@second("wide-text-refused", _NO_START)
class WideTextAsEntity(_WideTextSent):
    errors = "xmlcharrefreplace"


@second("wide-text-refused", _NO_START)
class WideTextLeftOut(_WideTextSent):
    errors = "ignore"


# -- the head of a response


@second("header-value-splits-nothing", (*_NO_HEAD, "header-name-splits-nothing", "status-splits-nothing"))
class NulPasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, value.replace("\0", ""))


@second("header-value-splits-nothing", (*_NO_HEAD, "header-name-splits-nothing", "status-splits-nothing"))
class LoneCrPasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, re.sub("\r(?!\n)", "", value))


@second("header-value-splits-nothing", (*_NO_HEAD, "header-name-splits-nothing", "status-splits-nothing"))
class ErrorPageHeaderQuotesValue(Responder):
    """Refuses the value, and tells the client of it in a header."""

    refused = ""

    def check_header(self, name: str, value: str) -> None:
        self.refused = value
        super().check_header(name, value)
        self.refused = ""

    def head(self, first: bytes) -> bytes:
        if self.refused:
            self.headers.append(("X-Error", self.refused))
        return super().head(first)


@second("header-name-splits-nothing", (*_NO_HEAD, "header-value-splits-nothing", "status-splits-nothing"))
class BlankInNamePasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name.replace(" ", "") if ":" not in name and "\n" not in name else name, value)


@second("header-name-splits-nothing", (*_NO_HEAD, "header-value-splits-nothing", "status-splits-nothing"))
class ColonInNamePasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name.partition(":")[0], value)


@second("header-names-any-case", (*_NO_NAMES, "no-chunks-to-http10"))
class LengthInUsualCaseOnly(Responder):
    def value(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n == name.title()), None)


@second("header-names-any-case", _NO_NAMES)
class DateOfUsualNameReplaced(Responder):
    """Always gives its own Date, in the place of the application's when that has the usual name."""

    def head(self, first: bytes) -> bytes:
        self.headers = [(n, v) for n, v in self.headers if n != "Date"]
        self.headers.append(("Date", self.connection.date()))
        return super().head(first)


@second("header-names-any-case", _NO_NAMES)
class TypeAddedByUsualName(Responder):
    def head(self, first: bytes) -> bytes:
        if not any(n == "Content-Type" for n, _ in self.headers) and not self.bodiless:
            self.headers.append(("Content-Type", "application/octet-stream"))
        return super().head(first)


# -- chunks and lengths


class _Chunks(Responder):
    def chunk(self, data: bytes) -> bytes:
        raise NotImplementedError

    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        return self.chunk(data) if self.chunked and framed else framed


@second("response-chunks-valid", _NO_BODY)
class SizeLineEndsWithLf(_Chunks):
    def chunk(self, data: bytes) -> bytes:
        return b"%x\n%b\r\n" % (len(data), data)


@second("response-chunks-valid", (*_NO_BODY, "required-headers-added"))
class SizeOfSixteenBits(_Chunks):
    def chunk(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data) & 0xFFFF, data)


@second("response-chunks-valid", _NO_BODY)
class LastChunkTwice(Responder):
    def finish(self) -> None:
        super().finish()
        if self.chunked and not self.bodiless:
            self.send(b"0\r\n\r\n")


@second("response-chunks-valid", _NO_BODY)
class LastChunkWithoutEmptyLine(Responder):
    def send(self, data: bytes) -> None:
        super().send(b"0\r\n" if data == b"0\r\n\r\n" else data)


@second("response-chunks-valid", (*_NO_BODY, "required-headers-added"))
class NoBodyNoLastChunk(Responder):
    """Announces chunks for an empty body, and sends none."""

    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        if found == [("Content-Length", "0")] and self.request.version >= (1, 1):
            return [("Transfer-Encoding", "chunked")]
        return found


@second("invented-length-is-right", _NO_BODY)
class LengthOneTooLong(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        return [(n, str(len(first) + 1) if n == "Content-Length" and first else v) for n, v in found]


@second("invented-length-is-right", _NO_BODY)
class LengthForgetsWhatWasWritten(Responder):
    """Holds back what is written until there is an item to take the length from."""

    held = b""

    def write(self, data: Any, /) -> None:
        self.held += data

    def block(self, block: bytes) -> None:
        super().block(self.held + block)
        self.held = b""

    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        if self.held and self.single():
            self.declared = len(self.result[0])
            return [("Content-Length", str(self.declared))]
        return super().framing_headers(code, first)


# -- connections


@second("connection-header-obeyed", (*_NO_CALL, "connection-persists"))
class ServesWhatIsThereBeforeClosing(Connection):
    def one(self) -> bool:
        return super().one() or bool(self.reader.buffer)


@second("connection-header-obeyed", (*_NO_CALL, "connection-persists"))
class LeavesClosingToTheClient(Connection):
    def hang_up(self) -> None:
        while self.reader.fill():
            self.reader.buffer.clear()
        super().hang_up()


@second("connection-header-obeyed", (*_NO_CALL, "connection-persists"))
class ClosesOneRequestLate(Connection):
    asked = False

    def one(self) -> bool:
        closing, again = self.asked, super().one()
        self.asked = not again
        return not closing
