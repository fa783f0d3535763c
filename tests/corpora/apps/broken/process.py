"""Broken apps: those that never end."""

from __future__ import annotations

import sys
import time
from typing import Any

from tests.corpora.apps.answers import plain
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program


@app("raises-only-exceptions")
def exits(environ: Any, start_response: Any) -> Any:
    sys.exit("bye")


@app("raises-only-exceptions")
def interrupts(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"x"
    raise KeyboardInterrupt


@app("answers-in-time")
def sleeps(environ: Any, start_response: Any) -> Any:
    time.sleep(60)


@app("answers-in-time")
def spins_between_items(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"x"
    while True:
        pass
