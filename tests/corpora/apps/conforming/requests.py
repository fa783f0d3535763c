"""Conforming apps: how they read requests, and what they do with environ."""

from __future__ import annotations

import hashlib
import io
import logging
import traceback
from typing import Any
from urllib.parse import parse_qs, quote

from tests.corpora.apps.answers import TEXT, answer, length_of
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program

# -- wsgi.input ------------------------------------------------------------------------------------


@app()
def reads_exactly_what_came(environ: Any, start_response: Any) -> Any:
    body = environ["wsgi.input"].read(length_of(environ))
    return answer(environ, start_response, b"%d bytes" % len(body))


@app()
def reads_in_pieces_until_all_is_there(environ: Any, start_response: Any) -> Any:
    left, digest = length_of(environ), hashlib.sha256()
    while left:
        piece = environ["wsgi.input"].read(min(left, 1000))
        if not piece:
            break
        digest.update(piece)
        left -= len(piece)
    return answer(environ, start_response, digest.hexdigest().encode())


@app()
def reads_byte_by_byte(environ: Any, start_response: Any) -> Any:
    read = environ["wsgi.input"].read
    count = 0
    for _ in range(length_of(environ)):
        if not read(1):
            break
        count += 1
    return answer(environ, start_response, b"%d bytes" % count)


@app()
def reads_lines_one_by_one(environ: Any, start_response: Any) -> Any:
    left, lines = length_of(environ), 0
    while left > 0:
        line = environ["wsgi.input"].readline(left)
        if not line:
            break
        left -= len(line)
        lines += 1
    return answer(environ, start_response, b"%d lines" % lines)


@app()
def reads_lines_without_a_size(environ: Any, start_response: Any) -> Any:
    left, lines = length_of(environ), 0
    while left > 0:
        line = environ["wsgi.input"].readline()
        if not line:
            break
        left -= len(line)
        lines += 1
    return answer(environ, start_response, b"%d lines" % lines)


@app()
def iterates_over_the_lines(environ: Any, start_response: Any) -> Any:
    lines = sum(1 for _ in environ["wsgi.input"]) if length_of(environ) else 0
    return answer(environ, start_response, b"%d lines" % lines)


@app()
def takes_all_the_lines(environ: Any, start_response: Any) -> Any:
    lines = environ["wsgi.input"].readlines() if length_of(environ) else []
    return answer(environ, start_response, b"%d bytes" % sum(map(len, lines)))


@app()
def reads_nothing_of_it(environ: Any, start_response: Any) -> Any:
    return answer(environ, start_response, b"not interested")


@app()
def reads_half_of_it(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read(length_of(environ) // 2)
    return answer(environ, start_response, b"that will do")


@app()
def reads_zero_bytes(environ: Any, start_response: Any) -> Any:
    assert environ["wsgi.input"].read(0) == b""
    return answer(environ, start_response, b"x")


@app()
def reads_while_iterated(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    left = length_of(environ)
    while left:
        piece = environ["wsgi.input"].read(min(7, left))
        if not piece:
            return
        left -= len(piece)
        if environ["REQUEST_METHOD"] != "HEAD":
            yield piece[::-1]


@app()
def puts_a_copy_of_the_body_into_environ(environ: Any, start_response: Any) -> Any:
    body = environ["wsgi.input"].read(length_of(environ))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    again = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    environ["wsgi.input"].close()
    return answer(environ, start_response, b"%d bytes" % len(again))


@app()
def parses_a_form(environ: Any, start_response: Any) -> Any:
    body = environ["wsgi.input"].read(length_of(environ)).decode("utf-8", "replace")
    fields = parse_qs(body, keep_blank_values=True)
    page = "\n".join(f"{quote(name)}: {len(values)}" for name, values in sorted(fields.items()))
    return answer(environ, start_response, page.encode())


@app()
def refuses_what_is_too_long(environ: Any, start_response: Any) -> Any:
    if length_of(environ) > 1000:
        return answer(environ, start_response, b"too long", status="413 Content Too Large")
    return answer(environ, start_response, environ["wsgi.input"].read(length_of(environ)) or b"none")


@app()
def echoes_the_body(environ: Any, start_response: Any) -> Any:
    left, body = int(environ.get("CONTENT_LENGTH") or 0), b""
    while left > 0 and (data := environ["wsgi.input"].read(left)):
        body += data
        left -= len(data)
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]


@app()
def counts_lines(environ: Any, start_response: Any) -> Any:
    count = sum(1 for _ in environ["wsgi.input"])
    start_response("200 OK", [TEXT])
    return [str(count).encode()]


@app()
def reads_a_line(environ: Any, start_response: Any) -> Any:
    line = environ["wsgi.input"].readline()
    start_response("200 OK", [TEXT])
    return [b"first line: ", line[:100]]


@app()
def reads_lines_by_hint(environ: Any, start_response: Any) -> Any:
    lines: list[bytes] = []
    while more := environ["wsgi.input"].readlines(100):
        lines += more
    start_response("200 OK", [TEXT])
    return [str(len(lines)).encode()]


@app()
def reads_what_is_announced(environ: Any, start_response: Any) -> Any:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    digest = hashlib.sha256()
    while size > 0:
        data = environ["wsgi.input"].read(min(size, 4096))
        if not data:
            start_response("400 Bad Request", [TEXT])
            return [b"the body ended early"]
        digest.update(data)
        size -= len(data)
    start_response("200 OK", [TEXT])
    return [digest.hexdigest().encode()]


# -- wsgi.errors -----------------------------------------------------------------------------------


@app()
def prints_to_the_errors(environ: Any, start_response: Any) -> Any:
    print("caf\xe9 \u20ac \U0001f600", "two", sep="\n", file=environ["wsgi.errors"], flush=True)
    environ["wsgi.errors"].writelines(line for line in ("three\n", "four\n"))
    return answer(environ, start_response, b"x")


@app()
def logs_by_a_handler(environ: Any, start_response: Any) -> Any:
    logger = logging.Logger("fresh")
    handler = logging.StreamHandler(environ["wsgi.errors"])
    logger.addHandler(handler)
    logger.warning("path %r", environ.get("PATH_INFO"))
    logger.removeHandler(handler)
    return answer(environ, start_response, b"x")


@app()
def prints_a_traceback(environ: Any, start_response: Any) -> Any:
    try:
        raise LookupError("no such page")
    except LookupError:
        traceback.print_exc(file=environ["wsgi.errors"])
        return answer(environ, start_response, b"x", status="404 Not Found")


BODY = b"hello world"


@app()
def logs(environ: Any, start_response: Any) -> Any:
    log = environ["wsgi.errors"]
    log.write("caf\xe9 \N{SNOWMAN}\n")
    log.writelines(["a\n", "b\n"])
    log.flush()
    print("by print", file=log)
    start_response("200 OK", [TEXT])
    return [BODY]


# -- environ ---------------------------------------------------------------------------------------


@app()
def empties_its_environ_but_for_the_method(environ: Any, start_response: Any) -> Any:
    method = environ["REQUEST_METHOD"]
    environ.clear()
    return answer({"REQUEST_METHOD": method}, start_response, b"x")


@app()
def fills_environ_with_odd_values(environ: Any, start_response: Any) -> Any:
    environ[("a", "tuple")] = object()
    environ["PATH_INFO"] = None
    environ["wsgi.version"] = "mine now"
    environ[7] = b"seven"
    return answer(environ, start_response, b"x")


@app()
def echoes_the_path_in_latin1(environ: Any, start_response: Any) -> Any:
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return answer(environ, start_response, path.encode("latin-1"), ("X-Path", quote(path, encoding="latin-1")))


@app()
def decodes_the_path_with_care(environ: Any, start_response: Any) -> Any:
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    return answer(environ, start_response, path.encode(), status="200 OK" if "\ufffd" not in path else "404 Not Found")


@app()
def echoes_a_request_header(environ: Any, start_response: Any) -> Any:
    name = environ.get("HTTP_X_NAME", "nobody").strip()
    if any(character < " " or character == "\x7f" for character in name):
        name = "nobody"
    return answer(environ, start_response, b"x", ("X-Hello", name), ("Vary", "X-Name"))


@app()
def shows_its_environ(environ: Any, start_response: Any) -> Any:
    """As wsgiref's demo app does: everything in environ is in the page."""
    start_response("200 OK", [TEXT])
    lines = (f"{key} = {value!r}" for key, value in sorted(environ.items()) if isinstance(value, (str, bool, tuple)))
    return ["\n".join(lines).encode("utf-8", "backslashreplace")]


@app()
def echoes_fields(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Vary", "*")])
    names = sorted(key for key in environ if key.startswith("HTTP_"))
    return [f"{key}: {environ[key]}\n".encode("latin-1") for key in names] or [b"none"]


@app()
def empties_its_environ(environ: Any, start_response: Any) -> Any:
    environ.clear()
    start_response("200 OK", [TEXT])
    return [BODY]


@app()
def fills_its_environ(environ: Any, start_response: Any) -> Any:
    environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    environ["PATH_INFO"] = ""
    environ["myapp.object"] = object()
    environ[("a", "tuple")] = 1
    start_response("200 OK", [TEXT])
    return [BODY]
