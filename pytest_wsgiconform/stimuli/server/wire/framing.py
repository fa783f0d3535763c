"""Message framing: Content-Length, Transfer-Encoding, both, and bodies shaped like requests."""

from __future__ import annotations

from ....observe.wire import HalfClose, Script, Send
from ....rules.records.stimulus_facts import UNSAID, Wanted
from ..model import Setting, one_after_the_other, stimulus

#: See ``SIMPLEST`` in ``chunked``.
CHUNKED = "chunked:one"

HELLO = b"5\r\nhello\r\n0\r\n\r\n"


def _framed(
    topic: str,
    variant: str,
    *fields: str | bytes,
    body: bytes = b"",
    behaviour: str = "echo",
    version: str = "HTTP/1.1",
    needs: str = "",
    wanted: Wanted = UNSAID,
) -> None:
    """Register ``topic:variant``: a POST with *fields* and *body*, then an ordinary request in the same packet."""

    def build(setting: Setting) -> bytes:
        return (
            setting.request("first", behaviour, method="POST", fields=fields, body=body, version=version)
            + setting.last()
        )

    stimulus(f"{topic}:{variant}", build, wanted, needs=needs)


def _awaited(topic: str, variant: str, *fields: str, body: bytes = b"", wanted: Wanted = UNSAID) -> None:
    """Register ``topic:variant`` likewise, the second request after the answer."""

    def build(setting: Setting) -> Script:
        first = setting.request("first", method="POST", fields=fields, body=body)
        return one_after_the_other(setting, first)

    stimulus(f"{topic}:{variant}", build, wanted)


def _planted(setting: Setting) -> bytes:
    return setting.request("planted")


# -- both framings


def _cl_te_planted(setting: Setting) -> bytes:
    body = b"0\r\n\r\n" + _planted(setting)
    fields = (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked")
    return setting.request("first", method="POST", fields=fields, body=body) + setting.last()


stimulus("cl-te:planted", _cl_te_planted, wanted=Wanted(decoded=b""))
_framed(
    "cl-te", "short", "Content-Length: 3", "Transfer-Encoding: chunked", body=HELLO, wanted=Wanted(decoded=b"hello")
)
_framed(
    "cl-te",
    "equal",
    f"Content-Length: {len(HELLO)}",
    "Transfer-Encoding: chunked",
    body=HELLO,
    wanted=Wanted(decoded=b"hello"),
)
_framed("cl-te", "zero", "Content-Length: 0", "Transfer-Encoding: chunked", body=HELLO, wanted=Wanted(decoded=b"hello"))
_framed(
    "te-cl", "long", "Transfer-Encoding: chunked", "Content-Length: 1000", body=HELLO, wanted=Wanted(decoded=b"hello")
)
_framed(
    "te-cl", "short", "Transfer-Encoding: chunked", "Content-Length: 3", body=HELLO, wanted=Wanted(decoded=b"hello")
)


def _te_cl_planted(setting: Setting) -> bytes:
    """By its Content-Length the body is the first size line only, and the chunk's data is a request."""
    inner = _planted(setting)
    size = b"%x\r\n" % len(inner)
    fields = ("Transfer-Encoding: chunked", f"Content-Length: {len(size)}")
    body = size + inner + b"\r\n0\r\n\r\n"
    return setting.request("first", method="POST", fields=fields, body=body) + setting.last()


stimulus("te-cl:planted", _te_cl_planted)

# -- transfer codings that are not plainly chunked

_REFUSED_CODINGS: dict[str, tuple[str | bytes, ...]] = {
    "misspelt": ("Transfer-Encoding: xchunked",),
    "suffixed": ("Transfer-Encoding: chunkedx",),
    "quoted": ('Transfer-Encoding: "chunked"',),
    "single-quoted": ("Transfer-Encoding: 'chunked'",),
    "not-last": ("Transfer-Encoding: chunked, gzip",),
    "not-last-line": ("Transfer-Encoding: chunked", "Transfer-Encoding: gzip"),
    "identity-last": ("Transfer-Encoding: chunked, identity",),
    "identity": ("Transfer-Encoding: identity",),
    "vertical-tab": (b"Transfer-Encoding: \x0bchunked",),
    "form-feed-after": (b"Transfer-Encoding: chunked\x0c",),
    "no-break-space": (b"Transfer-Encoding: \xa0chunked",),
    "two-words": ("Transfer-Encoding: chunked chunked",),
    "kelvin-sign": ("Transfer-Encoding: chun\u212aed".encode(),),
}
for _name, _lines in _REFUSED_CODINGS.items():
    _needs = "" if _name in ("misspelt", "not-last") else CHUNKED
    _framed("te-te", _name, *_lines, body=HELLO, needs=_needs, wanted=Wanted(decoded=b"hello", may_decode=False))
for _name in ("misspelt", "not-last", "identity-last", "vertical-tab", "not-last-line"):
    _framed(
        "te-te",
        f"{_name}-with-length",
        *_REFUSED_CODINGS[_name],
        f"Content-Length: {len(HELLO)}",
        body=HELLO,
        wanted=Wanted(decoded=b"hello", may_decode=False),
    )
_LENIENT_CODINGS: dict[str, tuple[str, ...]] = {
    "tab-prefixed": ("Transfer-Encoding:\tchunked",),
    "no-blank": ("Transfer-Encoding:chunked",),
    "empty-member": ("Transfer-Encoding: ,chunked",),
    "twice": ("Transfer-Encoding: chunked, chunked",),
    "two-lines": ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "identity-first": ("Transfer-Encoding: identity", "Transfer-Encoding: chunked"),
}
for _name, _codings in _LENIENT_CODINGS.items():
    _framed("te-te", _name, *_codings, body=HELLO, needs=CHUNKED, wanted=Wanted(decoded=b"hello", may_decode=True))

for _name in ("gzip", "x-made-up"):
    _framed(
        "te-unknown",
        _name,
        f"Transfer-Encoding: {_name}, chunked",
        body=HELLO,
        needs=CHUNKED,
        wanted=Wanted(decoded=b"hello"),
    )
for _name in ("Chunked", "chunkeD", "CHUNKED", "cHuNkEd"):
    _framed("te-case", _name, f"Transfer-Encoding: {_name}", body=HELLO, needs=CHUNKED, wanted=Wanted(decoded=b"hello"))
_framed(
    "te-http10",
    "keep-alive",
    "Transfer-Encoding: chunked",
    "Connection: keep-alive",
    body=HELLO,
    version="HTTP/1.0",
    wanted=Wanted(decoded=b"hello"),
)
_framed(
    "te-http10",
    "with-length",
    "Transfer-Encoding: chunked",
    f"Content-Length: {len(HELLO)}",
    "Connection: keep-alive",
    body=HELLO,
    version="HTTP/1.0",
    wanted=Wanted(decoded=b"hello"),
)

# -- Content-Length

for _name, _pair in {
    "larger-second": (5, 6),
    "larger-first": (6, 5),
    "zero-first": (0, 5),
    "zero-second": (5, 0),
}.items():
    _framed("cl-differing", f"lines-{_name}", *(f"Content-Length: {n}" for n in _pair), body=b"hello")
    _framed("cl-differing", f"list-{_name}", f"Content-Length: {_pair[0]}, {_pair[1]}", body=b"hello")
_framed("cl-same", "lines", "Content-Length: 5", "Content-Length: 5", body=b"hello")
_framed("cl-same", "list", "Content-Length: 5, 5", body=b"hello")
_framed("cl-same", "leading-zeros", "Content-Length: 5", "Content-Length: 005", body=b"hello")

for _name, _value in {"plus": "+5", "minus": "-5", "minus-zero": "-0", "plus-blank": "+ 5"}.items():
    _framed("cl-sign", _name, f"Content-Length: {_value}", body=b"hello")
_BAD_LENGTHS: dict[str, bytes] = {
    "underscore": b"1_0",
    "hex": b"0x5",
    "octal": b"0o5",
    "inner-blank": b"1 0",
    "letters": b"five",
    "trailing-letter": b"5a",
    "decimal-point": b"5.0",
    "exponent": b"5e0",
    "semicolon": b"5;",
    "superscript": b"\xb2",
    "arabic-digit": "\u0665".encode(),
    "fullwidth-digit": "\uff15".encode(),
    "vertical-tab": b"\x0b5",
    "form-feed-after": b"5\x0c",
    "no-break-space": b"\xa05",
    "quoted": b'"5"',
    "nul": b"5\x00",
}
for _name, _bad in _BAD_LENGTHS.items():
    _framed("cl-nondigit", _name, b"Content-Length: " + _bad, body=b"hello")


def _cl_empty(blank: str) -> None:
    def build(setting: Setting) -> bytes:
        lines = (f"Content-Length:{blank}",)
        return setting.request("first", method="POST", fields=lines, body=_planted(setting)) + setting.last()

    stimulus(f"cl-empty:{'bare' if not blank else 'blank'}", build)


_cl_empty("")
_cl_empty("  ")


def _huge(setting: Setting, digits: str) -> Script:
    """Announce a body that nobody could send, and say that no more will come."""
    first = setting.request("first", "ignore", method="POST", fields=(f"Content-Length: {digits}",))
    return Script((Send(first + setting.last()), HalfClose()))


for _digits in ("9" * 19, "18446744073709551621", "9" * 40, "1" + "0" * 400, "9" * 5000):
    stimulus(
        f"cl-huge:{len(_digits)}-digits", lambda s, digits=_digits: _huge(s, digits), wanted=Wanted(digits=_digits)
    )
for _name, _length, _decoded in (
    ("leading-zeros", "0010", b"helloworld"),
    ("zero", "0", b""),
    ("plain", "5", b"hello"),
):
    _awaited("cl-valid", _name, f"Content-Length: {_length}", body=_decoded, wanted=Wanted(decoded=_decoded))


#: What the labels of each pair of connections end in: some servers get requests that follow one another right by
#: luck only, and what they do with one of them tells nothing.
TURNS = ("", "-again", "-third")


def _no_framing(setting: Setting, method: str) -> list[Script]:
    """A request without framing and one behind it; then, for comparison, the same two with an explicit length of 0."""
    made: list[Script] = []
    for turn in TURNS:
        plain = setting.request(f"plain{turn}", method=method, fields=("Content-Length: 0",))
        first = setting.request(f"first{turn}", method=method)
        pair = (first + setting.last(f"next{turn}"), plain + setting.last(f"behind-plain{turn}"))
        made += (Script((Send(data),)) for data in pair)
    return made


for _method in ("GET", "POST"):
    stimulus(
        f"no-framing:{_method.lower()}", lambda s, method=_method: _no_framing(s, method), wanted=Wanted(turns=TURNS)
    )
    stimulus(
        f"no-framing-drained:{_method.lower()}",
        lambda s, method=_method: s.request("first", behaviour="drain", method=method) + s.last(),
    )

# -- bodies cut short, and bodies nobody reads


stimulus(
    "body-incomplete:length",
    lambda s: Script(
        (Send(s.request("first", method="POST", fields=("Content-Length: 10",), body=b"hello")), HalfClose()), finals=1
    ),
    wanted=Wanted(announced=10),
)
stimulus(
    "body-incomplete:nothing",
    lambda s: Script((Send(s.request("first", method="POST", fields=("Content-Length: 10",))), HalfClose()), finals=1),
    wanted=Wanted(announced=10),
)
for _name, _start in {
    "after-chunk": b"5\r\nhello\r\n",
    "in-chunk": b"a\r\nhello",
    "in-size": b"5\r\nhello\r\n5",
}.items():
    stimulus(
        f"chunk-incomplete:{_name}",
        lambda s, start=_start: Script(
            (
                Send(s.request("first", method="POST", fields=("Transfer-Encoding: chunked",), body=start)),
                HalfClose(),
            ),
            finals=1,
        ),
        needs=CHUNKED,
    )


def _unread(variant: str, filler: int, chunked: bool) -> None:
    def build(setting: Setting) -> bytes:
        inner = _planted(setting) + b"a" * filler
        if chunked:
            fields, body = "Transfer-Encoding: chunked", b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"
        else:
            fields, body = f"Content-Length: {len(inner)}", inner
        return setting.request("first", "ignore", method="POST", fields=(fields,), body=body) + setting.last()

    stimulus(f"unread:{variant}", build)


_unread("length", 0, False)
_unread("length-large", 200_000, False)
_unread("chunked", 0, True)


def _unread_later(setting: Setting) -> Script:
    """The body comes in a packet of its own, when the answer may already be out."""
    inner = _planted(setting)
    head = setting.request("first", "ignore", method="POST", fields=(f"Content-Length: {len(inner)}",))
    return Script((Send(head), Send(inner), Send(setting.last())))


stimulus("unread:late-body", _unread_later)


def _smuggle_lf(setting: Setting) -> bytes:
    """Whoever takes the bare LF for a line end sees Transfer-Encoding; whoever doesn't sees Content-Length."""
    inner = b"0\r\n\r\n" + _planted(setting)
    fields = (b"X-A: b\nTransfer-Encoding: chunked", f"Content-Length: {len(inner)}")
    return setting.request("first", method="POST", fields=fields, body=inner) + setting.last()


stimulus("bare-lf:smuggled-coding", _smuggle_lf)
