"""Logging in by a form, or by several one after another, as a person with a browser would."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from ...rules.display import clean
from ..base import TargetError
from .forms import URLENCODED, Form, encode
from .visit import Answer, Visitor

#: Most forms that are filled in one after another.
_STEPS = 10

_HOOK = "a login that is no HTML form is opened by the hook pytest_wsgiconform_session"


class LoginFailed(TargetError):
    """The login does not work: a usage error. ``str()`` is one paragraph that shows what came back."""


class Login:
    """Logs in.

    :param visitor: sends the requests; afterwards its jar has the session's cookies. :param path: of the first page.
    :param fields: name and value of what is filled in; each is used once.
    :ivar secrets: what was seen meanwhile that nobody else may see: tokens, values of password fields.
    """

    def __init__(self, visitor: Visitor, path: str, fields: Sequence[tuple[str, str]]) -> None:
        self._visitor, self._path, self._fields = visitor, path, list(fields)
        self.secrets: list[str] = []

    def run(self) -> None:
        """Go from form to form until each field was used.

        :raises LoginFailed: when the login does not work.
        """
        answer = self._arrive(self._visitor.send(self._visitor.site.url(self._path)))
        unused = list(self._fields)
        for _ in range(_STEPS):
            form = self._choose(answer, unused)
            used = [pair for pair in unused if pair[0] in form.names]
            unused = [pair for pair in unused if pair not in used]
            before = self._visitor.jar.cookies
            self.secrets += (value for name, value in used if _is_password(form, name))
            submitted = self._submit(answer, form, used)
            answer = self._after(submitted, last=not unused)
            if _same_form(answer, form, used) and (form.asks_password or self._visitor.jar.cookies == before):
                raise self._failed(
                    f"{submitted}, and {clean(answer.path)} shows the same form again, "
                    f"as it does for a wrong value of {_listed(name for name, _ in used)}"
                )
            if not unused:
                self._check_cookies(submitted)
                return
        raise self._failed(f"after {_STEPS} forms {_listed(name for name, _ in unused)} had not been asked for")

    def _failed(self, what: str) -> LoginFailed:
        return LoginFailed(f"{what} (--wsgi-login={clean(self._path)})")

    def _arrive(self, answer: Answer) -> Answer:
        """Follow *answer* to a page that can be read.

        :raises LoginFailed: when there is none.
        """
        reached = self._visitor.follow(answer)
        self.secrets += reached.page.tokens
        detour = f"{answer}, and " if reached is not answer else ""
        if reached.location is not None:
            away = "redirects in a circle" if self._visitor.site.has(reached.location) else "redirects away"
            raise self._failed(f"the login {away}: {detour}{reached}, to {clean(reached.location) or 'no URL'}")
        if reached.record.error is not None or reached.record.timed_out or (reached.record.code or 999) >= 400:
            raise self._failed(f"the login does not work: {detour}{reached}")
        return reached

    def _after(self, submitted: Answer, *, last: bool) -> Answer:
        """Return the page to which the form led.

        After the last form it is enough that the app leads on: there may be no page where it leads to.
        """
        if last and submitted.location is not None and self._visitor.site.has(submitted.location):
            reached = self._visitor.follow(submitted)
            self.secrets += reached.page.tokens
            return reached
        return self._arrive(submitted)

    def _choose(self, answer: Answer, unused: Sequence[tuple[str, str]]) -> Form:
        """Return the form on the page that holds most of the fields that are still to be filled in."""
        names = list(dict.fromkeys(name for name, _ in unused))
        forms = answer.page.forms
        if not forms and len(unused) == len(self._fields):
            raise self._failed(f"the login page has no form: {answer}; {_HOOK}")
        if not forms:
            raise self._failed(f"no form asks for the field {_listed(names)}, which is left: {answer}")
        held = [sum(name in form.names for name in names) for form in forms]
        if not max(held):
            there = "; ".join(_listed(name for name in form.names if name) or "none with a name" for form in forms)
            raise self._failed(f"no form holds the field {_listed(names)}: {answer}; its fields are {there}")
        best = [form for form, number in zip(forms, held, strict=True) if number == max(held)]
        if len({(form.action, form.method, tuple(form.names)) for form in best}) > 1:
            where = " and ".join(f"one for {clean(form.action) or 'the page itself'}" for form in best)
            more = "name one more field that only the right one has, a hidden one or its button"
            raise self._failed(
                f"{len(best)} forms hold the field {_listed(n for n in names if n in best[0].names)}: "
                f"{answer} has {where}; {more}"
            )
        return best[0]

    def _submit(self, answer: Answer, form: Form, used: Sequence[tuple[str, str]]) -> Answer:
        pairs = form.filled(used)
        try:
            base = urljoin(answer.url, answer.page.base)
            parts = urlsplit(urljoin(base, form.action) if form.action else answer.url)
        except ValueError:
            raise self._failed(f"the form of {clean(answer.path)} leads to {clean(form.action)}, no URL") from None
        target = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, ""))
        if not self._visitor.site.has(target):
            raise self._failed(f"the login leads away: the form of {clean(answer.path)} is sent to {clean(target)}")
        headers = [("Referer", answer.url)]
        if form.method == "GET":
            query = urlencode(pairs, encoding=answer.charset, errors="xmlcharrefreplace")
            return self._visitor.send(urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, "")))
        body, kind = encode(form.enctype or URLENCODED, pairs, answer.charset)
        headers += [("Origin", f"{parts.scheme}://{parts.netloc}"), ("Content-Type", kind)]
        return self._visitor.send(target, "POST", body, headers)

    def _check_cookies(self, submitted: Answer) -> None:
        cookies = self._visitor.jar.cookies
        if not cookies:
            raise self._failed(f"{submitted} and set no cookie, so that no session is kept; {_HOOK}")
        if all(cookie.secure for cookie in cookies) and self._visitor.scheme != "https":
            raise self._failed(f"{submitted} and set cookies for https alone: add --wsgi-scheme=https")


def _same_form(answer: Answer, form: Form, used: Sequence[tuple[str, str]]) -> bool:
    """Tell whether the page asks again for what was filled in."""
    names = {name for name, _ in used}
    return any(names <= set(other.names) and other.asks_password == form.asks_password for other in answer.page.forms)


def _is_password(form: Form, name: str) -> bool:
    return any(control.name == name and control.kind in ("password", "hidden") for control in form.controls)


def _listed(names: object) -> str:
    return ", ".join(clean(str(name)) for name in names)  # type: ignore[attr-defined]
