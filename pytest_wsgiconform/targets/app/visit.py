"""Visiting an app as a browser does: one page after another, with cookies, and no further than the app itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from ...observe.gateway import Play
from ...observe.validator import Validator
from ...rules.display import clean, shorten
from ...rules.records.app import ExchangeRecord
from .cookies import Jar
from .forms import Page, parse

#: Most redirects that are followed one after another, as browsers do.
REDIRECTS = 20

#: Most bytes of a page that are read.
_PAGE_LIMIT = 1 << 22

_REDIRECT_CODES = (301, 302, 303, 307, 308)


class MakeEnviron(Protocol):
    """Makes the environ of an ordinary request for a path below the mount point."""

    def __call__(self, path: str, method: str, **options: Any) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Site:
    """Where the app is. :param scheme, host: of its URLs. :param mount: the prefix of its paths, ``""`` for none."""

    scheme: str = "http"
    host: str = "localhost"
    mount: str = ""

    def url(self, path: str) -> str:
        """Return the whole URL of *path*, which lies below the mount point."""
        return f"{self.scheme}://{self.host}{self.mount}{path}"

    def has(self, url: str) -> bool:
        """Tell whether *url* is the app's own: same host, below the mount point, under http or https."""
        parts = urlsplit(url)
        ours = urlsplit(f"//{self.host}")
        try:
            same_port = parts.port == ours.port or {parts.port, ours.port} <= {None, 80, 443}
        except ValueError:  # no number
            return False
        below = not self.mount or parts.path == self.mount or parts.path.startswith(f"{self.mount}/")
        return parts.scheme in ("http", "https") and parts.hostname == ours.hostname and same_port and below


@dataclass(frozen=True)
class Answer:
    """What came back. :param url: what was asked, whole. :param record: the exchange. :param body: the page."""

    method: str
    url: str
    record: ExchangeRecord
    body: bytes

    @property
    def path(self) -> str:
        """Path and query of what was asked."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def location(self) -> str | None:
        """The whole URL to which it redirects, ``None`` when it does not; ``""`` for what is no URL."""
        found = self.record.header("Location")
        if self.record.code not in _REDIRECT_CODES or not found:
            return None
        try:
            joined = urlsplit(urljoin(self.url, found[-1].strip()))
        except ValueError:
            return ""
        path = quote(joined.path or "/", safe="/%~:@!$&'()*+,;=", encoding="utf-8", errors="replace")
        return urlunsplit((joined.scheme, joined.netloc, path, joined.query, ""))

    @cached_property
    def page(self) -> Page:
        """The forms on it, none when it is no HTML."""
        kinds = self.record.header("Content-Type")
        if kinds and not re.match(r"\s*(text/html|application/xhtml)", kinds[-1], re.IGNORECASE):
            return Page()
        return parse(self.body.decode(self.charset, "replace"))

    @property
    def charset(self) -> str:
        """The encoding of the page, UTF-8 where it is not said."""
        for kind in self.record.header("Content-Type"):
            found = re.search(r"charset=[\"']?([\w.:-]+)", kind, re.IGNORECASE)
            if found:
                try:
                    "".encode(found[1])
                except LookupError:
                    continue
                return found[1]
        return "utf-8"

    def __str__(self) -> str:
        """Say what was asked and what came back."""
        asked = f"{self.method} {clean(shorten(self.path))}"
        record = self.record
        if record.timed_out:
            return f"{asked} hung"
        if record.error is not None:
            place = record.error.location
            where = f" ({place.file}:{place.line})" if place is not None else ""
            return f"{asked} raised {record.error.type}: {record.error.message}{where}"
        if record.status is None:
            return f"{asked} gave no status"
        return f"{asked} answered {clean(shorten(record.status))}"


class Visitor:
    """Sends requests to *app*.

    :param make: makes environs. :param site: where the app is. :param limit: seconds for one exchange.
    :ivar jar: the cookies so far. :ivar scheme: that of the last request; the app may lead from http to https.
    """

    def __init__(self, app: Callable[..., Any], make: MakeEnviron, site: Site, limit: float) -> None:
        self._make, self.site, self._limit = make, site, limit
        self._validator = Validator(app, _ignore, rules=(), thorough=True)
        self.jar = Jar()
        self.scheme = site.scheme

    def send(self, url: str, method: str = "GET", body: bytes = b"", headers: Iterable[tuple[str, str]] = ()) -> Answer:
        """Send one request, and take the cookies of its answer."""
        parts = urlsplit(url)
        self.scheme = parts.scheme
        path = parts.path[len(self.site.mount) :] + (f"?{parts.query}" if parts.query else "")
        fields = [("Accept", "text/html,*/*"), *headers]
        cookies = self.jar.header(parts.path, parts.scheme)
        if cookies:
            fields.append(("Cookie", cookies))
        options: dict[str, Any] = {"headers": fields, "body": body}
        if parts.scheme != self.site.scheme:
            options["scheme"] = parts.scheme
        play = _Reading(self._validator, self._make(path or "/", method, **options), label="login", limit=self._limit)
        record = play.run()
        self.jar.take(record.headers, parts.path)
        return Answer(method, url, record, bytes(play.whole))

    def follow(self, answer: Answer) -> Answer:
        """Follow the redirects of *answer* as long as they stay in the app, and return the last answer."""
        for _ in range(REDIRECTS):
            target = answer.location
            if target is None or not self.site.has(target):
                return answer
            kept = answer.record.code in (307, 308) and answer.method == "HEAD"
            answer = self.send(target, answer.method if kept else "GET", headers=[("Referer", answer.url)])
        return answer


class _Reading(Play):
    """Keeps more of the body than a record does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.whole = bytearray()
        super().__init__(*arguments, **options)

    def _take(self, data: Any, /) -> None:
        super()._take(data)
        if type(data) is bytes and len(self.whole) < _PAGE_LIMIT:
            self.whole += data[: _PAGE_LIMIT - len(self.whole)]


def _ignore(_finding: Any) -> None:
    """Nothing is judged here."""
