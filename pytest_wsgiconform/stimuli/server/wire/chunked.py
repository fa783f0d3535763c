"""Chunked request bodies: sizes, extensions, line ends, trailers."""

from __future__ import annotations

from ....observe.wire import HalfClose, Script, Send
from ....rules.records.stimulus_facts import UNSAID, Wanted
from ..model import Setting, one_after_the_other, stimulus

#: The stimulus that the others build on: a server that overlooks chunks there does so everywhere.
SIMPLEST = "chunked:one"


def _chunked(topic: str, variant: str, body: bytes, *, behaviour: str = "echo", wanted: Wanted = UNSAID) -> None:
    """Register ``topic:variant``: a POST with the chunked *body* as it stands, then an ordinary request."""

    def build(setting: Setting) -> bytes:
        first = setting.request("first", behaviour, method="POST", fields=("Transfer-Encoding: chunked",), body=body)
        return first + setting.last()

    name = f"{topic}:{variant}"
    stimulus(name, build, wanted, needs=SIMPLEST if name != SIMPLEST else "")


def _one(size: bytes, data: bytes = b"hello", end: bytes = b"\r\n") -> bytes:
    """Return a body of one chunk with the size line *size*, then the last chunk."""
    return size + b"\r\n" + data + end + b"0\r\n\r\n"


def _then_nothing(setting: Setting, body: bytes) -> Script:
    """Send a request with *body* and say that no more will come, so that nobody waits for it."""
    first = setting.request("first", method="POST", fields=("Transfer-Encoding: chunked",), body=body)
    return Script((Send(first + setting.last()), HalfClose()))


# -- bodies that must be decoded

_TEN = b"abcdefghij"
_chunked("chunked", "one", _one(b"5"), wanted=Wanted(decoded=b"hello"))
_chunked("chunked", "two", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", wanted=Wanted(decoded=b"hello"))
_chunked("chunked", "empty", b"0\r\n\r\n", wanted=Wanted(decoded=b""))
_chunked("chunked", "upper-hex", _one(b"A", _TEN), wanted=Wanted(decoded=_TEN))
_chunked("chunked", "lower-hex", _one(b"a", _TEN), wanted=Wanted(decoded=_TEN))
_chunked("chunked", "leading-zeros", _one(b"00005"), wanted=Wanted(decoded=b"hello"))
_chunked("chunked", "many-zeros", b"5\r\nhello\r\n000\r\n\r\n", wanted=Wanted(decoded=b"hello"))
_chunked("chunked", "line-ends-inside", _one(b"9", b"\r\n0\r\n\r\nxy"), wanted=Wanted(decoded=b"\r\n0\r\n\r\nxy"))
_chunked(
    "chunked",
    "one-byte-chunks",
    b"".join(b"1\r\n%c\r\n" % c for c in b"hello world") + b"0\r\n\r\n",
    wanted=Wanted(decoded=b"hello world"),
)
_chunked(
    "chunked",
    "large",
    b"3000\r\n" + b"x" * 0x3000 + b"\r\n" + _one(b"5"),
    wanted=Wanted(decoded=b"x" * 0x3000 + b"hello"),
)
_chunked(
    "chunked-drain", "two", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", behaviour="drain", wanted=Wanted(decoded=b"hello")
)
_chunked("chunked-drain", "empty", b"0\r\n\r\n", behaviour="drain", wanted=Wanted(decoded=b""))

_EXTENSIONS = {
    "valued": b"5;name=value",
    "quoted": b'5;name="a b;c"',
    "quoted-pair": b'5;name="a\\"b"',
    "bare": b"5;name",
    "several": b"5;a=1;b;c=2",
}
for _name, _size in _EXTENSIONS.items():
    _chunked("chunk-ext", _name, _one(_size), wanted=Wanted(decoded=b"hello"))
_chunked("chunk-ext-blank", "before", _one(b"5 ;a=1"), wanted=Wanted(decoded=b"hello"))
_chunked("chunk-ext-blank", "around", _one(b"5 ; a = 1"), wanted=Wanted(decoded=b"hello"))
_chunked("chunk-ext", "on-last-chunk", b"5\r\nhello\r\n0;last=yes\r\n\r\n", wanted=Wanted(decoded=b"hello"))
_chunked(
    "chunk-ext-limit",
    "total",
    (b"1;x=" + b"e" * 16_000 + b"\r\na\r\n") * 64 + b"0\r\n\r\n",
    wanted=Wanted(decoded=b"a" * 64),
)

# -- bodies that must be refused

_chunked("chunk-ext-break", "bare-lf", _one(b"5;a\nb"))
_chunked("chunk-ext-break", "bare-cr", _one(b"5;a\rb"))
_chunked("chunk-ext-break", "size-ends-lf", b"5\nhello\r\n0\r\n\r\n")
_chunked("chunk-ext-break", "size-ends-cr", b"5\rhello\r\n0\r\n\r\n")
_chunked("chunk-ext-break", "last-size-ends-lf", b"5\r\nhello\r\n0\n\r\n")


def _planted_by_extension(setting: Setting) -> bytes:
    """Read with bare LF as a line end, the body ends early and the rest is a request."""
    inner = setting.request("planted")
    lf_view = b"2;\nxx\r\n" + b"%x\r\n" % (len(inner) + 5) + b"0\r\n\r\n" + inner + b"\r\n0\r\n\r\n"
    first = setting.request("first", method="POST", fields=("Transfer-Encoding: chunked",), body=lf_view)
    return first + setting.last()


stimulus("chunk-ext-break:planted", _planted_by_extension, needs=SIMPLEST)

_BAD_SIZES = {
    "hex-prefix": b"0x5",
    "plus": b"+5",
    "minus": b"-1",
    "underscore": b"0_5",
    "blank-led": b" 5",
    "tab-led": b"\t5",
    "empty": b"",
    "letter": b"g",
    "blank-inside": b"0 5",
    "comma": b"5,",
    "vertical-tab": b"\x0b5",
    "nul": b"5\x00",
    "arabic-digit": "\u0665".encode(),
    "no-size-extension": b";a=1",
}
for _name, _size in _BAD_SIZES.items():
    _chunked("chunk-size", _name, _one(_size))
for _name, _size in {
    "17-digits": b"10000000000000005",
    "33-digits": b"100000000000000000000000000000005",
    "high-bit": b"FFFFFFFFFFFFFFFB",
    "9-digits": b"100000005",
}.items():
    stimulus(f"chunk-overflow:{_name}", lambda s, size=_size: _then_nothing(s, _one(size)), needs=SIMPLEST)

_chunked("chunk-end", "too-long", b"5\r\nhelloXX\r\n0\r\n\r\n")
_chunked("chunk-end", "too-short", b"5\r\nhell\r\n0\r\n\r\n")
_chunked("chunk-end", "missing", b"5\r\nhello0\r\n\r\n")
_chunked("chunk-end", "bare-lf", b"5\r\nhello\n0\r\n\r\n")
_chunked("chunk-end", "bare-cr", b"5\r\nhello\r0\r\n\r\n")
_chunked("chunk-end", "blank", b"5\r\nhello \r\n0\r\n\r\n")
_chunked("chunk-end", "two-letters", b"5\r\nhelloXY0\r\n\r\n")

# -- trailers

_LAST = b"5\r\nhello\r\n0\r\n"
_TRAILERS = {
    "host": b"Host: planted.test",
    "content-length": b"Content-Length: 99",
    "cookie": b"Cookie: planted=1",
    "authorization": b"Authorization: planted",
    "custom": b"X-Trailer: planted",
    "transfer-encoding": b"Transfer-Encoding: planted",
}


def _trailer(variant: str, *lines: bytes) -> None:
    """Register ``trailer:variant``, and for comparison the same body without trailers."""
    body = b"\r\n".join((_LAST + lines[0], *lines[1:], b"", b""))

    def play(setting: Setting, label: str, body: bytes, behind: str) -> Script:
        first = setting.request(label, method="POST", fields=("Transfer-Encoding: chunked",), body=body)
        return one_after_the_other(setting, first, behind)

    def build(setting: Setting) -> list[Script]:
        plain = play(setting, "plain", _LAST + b"\r\n", "behind-plain")
        return [play(setting, "first", body, "next"), plain]

    stimulus(f"trailer:{variant}", build, needs=SIMPLEST, wanted=Wanted(decoded=b"hello"))


for _name, _line in _TRAILERS.items():
    _trailer(_name, _line)
_trailer("several", b"X-One: planted", b"X-Two: planted")
