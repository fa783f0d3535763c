"""``wsgi.input`` while it is watched, and afterwards: nothing about it changes for whoever holds it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules.model import Finding


class Stream(io.BytesIO):
    """A server's own class, for ``isinstance`` to ask about."""


def exchange(use: Any) -> tuple[list[Finding], list[Any]]:
    """Play one exchange in which the app calls ``use(stream)``; return the findings and the stream that it had."""
    findings: list[Finding] = []
    kept: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        kept.append(environ["wsgi.input"])
        use(kept[0])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    body = Validator(app, findings.append)(build_environ(body=Stream(b"abc")), lambda *_: lambda data: None)
    list(body)
    body.close()
    return findings, kept


def test_isinstance_answers_as_for_the_stream() -> None:
    answers: list[bool] = []
    exchange(lambda stream: answers.append(isinstance(stream, Stream)))
    assert answers == [True]


def test_its_class_can_not_be_changed() -> None:
    def change(stream: Any) -> None:
        with pytest.raises(TypeError, match="watched stream"):
            stream.__class__ = dict

    exchange(change)


def test_an_unlisted_method_is_found_during_the_exchange_and_not_after_it() -> None:
    findings, _ = exchange(lambda stream: stream.tell())
    assert [finding.rule for finding in findings] == ["input-only-listed-methods"]
    findings, kept = exchange(lambda stream: None)
    assert kept[0].tell() == 0
    assert findings == []
