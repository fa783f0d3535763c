"""The cookies of a session, as a browser keeps them for one site (RFC 6265)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

#: Most cookies, and most characters of one, that are kept.
_MOST, _LONGEST = 200, 16384


@dataclass(frozen=True)
class Cookie:
    """One cookie. :param path: where it is sent, and below it. :param secure: it is sent under https alone."""

    name: str
    value: str
    path: str
    secure: bool

    def goes_to(self, path: str, scheme: str) -> bool:
        """Tell whether it is sent with a request for *path* under *scheme*."""
        if self.secure and scheme != "https":
            return False
        if not path.startswith(self.path):
            return False
        return path == self.path or self.path.endswith("/") or path[len(self.path)] == "/"


class Jar:
    """The cookies that one site has set. Domains are not looked at: all comes from the one app."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], Cookie] = {}

    def take(self, headers: Iterable[tuple[str, str]], path: str) -> None:
        """Keep what the response with *headers* to a request for *path* sets, and drop what it takes back."""
        for name, value in headers:
            if name.lower() == "set-cookie" and len(value) <= _LONGEST:
                self._set(value, path)

    def _set(self, text: str, path: str) -> None:
        pair, *attributes = text.split(";")
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", name
        name, value = name.strip(" \t"), value.strip(" \t")
        given = {}
        for attribute in attributes:
            key, _, content = attribute.partition("=")
            given[key.strip(" \t").lower()] = content.strip(" \t")
        where = given.get("path", "")
        if not where.startswith("/"):
            where = path[: path.rfind("/")] or "/"
        key_of = (name, where)
        if _is_over(given):
            self._cookies.pop(key_of, None)
        elif name or value:
            self._cookies[key_of] = Cookie(name, value, where, "secure" in given)
            while len(self._cookies) > _MOST:
                self._cookies.pop(next(iter(self._cookies)))

    @property
    def cookies(self) -> list[Cookie]:
        """All cookies, in the order in which they were first set."""
        return list(self._cookies.values())

    def header(self, path: str, scheme: str) -> str:
        """Return the value of the Cookie field of a request for *path*, ``""`` for none."""
        fitting = [cookie for cookie in self._cookies.values() if cookie.goes_to(path, scheme)]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in fitting)


def _is_over(given: dict[str, str]) -> bool:
    """Tell whether the attributes of a cookie say that it is to be dropped at once."""
    if re.fullmatch(r"-?[0-9]+", given.get("max-age", "")):
        return int(given["max-age"][:18]) <= 0
    if "expires" not in given:
        return False
    try:
        when = parsedate_to_datetime(re.sub(r"(?<=\d)-(?=\w)|(?<=[A-Za-z])-(?=\d)", " ", given["expires"]))
        return when.timestamp() <= time.time()
    except (TypeError, ValueError, OverflowError):
        return False
