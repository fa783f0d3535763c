"""Environ against the bytes that were sent; kinds of app object; concurrency."""

from __future__ import annotations

from ....observe.wire import AwaitFinal, AwaitProbe, Script, Send
from ....rules.records.stimulus_facts import Launch, Mode
from ..model import Setting, stimulus

stimulus("basic:get", lambda s: s.last("first", "ignore"), launch=Launch(first=True))


def _each(s: Setting, *rests: str, **options: object) -> list[Script]:
    """Return one connection per *rest* of the path, labelled r0, r1, ..."""
    return [
        Script((Send(s.request(f"r{number}", "ignore", rest=rest, close=True)),)) for number, rest in enumerate(rests)
    ]


stimulus("env:plain", lambda s: s.request("first", rest="/a/b?x=1&y", fields=("Accept: */*",), close=True))
stimulus("env:minimal", lambda s: s.last("first"))

METHODS = ("GET", "POST", "PATCH", "DELETE", "OPTIONS", "BREW")
stimulus(
    "env:methods",
    lambda s: [
        Script((Send(s.request(m.lower(), "ignore", method=m, fields=("Content-Length: 0",), close=True)),))
        for m in METHODS
    ],
)

#: What follows the marker in the path. An encoded slash is left out: what becomes of it is nowhere fixed.
PATHS = ("", "/", "/a/b", "/a%20b", "/caf%C3%A9", "/%E9%FF", "/a+b", "/a%25b", "/a;b=c", "/%7Etilde")
stimulus("env:paths", lambda s: _each(s, *PATHS))

stimulus("env:mounted", lambda s: _each(s, "", "/", "/a%20b?x=1"), launch=Launch(mode=Mode.MOUNTED))

QUERIES = ("?", "?x=1&y=2", "?a=b?c", "?%41%20+&x", "?q=caf%C3%A9", "?a=1&a=2;b")
stimulus("env:queries", lambda s: _each(s, *QUERIES))
stimulus("env:urls", lambda s: _each(s, *(path + query for path, query in zip(PATHS, QUERIES * 2, strict=False))))

stimulus(
    "env:content-type",
    lambda s: s.request(
        "first",
        method="POST",
        fields=('Content-Type: text/x-probe; charset="utf-8"; a=b', "Content-Length: 3"),
        body=b"abc",
        close=True,
    ),
)
SIZES = (0, 1, 9, 10, 1000, 70000)
stimulus(
    "env:content-length",
    lambda s: [
        Script(
            (
                Send(
                    s.request(
                        f"n{size}", method="POST", fields=(f"Content-Length: {size}",), body=b"x" * size, close=True
                    )
                ),
            )
        )
        for size in SIZES
    ],
)
stimulus("env:no-host", lambda s: s.request("first", version="HTTP/1.0", host=None))
stimulus(
    "env:versions",
    lambda s: [
        Script((Send(s.request("v10", version="HTTP/1.0")),)),
        Script((Send(s.request("v11", close=True)),)),
    ],
)
stimulus(
    "env:names",
    lambda s: s.request(
        "first",
        fields=(
            "X-Probe-Several-Words: several",
            "x-LOWER-upper: mixed",
            'X-Inner:   two  words, and a "quote"; q=1  ',
            "X-Empty:",
            "Accept-Language: en",
            "User-Agent: probe/1",
            "Referer: http://example.com/",
            "Cookie: a=1; b=2",
            "Authorization: Basic cHJvYmU=",
        ),
        close=True,
    ),
)
stimulus(
    "env:octets", lambda s: s.request("first", rest="/%E9%FF%C3%A9", fields=(b"X-Octets: caf\xe9 \xff",), close=True)
)


def _fresh(s: Setting) -> list[Script]:
    stable = ("X-Stable: stable",)
    return [
        Script(
            (
                Send(s.request("mutate", "mutate", fields=stable)),
                AwaitFinal(1),
                Send(s.request("next", fields=stable, close=True)),
            )
        ),
        Script((Send(s.request("other", fields=stable, close=True)),)),
    ]


stimulus("env:fresh", _fresh)
stimulus(
    "env:strange-keys",
    lambda s: [Script((Send(s.request("first", "strange-keys", close=True)),))],
)
stimulus("env:deployer", lambda s: s.last("first", "deployer"))


def _overlapping(s: Setting) -> list[Script]:
    """Four requests at once; each is held inside the app until all are there, or the wait for them is given up."""
    labels = ("a", "b", "c", "d")
    return [
        Script((Send(s.request(label, "hold", close=True)), AwaitProbe("held:4", label), AwaitProbe("go:hold", label)))
        for label in labels
    ]


stimulus("overlap:four", _overlapping, parallel=True)
stimulus("overlap:single-thread", _overlapping, parallel=True, launch=Launch(mode=Mode.SINGLE))

# The most ordinary response: what becomes of others has rules of its own.
stimulus("kind:function", lambda s: s.last("first", "ignore"))
for _kind in ("app_class", "app_method", "app_instance"):
    stimulus(f"kind:{_kind}", lambda s: s.last("first", "ignore"), launch=Launch(app=_kind))
