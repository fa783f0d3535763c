"""Validation of what other libraries' test clients call.

Each client has one place where it takes its WSGI application; there the validator is put around it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any, Protocol

Wrap = Callable[[Callable[..., Any]], Any]


class Patcher(Protocol):
    """What can replace an attribute for a while: pytest's ``MonkeyPatch`` is one."""

    def setattr(self, target: Any, name: str, value: Any) -> None:
        """Set the attribute *name* of *target*, until everything is undone."""
        ...


def watch_clients(wrap: Wrap, monkeypatch: Patcher) -> None:
    """Put *wrap* around what each installed test client calls, until *monkeypatch* undoes it."""
    for module, watch in _CLIENTS.items():
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what they import is not the business of whoever made warnings errors
                loaded = importlib.import_module(module)
        except ImportError:  # an older or a newer release has it elsewhere: then there is nothing to watch
            continue
        watch(loaded, functools.partial(_once, wrap), monkeypatch)


def _once(wrap: Wrap, app: Any) -> Any:
    """Wrap *app*, unless it is watched already."""
    from ..observe.validator import Validator

    return app if isinstance(app, Validator) else wrap(app)


def _werkzeug(module: Any, wrap: Wrap, monkeypatch: Patcher) -> None:
    """Flask's and Quart's clients go through this one too."""
    original = module.run_wsgi_app

    @functools.wraps(original)
    def run_wsgi_app(app: Any, *args: Any, **kwargs: Any) -> Any:
        return original(wrap(app), *args, **kwargs)

    monkeypatch.setattr(module, "run_wsgi_app", run_wsgi_app)


def _django(module: Any, wrap: Wrap, monkeypatch: Patcher) -> None:
    """Django's client doesn't call a WSGI application but a handler of its own, which answers with a response object.

    The handler is put behind a WSGI application, so that what a server would get is judged: environ, headers, body.
    """
    original = module.ClientHandler.__call__

    def call(handler: Any, environ: dict[str, Any]) -> Any:
        response = original(handler, environ)
        judge_response(response, dict(environ), wrap)
        return response

    monkeypatch.setattr(module.ClientHandler, "__call__", call)


def judge_response(response: Any, environ: dict[str, Any], wrap: Wrap) -> None:
    """Judge what a WSGI server would get of a Django *response*; a streaming one is left to be read by the test."""
    from ..environ import build_environ
    from ..observe.gateway import Play

    body = [] if response.streaming else [response.content]

    def app(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else list(body)

    complete = {**build_environ(), **{key: value for key, value in environ.items() if not key.startswith("wsgi.")}}
    Play(wrap(app), complete, label="django", limit=10.0, take=0 if response.streaming else None).run()


def _falcon(module: Any, wrap: Wrap, monkeypatch: Patcher) -> None:
    """Falcon calls the application in ``simulate_request``, under its own validator, for which ours steps in."""
    if hasattr(module, "validator"):
        monkeypatch.setattr(module, "validator", wrap)


def _httpx(module: Any, wrap: Wrap, monkeypatch: Patcher) -> None:
    original = module.WSGITransport.handle_request

    @functools.wraps(original)
    def handle_request(transport: Any, request: Any) -> Any:
        app = transport.app
        transport.app = wrap(app)
        try:
            return original(transport, request)
        finally:
            transport.app = app

    monkeypatch.setattr(module.WSGITransport, "handle_request", handle_request)


def _wsgiref(module: Any, wrap: Wrap, monkeypatch: Patcher) -> None:
    """Suites that lint by the standard library, as Bottle's own does: ours goes below."""
    original = module.validator

    @functools.wraps(original)
    def validator(application: Any) -> Any:
        return original(wrap(application))

    monkeypatch.setattr(module, "validator", validator)


def _webtest(module: Any, wrap: Wrap, monkeypatch: Patcher) -> None:
    original = module.TestApp.do_request

    @functools.wraps(original)
    def do_request(client: Any, *args: Any, **kwargs: Any) -> Any:
        app = client.app
        client.app = wrap(app)
        try:
            return original(client, *args, **kwargs)
        finally:
            client.app = app

    monkeypatch.setattr(module.TestApp, "do_request", do_request)


_CLIENTS: dict[str, Callable[[Any, Wrap, Any], None]] = {
    "werkzeug.test": _werkzeug,
    "django.test.client": _django,
    "falcon.testing.client": _falcon,
    "httpx": _httpx,
    "webtest.app": _webtest,
    "wsgiref.validate": _wsgiref,
}
