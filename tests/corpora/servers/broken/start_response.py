"""Broken servers: start_response, and what it must refuse."""

from __future__ import annotations

import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- headers refused -------------------------------------------------------------------------------


_RESPONSE = ("input-body-complete", "second-start-refused", "content-length-as-sent")


@breaks("wide-text-refused", apart=_RESPONSE)
class WideReasonDropped(Responder):
    """Passes reasons on, and of this one what Latin-1 has."""

    def check_status(self, status: Any) -> None:
        super().check_status(f"{status[:4]}OK" if type(status) is str and not status.isascii() else status)

    def head(self, first: bytes) -> bytes:
        self.status = self.status.encode("latin-1", "ignore").decode("latin-1")
        return super().head(first)


_NO_START = ("response-chunks-valid", "status-sent-verbatim", "header-names-any-case", "server-replaces-headers")


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


@breaks("wide-text-refused", apart=_NO_START)
class WideTextQuestioned(_WideTextSent):
    """Puts a question mark there, which no name may hold: names are refused by another check."""


@breaks("wide-text-refused", apart=_NO_START)
class WideTextAsEntity(_WideTextSent):
    errors = "xmlcharrefreplace"


@breaks("wide-text-refused", apart=_NO_START)
class WideTextLeftOut(_WideTextSent):
    errors = "ignore"


@breaks("bad-headers-refused-early", "hop-by-hop-headers-refused")
class ChecksNothingEarly(Responder):
    def check_headers(self, headers: Any) -> None: ...


@breaks("wide-text-refused")
class HeadersAsUtf8(Responder):
    def check_status(self, status: Any) -> None: ...

    def check_header(self, name: str, value: str) -> None: ...

    def head(self, first: bytes) -> bytes:
        def latin(text: str) -> str:
            return text.encode("utf-8").decode("latin-1")

        self.headers = [(latin(n), latin(v)) for n, v in self.headers]
        self.status = latin(self.status)
        return super().head(first)


# -- second calls ----------------------------------------------------------------------------------


@breaks("explicit-none-is-no-exc-info", apart=_NO_START)
class NoneIsNoTuple(Responder):
    def start_response(self, status: Any, headers: Any, *rest: Any) -> Any:
        if rest and type(rest[0]) is not tuple:
            raise TypeError("exc_info is not a tuple")
        return super().start_response(status, headers, *rest)


@breaks("explicit-none-is-no-exc-info", apart=(*_NO_START, "second-start-refused"))
class SecondStartWithNoneIgnored(Responder):
    def start_response(self, status: Any, headers: Any, *rest: Any) -> Any:
        if self.called and rest == (None,):
            return self.write
        return super().start_response(status, headers, *rest)


@breaks("second-start-refused", "start-after-failed-start-refused")
class SecondStartTaken(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        self.called = False
        return super().start_response(status, headers, exc_info)


@breaks("explicit-none-is-no-exc-info")
class CountsTheArguments(Responder):
    """Takes a third argument for exc_info, whatever it is."""

    def start_response(self, *args: Any) -> Any:
        if len(args) == 3:
            self.called = False
        return super().start_response(*args)


@breaks("start-after-failed-start-refused")
class NotesTheStartLate(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        before = self.called
        try:
            return super().start_response(status, headers, exc_info)
        except ValueError:
            self.called = before
            raise


@breaks("server-replaces-headers")
class HeadersAppended(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        before = self.headers
        write = super().start_response(status, headers, exc_info)
        self.headers = before + self.headers
        return write


@breaks("exc-info-after-sending-raises")
class LateErrorSwallowed(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        return self.write if self.headers_sent else super().start_response(status, headers, exc_info)


@breaks("exc-info-error-raised-itself")
class OwnErrorRaised(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if exc_info and self.headers_sent:
            raise AssertionError("headers are sent")
        return super().start_response(status, headers, exc_info)


@breaks("exc-info-not-kept")
class KeepsTheTraceback(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        self.last_error = exc_info
        return super().start_response(status, headers, exc_info)


@breaks("server-starts-with-exc-info")
class ErrorsNeedAStart(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if exc_info and not self.called:
            raise AssertionError("nothing to replace")
        return super().start_response(status, headers, exc_info)


# -- start_response --------------------------------------------------------------------------------


@breaks("start-response-sends-nothing")
class StartSends(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        write = super().start_response(status, headers, exc_info)
        self.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        return write


@breaks("headers-wait-for-data")
class HeadersOnEmptyBlock(Responder):
    def block(self, block: bytes) -> None:
        self.send_body(block)

    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return super().framing_headers(code, first or b"x")


@breaks("first-write-sends-headers", "write-sends-before-return", "written-like-yielded")
class WriteKeeps(Responder):
    def write(self, data: Any, /) -> None:
        self.kept = getattr(self, "kept", b"") + data

    def finish(self) -> None:
        self.send_body(getattr(self, "kept", b""))
        super().finish()


@breaks("headers-sent-at-end")
class EmptyIsAnError(Responder):
    def finish(self) -> None:
        if not self.headers_sent:
            raise ValueError("the app gave no data")
        super().finish()


@breaks("start-response-may-come-late")
class WantsTheStartFirst(Responder):
    def iterate(self) -> None:
        if not self.called:
            raise AssertionError("start_response was not called")
        super().iterate()
