"""The session that later requests to an app carry: opened by a form or by a hook, and opened again when it is lost."""

from __future__ import annotations

import base64
import re
import threading
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ...rules.records.app import ExchangeRecord
from ...settings import Settings
from ..base import TargetError
from ..hooks import Hooks, Pairs
from .forms import parse
from .login import Login
from .visit import MakeEnviron, Site, Visitor

#: A segment of a path that leads to a login page.
_LOGIN_SEGMENT = re.compile(
    r"(?:log|sign)[-_]?(?:in|on)|auth(?:enticate|orize|orise)?|accounts?/login|sso|session/new|(?:log|sign)[-_]?in\.\w+",
    re.IGNORECASE,
)

#: A session that can't be opened again so many times running is given up.
_FAILURES = 2


class Session:
    """Credentials for one app.

    :param app: the WSGI callable. :param settings: header fields, password, login form.
    :param hooks: the project's own. :param make: makes environs that carry none of this session.
    :ivar notes: lines for the summary.
    """

    def __init__(self, app: Callable[..., Any], settings: Settings, hooks: Hooks, make: MakeEnviron) -> None:
        self._app, self._settings, self._hooks, self._make = app, settings, hooks, make
        self._fixed = fixed_pairs(settings)
        self._main: Pairs = ()
        self._threads: list[tuple[weakref.ref[threading.Thread], Pairs]] = []
        self._lock = threading.RLock()
        self._failures = 0
        self._known_good: set[str] = set()
        self._secrets: dict[str, None] = {}
        self._names: dict[str, None] = {}
        self._cookies: dict[str, None] = {}
        self.notes: list[str] = []
        self._learn(self._fixed)

    @property
    def is_opened(self) -> bool:
        """Whether there is anything that is opened, and can be lost."""
        return bool(self._settings.login or self._hooks.session)

    def open(self) -> None:
        """Open the session. :raises TargetError: when that does not work."""
        if self.is_opened:
            self._main = self._opened()

    def pairs(self) -> Pairs:
        """Return the header pairs for a request of this thread; each thread has a session of its own."""
        if not self.is_opened or threading.current_thread() is threading.main_thread():
            return (*self._fixed, *self._main)
        with self._lock:
            return (*self._fixed, *self._of_thread())

    def _of_thread(self) -> Pairs:
        """Return this thread's own session: a new one, or that of a thread which has ended."""
        current = threading.current_thread()
        free = None
        for place, (thread, pairs) in enumerate(self._threads):
            owner = thread()
            if owner is current:
                return pairs
            if free is None and (owner is None or not owner.is_alive()):
                free = place
        if free is not None:
            self._threads[free] = (weakref.ref(current), self._threads[free][1])
            return self._threads[free][1]
        try:
            pairs = self._opened()
        except TargetError:
            pairs = self._main  # as when the app allows one session a user
        self._threads.append((weakref.ref(current), pairs))
        return pairs

    def renew(self) -> bool:
        """Open the session again; tell whether that worked."""
        if self._failures >= _FAILURES:
            return False
        with self._lock:
            self._threads.clear()
        try:
            self._main = self._opened()
        except TargetError as error:
            self._failures += 1
            if self._failures == _FAILURES:
                self.notes.append(f"the session was lost and could not be opened again: {error}")
            return False
        self._failures = 0
        return True

    def _opened(self) -> Pairs:
        pairs: Pairs = ()
        if self._settings.login:
            pairs += self._log_in()
        if self._hooks.session is not None:
            pairs += self._hooks.session(self._app)
        self._learn(pairs)
        return pairs

    def _log_in(self) -> Pairs:
        settings = self._settings
        site = Site(settings.scheme or "http", settings.host or "localhost", settings.mount)

        def make(path: str, method: str, **options: Any) -> dict[str, Any]:
            given = {name.lower() for name, _ in options.get("headers", ())} - {"cookie"}
            fixed = [pair for pair in self._fixed if pair[0].lower() not in given]
            return self._make(path, method, **{**options, "headers": [*fixed, *options.get("headers", ())]})

        visitor = Visitor(self._app, make, site, settings.timeout)
        login = Login(visitor, settings.login, settings.login_fields)
        try:
            login.run()
        finally:
            self._secrets.update(dict.fromkeys(login.secrets))
            self._cookies.update(dict.fromkeys(cookie.name for cookie in visitor.jar.cookies))
            self._secrets.update(dict.fromkeys(cookie.value for cookie in visitor.jar.cookies))
        cookies = [cookie for cookie in visitor.jar.cookies if not cookie.secure or visitor.scheme == "https"]
        return (("Cookie", "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)),)

    def _learn(self, pairs: Pairs) -> None:
        """Take note of what in *pairs* is secret."""
        opened = pairs is not self._fixed
        for name, value in pairs:
            lower = name.lower()
            self._names[lower] = None
            if not opened and lower not in ("authorization", "cookie", "proxy-authorization"):
                continue  # a field of the user's that says nothing secret; if it does, the settings say so
            self._secrets[value] = None
            if lower == "cookie":
                for part in value.split(";"):
                    key, _, content = part.strip().partition("=")
                    self._cookies[key] = self._secrets[content.strip('"')] = None
            elif lower.endswith("authorization"):
                self._secrets[value.partition(" ")[2].strip()] = None

    def secrets(self) -> dict[str, list[str]]:
        """Return what is to be masked, as :meth:`pytest_wsgiconform.masking.Mask.add` takes it."""
        known = [text for text in dict.fromkeys((*self._settings.secrets, *self._secrets)) if text]
        names = [*self._names, *(name for name, _ in self._settings.login_fields)]
        return {"secrets": known, "names": names, "cookies": [name for name in self._cookies if name]}

    # -- noticing that it was lost

    def is_suspicious(self, record: ExchangeRecord) -> bool:
        """Tell whether *record* may come from a lost session: it is worth an ordinary request to find out."""
        if not self.is_opened:
            return False
        locations = record.header("Location") if (record.code or 0) // 100 == 3 else []
        if locations and locations[-1] in self._known_good:
            return False
        return self.looks_lost(record)

    def trust(self, record: ExchangeRecord) -> None:
        """Take note that an answer like *record* is an ordinary one."""
        self._known_good.update(record.header("Location"))

    def looks_lost(self, record: ExchangeRecord) -> bool:
        """Tell whether *record* asks for a login: 401, 403, a redirect to a login page, or a login form."""
        if record.code in (401, 403):
            return True
        if (record.code or 0) // 100 == 3:
            return any(self._leads_to_login(location) for location in record.header("Location"))
        return b"password" in record.body.lower() and self._is_login_page(record)

    def _leads_to_login(self, location: str) -> bool:
        try:
            path = urlsplit(location.strip()).path
        except ValueError:
            return False
        wanted = urlsplit(self._settings.login).path
        if wanted and path in (wanted, self._settings.mount + wanted):
            return True
        return any(_LOGIN_SEGMENT.fullmatch(segment) for segment in path.split("/"))

    def _is_login_page(self, record: ExchangeRecord) -> bool:
        page = parse(record.body.decode("utf-8", "replace"))
        names = {name for name, _ in self._settings.login_fields}
        return any(form.asks_password and (not names or names & set(form.names)) for form in page.forms)


def fixed_pairs(settings: Settings) -> Pairs:
    """Return the fields that every request carries: those that were typed, and that of HTTP Basic."""
    pairs = settings.headers
    if settings.auth:
        encoded = base64.b64encode(settings.auth.encode("utf-8")).decode("ascii")
        pairs = (*pairs, ("Authorization", f"Basic {encoded}"))
    return pairs
