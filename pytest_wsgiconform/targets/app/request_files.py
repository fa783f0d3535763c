"""Files with requests of the user's own: one request as it would be sent, or the entries of a HAR file.

They are read before anything is loaded or sent, so that a file that can't be used is a usage error of one paragraph.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from .har import read_har
from .own_request import OwnRequest, RequestFileError, parse

#: Most bytes of a file with one request.
RAW_LIMIT = 8 << 20

#: Most bytes of a HAR file, which holds the answers, too.
HAR_LIMIT = 64 << 20


def read_requests(
    path: Path, expand: Callable[[str], str] = lambda text: text, host: str = ""
) -> tuple[list[OwnRequest], list[str]]:
    """Return the requests in the file *path*, and a line for the summary on each kind that was left out.

    :param path: a file; one whose name ends in ``.har`` is read as such.
    :param expand: replaces ``${NAME}`` in one text by what the environment says.
    :param host: only the requests of this host are taken out of a HAR file; ``""`` for those of its first one.
    :raises RequestFileError: when the file can't be used.
    """
    is_har = path.name.lower().endswith(".har")
    data = _contents(path, HAR_LIMIT if is_har else RAW_LIMIT)
    if is_har:
        return read_har(data, path.name, expand, host)
    return [parse(data, expand)], []


def _contents(path: Path, limit: int) -> bytes:
    """Return what is in *path*: a regular file, for a pipe or a device may never end."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise RequestFileError("that is not a regular file")
        if found.st_size > limit:
            raise RequestFileError(f"the file has {found.st_size} bytes, and at most {limit} are read")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise RequestFileError("there is no such file") from None
    except OSError as error:
        raise RequestFileError(f"it can't be read: {error.strerror or error}") from None
    if len(data) > limit:
        raise RequestFileError(f"the file has more than the {limit} bytes that are read")
    return data
