"""Broken servers: files and extensions."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import FileWrapper
from tests.corpora.servers.base_http import Request
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.broken.body_length import LengthNotCounted
from tests.corpora.servers.parts import Edited, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- files -----------------------------------------------------------------------------------------


@breaks("file-wrapper-takes-block-size")
class OneArgument(FileWrapper):
    def __init__(self, filelike: Any) -> None:
        super().__init__(filelike)


@breaks("file-wrapper-result-iterable")
class FirstBlockOnly(FileWrapper):
    def __iter__(self) -> Iterator[bytes]:
        return iter([self.filelike.read(16)])


@breaks("file-wrapper-close-passed-on", "file-closed-after-response")
class CloseNotPassedOn(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        self.filelike, self.block_size = filelike, block_size


@breaks("file-wrapper-sends-nothing")
class ReadsAtOnce(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        super().__init__(filelike, block_size)
        self.data = filelike.read()

    def __iter__(self) -> Iterator[bytes]:
        return iter([self.data])


@breaks("file-sent-after-return")
class SentWhenWrapped(Responder):
    """Sends the head as soon as the app asks for the wrapper."""

    def run(self, app: Any, environ: dict[str, Any]) -> None:
        class Sending(FileWrapper):
            def __init__(wrapper, filelike: Any, block_size: int = 8192) -> None:
                super().__init__(filelike, block_size)
                self.send_body(b"")

        super().run(app, {**environ, "wsgi.file_wrapper": Sending})


@breaks("file-needs-no-close", "unsuitable-files-iterated")
class CloseRequired(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        self.close = filelike.close
        super().__init__(filelike, block_size)


# -- contents of files -----------------------------------------------------------------------------


@breaks("unsuitable-files-iterated")
class DescriptorRequired(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        filelike.fileno()
        super().__init__(filelike, block_size)


@breaks("file-sent-from-position")
class SendsFromStart(FileWrapper):
    def __iter__(self) -> Iterator[bytes]:
        if hasattr(self.filelike, "seek"):
            self.filelike.seek(0)
        return super().__iter__()  # type: ignore[return-value]


@breaks("file-like-plain-iteration")
class OneBlockOfAFile(FileWrapper):
    def __iter__(self) -> Iterator[bytes]:
        return iter([self.filelike.read(4096)])


@breaks("file-sent-up-to-length")
class WholeFile(LengthNotCounted):
    """Sends the file to its end whatever the length says."""


@breaks("rewrapped-file-served")
class WrapperOnly(Responder):
    def iterate(self) -> None:
        if type(self.result).__name__ == "generator" and self.has("content-type"):
            self.result = []
        super().iterate()


# -- extensions ------------------------------------------------------------------------------------


@breaks("header-extension-needs-environ", "header-extension-follows-environ")
class HeadersOfItsOwn(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        known = {name.decode().title(): value.decode("latin-1") for name, value in request.headers}
        environ["base.headers"] = lambda environ=None: known


@breaks("header-extension-follows-environ")
class HeadersOfTheRequest(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        known = {name.decode().title(): value.decode("latin-1") for name, value in request.headers}
        environ["base.headers"] = lambda environ: known


@breaks("output-extension-needs-start")
class SendsForAnybody(Responder):
    def output_extension(self, *args: Any) -> None:
        self.write(args[-1])


@breaks("output-extension-refuses-foreign-start")
class TakesAnyStart(Responder):
    def output_extension(self, start_response: Any, data: bytes, /) -> None:
        self.write(data)
