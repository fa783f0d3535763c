"""Apps whose texts and objects do harm when somebody looks at them. Never call one outside of a child interpreter."""

# ruff: noqa: PLE0303

from __future__ import annotations

import io

from tests.corpora.apps.answers import EVIL, ok
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
hostile = corpus.program


@hostile(kind="python")
def evil_text_everywhere(environ, start_response):
    environ["wsgi.errors"].write(EVIL)
    start_response("200 " + EVIL, [(EVIL, EVIL), ("Location", EVIL), ("Set-Cookie", EVIL)])
    return [EVIL, EVIL.encode("utf-8", "surrogatepass")]


@hostile(kind="python")
def evil_exception(environ, start_response):
    raise type("E\x1b[31m", (Exception,), {"__module__": EVIL, "__qualname__": EVIL})(EVIL)


class Unprintable(Exception):
    def __str__(self):
        raise Unprintable

    __repr__ = __str__


@hostile(kind="python")
def unprintable_exception(environ, start_response):
    raise Unprintable


@hostile(kind="python")
def cyclic_exception(environ, start_response):
    first, second = ValueError(EVIL), TypeError(EVIL)
    first.__context__, second.__context__ = second, first
    first.__cause__, second.__cause__ = second, first
    raise first


class Meta(type):
    def __getattribute__(cls, name):
        raise RuntimeError(EVIL)

    def __instancecheck__(cls, instance):
        raise RuntimeError(EVIL)


class Evil(metaclass=Meta):
    def __getattribute__(self, name):
        raise RuntimeError(EVIL)

    def __eq__(self, other):
        raise RuntimeError(EVIL)

    def __hash__(self):
        raise RuntimeError(EVIL)

    def __bool__(self):
        raise RuntimeError(EVIL)


@hostile(kind="python")
def evil_objects(environ, start_response):
    evil = object.__new__(Evil)
    start_response(evil, [evil, (evil, evil)], evil)
    return evil


class EvilText(str):
    def __getattribute__(self, name):
        raise RuntimeError(EVIL)

    def __eq__(self, other):
        raise RuntimeError(EVIL)

    def __hash__(self):
        raise RuntimeError(EVIL)


class EvilBytes(bytes):
    def __len__(self):
        raise RuntimeError(EVIL)


class EvilList(list):
    def __iter__(self):
        raise RuntimeError(EVIL)

    def __len__(self):
        return -1


@hostile(kind="python")
def evil_subclasses(environ, start_response):
    start_response(EvilText("200 OK"), EvilList([(EvilText("X-A"), EvilText("b"))]))
    return EvilList([EvilBytes(b"x")])


@hostile(kind="python")
def body_of_itself(environ, start_response):
    class Body:
        def __iter__(self):
            return self

        def __next__(self):
            return self

    ok(start_response)
    return Body()


@hostile(kind="python")
def fills_environ_with_evil(environ, start_response):
    environ.clear()
    environ[object()] = object.__new__(Evil)
    environ["wsgi.input"] = environ["wsgi.errors"] = environ["REQUEST_METHOD"] = object.__new__(Evil)
    return ok(start_response)


class RaisesWhenDeleted:
    def __iter__(self):
        return iter([b"x"])

    def __del__(self):
        raise RuntimeError(EVIL)


@hostile(kind="python")
def raises_when_deleted(environ, start_response):
    ok(start_response)
    return RaisesWhenDeleted()


@hostile(kind="python")
def gives_itself_as_error_stream(environ, start_response):
    environ["wsgi.errors"].write(io)
    return ok(start_response)
