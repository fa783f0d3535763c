"""The report as one self-contained HTML file, for people who would rather look than read.

Importing this needs jinja2, which comes with the extra ``html``.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path

import jinja2

from .document import Document
from .files import write_text
from .html_view import page


def write(document: Document, path: Path) -> None:
    """Write *document* to *path* as HTML.

    :raises OSError: when the file can't be written.
    """
    write_text(path, render(document))


def render(document: Document) -> str:
    """Return the page: nothing in it is loaded from elsewhere, and all that comes from a target is text.

    A Content-Security-Policy in the page lets only its own style and script run, by their hashes.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _asset("report.css"), _asset("report.js")
    text: str = environment.get_template("report.html").render(
        vars(page(document)), style=style, script=script, style_hash=_hash(style), script_hash=_hash(script)
    )
    return text


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("templates").joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def _hash(text: str) -> str:
    """Return the source expression of Content Security Policy Level 3 (section 2.3.1) for an inline element."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"
