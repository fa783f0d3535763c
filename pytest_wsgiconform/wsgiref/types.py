"""Types for static checking of WSGI code: the protocols and aliases of :pep:`3333`.

Nothing here is meant for ``isinstance``; the protocols describe shapes.
"""

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol, TypeAlias

__all__ = [
    "ErrorStream",
    "FileWrapper",
    "InputStream",
    "StartResponse",
    "WSGIApplication",
    "WSGIEnvironment",
]

_ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
_OptExcInfo: TypeAlias = _ExcInfo | tuple[None, None, None]


class StartResponse(Protocol):
    """The callable a server hands to the application (PEP 3333, "The start_response() Callable").

    ``status`` is ``"CODE REASON"``, ``headers`` a list of ``(name, value)`` tuples, ``exc_info`` a
    ``sys.exc_info()`` triple or ``None``.  What comes back is the ``write(data: bytes)`` callable.
    """

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: _OptExcInfo | None = ...,
        /,
    ) -> Callable[[bytes], object]: ...


WSGIEnvironment: TypeAlias = dict[str, Any]
"""The ``environ`` dictionary: CGI variables as ``str``, and the ``wsgi.*`` entries."""

WSGIApplication: TypeAlias = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
"""An application: two positional arguments in, an iterable of ``bytes`` out."""


class InputStream(Protocol):
    """``wsgi.input`` (PEP 3333, "Input and Error Streams")."""

    def read(self, size: int = ..., /) -> bytes: ...

    def readline(self, size: int = ..., /) -> bytes: ...

    def readlines(self, hint: int = ..., /) -> list[bytes]: ...

    def __iter__(self) -> Iterator[bytes]: ...


class ErrorStream(Protocol):
    """``wsgi.errors`` (PEP 3333, "Input and Error Streams")."""

    def flush(self) -> object: ...

    def write(self, s: str, /) -> object: ...

    def writelines(self, seq: list[str], /) -> object: ...


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class FileWrapper(Protocol):
    """``wsgi.file_wrapper`` (PEP 3333, "Optional Platform-Specific File Handling")."""

    def __call__(self, file: _Readable, block_size: int = ..., /) -> Iterable[bytes]: ...
