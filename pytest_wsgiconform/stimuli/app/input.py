"""Request bodies: streams that give little, that end early, that fail, and that allow only what the PEP lists."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from .asking import Bodies
from .model import Stage, Stimulus

_LINES = b"".join(b"line%d=%d&\n" % (number, number) for number in range(2000))


class StrictInput:
    """A ``wsgi.input`` that has the four methods of PEP 3333 ("Input and Error Streams") and nothing else."""

    __slots__ = ("__file",)

    def __init__(self, data: bytes) -> None:
        self.__file = BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self.__file.read(size)

    def readline(self, size: int = -1, /) -> bytes:
        return self.__file.readline(size)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        return self.__file.readlines(hint)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.__file.readline, b"")


class StrictErrors:
    """A ``wsgi.errors`` that takes ``str`` and has the three methods of the PEP and nothing else."""

    __slots__ = ("__texts",)

    def __init__(self) -> None:
        self.__texts: list[str] = []

    def write(self, text: str, /) -> int:
        if type(text) is not str:
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}")
        if len(self.__texts) < 1000:
            self.__texts.append(text)
        return len(text)

    def writelines(self, texts: Any, /) -> None:
        for text in texts:
            self.write(text)

    def flush(self) -> None:
        """Nothing is held back."""


class FewBytes(StrictInput):
    """Gives at most *most* bytes at a time, as a socket may."""

    __slots__ = ("_most",)

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int = -1, /) -> bytes:
        return super().read(self._most if size < 0 else min(size, self._most))


class Guarded(StrictInput):
    """Raises when more is asked for than the body has, where a careless server would wait for ever."""

    __slots__ = ("_left",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = len(data)

    def read(self, size: int = -1, /) -> bytes:
        if size > self._left or size < 0:
            raise OSError(f"read({size}) past the end of the body: {self._left} bytes are left")
        self._left -= size
        return super().read(size)

    def readline(self, size: int = -1, /) -> bytes:
        if not self._left and size:
            raise OSError("readline() past the end of the body")
        line = super().readline(size)
        self._left -= len(line)
        return line


class Failing(StrictInput):
    """Raises after *good* bytes, as when the client has gone."""

    __slots__ = ("_good",)

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__(data)
        self._good = good

    def _allow(self, size: int) -> int:
        if self._good <= 0:
            raise OSError("the client closed the connection")
        size = self._good if size < 0 else min(size, self._good)
        self._good -= size
        return size

    def read(self, size: int = -1, /) -> bytes:
        return super().read(self._allow(size))

    def readline(self, size: int = -1, /) -> bytes:
        return super().readline(self._allow(size))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        raise OSError("the client closed the connection")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


class Hinted(StrictInput):
    """Honours the hint of ``readlines`` or not, and notes that one was given."""

    __slots__ = ("_honours", "hints")

    def __init__(self, data: bytes, honours: bool) -> None:
        super().__init__(data)
        self._honours = honours
        self.hints = 0

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        if hint is not None and hint >= 0:
            self.hints += 1
        return super().readlines(hint if self._honours else -1)


def _post(stage: Stage, stream: Any, length: int | None, **options: Any) -> dict[str, Any]:
    extra = {} if length is None else {"CONTENT_LENGTH": str(length)}
    return stage.with_body(stream, extra=extra, **options)


def _strict(stage: Stage) -> None:
    stage.play("get", stage.environ(stage.asking.usual, body=StrictInput(b""), errors=StrictErrors()))


def _few(stage: Stage) -> None:
    # Not judged by event rules: read() is documented to fill up, and an app that counts on it is not at fault.
    body, _ = stage.content
    if stage.sends(Bodies.HANDFUL):
        stage.compare(
            ("whole", lambda: _post(stage, StrictInput(body), len(body), errors=StrictErrors())),
            ("1 at a time", lambda: _post(stage, FewBytes(body, 1), len(body))),
            variant_behaviour={"judged": False},
        )


def _short(stage: Stage) -> None:
    # A body that ends early is the client's fault, so a response that comes out wrong is not held against the app.
    body, _ = stage.content
    if stage.sends(Bodies.ALL):
        stage.play("less comes", _post(stage, StrictInput(body[:5]), len(body)), judged=False)


def _guarded(stage: Stage) -> None:
    body, _ = stage.content
    if stage.sends(Bodies.HANDFUL):
        stage.play("guarded", _post(stage, Guarded(body), len(body)))
    stage.play("guarded empty", stage.environ(stage.asking.usual, body=Guarded(b"")))


def _failing(stage: Stage) -> None:
    data = _LINES
    for good in (0, 20000) if stage.sends(Bodies.ALL) else ():
        stage.play(f"fails after {good}", _post(stage, Failing(data, good), len(data)), judged=False)


def _hint(stage: Stage) -> None:
    for label, honours in (("honoured", True), ("ignored", False)) if stage.sends(Bodies.ALL) else ():
        for _ in range(4):
            stream = Hinted(_LINES, honours)
            record = stage.play(label, _post(stage, stream, len(_LINES)))
            record.facts["hints"] = stream.hints
            if not stream.hints:
                return


def _terminated(stage: Stage) -> None:
    if not stage.sends(Bodies.ALL):
        return
    body, _ = stage.content
    environ = _post(stage, StrictInput(body), None)
    environ["wsgi.input_terminated"] = True
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    stage.play("terminated", environ)


def _large(stage: Stage) -> None:
    if not stage.sends(Bodies.ALL):
        return
    large = b"x" * 300_000
    for label, body, kind in (
        ("large", large, "application/octet-stream"),
        ("multipart", b"--wsgiconform\r\n\r\nno end", "multipart/form-data; boundary=wsgiconform"),
        ("json", b'{"a": [1, ', "application/json"),
        ("no charset", b"\xff\xfe=%ff", "x/y; charset=none"),
    ):
        stage.play(label, stage.with_body(body, headers={"Content-Type": kind}, usual={}))


INPUT: tuple[Stimulus, ...] = (
    Stimulus("strict-streams", "streams that have the methods of the PEP only, without a body", _strict),
    Stimulus("input-in-pieces", "a body that comes whole, and one byte at a time", _few),
    Stimulus("input-ends-early", "less body than CONTENT_LENGTH says", _short),
    Stimulus("input-guarded", "a stream that raises when it is read beyond the body", _guarded),
    Stimulus("input-fails", "a stream that raises because the client has gone", _failing),
    Stimulus("readlines-hint", "a stream that honours the hint of readlines(), and one that doesn't", _hint),
    Stimulus("input-terminated", "a chunked body without CONTENT_LENGTH, ended by the server", _terminated),
    Stimulus("odd-bodies", "bodies that are long, broken or of no known type", _large),
)
