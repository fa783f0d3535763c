"""Broken servers, one fault each: how the request is read."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.corpora.servers.base import Connection, Server
from tests.corpora.servers.base_http import BAD_VALUE, TOKEN, Refusal, Request, RequestParser

#: Each broken server with the rule that has to find it.
BROKEN: list[tuple[type[Server], str]] = []


def parser(rule: str) -> Any:
    """Register a server whose parser is the decorated class, to be found by *rule*."""

    def register(cls: type[RequestParser]) -> type[RequestParser]:
        BROKEN.append((type(cls.__name__, (Server,), {"parser_class": cls}), rule))
        return cls

    return register


def connection(rule: str) -> Any:
    """Register a server whose connections are of the decorated class, to be found by *rule*."""

    def register(cls: type[Connection]) -> type[Connection]:
        BROKEN.append((type(cls.__name__, (Server,), {"connection_class": cls}), rule))
        return cls

    return register


# -- request line and target


@parser("request-line-malformed-refused")
class AnyMethodGoes(RequestParser):
    def request_line(self, line: bytes) -> Request:
        method, target, version = [*line.split(b" "), b"", b""][:3]
        return Request(method, target, self.version(version))


@parser("request-line-malformed-refused")
class ExtraWordsDropped(RequestParser):
    def request_line(self, line: bytes) -> Request:
        return super().request_line(b" ".join(line.split(b" ")[:3]))


@parser("target-whitespace-not-repaired")
class TargetCutAtBlank(RequestParser):
    def request_line(self, line: bytes) -> Request:
        words = line.split()
        return super().request_line(b" ".join((words[0], words[1], words[-1])))


@parser("version-malformed-refused")
class VersionInAnyCase(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return super().version(text.upper())


@parser("version-malformed-refused")
class VersionByPrefix(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return super().version(text[:8])


@parser("version-unsupported-not-served")
class EveryVersionServed(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return (1, 1) if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", text) else super().version(text)


@parser("method-case-kept")
class MethodMadeUpper(RequestParser):
    def method(self, token: bytes) -> bytes:
        return token.upper()


@parser("empty-line-before-request-ignored")
class EmptyLineIsAnError(RequestParser):
    def first_line(self) -> bytes | None:
        while not self.reader.buffer:
            if not self.reader.fill():
                return None
        return self.read_line((414, "URI Too Long"))


@parser("blank-led-first-line-dropped")
class BlankLedLineIsAField(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().add_header(found, line.lstrip(b" \t"))


@parser("long-target-whole-or-refused")
class LongTargetCut(RequestParser):
    def split_target(self, request: Request) -> None:
        request.target = request.target[:8192]
        super().split_target(request)


@parser("absolute-form-gives-path-and-query")
class AbsoluteFormAsPath(RequestParser):
    def split_target(self, request: Request) -> None:
        request.path, _, request.query = request.target.partition(b"?")


@parser("absolute-form-gives-path-and-query")
class AbsoluteFormRefused(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.target.lower().startswith(b"http:"):
            raise Refusal(400, "Bad Request")
        super().split_target(request)


@parser("absolute-form-overrides-host")
class HostFieldWins(RequestParser):
    def take_authority(self, request: Request, authority: bytes) -> None:
        return None


@parser("asterisk-form-is-no-path")
class AsteriskBehindSlash(RequestParser):
    def split_target(self, request: Request) -> None:
        super().split_target(request)
        if request.target == b"*":
            request.path = b"/*"


@parser("connect-target-is-no-path")
class ConnectAsPath(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.method == b"CONNECT":
            request.path = b"/" + request.target
        else:
            super().split_target(request)


@parser("fragment-not-passed-on")
class FragmentKept(RequestParser):
    def split_target(self, request: Request) -> None:
        request.path, _, request.query = request.target.partition(b"?")


# -- path and query


@connection("path-decoded-once")
class PathDecodedTwice(Connection):
    def path_info(self, request: Request) -> str:
        return unquote(super().path_info(request), "latin-1")


@connection("path-decoded-once")
class PlusBecomesBlank(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).replace("+", " ")


@connection("path-bytes-are-latin1")
class PathAsUtf8(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).encode("latin-1").decode("utf-8", "replace")


@connection("path-bad-percent-survives")
class BadPercentDropped(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).replace("%", "")


@connection("path-nul-keeps-tail")
class PathEndsAtNul(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).partition("\0")[0]


@connection("double-slash-is-a-path")
class PathThroughUrlsplit(Connection):
    def path_info(self, request: Request) -> str:
        request.path = urlsplit(request.path).path or b"/"
        return super().path_info(request)


@connection("double-slash-not-merged")
class SlashesMerged(Connection):
    def path_info(self, request: Request) -> str:
        return re.sub("/+", "/", super().path_info(request))


@connection("query-passed-raw")
class QueryDecoded(Connection):
    def query_string(self, request: Request) -> str:
        return unquote(super().query_string(request), "latin-1")


@connection("query-passed-raw")
class QueryCutAtQuestionMark(Connection):
    def query_string(self, request: Request) -> str:
        return super().query_string(request).partition("?")[0]


@connection("path-parameters-kept")
class ParametersDropped(Connection):
    def path_info(self, request: Request) -> str:
        return re.sub(";[^/]*", "", super().path_info(request))


# -- fields


@parser("bare-cr-refused-or-blanked")
class BareCrEndsLine(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        for part in line.split(b"\r"):
            super().add_header(found, part)


@parser("bare-cr-refused-or-blanked")
class BareCrKept(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, _, value = line.partition(b":")
        if b"\r" in value and TOKEN.match(name):
            found.append((name.lower(), value.strip(b" \t")))
        else:
            super().add_header(found, line)


@parser("bare-lf-refused")
class BareLfTaken(RequestParser):
    def strip_end(self, line: bytes) -> bytes:
        return line.rstrip(b"\r\n")


@parser("blank-before-colon-refused")
class BlankBeforeColonTaken(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, colon, value = line.partition(b":")
        super().add_header(found, name.rstrip(b" \t") + colon + value)


@parser("folded-line-refused-or-joined")
class FoldedLineDropped(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if line[:1] not in b" \t":
            super().add_header(found, line)


@parser("folded-line-refused-or-joined")
class FoldKeepsLineBreak(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if line[:1] in b" \t" and found:
            name, value = found.pop()
            found.append((name, value + b"\r\n" + line))
        else:
            super().add_header(found, line)


@parser("field-name-token-or-refused")
class AnyNameGoes(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, _, value = line.partition(b":")
        if BAD_VALUE.search(value):
            raise Refusal(400, "Bad Request")
        found.append((name.strip().lower(), value.strip(b" \t")))


@parser("line-breaks-and-nul-not-in-environ")
class NulKept(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, _, value = line.partition(b":")
        super().add_header(found, line.replace(b"\0", b""))
        found[-1] = (name.lower(), value.strip(b" \t"))


@parser("control-characters-survived")
class ControlsAreAnInternalError(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if b"\x1b" in line:
            raise Refusal(500, "Internal Server Error")
        super().add_header(found, line)


@parser("blanks-around-value-stripped")
class TrailingBlanksKept(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().add_header(found, line)
        found[-1] = (found[-1][0], line.partition(b":")[2].lstrip(b" \t"))


@parser("large-fields-whole-or-refused")
class LongValuesCut(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().add_header(found, line[:8190])


@parser("large-fields-whole-or-refused")
class OnlyHundredFields(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if len(found) < 100:
            super().add_header(found, line)


@connection("high-bytes-are-latin1")
class ValuesAsUtf8(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        super().add_header(environ, name, value.encode("latin-1").decode("utf-8", "replace"))


@connection("underscore-name-not-merged")
class UnderscoresJoin(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        for name, value in request.headers:
            self.add_header(environ, name, value.decode("latin-1"))


@connection("underscore-framing-without-effect")
class UnderscoreLengthWins(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        super().add_headers(environ, request)
        for value in request.all(b"content_length"):
            environ["CONTENT_LENGTH"] = value.decode()


@connection("repeated-fields-joined")
class LastFieldWins(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        environ[self.variable(name)] = value


@connection("cookies-joined-by-semicolon")
class CookiesJoinedByComma(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        key = self.variable(name)
        environ[key] = f"{environ[key]}, {value}" if key in environ else value


@connection("repeated-singleton-not-mixed")
class SingletonsRunTogether(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        key = self.variable(name)
        if key == "CONTENT_TYPE" and key in environ:
            environ[key] += value
        else:
            super().add_header(environ, name, value)


# -- Host


@parser("host-missing-refused")
class NoHostNeeded(RequestParser):
    def check_host(self, request: Request) -> None:
        if request.all(b"host"):
            super().check_host(request)


@parser("host-missing-refused")
class HostNeededInHttp10(RequestParser):
    def check_host(self, request: Request) -> None:
        super().check_host(request)
        if not request.all(b"host"):
            raise Refusal(400, "Bad Request")


@parser("host-repeated-refused")
class LastHostCounts(RequestParser):
    def check_host(self, request: Request) -> None:
        hosts = request.all(b"host")
        request.headers = [(n, v) for n, v in request.headers if n != b"host"] + [(b"host", v) for v in hosts[-1:]]
        super().check_host(request)


@parser("host-invalid-refused")
class AnyHostGoes(RequestParser):
    def check_host(self, request: Request) -> None:
        if len(request.all(b"host")) != 1 and request.version >= (1, 1):
            raise Refusal(400, "Bad Request")
