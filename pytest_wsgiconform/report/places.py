"""Names for the places that findings point at: short for people, stable for machines."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..rules.model import Finding


def relative(file: str, root: str | os.PathLike[str] | None) -> str:
    """Return *file* relative to *root*, with slashes, when it lies below it; else as it is.

    :param root: the folder that reports are about (pytest's rootdir), or ``None``.
    """
    if root is None or not os.path.isabs(file):
        return Path(file).as_posix()
    try:
        real = os.path.realpath(file)
    except ValueError:  # a name that no file can have (a lone surrogate, a NUL)
        return Path(file).as_posix()
    # Both may reach the same folder by different symbolic links.
    for base, name in ((os.fspath(root), file), (os.path.realpath(root), real)):
        inside = os.path.relpath(name, base)
        if inside != os.pardir and not inside.startswith(os.pardir + os.sep):
            return Path(inside).as_posix()
    return Path(file).as_posix()


#: What comes before a module's own path in an installation; differs from machine to machine.
_INSTALLED = re.compile(r".*/(?:(?:site|dist)-packages|lib(?:64)?/python3\.\d+)/")


def portable(file: str, root: str | os.PathLike[str] | None) -> str:
    """Return a name of *file* that is the same on every machine: below *root*, or as ``package/module.py``."""
    return _INSTALLED.sub("", relative(file, root))


def where(finding: Finding, root: str | os.PathLike[str] | None = None) -> str:
    """Return the place of *finding* in a form that survives edits elsewhere in the file.

    ``file::function`` for a finding with a location: no line number, which moves, and only the last part of the
    function's qualified name, which is all that Python 3.10 knows. Else ``stimulus:ID``, and for traffic of one's
    own without a location ``request:METHOD``.
    """
    location = finding.location
    if location is not None:
        return f"{portable(location.file, root)}::{location.function.rpartition('.')[2]}"
    if finding.stimulus:
        return f"stimulus:{finding.stimulus}"
    return f"request:{(finding.request or {}).get('method', '')}"


def fingerprints(findings: Iterable[Finding], root: str | os.PathLike[str] | None = None) -> list[str]:
    """Return a stable name for each of *findings*: 32 hexadecimal digits.

    Findings of the same rule, target and place differ by their number, in the order of their lines, so that the
    names are unique and a moved line changes none.
    """
    listed = list(findings)
    names = [""] * len(listed)
    seen: dict[str, int] = {}
    for index in sorted(range(len(listed)), key=lambda i: (line_of(listed[i]), i)):
        finding = listed[index]
        key = "\x1f".join((finding.rule, finding.target, finding.blame.value, where(finding, root)))
        seen[key] = seen.get(key, 0) + 1
        names[index] = hashlib.sha256(f"{key}\x1f{seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return names


def line_of(finding: Finding) -> int:
    """Return the line of *finding*'s location, 0 without one."""
    return finding.location.line if finding.location is not None else 0
