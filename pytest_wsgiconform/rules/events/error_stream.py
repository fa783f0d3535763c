"""``wsgi.errors``, as an app uses it: PEP 3333, "Input and Error Streams"."""

from __future__ import annotations

import contextlib

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import ErrorsUsed, Exchange
from ..registry import event_rule

SECTION = "errors"


@event_rule(
    id="errors-gets-text",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("errors-app-str",),
    on=ErrorsUsed,
    silent_when_clean=True,
    hint="Decode bytes before writing them to wsgi.errors.",
    since="0.1",
)
def errors_gets_text(event: ErrorsUsed, exchange: Exchange) -> Outcome:
    """What is written to wsgi.errors is text.

    It is a text-mode stream (PEP 3333, "environ Variables"); bytes raise a TypeError on servers whose stream checks, in
    the middle of reporting another error.
    """
    if not event.texts:
        return None
    for text in event.texts:
        if not isinstance(text, str):
            kind = type_name(text)
            return fault(f"wsgi.errors.{event.method}() got {show(text)}, of type {kind}", got=kind, expected="str")
    return HELD


@errors_gets_text.bad
def _(environ, start_response):
    with contextlib.suppress(TypeError):
        environ["wsgi.errors"].write(b"cache miss\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@errors_gets_text.good
def _(environ, start_response):
    environ["wsgi.errors"].write("cache miss\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="errors-plain-newlines",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("errors-app-newline",),
    on=ErrorsUsed,
    silent_when_clean=True,
    hint="End lines with \\n alone; the server converts them where its log needs it.",
    since="0.1",
)
def errors_plain_newlines(event: ErrorsUsed, exchange: Exchange) -> Outcome:
    """Lines written to wsgi.errors end with a plain newline.

    The server turns it into the line end of its log (PEP 3333, "environ Variables"); a carriage return from the
    application shows up there as a stray character.
    """
    texts = [text for text in event.texts if type(text) is str]
    if not texts:
        return None
    for text in texts:
        if "\r" in text:
            return fault(f"a carriage return was written to wsgi.errors: {show(text)}", got=show(text))
    return HELD


@errors_plain_newlines.bad
def _(environ, start_response):
    environ["wsgi.errors"].write("cache miss\r\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@errors_plain_newlines.good
def _(environ, start_response):
    environ["wsgi.errors"].write("cache miss\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="errors-only-listed-methods",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("errors-app-only-listed",),
    on=ErrorsUsed,
    silent_when_clean=True,
    hint="Use write, writelines and flush only.",
    since="0.1",
)
def errors_only_listed_methods(event: ErrorsUsed, exchange: Exchange) -> Outcome:
    """Only write, writelines and flush are used of wsgi.errors.

    It may be a logger's adapter with nothing else (PEP 3333, "Input and Error Streams"). What the standard library
    itself asks of a stream that it prints to is not counted.
    """
    if event.method == "close":
        return None  # errors-not-closed has it
    if not event.listed:
        name = show(f"wsgi.errors.{event.method}")
        return fault(f"the attribute {name} was used", got=event.method, expected="write, writelines, flush")
    return HELD


@errors_only_listed_methods.bad
def _(environ, start_response):
    colour = getattr(environ["wsgi.errors"], "isatty", None) is not None
    environ["wsgi.errors"].write("\x1b[31mcache miss\n" if colour else "cache miss\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@errors_only_listed_methods.good
def _(environ, start_response):
    environ["wsgi.errors"].writelines(["cache ", "miss\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="errors-not-closed",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("errors-app-no-close",),
    on=ErrorsUsed,
    silent_when_clean=True,
    hint="Leave wsgi.errors open; the server opened it.",
    since="0.1",
)
def errors_not_closed(event: ErrorsUsed, exchange: Exchange) -> Outcome:
    """The application does not close wsgi.errors.

    It is the server's log (PEP 3333, "Input and Error Streams"), often its standard error: once closed, every later
    message of every request is lost or raises.
    """
    if event.method == "close":
        return fault("wsgi.errors was closed")
    return HELD


@errors_not_closed.bad
def _(environ, start_response):
    environ["wsgi.errors"].close()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@errors_not_closed.good
def _(environ, start_response):
    environ["wsgi.errors"].flush()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
