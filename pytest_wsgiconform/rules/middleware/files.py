"""``wsgi.file_wrapper`` below a middleware: PEP 3333, "Optional Platform-Specific File Handling"."""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import MiddlewareRun
from ..registry import middleware_rule

SECTION = "file-wrapper"


@middleware_rule(
    id="file-wrapper-takes-file-and-size",
    level=Level.ERROR,
    clauses=("file-wrapper-signature", "mw-both-sides"),
    stimuli=("files",),
    hint="Let your file wrapper take the file and an optional block size, or take wsgi.file_wrapper out of environ.",
    since="0.1",
)
def file_wrapper_takes_file_and_size(run: MiddlewareRun) -> Outcome:
    """The wsgi.file_wrapper that the inner app finds takes a file, and optionally a block size.

    Toward its inner app a middleware is the server, so a wrapper that it puts there keeps the server's promise (PEP
    3333, "Optional Platform-Specific File Handling"): two positional arguments, of which the second may be left out.
    """
    tried = [
        crossing for crossing in run.crossings if crossing.inner is not None and crossing.inner.facts.get("wrapped")
    ]
    for crossing in tried:
        inner = crossing.inner
        error = inner.facts.get("error") if inner is not None else None
        if inner is not None and error is not None:
            call = "file" if crossing.label == "file" else "file, 1024"
            return fault(
                f"wsgi.file_wrapper({call}) raised {error}",
                got=error,
                expected="an iterable",
                location=inner.called_at,
                exchange=crossing.label,
            )
    return HELD if tried else None


@file_wrapper_takes_file_and_size.bad
def _(app):
    def wrap(file):
        return iter(lambda: file.read(4096), b"")

    def middleware(environ, start_response):
        environ["wsgi.file_wrapper"] = wrap
        return app(environ, start_response)

    return middleware


@file_wrapper_takes_file_and_size.good
def _(app):
    def wrap(file, size=4096):
        return iter(lambda: file.read(size), b"")

    def middleware(environ, start_response):
        environ["wsgi.file_wrapper"] = wrap
        return app(environ, start_response)

    return middleware
