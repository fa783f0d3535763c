"""Requests out of a HAR file, as browsers save them ("HTTP Archive", version 1.2)."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...stimuli.app.asking import split_host
from .own_request import CONNECTION, FORM_TYPE, OwnRequest, RequestFileError, expanded, parse_field, place

#: Most requests that are taken out of one file.
MOST = 200


class _LeftOut(Exception):
    """An entry can't be sent. ``str()`` says why."""


def read_har(
    data: bytes, name: str, expand: Callable[[str], str] = lambda text: text, host: str = ""
) -> tuple[list[OwnRequest], list[str]]:
    """Return the requests of a HAR file, each once, and a line for the summary on those that were left out.

    :param data: its contents. :param name: the file's name, for the line.
    :param expand: replaces ``${NAME}`` in one text by what the environment says.
    :param host: take the requests of this host; ``""`` for those of the first that can be sent.
    :raises RequestFileError: when it is no HAR file, or nothing in it can be sent.
    """
    entries = _entries(data)
    found: dict[OwnRequest, None] = {}
    reasons: Counter[str] = Counter()
    for entry in entries:
        try:
            request = _request(entry, expand)
            if host and not same_host(request.host, host):
                raise _LeftOut(f"not to {host}")
            if request not in found and len(found) >= MOST:
                raise _LeftOut(f"after the first {MOST}")
        except _LeftOut as error:
            reasons[str(error)] += 1
            continue
        host = host or request.host
        found[request] = None
    if not found:
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.items()) or "it has no entries"
        raise RequestFileError(f"none of its requests can be sent: {why}")
    if not reasons:
        return list(found), []
    why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    return list(found), [f"{name}: {reasons.total()} of {len(entries)} requests left out ({why})"]


def _entries(data: bytes) -> list[Any]:
    try:
        entries = json.loads(data)["log"]["entries"]
    except (ValueError, RecursionError):
        raise RequestFileError("it is no HAR file: that is JSON") from None
    except (LookupError, TypeError):
        entries = None
    if not isinstance(entries, list):
        raise RequestFileError('it is no HAR file: its JSON has no list "log": {"entries": [...]}')
    return entries


def _request(entry: Any, expand: Callable[[str], str]) -> OwnRequest:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise _LeftOut("without a request")
    method, url = str(request.get("method", "")), str(request.get("url", ""))
    if not url.lower().startswith(("http://", "https://")):
        raise _LeftOut(f"by {urlsplit(url).scheme or 'no'} URL"[:40])
    if method == "CONNECT" or not method.isascii() or not method.isalpha():
        raise _LeftOut("with a method that no app gets")
    fields = []
    for pair in request.get("headers") or ():
        name, value = (str(pair.get("name", "")), str(pair.get("value", ""))) if isinstance(pair, dict) else ("", "")
        if name and not name.startswith(":") and name.lower() not in CONNECTION | {"host", "transfer-encoding"}:
            fields.append((name, expand(value)))
    try:
        target, host, scheme = place(url)
        headers = tuple(parse_field(f"{name}: {value}".encode("latin-1"), 0) for name, value in fields)
    except (RequestFileError, UnicodeEncodeError):
        raise _LeftOut("with a URL or a field that can't be sent") from None
    body, kind = _body(request, expand)
    if kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", kind))
    return OwnRequest(method.upper(), target, headers, body.decode("latin-1"), host, scheme)


def _body(request: dict[str, Any], expand: Callable[[str], str]) -> tuple[bytes, str]:
    """Return the body and its type."""
    sent = request.get("postData")
    if not isinstance(sent, dict):
        if isinstance(request.get("bodySize"), int) and request["bodySize"] > 0:
            raise _LeftOut("whose body was not saved")
        return b"", ""
    kind, text = str(sent.get("mimeType") or ""), sent.get("text")
    if not text and sent.get("params"):
        if not kind.lower().startswith(FORM_TYPE):
            raise _LeftOut("whose body was not saved")
        pairs = [(str(p.get("name", "")), str(p.get("value", ""))) for p in sent["params"] if isinstance(p, dict)]
        return expanded(urlencode(pairs, safe="${}").encode("ascii"), expand), kind
    text = str(text or "")
    if sent.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True), kind
        except (binascii.Error, ValueError):
            raise _LeftOut("whose body was not saved") from None
    return expanded(text.encode("utf-8", "surrogatepass"), expand), kind


def same_host(one: str, other: str) -> bool:
    """Tell whether two hosts are the same; where one has no port, any port of the other will do."""
    (name, port), (also, other_port) = split_host(one.lower()), split_host(other.lower())
    return name == also and (port is None or other_port is None or port == other_port)
