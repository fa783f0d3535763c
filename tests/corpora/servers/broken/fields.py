"""Broken servers: the fields of a request and their values."""

from __future__ import annotations

import functools
import re
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection
from tests.corpora.servers.base_http import BAD_VALUE, TOKEN, Refusal, Request, RequestParser
from tests.corpora.servers.broken.smuggling import BothAndKeptOpen
from tests.corpora.servers.parts import Folds, PassesOver, Skipped, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- field lines -----------------------------------------------------------------------------------


#: Rules that these servers have no need to break, too.
_REQUEST = ("host-invalid-refused", "repeated-fields-joined", "blank-before-colon-refused", "status-sent-verbatim")


def _is_folded(line: bytes) -> bool:
    return line[:1] in (b" ", b"\t")


@breaks("folded-line-refused-or-joined", apart=_REQUEST)
class FoldGetsNoAnswer(PassesOver):
    folded = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.folded = False
        found = super().headers()
        if self.folded:
            raise Skipped
        return found

    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if _is_folded(line):
            self.folded = True
        else:
            super().add_header(found, line)


@breaks("folded-line-refused-or-joined", apart=_REQUEST)
class FoldIsAnInternalError(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if _is_folded(line):
            raise Refusal(500, "Internal Server Error")
        super().add_header(found, line)


@breaks("bare-lf-splits-no-message")
class BareLfMakesCoding(BothAndKeptOpen):
    def strip_end(self, line: bytes) -> bytes:
        return line.rstrip(b"\r\n")


_NO_FIELD = ("host-invalid-refused", "repeated-fields-joined", "valid-length-honoured", "folded-line-refused-or-joined")


def _blanked(line: bytes) -> bool:
    return re.match(rb"[^: \t]+[ \t]+:", line) is not None


@breaks("blank-before-colon-refused", apart=_NO_FIELD)
class BlankedFieldDropped(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if not _blanked(line):
            super().add_header(found, line)


@breaks("blank-before-colon-refused", apart=_NO_FIELD)
class BlankedFieldGetsNoAnswer(PassesOver):
    blanked = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.blanked = False
        found = super().headers()
        if self.blanked:
            raise Skipped
        return found

    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if _blanked(line):
            self.blanked = True
        else:
            super().add_header(found, line)


_NO_FOLD = ("host-invalid-refused", "repeated-fields-joined", "blank-before-colon-refused", "coding-name-case-ignored")


@breaks("folded-line-refused-or-joined", apart=_NO_FOLD)
class FoldJoinedWithoutBlank(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], found[-1][1] + line.strip(b" \t"))


@breaks("folded-line-refused-or-joined", apart=_NO_FOLD)
class FoldReplacesTheLine(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], line.strip(b" \t"))


@breaks("folded-line-refused-or-joined", apart=_NO_FOLD)
class FoldIsAMemberOfAList(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], found[-1][1] + b", " + line.strip(b" \t"))


@breaks("folded-line-refused-or-joined", apart=_NO_FOLD)
class FoldCountsAsAFieldToo(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().fold(found, line)
        if b":" in line:
            self.add_header(found, line.strip(b" \t"))


@breaks("folded-line-refused-or-joined", apart=_NO_FOLD)
class FoldOverlookedByFraming(Folds):
    """Joins the lines for the application, and looks for the transfer coding in the first of them."""

    def framing(self, request: Request) -> None:
        if b"transfer-encoding" not in self.folded:
            super().framing(request)

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.folded: set[bytes] = set()
        return super().headers()

    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        self.folded.add(found[-1][0])
        super().fold(found, line)


@breaks("bare-cr-refused-or-blanked")
class BareCrEndsLine(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        for part in line.split(b"\r"):
            super().add_header(found, part)


@breaks("bare-cr-refused-or-blanked")
class BareCrKept(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, _, value = line.partition(b":")
        if b"\r" in value and TOKEN.match(name):
            found.append((name.lower(), value.strip(b" \t")))
        else:
            super().add_header(found, line)


@breaks("bare-lf-refused")
class BareLfTaken(RequestParser):
    def strip_end(self, line: bytes) -> bytes:
        return line.rstrip(b"\r\n")


@breaks("blank-before-colon-refused")
class BlankBeforeColonTaken(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, colon, value = line.partition(b":")
        super().add_header(found, name.rstrip(b" \t") + colon + value)


@breaks("folded-line-refused-or-joined")
class FoldedLineDropped(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if line[:1] not in b" \t":
            super().add_header(found, line)


@breaks("folded-line-refused-or-joined")
class FoldKeepsLineBreak(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if line[:1] in b" \t" and found:
            name, value = found.pop()
            found.append((name, value + b"\r\n" + line))
        else:
            super().add_header(found, line)


@breaks("field-name-token-or-refused")
class AnyNameGoes(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, _, value = line.partition(b":")
        if BAD_VALUE.search(value):
            raise Refusal(400, "Bad Request")
        found.append((name.strip().lower(), value.strip(b" \t")))


@breaks("large-fields-whole-or-refused")
class LongValuesCut(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().add_header(found, line[:8190])


@breaks("large-fields-whole-or-refused")
class OnlyHundredFields(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if len(found) < 100:
            super().add_header(found, line)


# -- values ----------------------------------------------------------------------------------------


_BODY = ("host-invalid-refused", "path-decoded-once", "content-type-as-sent", "status-sent-verbatim")


@breaks("underscore-framing-without-effect", apart=_BODY)
class CodingByEitherName(RequestParser):
    def framing(self, request: Request) -> None:
        if request.all(b"transfer_encoding") == [b"chunked"]:
            request.chunked = True
        else:
            super().framing(request)


@breaks("underscore-framing-without-effect", apart=_BODY)
class CodingByEitherNameWithoutLength(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if request.all(b"transfer_encoding") == [b"chunked"] and request.length is None:
            request.chunked = True


@breaks("underscore-framing-without-effect", apart=_BODY)
class UnderscoreGetsNoAnswer(PassesOver):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if any(b"_" in name for name, _ in request.headers):
            self.reader.exactly(request.length or 0)
            raise Skipped


_NO_SPOOF = ("valid-length-honoured", "chunks-decoded", "differing-lengths-refused", "content-type-as-sent")


@breaks("underscore-framing-without-effect", apart=_NO_SPOOF)
class LengthByEitherName(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        lengths = request.all(b"content_length")
        if lengths and request.length is None and not request.chunked:
            request.length = self.content_length(lengths)


@breaks("underscore-framing-without-effect", apart=_NO_SPOOF)
class TypeByEitherName(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        super().add_headers(environ, request)
        for value in request.all(b"content_type"):
            self.add_header(environ, b"content-type", value.decode("latin-1"))


@breaks("underscore-framing-without-effect", apart=_NO_SPOOF)
class FirstLengthOfEitherNameCounts(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        super().add_headers(environ, request)
        lengths = [v for n, v in request.headers if n in (b"content-length", b"content_length")]
        if lengths and request.all(b"content-length"):
            environ["CONTENT_LENGTH"] = lengths[0].decode()


@breaks("line-breaks-and-nul-not-in-environ")
class NulKept(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, _, value = line.partition(b":")
        super().add_header(found, line.replace(b"\0", b""))
        found[-1] = (name.lower(), value.strip(b" \t"))


@breaks("control-characters-survived")
class ControlsAreAnInternalError(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if b"\x1b" in line:
            raise Refusal(500, "Internal Server Error")
        super().add_header(found, line)


@breaks("blanks-around-value-stripped")
class TrailingBlanksKept(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().add_header(found, line)
        found[-1] = (found[-1][0], line.partition(b":")[2].lstrip(b" \t"))


@breaks("high-bytes-are-latin1")
class ValuesAsUtf8(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        super().add_header(environ, name, value.encode("latin-1").decode("utf-8", "replace"))


@breaks("underscore-name-not-merged")
class UnderscoresJoin(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        for name, value in request.headers:
            self.add_header(environ, name, value.decode("latin-1"))


@breaks("underscore-framing-without-effect")
class UnderscoreLengthWins(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        super().add_headers(environ, request)
        for value in request.all(b"content_length"):
            environ["CONTENT_LENGTH"] = value.decode()


@breaks("repeated-fields-joined")
class LastFieldWins(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        environ[self.variable(name)] = value


@breaks("cookies-joined-by-semicolon")
class CookiesJoinedByComma(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        key = self.variable(name)
        environ[key] = f"{environ[key]}, {value}" if key in environ else value


@breaks("repeated-singleton-not-mixed")
class SingletonsRunTogether(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        key = self.variable(name)
        if key == "CONTENT_TYPE" and key in environ:
            environ[key] += value
        else:
            super().add_header(environ, name, value)
