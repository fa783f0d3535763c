"""The environment of a CGI program, as the "bytes in unicode" strings that PEP 3333 asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

__all__ = ["missing_cgi_variables", "read_environ", "settle_cgi_variables", "strip_script_name"]

# RFC 3875 section 4.1: the variables a CGI server must set whatever the request is.
_REQUIRED = ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL")


def read_environ(encoding: str | None = None) -> dict[str, str]:
    """Return a new dictionary of ``os.environ``, each value turned into the Latin-1 reading of its bytes.

    ``encoding`` names the encoding by which the server's bytes became the text of ``os.environ``.  ``None``
    works it out: on POSIX it is the file system encoding, with surrogates for what did not fit; on Windows,
    where the environment is text, it depends on the server (``SERVER_SOFTWARE``): UTF-8 for IIS and for
    Python's own CGI server, Latin-1 for Apache, the code page for others.
    """
    transcode = _transcoder(os.environ.get("SERVER_SOFTWARE", ""), encoding, sys.platform)
    return {name: transcode(value) for name, value in os.environ.items()}


def _transcoder(server_software: str, encoding: str | None, platform: str) -> Callable[[str], str]:
    if encoding is None:
        encoding = _windows_encoding(server_software) if platform == "win32" else sys.getfilesystemencoding()
    # A value that has characters outside the encoding never was a sequence of bytes; UTF-8 can stand for any.
    fallback = "surrogatepass" if platform == "win32" else "surrogateescape"

    def transcode(value: str) -> str:
        if value.isascii():
            return value
        try:
            data = value.encode(encoding, "surrogateescape")
        except UnicodeEncodeError:
            data = value.encode("utf-8", fallback)
        return data.decode("iso-8859-1")

    return transcode


def _windows_encoding(server_software: str) -> str:
    server = server_software.lower()
    if server.startswith(("microsoft-iis/", "simplehttp/")):
        return "utf-8"
    if server.startswith("apache/"):
        return "iso-8859-1"
    return "mbcs"


def missing_cgi_variables(environ: dict[str, str]) -> list[str]:
    """Those of the variables every CGI server sets that are not in ``environ``."""
    return [name for name in _REQUIRED if name not in environ]


def settle_cgi_variables(environ: dict[str, str]) -> None:
    """Make of what a web server has set what WSGI asks for, in place.

    HTTP_PROXY goes: it is a request header that libraries take for the setting of that name (CVE-2016-5385 and its
    kin).  So do HTTP_CONTENT_TYPE and HTTP_CONTENT_LENGTH, which some servers set beside the variables without the
    prefix.  An empty SERVER_NAME, as some give to requests without a Host, becomes the address of the server.
    """
    for name in ("HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
        environ.pop(name, None)
    if environ.get("SERVER_NAME") == "":
        address = environ.get("SERVER_ADDR") or "localhost"
        environ["SERVER_NAME"] = f"[{address}]" if ":" in address and address[0] != "[" else address


def strip_script_name(environ: dict[str, str]) -> None:
    """Take a copy of ``SCRIPT_NAME`` off the front of ``PATH_INFO``, in place: what IIS puts there."""
    script, path = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
    if f"{path}/".startswith(f"{script}/"):
        environ["PATH_INFO"] = path[len(script) :]
