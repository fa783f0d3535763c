"""Broken middleware: what it keeps from one request to the next."""

from __future__ import annotations

import collections
import hashlib
import itertools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, around_start

corpus = Corpus(__name__)
broken = corpus.program


@broken("response-made-each-time")
class CachedForEver:
    """Keeps the very iterable of the first answer, and hands that out again."""

    def __init__(self, app: App) -> None:
        self.app, self.kept = app, dict[str, tuple[Any, Any]]()

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        key = environ["REQUEST_METHOD"] + environ.get("PATH_INFO", "") + environ.get("QUERY_STRING", "")
        key = hashlib.sha256(key.encode("latin-1")).hexdigest()
        if key not in self.kept:
            starts: list[Any] = []

            def start(*args: Any) -> Any:
                starts.append(args)
                return start_response(*args)

            body = self.app(environ, start)
            if starts:
                self.kept[key] = (starts[0], body)
            return body
        args, body = self.kept[key]
        start_response(*args)
        return body


@broken("response-made-each-time")
class OneIteratorForAll:
    """Chains whatever it gets to one iterator, and keeps handing that out."""

    def __init__(self, app: App) -> None:
        self.app, self.chain = app, None

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        body = self.app(environ, start_response)
        if self.chain is None:
            self.chain = itertools.chain(body)  # type: ignore[assignment]
        return self.chain


@broken("response-made-each-time")
class FirstRequestOnly:
    """Marks itself as done, and takes the app away."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        app, self.app = self.app, None  # type: ignore[assignment]
        return app(environ, start_response)


@broken("exc-info-not-kept-by-middleware")
class LastErrorForTheDebugger:
    def __init__(self, app: App) -> None:
        self.app, self.traceback = app, None

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.traceback = exc_info and exc_info[2]
            return start_response(status, headers, exc_info)

        return self.app(environ, start)


@broken("exc-info-not-kept-by-middleware")
def errors_collected(app: App) -> App:
    seen: collections.deque[BaseException] = collections.deque(maxlen=10)

    def change(start_response: App, environ: dict[str, Any]) -> App:
        def start(*args: Any) -> Any:
            seen.extend(part for triple in args[2:] if triple for part in triple if isinstance(part, BaseException))
            return start_response(*args)

        return start

    return around_start(change)(app)
