"""Field sections: line ends, folds, names, values, spoofing, repetition, Host, limits."""

from __future__ import annotations

from ....observe.wire import AwaitFinal, Pause, Script, Send
from ....rules.records.stimulus_facts import UNSAID, Wanted
from ..model import Setting, one_after_the_other, raw, stimulus


def _fields(
    topic: str,
    variant: str,
    *fields: str | bytes,
    method: str = "GET",
    body: bytes = b"",
    wanted: Wanted = UNSAID,
) -> None:
    """Register ``topic:variant``: a request with *fields*, then an ordinary one."""

    def build(setting: Setting) -> bytes:
        return setting.request("first", fields=fields, method=method, body=body) + setting.last()

    stimulus(f"{topic}:{variant}", build, wanted)


# -- line ends

_fields("bare-cr", "in-value", b"X-First: a\rX-Planted: planted")
_fields("bare-cr", "in-name", b"X-Fi\rrst: planted")
_fields("bare-cr", "before-colon", b"X-First\r: planted")
stimulus("bare-cr:in-target", lambda s: s.request("first", rest="/a\rb") + s.last())
stimulus(
    "bare-cr:line-end",
    lambda s: (
        b"GET " + raw(s.target("first")) + b" HTTP/1.1\rHost: " + raw(s.host) + b"\rX-Planted: planted\r\r" + s.last()
    ),
)
stimulus("bare-cr:smuggled-framing", lambda s: s.request("first", fields=(b"X-A: b\rContent-Length: 5",)) + s.last())

stimulus("bare-lf:all", lambda s: s.request("first").replace(b"\r\n", b"\n") + s.last())
_fields("bare-lf", "in-value", b"X-First: a\nX-Second: b")
stimulus(
    "bare-lf:ends-head",
    lambda s: s.request("first", fields=("X-First: a",))[:-4] + b"\n\n" + s.last(),
)
stimulus("bare-lf:mixed", lambda s: s.request("first", fields=("X-First: a",))[:-4] + b"\n\r\n" + s.last())

# -- lines

for _name in ("X-First", "Content-Length", "Transfer-Encoding", "Host"):
    _value = {"Content-Length": "5", "Transfer-Encoding": "chunked", "Host": "x.test"}.get(_name, "a")
    for _kind, _blank in (("space", " "), ("tab", "\t")):
        _body = {"Content-Length": b"hello", "Transfer-Encoding": b"0\r\n\r\n"}.get(_name, b"")
        _fields(
            "space-before-colon", f"{_name.lower()}-{_kind}", f"{_name}{_blank}: {_value}", method="POST", body=_body
        )

_fields(
    "obs-fold",
    "space",
    b"X-First: a",
    b" folded",
    "X-Second: b",
    wanted=Wanted(key="HTTP_X_FIRST", fold_start="a", fold_end="folded"),
)
_fields(
    "obs-fold",
    "tab",
    b"X-First: a",
    b"\tfolded",
    "X-Second: b",
    wanted=Wanted(key="HTTP_X_FIRST", fold_start="a", fold_end="folded"),
)
_fields(
    "obs-fold",
    "empty",
    b"X-First:",
    b" folded",
    "X-Second: b",
    wanted=Wanted(key="HTTP_X_FIRST", fold_start="", fold_end="folded"),
)
_fields(
    "obs-fold",
    "planted-framing",
    b"X-First: a",
    b" Content-Length: 35",
    wanted=Wanted(key="HTTP_X_FIRST", fold_start="a", fold_end="Content-Length: 35"),
)
stimulus(
    "obs-fold:coding",
    lambda s: (
        s.request(
            "first",
            method="POST",
            fields=("Transfer-Encoding:", " chunked"),
            body=b"5\r\nhello\r\n0\r\n\r\n",
        )
        + s.last()
    ),
    needs="chunked:one",
    wanted=Wanted(decoded=b"hello"),
)

_NAMES: dict[str, bytes] = {
    "empty": b": planted",
    "control": b"X\x01Y: planted",
    "nul": b"X\x00Y: planted",
    "delete": b"X\x7fY: planted",
    "slash": b"X/Y: planted",
    "parenthesis": b"X(Y: planted",
    "at": b"X@Y: planted",
    "quote": b'"XY": planted',
    "bracket": b"[XY]: planted",
    "non-ascii": b"X\xe9Y: planted",
    "inner-blank": b"X Y: planted",
    "no-colon": b"planted",
}
for _name, _line in _NAMES.items():
    _fields("field-name", _name, _line)

for _name, _bytes in {"start": b"\x00abc", "middle": b"a\x00bc", "end": b"abc\x00"}.items():
    _fields("field-value-nul", _name, b"X-First: " + _bytes)
for _number in [*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]:
    _fields("field-value-ctl", f"{_number:02x}", b"X-First: a" + bytes([_number]) + b"b")

_VALUES: dict[str, tuple[bytes, str]] = {
    "leading-spaces": (b"   abc", "abc"),
    "trailing-spaces": (b"abc   ", "abc"),
    "leading-tab": (b"\tabc", "abc"),
    "trailing-tab": (b"abc\t", "abc"),
    "no-blank": (b"abc", "abc"),
    "inner-blanks": (b" a \t b ", "a \t b"),
    "all-blank": (b" \t ", ""),
    "empty": (b"", ""),
}
for _name, (_bytes, _wanted) in _VALUES.items():
    _fields("field-value-ows", _name, b"X-First:" + _bytes, wanted=Wanted(value=_wanted))

_OBS = {"utf8": "Gr\u00fc\u00dfe".encode(), "high": bytes(range(0xA1, 0x100)), "invalid-utf8": b"a\xffb"}
for _name, _bytes in _OBS.items():
    _fields("field-obs-text", _name, b"X-First: " + _bytes, wanted=Wanted(value=_bytes.decode("latin-1")))

# -- limits

_fields("field-limits", "one-field-300000", b"X-First: " + b"a" * 300_000, wanted=Wanted(field_length=300_000))
_fields("field-limits", "one-field-9000", b"X-First: " + b"a" * 9_000, wanted=Wanted(field_length=9_000))
_fields(
    "field-limits",
    "many-fields",
    *(f"X-Many-{number}: {number}" for number in range(3_000)),
    wanted=Wanted(field_count=3_000),
)
_fields("field-limits", "long-name", b"X-" + b"n" * 70_000 + b": v", wanted=Wanted(name_length=70_000))

# -- names that meet in one variable

_fields("underscore", "after", "X-User: right", "X_User: planted", wanted=Wanted(key="HTTP_X_USER", value="right"))
_fields("underscore", "before", "X_User: planted", "X-User: right", wanted=Wanted(key="HTTP_X_USER", value="right"))
_fields(
    "underscore", "mixed", "X-Real-Ip: right", "X-Real_Ip: planted", wanted=Wanted(key="HTTP_X_REAL_IP", value="right")
)


def _spoof(variant: str, *fields: str, body: bytes = b"hello", content_type: str | None = None) -> None:
    """Register ``spoof:variant``: a POST with *fields*, and the next request after its answer."""

    def build(setting: Setting) -> Script:
        first = setting.request("first", method="POST", fields=fields, body=body)
        return one_after_the_other(setting, first)

    stimulus(f"spoof:{variant}", build, needs="cl-valid:plain", wanted=Wanted(decoded=body, content_type=content_type))


_spoof("content-length", "Content-Length: 5", "Content_Length: 2")
_spoof("content-length-before", "Content_Length: 2", "Content-Length: 5")
_spoof("content-length-alone", "Content_Length: 5", body=b"")
_spoof("transfer-encoding", "Transfer_Encoding: chunked", "Content-Length: 5")
_spoof("transfer-encoding-chunks", "Content-Length: 15", "Transfer_Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")


def _spoofed_coding_alone(setting: Setting) -> Script:
    """What looks like chunks, after the answer to a request without a body: nothing but the look-alike frames it."""
    first = setting.request("first", "ignore", method="POST", fields=("Transfer_Encoding: chunked",))
    steps = (Send(first), AwaitFinal(1), Send(b"5\r\nhello\r\n0\r\n\r\n"), Pause(0.1), Send(setting.last()))
    return Script(steps, methods=("POST", "GET"))


stimulus(
    "spoof:transfer-encoding-alone",
    _spoofed_coding_alone,
    needs="cl-valid:plain",
    wanted=Wanted(decoded=b"", unframed=True),
)
_spoof(
    "content-type",
    "Content-Type: text/plain",
    "Content_Type: text/planted",
    "Content-Length: 5",
    content_type="text/plain",
)
_fields("proxy", "plain", "Proxy: http://evil.test:8080/")

# -- repetition

_fields(
    "repeat", "custom", "X-List: a", "X-List: b", "X-List: c", wanted=Wanted(key="HTTP_X_LIST", values=("a", "b", "c"))
)
_fields(
    "repeat",
    "accept",
    "Accept: text/html",
    "Accept: text/*;q=0.5",
    "Accept: */*;q=0.1",
    wanted=Wanted(key="HTTP_ACCEPT", values=("text/html", "text/*;q=0.5", "*/*;q=0.1")),
)
_fields(
    "repeat",
    "mixed-case",
    "X-List: a",
    "x-list: b",
    "X-LIST: c",
    wanted=Wanted(key="HTTP_X_LIST", values=("a", "b", "c")),
)
_fields(
    "repeat", "apart", "X-List: a", "X-Between: z", "X-List: b", wanted=Wanted(key="HTTP_X_LIST", values=("a", "b"))
)
_fields("repeat", "cookie", "Cookie: a=1", "Cookie: b=2; c=3", wanted=Wanted(pairs=("a=1", "b=2", "c=3")))
_fields(
    "repeat",
    "content-type",
    "Content-Type: text/plain",
    "Content-Type: text/html",
    wanted=Wanted(key="CONTENT_TYPE", values=("text/plain", "text/html")),
)
_fields(
    "repeat",
    "authorization",
    "Authorization: Basic YTpi",
    "Authorization: Basic Yzpk",
    wanted=Wanted(key="HTTP_AUTHORIZATION", values=("Basic YTpi", "Basic Yzpk")),
)

# -- Host


def _host(variant: str, *hosts: str | bytes, version: str = "HTTP/1.1") -> None:
    def build(setting: Setting) -> bytes:
        lines = [raw(line).replace(b"{}", raw(setting.host)) for line in hosts]
        return setting.request("first", host=None, fields=lines, version=version) + setting.last()

    stimulus(variant, build)


_host("host-missing:http11")
stimulus("host-missing:http10", lambda s: s.request("first", host=None, version="HTTP/1.0"))
_host("host-repeated:equal", "Host: {}", "Host: {}")
_host("host-repeated:differing", "Host: {}", "Host: planted.test")
_host("host-repeated:differing-case", "host: planted.test", "Host: {}")
_BAD_HOSTS = {
    "inner-blank": b"a b",
    "slash": b"{}/x",
    "userinfo": b"user@{}",
    "comma-list": b"{}, other.test:80",
    "bad-port": b"localhost:http",
    "signed-port": b"localhost:-1",
    "two-ports": b"localhost:80:80",
    "control": b"local\x01host",
    "question": b"{}?x",
    "fragment": b"{}#x",
    "backslash": b"local\\host",
    "angle": b"<script>",
    "open-bracket": b"[::1",
}
for _name, _bytes in _BAD_HOSTS.items():
    _host(f"host-invalid:{_name}", b"Host: " + _bytes)
