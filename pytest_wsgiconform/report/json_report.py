"""The JSON report: the document as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import write_text


def write(document: Mapping[str, Any], path: Path) -> None:
    """Write *document* to *path* as UTF-8 JSON, indented, keys in the document's order.

    :raises OSError: when the file can't be written; an earlier one is then still there.
    """
    write_text(path, json.dumps(document, indent=2, ensure_ascii=True) + "\n")
