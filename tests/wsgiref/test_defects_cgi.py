"""The known defects of the standard wsgiref under CGI, one by one: d81 to d83."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

import pytest

from tests.wsgiref.cgi_tools import run_cgi
from tests.wsgiref.handler_tools import defect, request


@defect
def test_d81_the_encoding_of_the_environment_can_be_given(package: Any) -> None:
    with mock.patch.dict(os.environ, {"PATH_INFO": "/\u20ac"}):
        assert package.handlers.read_environ(encoding="utf-8")["PATH_INFO"] == "/\xe2\x82\xac"
        assert package.handlers.read_environ(encoding="cp1252")["PATH_INFO"] == "/\x80"


@defect
def test_d82_a_cgi_program_started_by_hand_says_so(package: Any) -> None:
    called = []
    with pytest.raises(RuntimeError, match="REQUEST_METHOD, SERVER_NAME, SERVER_PORT, SERVER_PROTOCOL"):
        run_cgi(package, lambda environ, start_response: called.append(1), {"HOME": "/"})
    assert called == []


@defect
def test_d83_http_proxy_is_not_passed_on(package: Any) -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    run_cgi(package, app, request(HTTP_PROXY="http://evil.example", HTTP_ACCEPT="*/*"))
    assert "HTTP_PROXY" not in seen
    assert seen["HTTP_ACCEPT"] == "*/*"
