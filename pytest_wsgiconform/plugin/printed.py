"""What a target prints, and its finalizers raise: kept from the terminal, or cleaned before it is shown."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from ..rules.display import clean, shorten

#: Most characters of what a target printed that a report keeps.
_PRINTED = 20_000


def printable(text: str) -> str:
    """Return *text*, several lines that a target printed, cut and safe to print."""
    return "\n".join(clean(line.rstrip("\r").expandtabs()) for line in shorten(text, _PRINTED).split("\n"))


@contextlib.contextmanager
def captured(config: pytest.Config) -> Iterator[list[str]]:
    """Keep what is printed meanwhile from the terminal, as pytest keeps it during collection (not with ``-s``).

    Yields a list that has the printed lines afterwards.
    """
    lines: list[str] = []
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        yield lines
        return
    capture.resume_global_capture()
    try:
        yield lines
    finally:
        capture.suspend_global_capture()
        printed, errors = capture.read_global_capture()
        lines += _clean_lines(printed + errors)


@contextlib.contextmanager
def clean_finalizers() -> Iterator[None]:
    """Show what the target's finalizers raise cleaned: these are its last words, and nobody else looks at them."""

    def show(unraisable: Any) -> None:
        error = unraisable.exc_value
        told = type(error).__name__ if error is None else clean("".join(traceback.format_exception_only(error)).strip())
        print(f"wsgi: a finalizer of the target raised {told}", file=sys.stderr)

    before, sys.unraisablehook = sys.unraisablehook, show
    try:
        yield
    finally:
        sys.unraisablehook = before


def _clean_lines(text: str) -> list[str]:
    return [clean(line)[:300] for line in text.splitlines() if line.strip()]
