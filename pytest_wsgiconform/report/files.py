"""Writing a report so that there is either the whole new file or the old one, never half of one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write *text* (UTF-8, line ends as they are) to *path*, making its folder when there is none.

    A regular file is written under a temporary name in the same folder and then renamed, so that a full disk or an
    interruption leaves an earlier report as it was. Something that is no regular file (``/dev/stdout``) is written
    to directly, for a rename would replace it.

    :raises OSError: when that can't be done; the temporary file is gone by then.
    """
    target = Path(os.path.realpath(path))
    mode = _mode(target)
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # Names of files may hold lone surrogates (PEP 383), which UTF-8 can not say.
    data = text.encode("utf-8", "backslashreplace")
    if mode is not None and not stat.S_ISREG(mode):
        target.write_bytes(data)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, data, mode)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    # The name is short and of our own: the target's name may already be as long as the file system allows.
    temporary = target.parent / f".wsgiconform-{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
