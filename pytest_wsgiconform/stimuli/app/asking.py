"""How a route is asked: what every request to it carries besides what the stimulus itself is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

from ...environ import build_environ

Pairs: TypeAlias = "Iterable[tuple[str, str]]"

#: Methods that change nothing on the server, by their definition (RFC 9110 section 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: Methods that carry a body which the app is to take in, the commonest first.
WITH_BODY = ("POST", "PUT", "PATCH")

#: Fields that say what the body is: they go with a body of their own request, and with no other.
_OF_THE_BODY = frozenset({"content-type", "content-length", "content-encoding", "content-md5", "content-range"})


class Bodies(IntEnum):
    """How many requests with a body a route gets: each may change the app's data."""

    ONE = 0
    """One, because the route's framework says that it takes none: what comes is a refusal."""
    HANDFUL = 1
    """Those of rules that look at how every route takes its body."""
    ALL = 2
    """All that there are."""


def _no_credentials() -> Pairs:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """What the requests to a route have in common. Nothing of it changes an environ when nothing of it is given.

    :param method: method of the ordinary request. :param named: the methods that the framework's routing table names
        for the route, none where that is not known.
    :param bodies: how many requests with a body are sent.
    :param headers, body: fields and body of the ordinary request, when it is one of the user's own.
    :param own: the ordinary request was written by the user, so that stimuli start from it.
    :param scheme, host, mount: scheme, Host and SCRIPT_NAME; ``""`` for what a stimulus has by itself.
    :param allowed: the only methods that are sent; all when empty.
    :param credentials: called for each environ; gives fields that open a session.
    :param changed: called with each environ, which it may change in place, before it is handed over.
    """

    method: str = "GET"
    named: tuple[str, ...] = ()
    bodies: Bodies = Bodies.ALL
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    own: bool = False
    scheme: str = ""
    host: str = ""
    mount: str = ""
    allowed: tuple[str, ...] = ()
    credentials: Callable[[], Pairs] = _no_credentials
    changed: Callable[[dict[str, Any]], object] | None = None

    def may_send(self, method: str) -> bool:
        """Tell whether a request with *method* may be sent."""
        return not self.allowed or method in self.allowed

    @property
    def sends_body_by(self) -> str:
        """The method of stimuli about request bodies: the route's own, or the first that it takes, or else POST."""
        for method in (self.method, *self.named, *WITH_BODY):
            if method in WITH_BODY and (not self.named or method in self.named) and self.may_send(method):
                return method
        return "POST"

    @property
    def takes_body(self) -> bool:
        """Whether the route takes a request body, as far as that is known."""
        return not self.named or any(method in self.named for method in WITH_BODY) or self.method in WITH_BODY

    @property
    def usual(self) -> str:
        """The method of stimuli for which another will do: one that changes nothing."""
        return self.method if self.method in SAFE else "GET"

    @property
    def chosen(self) -> str:
        """The method of stimuli that are about the route's own answer, but for a few that are about bodies.

        A method that may change something is sent so often only where the user wrote the request.
        """
        return self.method if self.own else self.usual

    @property
    def instead_of_get(self) -> str:
        """The method of stimuli about what GET answers, though not about GET itself."""
        return self.method if self.own else "GET"

    def environ(
        self,
        path: str,
        method: str,
        *,
        without: Iterable[str] = (),
        usual: Mapping[str, str] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Return a fresh complete environ.

        :param without: names of fields that the stimulus is about, so that it does without those of this asking.
        :param usual: fields that the stimulus sends where nothing is asked: any of the same name go before them.
        :param options: the stimulus's own, as for ``build_environ``; they go before what is asked here.
        """
        left_out = {name.lower() for name in without}
        self._place(options)
        self._fill(method, left_out, usual or {}, options)
        made = build_environ(path, method, **options)
        if "host" in left_out:
            made.pop("HTTP_HOST", None)
        if self.changed is not None:
            self.changed(made)
        return made

    def _place(self, options: dict[str, Any]) -> None:
        """Set scheme, server and mount, as far as the stimulus has none."""
        if self.scheme:
            options.setdefault("scheme", self.scheme)
        if self.host:
            options.setdefault("server", split_host(self.host))
        if self.mount:
            options.setdefault("script_name", self.mount)

    def _fill(self, method: str, left_out: set[str], usual: Mapping[str, str], options: dict[str, Any]) -> None:
        """Set fields and body, as far as the stimulus has none; a session's cookies stand before those of others."""
        headers = options.get("headers", ())
        own = list(headers.items() if isinstance(headers, Mapping) else headers)
        asked = {name.lower() for name, _ in (*self.headers, *own)}
        own = [*((name, value) for name, value in usual.items() if name.lower() not in asked), *own]
        about = {name.lower() for name, _ in own} | left_out
        with_body = self.body and method == self.method and "body" not in options
        if with_body:
            options["body"] = self.body
        more = [pair for pair in self.headers if pair[0].lower() not in about]
        if not with_body:
            # A stimulus with a body of another type says so; with the same type it names the fields itself.
            more = [(name, value) for name, value in more if name.lower() not in _OF_THE_BODY]
        opened = [pair for pair in self.credentials() if pair[0].lower() == "cookie" or pair[0].lower() not in about]
        opened = [pair for pair in opened if pair[0].lower() not in left_out]
        if opened or more or usual:
            options["headers"] = [*opened, *_not_in(opened, more), *own]


def _not_in(opened: list[tuple[str, str]], more: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the fields *more* without those that *opened* gives; of the cookies only those of the same name go."""
    given = {name.lower() for name, _ in opened} - {"cookie"}
    cookies = {_name(part) for name, value in opened if name.lower() == "cookie" for part in value.split(";")}
    kept = []
    for name, value in more:
        if name.lower() == "cookie":
            parts = [part.strip() for part in value.split(";") if _name(part) not in cookies]
            if parts:
                kept.append((name, "; ".join(parts)))
        elif name.lower() not in given:
            kept.append((name, value))
    return kept


def _name(cookie: str) -> str:
    return cookie.partition("=")[0].strip()


def split_host(host: str) -> tuple[str, str | None]:
    """Return name and port of *host*, as it stands in a Host field; without its brackets for an IPv6 address."""
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name, port = host, ""
    return name.removeprefix("[").removesuffix("]"), port or None
