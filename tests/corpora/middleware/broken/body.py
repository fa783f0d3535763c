"""Broken middleware, at least two for each rule, each broken in another way than the rule's own example."""

from __future__ import annotations

import collections
import io
import itertools
import sys
from collections.abc import Callable
from typing import Any

from tests.corpora.middleware.wrapping import App, Deferred, Wrapped, around_body, around_environ, around_start, close

BROKEN: list[tuple[str, str, Callable[[App], App]]] = []


def broken(rule: str) -> Callable[[Callable[[App], App]], Callable[[App], App]]:
    def note(factory: Callable[[App], App]) -> Callable[[App], App]:
        BROKEN.append((rule, factory.__name__, factory))
        return factory

    return note


def body_breaks(rule: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def note(steps: Callable[[Any], Any]) -> Callable[[Any], Any]:
        BROKEN.append((rule, steps.__name__, around_body(steps)))
        return steps

    return note


def start_breaks(rule: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def note(change: Callable[..., Any]) -> Callable[..., Any]:
        BROKEN.append((rule, change.__name__, around_start(change)))
        return change

    return note


def environ_breaks(rule: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def note(change: Callable[..., Any]) -> Callable[..., Any]:
        BROKEN.append((rule, change.__name__, around_environ(change)))
        return change

    return note


# -- requests --------------------------------------------------------------------------------------


@environ_breaks("request-body-passed-on")
def form_is_parsed_and_gone(environ: dict[str, Any]) -> None:
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        environ["form.fields"] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).split(b"&")


@environ_breaks("request-body-passed-on")
def body_is_cut_at_a_limit(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), 1000)))


@environ_breaks("environ-offers-functions")
def host_is_precomputed(environ: dict[str, Any]) -> None:
    environ["site.base"] = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}/"


@environ_breaks("environ-offers-functions")
def query_is_precomputed(environ: dict[str, Any]) -> None:
    environ["query.parts"] = tuple(environ.get("QUERY_STRING", "").split(";"))


@environ_breaks("environ-builtin-dict")
def environ_is_a_chain(environ: dict[str, Any]) -> Any:
    return collections.ChainMap({"chained.key": 1}, environ)


@environ_breaks("environ-builtin-dict")
def environ_is_a_subclass(environ: dict[str, Any]) -> Any:
    return type("Environ", (dict,), {})(environ)


@broken("app-called-positionally")
def called_by_keyword(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response=start_response)


@environ_breaks("environ-cgi-native-strings")
def port_is_a_number(environ: dict[str, Any]) -> None:
    environ["SERVER_PORT"] = int(environ["SERVER_PORT"])


@environ_breaks("environ-cgi-native-strings")
def user_is_bytes(environ: dict[str, Any]) -> None:
    environ["REMOTE_USER"] = b"somebody"


@environ_breaks("environ-path-info-leading-slash")
def prefix_is_cut_with_its_slash(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/")


@environ_breaks("environ-script-name-not-lone-slash")
def mounted_at_a_slash(environ: dict[str, Any]) -> None:
    environ["SCRIPT_NAME"] = "/"


@environ_breaks("environ-text-latin1")
def path_is_decoded(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = environ["PATH_INFO"] + "\N{EURO SIGN}"


class _ReadOnly:
    def __init__(self, stream: Any) -> None:
        self.read = stream.read


@environ_breaks("input-methods-work")
def input_can_only_read(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _ReadOnly(environ["wsgi.input"])


@environ_breaks("input-methods-work")
def input_is_an_iterator(environ: dict[str, Any]) -> None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = iter([environ["wsgi.input"].read(length)])


class _TextOnly:
    def __init__(self, stream: Any) -> None:
        self.write, self.flush = stream.write, stream.flush


@environ_breaks("errors-methods-work")
def errors_has_no_writelines(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"] = _TextOnly(environ["wsgi.errors"])


@environ_breaks("errors-methods-work")
def errors_is_binary(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"] = io.BytesIO()


@environ_breaks("input-gives-bytes")
def input_gives_text(environ: dict[str, Any]) -> None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = io.StringIO(environ["wsgi.input"].read(length).decode("latin-1"))


# -- body ------------------------------------------------------------------------------------------


@broken("changed-body-has-its-length")
def lines_are_doubled(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return Wrapped(app(environ, start_response), lambda body: (block.replace(b"l", b"ll") for block in body))

    return middleware


@body_breaks("changed-body-has-its-length")
def spaces_are_squeezed(body: Any) -> Any:
    return (block.replace(b"o ", b"o") for block in body)


@broken("close-forwarded")
def returns_a_bare_generator(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return (block for block in app(environ, start_response))

    return middleware


@broken("close-forwarded")
def close_is_swallowed(app: App) -> App:
    class Silent(Wrapped):
        def close(self) -> None:
            self.body = None

    return lambda environ, start_response: Silent(app(environ, start_response), iter)


@broken("close-called")
def joined_and_never_closed(app: App) -> App:
    return lambda environ, start_response: [b"".join(app(environ, start_response))]


@broken("close-not-on-iterator")
def closes_what_it_iterates(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return Wrapped(iter(app(environ, start_response)), iter)

    return middleware


@broken("close-not-on-iterator")
def closes_the_tail_of_a_peek(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        class Peeked:
            blocks: Any = None

            def __init__(self, body: Any) -> None:
                self.body = body

            def __iter__(self) -> Any:
                self.blocks, self.body = iter(self.body), None
                return self.blocks

            def close(self) -> None:
                close(self.blocks if self.body is None else self.body)

        return Peeked(app(environ, start_response))

    return middleware


@broken("close-called-once")
def closed_by_two(app: App) -> App:
    class Twice(Wrapped):
        def close(self) -> None:
            close(self.body)
            close(self.body)

    return lambda environ, start_response: Twice(app(environ, start_response), iter)


@body_breaks("close-called-once")
def closed_at_the_end_and_by_the_server(body: Any) -> Any:
    yield from body
    close(body)


def _only_in_order(body: Any) -> Any:
    try:
        yield from body
    except Exception:
        close(body)
        raise
    close(body)


@broken("close-forwarded-when-stopped")
def closed_only_after_the_loop(app: App) -> App:
    return lambda environ, start_response: _only_in_order(app(environ, start_response))


@broken("close-forwarded-when-stopped")
def closed_only_when_exhausted(app: App) -> App:
    class AtTheEnd:
        def __init__(self, body: Any) -> None:
            self.body = body
            self.blocks = iter(body)

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            try:
                return next(self.blocks)
            except Exception:
                close(self.body)
                raise

    return lambda environ, start_response: AtTheEnd(app(environ, start_response))


def _finally(body: Any) -> Any:
    try:
        yield from body
    finally:
        close(body)


@broken("close-forwarded-before-first-block")
def closed_by_a_generators_finally(app: App) -> App:
    return lambda environ, start_response: _finally(app(environ, start_response))


@broken("close-forwarded-before-first-block")
def closed_only_when_iterated(app: App) -> App:
    class Lazy(Wrapped):
        begun = False

        def __iter__(self) -> Any:
            self.begun = True
            return super().__iter__()

        def close(self) -> None:
            if self.begun:
                super().close()

    return lambda environ, start_response: Lazy(app(environ, start_response), iter)


@broken("close-forwarded-after-error")
def error_forgets_the_body(app: App) -> App:
    class Forgetful(Wrapped):
        def __iter__(self) -> Any:
            try:
                yield from self.body
            except Exception:
                self.body = None
                raise

    return lambda environ, start_response: Forgetful(app(environ, start_response), iter)


@broken("close-forwarded-after-error")
def closed_unless_an_error_was_seen(app: App) -> App:
    def steps(body: Any) -> Any:
        try:
            yield from body
        except GeneratorExit:
            close(body)
            raise
        close(body)

    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        generator = steps(body)

        class Body:
            started = False

            def __iter__(self) -> Any:
                self.started = True
                return generator

            def close(self) -> None:
                if self.started:
                    generator.close()
                else:
                    close(body)

        return Body()

    return middleware


@broken("iterable-without-close-accepted")
def close_is_looked_up_at_once(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        wrapped = Wrapped(body, iter)
        wrapped.close = body.close  # type: ignore[method-assign]
        return wrapped

    return middleware


@broken("iterable-without-close-accepted")
def closed_in_a_with_block(app: App) -> App:
    import contextlib

    class Exiting(Wrapped):
        def close(self) -> None:
            with contextlib.closing(self.body):
                pass

    return lambda environ, start_response: Exiting(app(environ, start_response), iter)


@broken("returns-as-soon-as-inner-app")
def first_block_is_peeked_at(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        blocks = iter(body)
        try:
            first = list(itertools.islice(blocks, 1))
        except BaseException:
            close(body)
            raise
        return Wrapped(body, lambda _: itertools.chain(first, blocks))

    return middleware


@broken("returns-as-soon-as-inner-app")
def whole_body_in_a_file(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        file = io.BytesIO()
        try:
            file.writelines(body)
        finally:
            close(body)
        return [file.getvalue()]

    return middleware


@body_breaks("one-inner-step-at-a-time")
def three_at_a_time(body: Any) -> Any:
    blocks = iter(body)
    while kept := list(itertools.islice(blocks, 3)):
        yield b"".join(kept)


@body_breaks("one-inner-step-at-a-time")
def all_in_one_block(body: Any) -> Any:
    yield b"".join(body)


@body_breaks("one-inner-step-at-a-time")
def looks_one_ahead(body: Any) -> Any:
    blocks = iter(body)
    kept = next(blocks, b"")
    for block in blocks:
        yield kept
        kept = block
    yield kept


@body_breaks("one-item-for-each-inner-item")
def empty_blocks_are_dropped(body: Any) -> Any:
    return filter(None, body)


@body_breaks("one-item-for-each-inner-item")
def empty_blocks_are_skipped(body: Any) -> Any:
    for block in body:
        if not block:
            continue
        yield block


@body_breaks("block-passed-on-at-once")
def always_one_behind(body: Any) -> Any:
    kept = collections.deque([b""])
    for block in body:
        kept.append(block)
        yield kept.popleft()
    yield from kept


@body_breaks("block-passed-on-at-once")
def two_behind(body: Any) -> Any:
    kept = collections.deque([b"", b""])
    for block in body:
        kept.append(block)
        yield kept.popleft()
    yield from kept


def _filled(filler: bytes) -> Callable[[App], App]:
    def steps(body: Any) -> Any:
        kept = []
        for block in body:
            kept.append(block)
            yield filler
        yield b"".join(kept)

    def factory(app: App) -> App:
        def middleware(environ: Any, start_response: Any) -> Any:
            def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
                headers = [pair for pair in headers if pair[0].lower() != "content-length"]
                return start_response(status, headers, exc_info)

            body = app(environ, start)
            return Wrapped(body, steps) if environ["REQUEST_METHOD"] == "GET" else body

        return middleware

    return factory


BROKEN.append(("filler-is-empty", "filled_with_line_ends", _filled(b"\r\n")))
BROKEN.append(("filler-is-empty", "filled_with_tabs", _filled(b"\t")))


@body_breaks("empty-body-accepted")
def first_item_is_indexed(body: Any) -> Any:
    blocks = list(body)
    yield blocks[0]
    yield from blocks[1:]


@body_breaks("empty-body-accepted")
def first_item_is_unpacked(body: Any) -> Any:
    first, *rest = body
    yield first
    yield from rest


@broken("sequence-protocol-accepted")
def asks_for_dunder_iter(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        if not hasattr(body, "__iter__"):
            raise TypeError("the application returned nothing iterable")
        return body

    return middleware


@broken("sequence-protocol-accepted")
def asks_the_abstract_class(app: App) -> App:
    import collections.abc

    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        return body if isinstance(body, collections.abc.Iterable) else []

    return middleware


@broken("iterable-only-iterated")
def asks_for_a_file_descriptor(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        getattr(body, "fileno", None)
        return body

    return middleware


@broken("iterable-only-iterated")
def false_is_taken_for_nothing(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        if not body:
            close(body)
            return []
        return body

    return middleware


@body_breaks("binary-body-unchanged")
def decoded_and_encoded_again(body: Any) -> Any:
    return (block.decode("utf-8", "replace").encode() if isinstance(block, bytes) else block for block in body)


@body_breaks("binary-body-unchanged")
def zero_bytes_are_dropped(body: Any) -> Any:
    return (block.replace(b"\0", b"") if isinstance(block, bytes) else block for block in body)


@body_breaks("text-body-not-encoded")
def text_becomes_latin1(body: Any) -> Any:
    return (block if isinstance(block, bytes) else block.encode("latin-1") for block in body)


@body_breaks("text-body-not-encoded")
def text_becomes_bytes_of_its_codes(body: Any) -> Any:
    return (block if isinstance(block, bytes) else bytes(map(ord, block)) for block in body)


@body_breaks("body-native-bytes")
def yields_bytearrays(body: Any) -> Any:
    return map(bytearray, body)


# -- start_response --------------------------------------------------------------------------------


@start_breaks("start-response-takes-exc-info")
def keyword_only_exc_info(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, *, exc_info: Any = None) -> Any:
        return start_response(status, headers, exc_info)

    return start


@start_breaks("start-response-takes-exc-info")
def lambda_of_two(start_response: Any, environ: Any) -> Any:
    return lambda status, headers: start_response(status, list(headers))


@start_breaks("exc-info-none-is-no-exc-info")
def unpacks_any_third_argument(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, *more: Any) -> Any:
        if more:
            _kind, _error, _trace = more[0]
        return start_response(status, headers, *more)

    return start


@start_breaks("exc-info-none-is-no-exc-info")
def counts_the_arguments(start_response: Any, environ: Any) -> Any:
    def start(*args: Any) -> Any:
        if len(args) == 3:
            return start_response("502 Bad Gateway", args[1], args[2])
        return start_response(*args)

    return start


@start_breaks("first-call-may-have-exc-info")
def errors_become_ok(start_response: Any, environ: Any) -> Any:
    calls: list[Any] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        first = not calls
        calls.append(status)
        return start_response("200 OK" if first and exc_info else status, headers, exc_info)

    return start


@start_breaks("first-call-may-have-exc-info")
def first_call_is_redirected(start_response: Any, environ: Any) -> Any:
    calls: list[Any] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        calls.append(status)
        return start_response("203 Changed" if len(calls) == 1 and exc_info else status, headers, exc_info)

    return start


@start_breaks("error-page-has-its-own-status")
def first_status_wins(start_response: Any, environ: Any) -> Any:
    statuses: list[str] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        statuses.append(status)
        return start_response(statuses[0], headers, exc_info)

    return start


@start_breaks("error-page-has-its-own-status")
def headers_pile_up(start_response: Any, environ: Any) -> Any:
    kept: list[Any] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        kept.extend(pair for pair in headers if pair[0] not in dict(kept))
        return start_response(status, list(kept), exc_info)

    return start


@start_breaks("exc-info-error-not-trapped")
def every_second_error_is_ignored(start_response: Any, environ: Any) -> Any:
    import contextlib

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        if not exc_info:
            return start_response(status, headers)
        with contextlib.suppress(Exception):
            return start_response(status, headers, exc_info)
        return print

    return start


@start_breaks("exc-info-error-not-trapped")
def errors_become_a_dummy_write(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        try:
            write = start_response(status, headers, exc_info)
        except BaseException:
            if exc_info is None:
                raise
            write = io.BytesIO().write
        return write

    return start


class _Overwriting(Deferred):
    def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        self.begun = False
        return super().__call__(status, headers, exc_info)


class _FirstWins(Deferred):
    def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        if self.begun and not exc_info:
            return self.written.append
        return super().__call__(status, headers, exc_info)


def _deferring(kind: type[Deferred]) -> Callable[[App], App]:
    def factory(app: App) -> App:
        def middleware(environ: Any, start_response: Any) -> Any:
            deferred = kind(start_response)
            return Wrapped(app(environ, deferred), lambda body: steps(body, deferred))

        def steps(body: Any, deferred: Deferred) -> Any:
            for block in body:
                deferred.send()
                written = b"".join(deferred.written)
                deferred.written.clear()
                yield written + block
            deferred.send()

        return middleware

    return factory


BROKEN.append(("second-start-is-fatal", "second_call_overwrites", _deferring(_Overwriting)))
BROKEN.append(("second-start-is-fatal", "second_call_is_ignored", _deferring(_FirstWins)))
BROKEN.append(("header-errors-come-early", "waits_for_the_first_block", _deferring(Deferred)))


@start_breaks("header-errors-come-early")
def bad_headers_are_left_out(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        if any("\n" in value for _, value in headers):
            return print
        return start_response(status, headers, exc_info)

    return start


@broken("lazy-start-accepted")
def status_is_asserted(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        seen: dict[str, Any] = {}

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            seen["status"] = status
            return start_response(status, headers, exc_info)

        body = app(environ, start)
        if "status" not in seen:
            close(body)
            raise ValueError("the application did not call start_response")
        return body

    return middleware


@broken("lazy-start-accepted")
def answers_itself_without_a_status(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        seen: list[str] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            seen.append(status)
            return start_response(status, headers, exc_info)

        body = app(environ, start)
        if not seen:
            close(body)
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"the application did not start"]
        return body

    return middleware


@start_breaks("wide-text-not-mangled")
def not_latin1_is_dropped(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        headers = [(name, value.encode("latin-1", "ignore").decode("latin-1")) for name, value in headers]
        return start_response(status, headers, exc_info)

    return start


@start_breaks("wide-text-not-mangled")
def ascii_with_question_marks(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        headers = [(name, value.encode("ascii", "replace").decode()) for name, value in headers]
        return start_response(status, headers, exc_info)

    return start


@start_breaks("header-names-known-in-any-case")
def vary_is_looked_up_exactly(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        if not any(name == "Vary" for name, _ in headers):
            headers = [*headers, ("Vary", "Cookie")]
        return start_response(status, headers, exc_info)

    return start


@start_breaks("header-names-known-in-any-case")
def cookies_are_removed_exactly(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        return start_response(status, [pair for pair in headers if pair[0] != "Set-Cookie"], exc_info)

    return start


@start_breaks("start-response-returns-write")
def returns_nothing(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> None:
        start_response(status, headers, exc_info)

    return start


@start_breaks("headers-builtin-list")
def headers_are_a_tuple(start_response: Any, environ: Any) -> Any:
    return lambda status, headers, exc_info=None: start_response(status, tuple(headers), exc_info)


@start_breaks("start-response-arguments-positional")
def start_called_by_keyword(start_response: Any, environ: Any) -> Any:
    return lambda status, headers, exc_info=None: start_response(status, headers, exc_info=exc_info)


@start_breaks("status-native-string")
def status_is_bytes(start_response: Any, environ: Any) -> Any:
    return lambda status, headers, exc_info=None: start_response(status.encode(), headers, exc_info)


# -- write -----------------------------------------------------------------------------------------


@start_breaks("write-takes-one-argument")
def write_wants_two(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        write = start_response(status, headers, exc_info)
        return lambda data, flush: write(data)

    return start


@start_breaks("write-takes-one-argument")
def write_wants_a_keyword(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        write = start_response(status, headers, exc_info)
        return lambda *, data: write(data)

    return start


@start_breaks("written-data-delivered")
def write_goes_to_a_buffer_nobody_reads(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        start_response(status, headers, exc_info)
        return io.BytesIO().write

    return start


@start_breaks("written-data-delivered")
def write_is_refused(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        start_response(status, headers, exc_info)

        def write(data: bytes) -> None:
            raise NotImplementedError("write() is old")

        return write

    return start


@broken("written-data-first")
def written_comes_after_the_first_block(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        written: list[bytes] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            start_response(status, headers, exc_info)
            return written.append

        def steps(body: Any) -> Any:
            for block in body:
                yield block
                yield from written
                written.clear()
            yield from written

        return Wrapped(app(environ, start), steps)

    return middleware


@broken("written-data-first")
def written_replaces_what_is_yielded(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        written: list[bytes] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            start_response(status, headers, exc_info)
            return written.append

        return Wrapped(app(environ, start), lambda body: written or body)

    return middleware


@broken("write-only-for-written")
def whole_body_is_written(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        writes: list[Any] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            writes[:] = [start_response(status, headers, exc_info)]
            return writes[0]

        body = app(environ, start)
        try:
            data = b"".join(body)
        finally:
            close(body)
        if data:
            writes[0](data)
        return ()

    return middleware


@broken("write-only-for-written")
def first_block_is_written(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        writes: list[Any] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            writes[:] = [start_response(status, headers, exc_info)]
            return writes[0]

        body = app(environ, start)
        blocks = iter(body)
        try:
            for block in itertools.islice(blocks, 1):
                writes[0](block)
        except BaseException:
            close(body)
            raise
        return Wrapped(body, lambda _: blocks)

    return middleware


@broken("write-not-from-iterable")
def generator_around_an_app_that_writes(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            close(body)

    return middleware


# -- errors ----------------------------------------------------------------------------------------


@body_breaks("inner-error-not-hidden")
def errors_end_the_page(body: Any) -> Any:
    import contextlib

    with contextlib.suppress(Exception):
        yield from body


@broken("inner-error-not-hidden")
def errors_become_an_empty_page(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        try:
            return app(environ, start_response)
        except LookupError:
            start_response("204 No Content", [], sys.exc_info())
            return []

    return middleware


# -- what the inner app returns, keeps and is offered ----------------------------------------------


@broken("iterator-made-by-iter")
def first_block_taken_with_next(app: App) -> App:
    """Peeks at the first block of what the app returned."""

    class Peeking(Wrapped):
        def __iter__(self) -> Any:
            yield next(self.body, b"")
            yield from self.body

    return lambda environ, start_response: Peeking(app(environ, start_response), iter)


@broken("iterator-made-by-iter")
def endless_loop_over_next(app: App) -> App:
    def steps(body: Any) -> Any:
        take = body.__next__
        while True:
            try:
                yield take()
            except StopIteration:
                return

    return around_body(steps)(app)


@broken("response-made-each-time")
class OneIteratorForAll:
    """Chains whatever it gets to one iterator, and keeps handing that out."""

    def __init__(self, app: App) -> None:
        self.app, self.chain = app, None

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        body = self.app(environ, start_response)
        if self.chain is None:
            self.chain = itertools.chain(body)  # type: ignore[assignment]
        return self.chain


@broken("response-made-each-time")
class FirstRequestOnly:
    """Marks itself as done, and takes the app away."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        app, self.app = self.app, None  # type: ignore[assignment]
        return app(environ, start_response)


@broken("exc-info-not-kept-by-middleware")
class LastErrorForTheDebugger:
    def __init__(self, app: App) -> None:
        self.app, self.traceback = app, None

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.traceback = exc_info and exc_info[2]
            return start_response(status, headers, exc_info)

        return self.app(environ, start)


@broken("exc-info-not-kept-by-middleware")
def errors_collected(app: App) -> App:
    seen: collections.deque[BaseException] = collections.deque(maxlen=10)

    def change(start_response: App, environ: dict[str, Any]) -> App:
        def start(*args: Any) -> Any:
            seen.extend(part for triple in args[2:] if triple for part in triple if isinstance(part, BaseException))
            return start_response(*args)

        return start

    return around_start(change)(app)


@environ_breaks("file-wrapper-takes-file-and-size")
def file_wrapper_by_keyword(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = lambda file, *, size=4096: iter(lambda: file.read(size), b"")


@environ_breaks("file-wrapper-takes-file-and-size")
def file_wrapper_that_needs_a_size(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = lambda file, size: iter(lambda: file.read(size), b"")
