"""Broken servers: wsgi.errors."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import ErrorStream, Server
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)


@breaks("errors-has-write")
class ErrorsTakeBytes(ErrorStream):
    def write(self, text: Any) -> int:
        return super().write(text.decode())


@breaks("errors-has-flush")
class ErrorsWithoutFlush(ErrorStream):
    flush = None  # type: ignore[assignment]


@breaks("errors-has-writelines")
class WritelinesOfListsOnly(ErrorStream):
    def writelines(self, lines: Iterable[str]) -> None:
        if not isinstance(lines, list):
            raise TypeError("a list is needed")
        super().writelines(lines)


@breaks("errors-accepts-any-text")
class LatinErrors(ErrorStream):
    def write(self, text: str) -> int:
        text.encode("latin-1")
        return super().write(text)


@breaks("errors-flush-reaches-log")
class LogsAfterTheResponse(Server):
    class errors_class(ErrorStream):
        """Keeps what is written, whatever is flushed."""

        def write(self, text: str) -> int:
            self.__dict__.setdefault("kept", []).append(text)
            return len(text)

    class responder_class(Responder):
        def run(self, app: Any, environ: dict[str, Any]) -> None:
            errors = environ["wsgi.errors"]
            super().run(app, environ)
            for text in getattr(errors, "kept", []):
                errors.log(text)


@breaks("errors-writelines-verbatim")
class LineEndsAdded(ErrorStream):
    def writelines(self, lines: Iterable[str]) -> None:
        super().writelines(line + "\n" for line in lines)


@breaks("app-errors-are-logged", "short-body-is-logged")
class LogsNothing(Responder):
    def log_error(self, text: str) -> None: ...
