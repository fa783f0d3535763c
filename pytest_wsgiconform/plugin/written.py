"""Writing what a run leaves behind: reports, and reproductions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ..report.document import Document
from ..settings import Settings
from . import options
from .opened import OpenTarget
from .repeatable import asked


def write_reports(made: Document, reports: Iterable[tuple[str, Path]], say: Callable[[str], None]) -> bool:
    """Write *made* in each format that was asked for.

    :param say: called with a line for the summary on each. :returns: whether all of them could be written.
    """
    done = True
    for kind, path in reports:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)  # it was there; a target may have deleted it
            importlib.import_module(options.REPORT_FORMATS[kind]).write(made, path)
            say(f"{kind} report: {path}")
        except OSError as error:
            say(f"the {kind} report could not be written: {error}")
            done = False
    return done


def write_repro(
    made: Document,
    folder: Path,
    config: pytest.Config,
    settings: Settings,
    targets: Iterable[OpenTarget],
    say: Callable[[str], None],
) -> tuple[Document, bool]:
    """Write a reproduction of each finding into *folder*.

    :param say: as for :func:`write_reports`.
    :returns: the document with their names, and whether they could be written.
    """
    from ..report import repro

    try:
        names = [name for opened in targets for name in opened.run.secrets().get("names", ())]
        folders = (settings.cwd, settings.rootdir)
        made = repro.write(made, folder, folders, settings.timeout, asked(config, settings, names))
        say(f"reproductions: {folder}")
    except OSError as error:
        say(f"the reproductions could not be written: {error}")
        return made, False
    return made, True
