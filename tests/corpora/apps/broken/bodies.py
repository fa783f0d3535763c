"""Broken apps: what is returned and yielded, and its length."""

from __future__ import annotations

import io
from typing import Any

from tests.corpora.apps.answers import TEXT, App
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory, answering = corpus.program, corpus.factory, corpus.answering

# -- what is returned ------------------------------------------------------------------------------


@app(clauses=("body-not-bare-string", "body-bytes"))
def returns_a_page_of_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return "hello"  # FAULT


@app(clauses=("body-not-bare-string", "body-bytes"))
def returns_bare_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return b"hello"  # FAULT


@app(clauses=("body-not-bare-string", "body-bytes"))
def returns_a_bytearray(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return bytearray(b"hello")  # FAULT


@app(clauses=("body-not-bare-string", "body-bytes"))
def returns_a_memoryview(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return memoryview(b"hello")  # FAULT


@app(clauses=("body-iterable",))
def returns_nothing_for_head(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if environ["REQUEST_METHOD"] == "HEAD":
        return None  # FAULT
    return [b"hello"]


@app(clauses=("body-iterable",))
def returns_a_number(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return 200  # FAULT


@app(clauses=("body-iterable",))
def returns_what_only_has_next(environ: Any, start_response: Any) -> Any:
    class OnlyNext:
        def __next__(self) -> bytes:
            raise StopIteration

    start_response("200 OK", [TEXT])
    return OnlyNext()  # FAULT


@app(clauses=("body-iterable",))
def iter_gives_a_list(environ: Any, start_response: Any) -> Any:
    class ListFromIter:
        def __iter__(self) -> Any:  # FAULT
            return [b"hello"]

    start_response("200 OK", [TEXT])
    return ListFromIter()


@app(clauses=("body-iterable",))  # FAULT
async def is_a_coroutine_function(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"hello"]  # FAULT


@app(clauses=("body-iterable",))  # FAULT
async def is_an_async_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"hello"  # FAULT


@app(clauses=("body-bytes",))
def returns_a_dict(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return {"message": "hello"}  # FAULT


@app(clauses=("body-bytes",))
def returns_a_text_stream(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return io.StringIO("one\ntwo\n")  # FAULT


@app("body-length-matches-len")
def lies_about_its_length(environ: Any, start_response: Any) -> Any:
    class Body:
        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter([b"x", b"y"])

    start_response("200 OK", [TEXT])
    return Body()


@app("iterable-can-be-iterated")
def raises_in_iter(environ: Any, start_response: Any) -> Any:
    class Body:
        def __iter__(self) -> Any:
            raise TypeError("not today")

    start_response("200 OK", [TEXT])
    return Body()


# -- what is yielded -------------------------------------------------------------------------------


@app(clauses=("body-bytes",))
def text_after_the_third_block(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    yield b"two"
    yield b"three"
    yield "four"  # FAULT


@app(clauses=("body-bytes",))
def yields_a_bytearray(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield bytearray(b"hello")  # FAULT


@app(clauses=("body-bytes",))
def yields_a_memoryview_on_post(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if environ["REQUEST_METHOD"] == "POST":
        yield memoryview(b"hello")  # FAULT
    yield b"bye"


@app(clauses=("body-bytes",))
def yields_none_to_wait(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    yield None  # FAULT
    yield b"two"


@app(clauses=("body-bytes",))
def yields_empty_text_at_the_end(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    yield ""  # FAULT


@app(clauses=("body-bytes",))
def yields_a_list_from_a_part(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])

    def part() -> Any:
        yield b"one"
        yield [b"two"]  # FAULT

    yield from part()


@app(clauses=("body-bytes",))
def maps_to_numbers(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return map(ord, "abc")  # FAULT


@app(clauses=("body-bytes",))
def text_when_there_is_a_query(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [environ.get("QUERY_STRING") or b"nothing"]  # FAULT


class Body:
    """Blocks and whatever length is claimed."""

    def __init__(self, blocks: list[Any], length: int) -> None:
        self.blocks, self.length = blocks, length

    def __iter__(self) -> Any:
        return iter(self.blocks)

    def __len__(self) -> int:
        return self.length


@app(clauses=("body-len-accurate",))
def claims_one_block_more(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return Body([b"a", b"b"], 3)  # FAULT


@app(clauses=("body-len-accurate",))
def claims_a_length_in_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return Body([b"hello"], 5)  # FAULT


@app(clauses=("body-len-accurate",))
def claims_one_block_for_three(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return Body([b"a", b"b", b"c"], 1)  # FAULT


answering("body-native-bytes", "text", "200 OK", [TEXT], "x")
answering("body-native-bytes", "bytearray", "200 OK", [TEXT], bytearray(b"x"))
answering("body-native-bytes", "memoryview", "200 OK", [TEXT], memoryview(b"x"))
answering("body-native-bytes", "none_item", "200 OK", [TEXT], b"x", None)


@app("returns-iterable")
def returns_none(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])


@app("returns-iterable")
def returns_false(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return False


@app("returns-no-bare-string")
def returns_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return b"body"


@app("returns-no-bare-string")
def returns_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return "body"


@app("returns-iterable-after-write")
def writes_and_returns_nothing(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])(b"x")


# -- lengths ---------------------------------------------------------------------------------------


#: A page with more bytes than letters.
PAGE = "na\xefve caf\xe9"


@app(clauses=("length-app-accurate",))
def counts_letters_instead_of_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", str(len(PAGE)))])  # FAULT
    return [PAGE.encode()]  # FAULT


@app(clauses=("length-app-accurate",))
def generator_is_one_byte_short(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "7")])  # FAULT
    for _ in range(3):
        yield b"ab"  # FAULT


@app(clauses=("length-app-accurate",))
def length_of_zero_with_a_page(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("CONTENT-LENGTH", "0")])  # FAULT
    return iter([b"", b"x"])  # FAULT


@factory(clauses=("length-app-accurate",))
def remembers_the_first_length() -> App:
    kept: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        page = b"%d visits" % (10 ** len(kept))
        kept.append(str(len(page)))
        start_response("200 OK", [TEXT, ("Content-Length", kept[0])])  # FAULT
        return [page]  # FAULT

    return app


@app(clauses=("length-app-accurate",))
def written_part_is_not_counted(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "4")])  # FAULT
    write(b"head")
    return [b"body"]  # FAULT


@app(clauses=("rfc-app-length-syntax",))
def length_is_signed(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "-1")])  # FAULT
    return [b"x"]


@app(clauses=("rfc-app-length-syntax",))
def length_is_a_float(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", str(10 / 2))])  # FAULT
    return [b"hello"]


@app(clauses=("rfc-app-length-syntax",))
def length_is_in_arabic_superscript(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "\xb9")])  # FAULT
    return [b"x"]


@app(clauses=("rfc-app-length-syntax", "rfc-app-repeat-header"))
def two_lengths_that_agree(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "1"), ("content-length", "1")])  # FAULT
    return [b"x"]


@app(clauses=("rfc-app-bodyless-content",))
def page_below_no_content(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content", [])  # FAULT
    yield b""
    yield b"deleted"  # FAULT


@app(clauses=("rfc-app-bodyless-content",))
def page_written_below_not_modified(environ: Any, start_response: Any) -> Any:
    write = start_response("304 Not Modified", [("ETag", '"1"')])  # FAULT
    write(b"page")  # FAULT
    return []


@app(clauses=("rfc-app-bodyless-length",))
def length_with_no_content(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content", [("content-length", "0")])  # FAULT
    return []


@app(clauses=("rfc-app-no-interim",))
def early_hints_as_the_answer(environ: Any, start_response: Any) -> Any:
    start_response("103 Early Hints", [("Link", "</a.css>; rel=preload")])  # FAULT
    return []


# -- bodies that HTTP forbids ----------------------------------------------------------------------


answering("content-length-matches-body", "too_long", "200 OK", [TEXT, ("Content-Length", "9")], b"x")
answering("content-length-matches-body", "too_short", "200 OK", [TEXT, ("Content-Length", "1")], b"x", b"y")
answering("no-body-with-204-or-304", "body", "204 No Content", [], b"x")
answering("no-body-with-204-or-304", "not_modified", "304 Not Modified", [], b"", b"x")
answering("content-has-type", "untyped", "200 OK", [], b"x")
answering("body-not-transfer-coded", "chunks", "200 OK", [TEXT], b"1\r\nx\r\n0\r\n\r\n")
answering("content-range-agrees", "range", "206 Partial Content", [TEXT, ("Content-Range", "bytes 0-5/10")], b"x")
