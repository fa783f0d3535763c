"""``wsgi.file_wrapper``: PEP 3333, "Optional Platform-Specific File Handling"."""

from __future__ import annotations

import io
import os
from typing import Any

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import AppCalled, Exchange, FileWrapperCalled
from ..registry import event_rule

SECTION = "file-wrapper"

#: How much of a regular file is compared, in bytes.
_SAMPLE = 4096


@event_rule(
    id="file-wrapper-callable",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("file-wrapper-callable",),
    on=AppCalled,
    environ={"wsgi.file_wrapper": callable},
    hint="Offer a callable as wsgi.file_wrapper, or leave the key out.",
    since="0.1",
)
def file_wrapper_callable(event: AppCalled, exchange: Exchange) -> Outcome:
    """wsgi.file_wrapper, when it is there, is callable.

    Applications test for the key and then call the value (PEP 3333, "Optional Platform-Specific File Handling").
    """
    if "wsgi.file_wrapper" not in event.variables:
        return None
    wrapper = event.variables["wsgi.file_wrapper"]
    if not callable(wrapper):
        return fault(f"wsgi.file_wrapper is {show(wrapper)}", got=type_name(wrapper), expected="a callable")
    return HELD


@file_wrapper_callable.bad
def _(environ):
    environ["wsgi.file_wrapper"] = True


@file_wrapper_callable.good
def _(environ):
    environ["wsgi.file_wrapper"] = lambda file, size=8192: iter(lambda: file.read(size), b"")


@event_rule(
    id="file-wrapper-gets-readable",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("file-app-read-method",),
    on=FileWrapperCalled,
    hint="Pass an object with a read(size) method that returns bytes.",
    since="0.1",
)
def file_wrapper_gets_readable(event: FileWrapperCalled, exchange: Exchange) -> Outcome:
    """What is given to wsgi.file_wrapper has a read() method with an optional size.

    It is all that the server may rely on (PEP 3333, "Optional Platform-Specific File Handling"); without it the
    response fails after its headers have been sent.
    """
    if not event.args:
        return fault("wsgi.file_wrapper was called without a file", expected="an object with read(size)")
    read = getattr(event.args[0], "read", None)
    if not callable(read):
        kind = type_name(event.args[0])
        return fault(f"wsgi.file_wrapper was given a {kind}, which has no read()", got=kind, expected="read(size)")
    return HELD


@file_wrapper_gets_readable.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    wrapper = environ.get("wsgi.file_wrapper", lambda file, size=8192: [b"hello"])
    return wrapper([b"hello"])


@file_wrapper_gets_readable.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    file = io.BytesIO(b"hello")
    wrapper = environ.get("wsgi.file_wrapper", lambda file, size=8192: iter(lambda: file.read(size), b""))
    return wrapper(file)


@event_rule(
    id="file-attributes-honest",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("file-app-honest-attrs",),
    on=FileWrapperCalled,
    hint="Leave out fileno() when read() gives anything but the file's own bytes.",
    since="0.1",
)
def file_attributes_honest(event: FileWrapperCalled, exchange: Exchange) -> Outcome:
    """An object given to wsgi.file_wrapper that has fileno() is that file.

    A server with sendfile() takes the descriptor and never calls read() (PEP 3333, "Optional Platform-Specific File
    Handling"): an object that decrypts, unzips or counts in read() is then bypassed. Judged for regular files only, by
    comparing what the descriptor holds at its position with what read() gives; both are put back.
    """
    file = event.args[0] if event.args else None
    # A builtin file's own methods can't disagree, and asking would only cost seeks.
    if type(file) in (io.BufferedReader, io.FileIO, io.BytesIO) or not callable(getattr(file, "fileno", None)):
        return None if file is None or not hasattr(file, "fileno") or type(file) is io.BytesIO else HELD
    return _compare(file)


def _compare(file: Any) -> Outcome:
    try:
        descriptor = file.fileno()
    except Exception:  # io.UnsupportedOperation and whatever others say: then there is no descriptor to trust
        return None
    try:
        if type(descriptor) is not int or not os.path.isfile(f"/dev/fd/{descriptor}"):
            return None
        position = file.tell()
        by_descriptor = os.pread(descriptor, _SAMPLE, position)
        by_read = file.read(_SAMPLE)
        file.seek(position)
    except Exception:  # no tell, no seek, a closed file: nothing can be compared without disturbing it
        return None
    if type(by_read) is bytes and by_descriptor[: len(by_read)] != by_read:
        message = f"fileno() of the wrapped {type_name(file)} leads to other bytes than its read()"
        return fault(message, got=show(by_descriptor, 60), expected=show(by_read, 60))
    return HELD


@file_attributes_honest.bad
def _(environ, start_response):
    class Shouting:
        def __init__(self, file):
            self.file, self.fileno, self.tell, self.seek = file, file.fileno, file.tell, file.seek

        def read(self, size=-1):
            return self.file.read(size).upper()

    start_response("200 OK", [("Content-Type", "text/plain")])
    wrapper = environ.get("wsgi.file_wrapper", lambda file, size=8192: iter(lambda: file.read(size), b""))
    return wrapper(Shouting(open(__file__, "rb")))


@file_attributes_honest.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    wrapper = environ.get("wsgi.file_wrapper", lambda file, size=8192: iter(lambda: file.read(size), b""))
    return wrapper(open(__file__, "rb"))
