"""Broken servers: what they do to the body."""

from __future__ import annotations

import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)


@breaks("blocks-sent-before-next")
class BlocksCollected(Responder):
    def iterate(self) -> None:
        for block in list(self.result):
            self.block(block)


@breaks("blocks-sent-before-next", "blocks-after-write-sent")
class OneBlockBehind(Responder):
    def iterate(self) -> None:
        held = b""
        for block in self.result:
            if held:
                self.block(held)
            held = block
        if held:
            self.block(held)


@breaks("body-bytes-unchanged")
class LineEndsTranslated(Responder):
    def send_body(self, data: bytes) -> None:
        super().send_body(data.replace(b"\n\n", b"\r\n"))


@breaks("close-is-optional")
class CloseExpected(Responder):
    def close(self) -> None:
        self.result.close()

    def iterate(self) -> None:
        self.result.close  # noqa: B018 - the look-up is the fault
        super().iterate()


@breaks("sequence-protocol-iterated")
class AsksForIter(Responder):
    def iterate(self) -> None:
        self.result.__iter__  # noqa: B018 - the look-up is the fault
        super().iterate()


@breaks("no-attributes-of-iterable-used")
class LooksForRead(Responder):
    def iterate(self) -> None:
        getattr(self.result, "read", None)
        super().iterate()


@breaks("text-body-refused")
class EncodesText(Responder):
    def block(self, block: Any) -> None:
        super().block(block.encode() if isinstance(block, str) else block)
