"""Keeping secrets out of everything that leaves a run: texts, reports, reproductions, baselines.

A secret is found in every form in which apps and reports spell text: as it is, URL-quoted, HTML- or JSON-escaped, as a
Python literal, and in base64 at each of its three alignments. A secret of fewer than :data:`SHORT` characters would be
found in half of all texts, so that it is masked only where a credential stands: as the value of a field that has one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html.entities import codepoint2name
from typing import Any

#: What stands in place of a secret.
MASKED = "***"

#: Secrets of fewer characters are masked only where a credential stands.
SHORT = 6

#: So many characters of a secret are sought by one expression; what follows is compared one by one.
_HEAD = 64

#: The fewest characters at the beginning of a secret that give it away, where a text was cut.
_FEWEST = 4

#: Where a text was cut by :func:`pytest_wsgiconform.rules.display.shorten` or its like.
_CUT = re.compile(r"['\"]?(?:\.\.\.|\u2026)")

#: An escape that was cut in two.
_BROKEN = r"(?:[%\\&][#\w%;]{0,8})?"

#: A form's token against cross-site requests, which is a new one on each page.
_FORM_TOKEN = re.compile(
    r"""(\bname=["']?[\w.:-]*(?:csrf|xsrf|authenticity)[\w.:-]*["']?[^<>]{0,80}?\bvalue=["']?)([^"'<>\s]+)""",
    re.IGNORECASE,
)

#: Fields that every run masks the short values of.
_CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "set-cookie")


class Mask:
    """Replaces secrets in texts and plain data by ``***``.

    :param secrets: texts that nobody may see. :param names: header fields, cookies and form fields that hold them;
        only where one of these stands a short secret is masked.
    """

    def __init__(self, secrets: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self._secrets: dict[str, None] = {}
        self._names: dict[str, None] = dict.fromkeys(_CREDENTIALS)
        self._cookies: dict[str, None] = {}
        self._kept: dict[str, None] = {}
        self._variables: dict[str, str] = {}
        self._finder: _Finder | None = None
        self.add(secrets, names)

    def add(self, secrets: Iterable[str] = (), names: Iterable[str] = (), cookies: Iterable[str] = ()) -> None:
        """Mask these, too. :param cookies: names of cookies whose values are secret, whatever they are."""
        before = len(self._secrets) + len(self._names) + len(self._cookies)
        self._secrets.update(dict.fromkeys(text for text in secrets if text.strip()))
        self._names.update(dict.fromkeys(name.lower() for name in names if name))
        self._cookies.update(dict.fromkeys(name for name in cookies if name))
        if len(self._secrets) + len(self._names) + len(self._cookies) != before:
            self._finder = None

    def keep(self, texts: Iterable[str]) -> None:
        """Leave these as they are wherever they stand: node ids, ids of rules, names of files."""
        new = [text for text in texts if text not in self._kept and any(s in text for s in self._long())]
        if new:
            self._kept.update(dict.fromkeys(new))
            self._finder = None

    def name(self, secret: str, variable: str) -> None:
        """Mask *secret*, the value of the environment *variable*."""
        self._variables.setdefault(secret, variable)
        self.add([secret])

    def __bool__(self) -> bool:
        return bool(self._secrets or self._cookies)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is masked."""
        return tuple(self._secrets)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields in which short secrets are masked."""
        return tuple(self._names)

    @property
    def cookies(self) -> tuple[str, ...]:
        """The cookies whose values are masked, whatever they are."""
        return tuple(self._cookies)

    def _long(self) -> list[str]:
        return [secret for secret in self._secrets if len(secret) >= SHORT]

    def _short(self) -> list[str]:
        return [secret for secret in self._secrets if len(secret) < SHORT]

    def note(self) -> str:
        """Return a line for the summary when a secret is too short to be masked everywhere, else ``""``."""
        number = len(self._short())
        if not number:
            return ""
        subject = "1 secret has" if number == 1 else f"{number} secrets have"
        return f"{subject} fewer than {SHORT} characters: masked only in headers, cookies and form fields"

    def text(self, text: str) -> str:
        """Return *text* without secrets."""
        if not text or not self:
            return text
        if self._finder is None:
            self._finder = _Finder(self._long(), self._short(), self._names, self._cookies, self._kept)
        return self._finder.masked(text)

    def data(self, value: Any) -> Any:
        """Return *value*, plain data, without secrets in any of its texts; keys of dicts are left alone.

        The value of a pair ``(name, value)``, and of a key, is a credential's where the name is one's.
        """
        if not self:
            return value
        return self._data(value)

    def _data(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode("latin-1")).encode("latin-1")
        if isinstance(value, Mapping):
            return {key: self._field(key, item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            if len(value) == 2 and isinstance(value[0], str):
                items = [self._data(value[0]), self._field(value[0], value[1])]
            else:
                items = [self._data(item) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        return value

    def request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return *request* without secrets; in its path and query, ``${NAME}`` stands for those with a name."""
        shown = dict(request)
        for key in ("path", "query"):
            if isinstance(shown.get(key), str):
                shown[key] = self.named(shown[key])
        return {key: self._field(key, value) for key, value in shown.items()}

    def named(self, text: str) -> str:
        """Return *text* with ``${NAME}`` in place of the secrets that have a name."""
        for secret, variable in sorted(self._variables.items(), key=lambda item: -len(item[0])):
            if len(secret) >= SHORT or text == secret:
                spelled = "".join(map(_spellings, secret))
                text = re.sub(spelled, lambda _: f"${{{variable}}}", text)  # noqa: B023 - called at once
        return text

    def _field(self, name: Any, value: Any) -> Any:
        """Return *value* of the field *name* without secrets, however short."""
        if isinstance(name, str) and isinstance(value, str) and value in self._short_set():
            plain = name.lower().removeprefix("http_").replace("_", "-")
            if plain in self._names or plain.replace("-", "_") in self._names or name in self._cookies:
                return MASKED
        return self._data(value)

    def _short_set(self) -> frozenset[str]:
        return frozenset(self._short())


class _Finder:
    """Finds secrets in a text, compiled once. Parameters are those of :class:`Mask`, by length."""

    def __init__(
        self,
        long: Iterable[str],
        short: Iterable[str],
        names: Iterable[str],
        cookies: Iterable[str],
        kept: Iterable[str],
    ) -> None:
        self._tails: list[list[re.Pattern[str]]] = []
        kept_texts = sorted(kept, key=len, reverse=True)
        beginnings = []
        alternatives = ["|".join(map(re.escape, kept_texts)) or r"(?!)"]
        for spelled in sorted(self._spelled(long), key=len, reverse=True):
            alternatives.append("".join(spelled[:_HEAD]))
            beginnings.append(_beginning(spelled[:_HEAD]))
            self._tails.append([_compiled(each) for each in spelled[_HEAD:]])
        self._pattern = re.compile("|".join(f"({each})" for each in alternatives))
        self._cut = re.compile(rf"(?:{'|'.join(beginnings)}){_BROKEN}(?={_CUT.pattern})") if beginnings else None
        self._fields = list(_in_fields(short, names, cookies))

    @staticmethod
    def _spelled(secrets: Iterable[str]) -> Iterator[list[str]]:
        """Give for each form of each secret the expressions of its characters."""
        for secret in secrets:
            yield [_spellings(char) for char in secret]
            for encoding in ("utf-8", "latin-1"):
                try:
                    data = secret.encode(encoding)
                except UnicodeEncodeError:
                    continue
                if encoding == "utf-8" or not secret.isascii():
                    yield from _base64_forms(data)

    def masked(self, text: str) -> str:
        """Return *text* without what is sought."""
        parts, end = [], 0
        for start, stop in self._found(text):
            parts += [text[end:start], MASKED]
            end = stop
        text = "".join([*parts, text[end:]]) if parts else text
        if self._cut is not None and _CUT.search(text):
            text = self._cut.sub(MASKED, text)
        for pattern in self._fields:
            text = pattern.sub(rf"\1{MASKED}", text)
        return _FORM_TOKEN.sub(rf"\1{MASKED}", text)

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        position = 0
        while (match := self._pattern.search(text, position)) is not None:
            position = max(match.end(), match.start() + 1)
            if match.lastindex == 1:
                continue  # a text that is kept
            for expression in self._tails[(match.lastindex or 2) - 2]:
                more = expression.match(text, position)
                if more is None:  # the text was cut; what has come so far is secret enough
                    break
                position = more.end()
            yield match.start(), position


def _beginning(spelled: list[str]) -> str:
    """Return an expression for what a cut may leave of a secret: some of its first characters."""
    more = ""
    for expression in reversed(spelled[_FEWEST:]):
        more = f"(?:{expression}{more})?"
    return "".join(spelled[:_FEWEST]) + more


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


@lru_cache(maxsize=4096)
def _spellings(char: str) -> str:
    """Return an expression for all spellings of *char*."""
    if char.isascii() and char.isalnum():
        return char  # nothing escapes these
    number = ord(char)
    forms = [re.escape(char), rf"&(?:amp;)*\#0*{number};", rf"&(?:amp;)*\#[xX]0*(?i:{number:x});"]
    names = {codepoint2name.get(number, ""), "apos" if char == "'" else ""} - {""}
    forms += [rf"&(?:amp;)*{name};" for name in sorted(names)]
    encodings = {char.encode("utf-8", "surrogatepass")}
    if number < 0x100:
        encodings.add(bytes([number]))
    for data in sorted(encodings):
        forms.append("".join(rf"%(?:25)*(?i:{byte:02x})" for byte in data))
        forms.append("".join(rf"\\+x(?i:{byte:02x})" for byte in data))
        forms.append(re.escape(data.decode("latin-1")))
    units = char.encode("utf-16-be", "surrogatepass")
    forms.append("".join(rf"\\+u(?i:{units[i]:02x}{units[i + 1]:02x})" for i in range(0, len(units), 2)))
    forms.append(rf"\\+U(?i:{number:08x})")
    if char == " ":
        forms.append(r"\+")
    elif char in "\"'\\/":
        forms.append(rf"\\+{re.escape(char)}")
    elif char in "\n\r\t\b\f":
        forms.append(r"\\+" + {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}[char])
    return f"(?:{'|'.join(dict.fromkeys(sorted(forms, key=len, reverse=True)))})"


_BASE64_CHARS = {"+": r"(?:[+-]|%(?:25)*2(?i:b)|\\+u002(?i:b)|&(?:amp;)*\#43;)", "/": r"(?:\\*[/_]|%(?:25)*2(?i:f))"}
_ANY_BASE64 = r"[A-Za-z0-9+/_-]"
_PADDING = r"(?:(?:=|%(?:25)*3(?i:d)|\\+u003(?i:d)|&(?:amp;)*\#61;){0,2})"


def _base64_forms(data: bytes) -> Iterator[list[str]]:
    """Give the expressions of *data* in base64: alone, and within other data at each of the three alignments."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode("ascii").rstrip("=")
        # The first and the last character may also hold bits of what stands beside the data.
        first, last = (8 * before + 5) // 6, 8 * (before + len(data)) // 6
        expressions = [_BASE64_CHARS.get(char, char) for char in text[first:last]]
        if 8 * before % 6:
            expressions[0] = f"{_ANY_BASE64}?{expressions[0]}"
        if 8 * (before + len(data)) % 6:
            expressions[-1] = f"{expressions[-1]}{_ANY_BASE64}?{_PADDING}"
        yield expressions


def _in_fields(short: Iterable[str], names: Iterable[str], cookies: Iterable[str]) -> Iterator[re.Pattern[str]]:
    """Give expressions for what stands as the value of a field; the first group is what is left."""
    values = "|".join("".join(_spellings(char) for char in secret) for secret in sorted(short, key=len, reverse=True))
    fields = "|".join(sorted({re.escape(name).replace(r"\-", "[-_]") for name in (*names, *cookies)}))
    if values and fields:
        between = r"""[\\"']*\s*[:=,]\s*[\\"']*(?:(?:[A-Za-z0-9_-]+|[^\s;,"'=]+=[^\s;,"']*)[ ;]+)*(?:[^\s;,"'=]+=)?"""
        yield re.compile(rf"(?i)((?<![A-Za-z0-9])(?:HTTP_)?(?:{fields}){between})(?-i:{values})(?![A-Za-z0-9])")
    any_cookie = "|".join(map(re.escape, cookies))
    if any_cookie:
        yield re.compile(rf"((?<![A-Za-z0-9_-])(?:{any_cookie})=\"?)[^\s;,\"'\\<>&]{{{SHORT},}}")
