"""Files that an app serves from a folder: a route for them is asked for one that is there, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

#: Most entries of folders that are looked at for a file.
_MOST = 200


def static_templates(app: Any, endpoint: str, template: str) -> list[str] | None:
    """Return what to ask for of the rule *template* of a Flask app, ``None`` when it serves no folder.

    :returns: the template with a file's name in it, or nothing when the folder holds none.
    """
    name, _, last = endpoint.rpartition(".")
    blueprints = getattr(app, "blueprints", None)
    owner = blueprints.get(name) if name and isinstance(blueprints, dict) else app
    folder = getattr(owner, "static_folder", None)
    if last != "static" or not isinstance(folder, str) or not template.endswith("<path:filename>"):
        return None
    prefix = template.removesuffix("<path:filename>")
    return [prefix + quote(file) for file in _files(folder)][:1]


def _files(folder: str) -> Iterator[str]:
    """Give the regular files below *folder*, by names relative to it, as far as it is worth to look."""
    looked = 0
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(path, name)
            if not name.startswith(".") and os.path.isfile(file):
                yield os.path.relpath(file, folder).replace(os.sep, "/")
        looked += len(folders) + len(names)
        if looked > _MOST:
            return
