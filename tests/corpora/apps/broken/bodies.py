"""Broken apps, named by the clauses that they break: what is returned, yielded, written and closed.

The line at fault carries the mark ``FAULT``.
"""

from __future__ import annotations

import io
from typing import Any

from tests.corpora.apps.marked import TEXT, App, BrokenApps

corpus = BrokenApps()
app, factory = corpus.app, corpus.factory

#: A page with more bytes than letters.
PAGE = "na\xefve caf\xe9"


class Body:
    """Blocks and whatever length is claimed."""

    def __init__(self, blocks: list[Any], length: int) -> None:
        self.blocks, self.length = blocks, length

    def __iter__(self) -> Any:
        return iter(self.blocks)

    def __len__(self) -> int:
        return self.length


# -- what is returned --------------------------------------------------------------------------------


@app("body-not-bare-string", "body-bytes")
def returns_a_page_of_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return "hello"  # FAULT


@app("body-not-bare-string", "body-bytes")
def returns_bare_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return b"hello"  # FAULT


@app("body-not-bare-string", "body-bytes")
def returns_a_bytearray(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return bytearray(b"hello")  # FAULT


@app("body-not-bare-string", "body-bytes")
def returns_a_memoryview(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return memoryview(b"hello")  # FAULT


@app("body-iterable")
def returns_nothing_for_head(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if environ["REQUEST_METHOD"] == "HEAD":
        return None  # FAULT
    return [b"hello"]


@app("body-iterable")
def returns_a_number(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return 200  # FAULT


@app("body-iterable")
def returns_what_only_has_next(environ: Any, start_response: Any) -> Any:
    class OnlyNext:
        def __next__(self) -> bytes:
            raise StopIteration

    start_response("200 OK", [TEXT])
    return OnlyNext()  # FAULT


@app("body-iterable")
def iter_gives_a_list(environ: Any, start_response: Any) -> Any:
    class ListFromIter:
        def __iter__(self) -> Any:  # FAULT
            return [b"hello"]

    start_response("200 OK", [TEXT])
    return ListFromIter()


@app("body-iterable")  # FAULT
async def is_a_coroutine_function(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"hello"]  # FAULT


@app("body-iterable")  # FAULT
async def is_an_async_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"hello"  # FAULT


@app("body-bytes")
def returns_a_dict(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return {"message": "hello"}  # FAULT


@app("body-bytes")
def returns_a_text_stream(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return io.StringIO("one\ntwo\n")  # FAULT


# -- what is yielded ---------------------------------------------------------------------------------


@app("body-bytes")
def text_after_the_third_block(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    yield b"two"
    yield b"three"
    yield "four"  # FAULT


@app("body-bytes")
def yields_a_bytearray(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield bytearray(b"hello")  # FAULT


@app("body-bytes")
def yields_a_memoryview_on_post(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if environ["REQUEST_METHOD"] == "POST":
        yield memoryview(b"hello")  # FAULT
    yield b"bye"


@app("body-bytes")
def yields_none_to_wait(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    yield None  # FAULT
    yield b"two"


@app("body-bytes")
def yields_empty_text_at_the_end(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    yield ""  # FAULT


@app("body-bytes")
def yields_a_list_from_a_part(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])

    def part() -> Any:
        yield b"one"
        yield [b"two"]  # FAULT

    yield from part()


@app("body-bytes")
def maps_to_numbers(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return map(ord, "abc")  # FAULT


@app("body-bytes")
def text_when_there_is_a_query(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [environ.get("QUERY_STRING") or b"nothing"]  # FAULT


@app("body-len-accurate")
def claims_one_block_more(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return Body([b"a", b"b"], 3)  # FAULT


@app("body-len-accurate")
def claims_a_length_in_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return Body([b"hello"], 5)  # FAULT


@app("body-len-accurate")
def claims_one_block_for_three(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return Body([b"a", b"b", b"c"], 1)  # FAULT


# -- lengths -----------------------------------------------------------------------------------------


@app("length-app-accurate")
def counts_letters_instead_of_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", str(len(PAGE)))])  # FAULT
    return [PAGE.encode()]  # FAULT


@app("length-app-accurate")
def generator_is_one_byte_short(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "7")])  # FAULT
    for _ in range(3):
        yield b"ab"  # FAULT


@app("length-app-accurate")
def length_of_zero_with_a_page(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("CONTENT-LENGTH", "0")])  # FAULT
    return iter([b"", b"x"])  # FAULT


@factory("length-app-accurate")
def remembers_the_first_length() -> App:
    kept: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        page = b"%d visits" % (10 ** len(kept))
        kept.append(str(len(page)))
        start_response("200 OK", [TEXT, ("Content-Length", kept[0])])  # FAULT
        return [page]  # FAULT

    return app


@app("length-app-accurate")
def written_part_is_not_counted(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "4")])  # FAULT
    write(b"head")
    return [b"body"]  # FAULT


@app("rfc-app-length-syntax")
def length_is_signed(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "-1")])  # FAULT
    return [b"x"]


@app("rfc-app-length-syntax")
def length_is_a_float(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", str(10 / 2))])  # FAULT
    return [b"hello"]


@app("rfc-app-length-syntax")
def length_is_in_arabic_superscript(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "\xb9")])  # FAULT
    return [b"x"]


@app("rfc-app-length-syntax", "rfc-app-repeat-header")
def two_lengths_that_agree(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "1"), ("content-length", "1")])  # FAULT
    return [b"x"]


@app("rfc-app-bodyless-content")
def page_below_no_content(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content", [])  # FAULT
    yield b""
    yield b"deleted"  # FAULT


@app("rfc-app-bodyless-content")
def page_written_below_not_modified(environ: Any, start_response: Any) -> Any:
    write = start_response("304 Not Modified", [("ETag", '"1"')])  # FAULT
    write(b"page")  # FAULT
    return []


@app("rfc-app-bodyless-length")
def length_with_no_content(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content", [("content-length", "0")])  # FAULT
    return []


@app("rfc-app-no-interim")
def early_hints_as_the_answer(environ: Any, start_response: Any) -> Any:
    start_response("103 Early Hints", [("Link", "</a.css>; rel=preload")])  # FAULT
    return []
