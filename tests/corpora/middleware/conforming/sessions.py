"""Conforming middleware: sessions and authentication."""

from __future__ import annotations

import base64
import binascii
import contextlib
import itertools
import re
import uuid
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def basic_auth(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        kind, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() == "basic":
            with contextlib.suppress(ValueError):
                name = base64.b64decode(given, validate=True).partition(b":")[0].decode("latin-1")
                environ["REMOTE_USER"], environ["AUTH_TYPE"] = name, "Basic"
        return app(environ, start_response)

    return middleware


@correct()
def session(app: App) -> App:
    store: dict[str, dict[str, Any]] = {}

    def middleware(environ: Any, start_response: Any) -> Any:
        cookie = SimpleCookie()
        with contextlib.suppress(Exception):
            cookie.load(environ.get("HTTP_COOKIE", ""))
        name = cookie["sid"].value if "sid" in cookie else uuid.uuid4().hex
        environ["example.session"] = store.setdefault(name, {})

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", f"sid={name}; Path=/; HttpOnly")], exc_info)

        return app(environ, start)

    return middleware


@correct()
class SessionInEnviron:
    """Sets its cookie only for a session that was touched; start_response is a closure."""

    def __init__(self, app: App) -> None:
        self.app, self.store, self.numbers = app, dict[str, dict[str, Any]](), itertools.count()

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        found = re.search(r"(?:^|;\s*)sid=([0-9]+)", environ.get("HTTP_COOKIE", ""))
        sid = found.group(1) if found and found.group(1) in self.store else None
        environ["independent.session"] = session = dict(self.store.get(sid or "", {}))

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if not session:
                return start_response(status, headers, exc_info)
            key = sid or str(next(self.numbers))
            self.store[key] = session
            cookie = ("Set-Cookie", f"sid={key}; Path={quote(environ.get('SCRIPT_NAME', '') or '/')}; HttpOnly")
            return start_response(status, [*headers, cookie], exc_info)

        return self.app(environ, start)


@correct()
def basic_auth_if_sent(app: App) -> App:
    """Lets in who sends nothing, so that the inner apps are seen, and refuses who sends it wrongly."""

    def refuse(environ: dict[str, Any], start_response: App) -> list[bytes]:
        body = b"who are you?"
        start_response(
            "401 Unauthorized",
            [
                ("WWW-Authenticate", 'Basic realm="independent"'),
                ("Content-Type", "text/plain"),
                ("Content-Length", str(len(body))),
            ],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        given = environ.get("HTTP_AUTHORIZATION")
        if given is None:
            return app(environ, start_response)
        try:
            user = base64.b64decode(given.partition(" ")[2], validate=True).decode().partition(":")[0]
        except (binascii.Error, ValueError):
            user = ""
        if user != "alice":
            return refuse(environ, start_response)
        return app(dict(environ, REMOTE_USER=user), start_response)

    return middleware
