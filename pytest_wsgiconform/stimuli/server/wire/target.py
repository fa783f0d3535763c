"""Request lines and targets: methods, versions, whitespace, the four forms, percent-encoding."""

from __future__ import annotations

from ....observe.wire import AwaitFinal, Script, Send
from ....rules.records.stimulus_facts import UNSAID, Launch, Mode, Wanted
from ..model import Setting, raw, stimulus


def _request_line(variant: str, before: bytes, after: bytes, lead: bytes = b"", wanted: Wanted = UNSAID) -> None:
    """Register ``request-line:variant``: *before*, the ordinary target, *after*; then an ordinary request."""

    def build(setting: Setting) -> bytes:
        start = lead + before + raw(setting.target("first")) + after
        return start + b"\r\nHost: " + raw(setting.host) + b"\r\n\r\n" + setting.last()

    stimulus(f"request-line:{variant}", build, wanted)


_request_line("no-version", b"GET ", b"")
_request_line("no-method", b"", b" HTTP/1.1")
_request_line("blank-method", b" ", b" HTTP/1.1")
_request_line("extra-word", b"GET ", b" HTTP/1.1 extra")
_request_line("control-in-method", b"G\x01ET ", b" HTTP/1.1")
_request_line("nul-in-method", b"GE\x00T ", b" HTTP/1.1")
_request_line("delimiter-in-method", b"GE(T ", b" HTTP/1.1")
_request_line("colon-in-method", b"GET: ", b" HTTP/1.1")
_request_line("non-ascii-method", b"G\xc9T ", b" HTTP/1.1")
_request_line("control-in-target", b"GET ", b"/a\x01b HTTP/1.1")
_request_line("nul-in-target", b"GET ", b"/a\x00b HTTP/1.1")

_TARGET_BLANKS = {"space": b" ", "tab": b"\t", "vertical-tab": b"\x0b", "form-feed": b"\x0c", "no-break-space": b"\xa0"}
for _name, _blank in _TARGET_BLANKS.items():
    _request_line(
        _name + "-in-target",
        b"GET ",
        b"/a" + _blank + b"b HTTP/1.1",
        wanted=Wanted(tail=f"/a{_blank.decode('latin-1')}b"),
    )

_VERSIONS = {
    "lower-case": b"http/1.1",
    "no-minor": b"HTTP/1",
    "trailing-letter": b"HTTP/1.1x",
    "leading-zero": b"HTTP/01.1",
    "two-digit-minor": b"HTTP/1.10",
    "comma": b"HTTP/1,1",
    "no-slash": b"HTTP1.1",
    "other-name": b"HTTPS/1.1",
    "empty-minor": b"HTTP/1.",
    "signed": b"HTTP/+1.1",
}
for _name, _version in _VERSIONS.items():
    _request_line(f"version-{_name}", b"GET ", b" " + _version)
for _version in (b"HTTP/2.0", b"HTTP/9.9", b"HTTP/3.0"):
    _request_line(f"unsupported-version-{_version[5:].decode()}", b"GET ", b" " + _version)

stimulus("request-line:empty-line-first", lambda s: b"\r\n" + s.request("first", close=True))
stimulus(
    "request-line:method-lower-case",
    lambda s: s.request("first", method="get", close=True),
    wanted=Wanted(method="get"),
)
stimulus(
    "request-line:method-mixed-case",
    lambda s: s.request("first", method="gEt", close=True),
    wanted=Wanted(method="gEt"),
)
stimulus(
    "request-line:method-custom",
    lambda s: s.request("first", method="BREW-it", close=True),
    wanted=Wanted(method="BREW-it"),
)
stimulus(
    "request-line:space-led-first-field",
    lambda s: s.request("first", host=None, fields=(" X-Planted: planted", f"Host: {s.host}"), close=True),
)
stimulus(
    "request-line:tab-led-first-field",
    lambda s: s.request("first", host=None, fields=("\tX-Planted: planted", f"Host: {s.host}"), close=True),
)
stimulus(
    "request-line:blank-line-led",
    lambda s: s.request("first", host=None, fields=(" ", "X-Planted: ok", f"Host: {s.host}"), close=True),
)

for _size in (9_000, 70_000):
    stimulus(
        f"request-line:long-target-{_size}",
        lambda s, size=_size: s.request("first", rest="/" + "a" * size, close=True),
        wanted=Wanted(tail_length=_size + 1),
    )
stimulus(
    "request-line:long-query",
    lambda s: s.request("first", rest="?" + "q" * 70_000, close=True),
    wanted=Wanted(query_length=70_000),
)

# -- the forms of a target

stimulus(
    "target:absolute",
    lambda s: s.request("first", target=f"http://{s.host}{s.target('first', rest='/x?a=1')}", close=True),
    wanted=Wanted(path="/x", query="a=1"),
)
stimulus(
    "target:absolute-upper-case-scheme",
    lambda s: s.request("first", target=f"HTTP://{s.host}{s.target('first', rest='/x?a=1')}", close=True),
    wanted=Wanted(path="/x", query="a=1"),
)
stimulus(
    "target:absolute-other-host",
    lambda s: s.request("first", target=f"http://{s.host}{s.target('first')}", host="other.test", close=True),
    wanted=Wanted(other_host="other.test"),
)


def _marked(setting: Setting, behaviour: str = "echo") -> str:
    return f"X-Wsgiconform: /probe/{behaviour}/{setting.token}.first"


stimulus(
    "target:asterisk-options",
    lambda s: s.request("first", method="OPTIONS", target="*", fields=(_marked(s),), close=True),
)
stimulus("target:asterisk-get", lambda s: s.request("first", target="*", fields=(_marked(s),), close=True))
stimulus(
    "target:connect",
    lambda s: s.request(
        "first", method="CONNECT", target="example.test:443", host="example.test:443", fields=(_marked(s),), close=True
    ),
    wanted=Wanted(authority="example.test:443"),
)
stimulus("target:no-slash", lambda s: s.request("first", target="probe/echo/x", fields=(_marked(s),), close=True))
stimulus(
    "target:fragment", lambda s: s.request("first", rest="/x?a=1#frag", close=True), wanted=Wanted(fragment="frag")
)
stimulus(
    "target:fragment-in-path", lambda s: s.request("first", rest="/x#frag", close=True), wanted=Wanted(fragment="frag")
)

# -- paths and queries

_ALL_HIGH = "".join(f"%{byte:02X}" for byte in range(0x80, 0x100))
_PATHS: dict[str, tuple[str, bytes]] = {
    "plain-letter": ("/%41", b"/A"),
    "encoded-percent": ("/%2520", b"/%20"),
    "encoded-slash": ("/a%2Fb", b"/a/b"),
    "encoded-question": ("/a%3Fb", b"/a?b"),
    "encoded-lower-hex": ("/%c3%a9", b"/\xc3\xa9"),
    "encoded-space": ("/a%20b", b"/a b"),
    "plus": ("/a+b", b"/a+b"),
    "all-high-bytes": ("/" + _ALL_HIGH, b"/" + bytes(range(0x80, 0x100))),
    "valid-utf8": ("/%E2%82%AC", b"/\xe2\x82\xac"),
    "invalid-utf8": ("/%FF%FE%E2%82", b"/\xff\xfe\xe2\x82"),
    "parameters": ("/a;b=1/c", b"/a;b=1/c"),
    "encoded-semicolon": ("/a%3Bb", b"/a;b"),
}
for _name, (_sent, _wanted) in _PATHS.items():
    stimulus(
        f"path:{_name}",
        lambda s, sent=_sent: s.request("first", rest=sent, close=True),
        wanted=Wanted(path=_wanted.decode("latin-1"), path_sent=_sent),
    )

for _name, _sent in {
    "lone": "/a%",
    "letter": "/a%zb",
    "letters": "/a%zzb",
    "unicode": "/a%u0041b",
    "half": "/%4",
}.items():
    stimulus(
        f"path-bad-percent:{_name}",
        lambda s, sent=_sent: s.request("first", rest=sent, close=True),
        wanted=Wanted(path_sent=_sent),
    )
stimulus("path-nul:middle", lambda s: s.request("first", rest="/a%00tail", close=True))

_DOTS = {
    "plain": "/../../../../outside",
    "encoded": "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/outside",
    "encoded-slash": "/..%2f..%2f..%2f..%2foutside",
}
for _name, _sent in _DOTS.items():
    stimulus(
        f"path-dots:{_name}", lambda s, sent=_sent: s.request("first", rest=sent, fields=(_marked(s),), close=True)
    )
stimulus(
    "path-dots:mounted",
    lambda s: [
        Script((Send(s.request("first", rest=sent, fields=(_marked(s),), close=True)),)) for sent in _DOTS.values()
    ],
    launch=Launch(mode=Mode.MOUNTED),
)

stimulus(
    "path-double-slash:leading",
    lambda s: s.request("first", target=f"//host.test{s.target('first')}", fields=(_marked(s),), close=True),
    wanted=Wanted(authority="host.test"),
)
stimulus("path-double-slash:inner", lambda s: s.request("first", rest="/a//b", close=True), wanted=Wanted(path="/a//b"))

_QUERIES = {
    "encoded": "a=%26&b=?c+d",
    "empty": "",
    "question-marks": "??",
    "slashes": "u=http://x.test/a/../b",
    "high-bytes": "a=%C3%A9%FF",
    "bad-percent": "a=%&b=%zz",
    "semicolon": "a=1;b=2",
}
for _name, _sent in _QUERIES.items():
    stimulus(
        f"query:{_name}",
        lambda s, sent=_sent: s.request("first", rest="/q?" + sent, close=True),
        wanted=Wanted(query=_sent),
    )


def _oversized(setting: Setting) -> Script:
    request = setting.request("first", rest="/" + "a" * 300_000, close=True)
    return Script((Send(request), AwaitFinal(1)))


stimulus("request-line:long-target-300000", _oversized, wanted=Wanted(tail_length=300_001))
