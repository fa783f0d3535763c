"""The forms of an HTML page: what they hold, and what a browser would send when they are filled in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

#: Kinds of input that send nothing by themselves, or only when they are chosen.
_BUTTONS = frozenset({"submit", "image", "button", "reset"})
_CHOICES = frozenset({"checkbox", "radio"})

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass
class Control:
    """One control of a form.

    :param kind: the type of an ``input``, or ``select``, ``textarea``. :param value: what it holds at first.
    :param on: a box that is ticked, a button that was pressed. Others are always on.
    """

    name: str
    kind: str
    value: str = ""
    on: bool = True


@dataclass
class Form:
    """One form, with its controls in their order.

    :param action: as it is written, ``""`` for the page's own address. :param method: ``"GET"`` or ``"POST"``.
    :param enctype: media type in which it is sent. :param name: its ``id`` or ``name``, to refer to it.
    """

    action: str = ""
    method: str = "GET"
    enctype: str = URLENCODED
    name: str = ""
    controls: list[Control] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The names of its controls, each once."""
        return list(dict.fromkeys(control.name for control in self.controls))

    @property
    def asks_password(self) -> bool:
        """Whether it has a password field."""
        return any(control.kind == "password" for control in self.controls)

    def filled(self, values: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return what is sent when the form is filled in with *values*; the rest stays as the page gave it.

        Several values of one name fill in several controls. A box is ticked when its value is given, and left empty
        for ``""``. The first button counts as pressed, unless a value names another one.
        """
        wanted: dict[str, list[str]] = {}
        for name, value in values:
            wanted.setdefault(name, []).append(value)
        pressed = self._pressed(wanted)
        sent: list[tuple[str, str]] = []
        for control in self.controls:
            given = wanted.get(control.name)
            if control.kind in _BUTTONS:
                if control is pressed:
                    sent.append((control.name, given[0] if given else control.value))
            elif control.kind in _CHOICES:
                if _is_chosen(control, given, self._values(control.name)):
                    sent.append((control.name, control.value))
            elif given is not None:
                if given:
                    sent.append((control.name, given.pop(0)))
            elif control.kind != "file" and control.on:
                sent.append((control.name, control.value))
        return [pair for pair in sent if pair[0]]

    def _values(self, name: str) -> set[str]:
        return {control.value for control in self.controls if control.name == name}

    def _pressed(self, wanted: Mapping[str, list[str]]) -> Control | None:
        buttons = [control for control in self.controls if control.kind in ("submit", "image")]
        for control in buttons:
            if control.name and control.name in wanted and wanted[control.name][0] in ("", control.value):
                return control
        return next((control for control in buttons), None)


def _is_chosen(control: Control, given: list[str] | None, known: set[str]) -> bool:
    """Tell whether a box or a radio button is on; a value that no box of its name has ticks each of them."""
    if given is None:
        return control.on
    if control.value in given:
        return True
    return control.kind == "checkbox" and any(value and value not in known for value in given)


def encode(enctype: str, pairs: Iterable[tuple[str, str]], charset: str = "utf-8") -> tuple[bytes, str]:
    """Return the body and the Content-Type of a form that is sent as *enctype*."""
    pairs = list(pairs)
    if enctype == MULTIPART:
        boundary = f"wsgiconform-{secrets.token_hex(12)}"
        parts = []
        for name, value in pairs:
            quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted}"\r\n\r\n{value}\r\n')
        text = "".join([*parts, f"--{boundary}--\r\n"])
        return text.encode(charset, "xmlcharrefreplace"), f"{MULTIPART}; boundary={boundary}"
    if enctype == "text/plain":
        text = "".join(f"{name}={value}\r\n" for name, value in pairs)
        return text.encode(charset, "xmlcharrefreplace"), "text/plain"
    return urlencode(pairs, encoding=charset, errors="xmlcharrefreplace").encode("ascii"), URLENCODED


@dataclass
class Page:
    """What of an HTML page a login needs. :param base: the ``href`` of its ``base`` element, ``""`` for none.

    :param tokens: values of ``meta`` elements and fields that guard against cross-site requests.
    """

    forms: list[Form] = field(default_factory=list)
    base: str = ""
    tokens: list[str] = field(default_factory=list)

    @property
    def asks_password(self) -> bool:
        """Whether any form of it, or a field outside of forms, asks for a password."""
        return any(form.asks_password for form in self.forms) or self.loose_password

    loose_password: bool = False


def parse(html: str) -> Page:
    """Return the forms of *html*. Never raises, whatever the text is."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.finish()
    return reader.page


def is_token(name: str) -> bool:
    """Tell whether *name* is that of a field with a token against cross-site requests."""
    plain = name.lower().replace("-", "").replace("_", "")
    return any(part in plain for part in ("csrf", "xsrf", "authenticity", "requestverification", "nonce", "token"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._form: Form | None = None
        self._elsewhere: list[tuple[str, Control]] = []  # controls that name their form
        self._text: list[str] | None = None  # of a textarea or an option
        self._control: Control | None = None
        self._select: Control | None = None
        self._options: list[tuple[str | None, list[str], bool]] = []
        self._multiple = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in reversed(attributes)}
        if tag == "form":
            if self._form is None:  # forms don't nest
                self._open(given)
        elif tag == "base":
            self.page.base = self.page.base or given.get("href", "")
        elif tag == "meta":
            if is_token(given.get("name", "")) and given.get("content"):
                self.page.tokens.append(given["content"])
        elif tag in ("input", "button"):
            self._input(tag, given)
        elif tag == "select":
            self._end_select()
            self._select = Control(given.get("name", ""), "select", on=False)
            self._multiple, self._options = "multiple" in given, []
            self._add(self._select, given)
        elif tag == "option" and self._select is not None:
            self._options.append((given.get("value"), [], "selected" in given))
            self._text = self._options[-1][1]
        elif tag == "textarea":
            self._control, self._text = Control(given.get("name", ""), "textarea"), []
            self._add(self._control, given)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)  # in HTML the slash has no meaning

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._end_select()
            self._form = None
        elif tag == "textarea" and self._control is not None:
            self._control.value = "".join(self._text or ()).removeprefix("\r").removeprefix("\n")
            self._control = self._text = None
        elif tag == "option":
            self._text = None
        elif tag == "select":
            self._end_select()

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _open(self, given: Mapping[str, str]) -> None:
        method = "POST" if given.get("method", "").strip().lower() == "post" else "GET"
        enctype = given.get("enctype", "").strip().lower()
        self._form = Form(
            given.get("action", "").strip(),
            method,
            enctype if enctype in (MULTIPART, "text/plain") else URLENCODED,
            given.get("id") or given.get("name", ""),
        )
        self.page.forms.append(self._form)

    def _input(self, tag: str, given: Mapping[str, str]) -> None:
        kind = given.get("type", "submit" if tag == "button" else "text").strip().lower()
        if tag == "button" and kind not in ("button", "reset"):
            kind = "submit"
        value = given.get("value", "on" if kind in _CHOICES else "")
        control = Control(given.get("name", ""), kind, value, kind not in _CHOICES or "checked" in given)
        if kind == "hidden" and is_token(control.name) and value:
            self.page.tokens.append(value)
        self._add(control, given)

    def _add(self, control: Control, given: Mapping[str, str]) -> None:
        if "disabled" in given:
            return
        if given.get("form"):
            self._elsewhere.append((given["form"], control))
        elif self._form is not None:
            self._form.controls.append(control)
        elif control.kind == "password":
            self.page.loose_password = True

    def _end_select(self) -> None:
        if self._select is None:
            return
        chosen = [option for option in self._options if option[2]]
        if not chosen and not self._multiple:
            chosen = self._options[:1]
        if chosen:
            value, text, _ = chosen[-1]
            self._select.value, self._select.on = "".join(text).strip() if value is None else value, True
        self._select = self._text = None

    def finish(self) -> None:
        """Close what the page left open, and put each control into the form that it names."""
        if self._control is not None:
            self.handle_endtag("textarea")
        self._end_select()
        for name, control in self._elsewhere:
            for form in self.page.forms:
                if form.name == name:
                    form.controls.append(control)
                    break
