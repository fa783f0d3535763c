"""Options on requests to an app: what they take, and what they refuse in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.plugin.request_options import min_reached, request_settings


def settings_of(pytester: pytest.Pytester, *args: str) -> dict[str, Any]:
    return request_settings(pytester.parseconfig("-p", "no:hypothesispytest", *args))


@pytest.mark.parametrize(
    ("arg", "field", "wanted"),
    [
        ("--wsgi-header=X-Key: abc", "headers", (("X-Key", "abc"),)),
        ("--wsgi-header=X-Empty:", "headers", (("X-Empty", ""),)),
        ("--wsgi-auth=ada:lovelace", "auth", "ada:lovelace"),
        ("--wsgi-auth=ada:", "auth", "ada:"),
        ("--wsgi-scheme=https", "scheme", "https"),
        ("--wsgi-host=shop.example:8443", "host", "shop.example:8443"),
        ("--wsgi-host=[::1]:80", "host", "[::1]:80"),
        ("--wsgi-mount=/shop", "mount", "/shop"),
        ("--wsgi-value=id=1=2", "values", (("id", "1=2"),)),
        ("--wsgi-methods=get, HEAD,get", "methods", ("GET", "HEAD")),
    ],
)
def test_values_are_read(pytester: pytest.Pytester, arg: str, field: str, wanted: Any) -> None:
    assert settings_of(pytester, arg)[field] == wanted


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--wsgi-header=no colon"], "a colon is missing"),
        (["--wsgi-header=X Key: 1"], "not the name of a header field"),
        (["--wsgi-header=X-Key: a\nb"], "line break"),
        (["--wsgi-header=X-Key: \u20ac"], "goes beyond ISO-8859-1"),
        (["--wsgi-header=content-length: 1"], "belongs to the connection or the body"),
        (["--wsgi-header=Transfer-Encoding: chunked"], "belongs to the connection or the body"),
        (["--wsgi-header=Connection: close"], "belongs to the connection or the body"),
        (["--wsgi-auth=nobody"], "write USER:PASSWORD"),
        (["--wsgi-auth=a:b", "--wsgi-header=authorization: c"], "both set the field Authorization"),
        (["--wsgi-login=login"], "a path begins with a slash; did you mean /login?"),
        (["--wsgi-login=/login"], "say with --wsgi-login-field"),
        (["--wsgi-login-field=a=b"], "say with --wsgi-login=PATH"),
        (["--wsgi-login=/login", "--wsgi-login-field=user"], "write NAME=VALUE"),
        (["--wsgi-scheme=ftp"], "http or https"),
        (["--wsgi-host=http://x/"], "write a host name"),
        (["--wsgi-mount=/shop/"], "did you mean /shop?"),
        (["--wsgi-methods=GET;POST"], "is not a method"),
        (["--wsgi-request=nothing.http"], "there is no such file"),
        (
            ["--wsgi-header=X-Key: ${NOT_SET_ANYWHERE}"],
            "variable NOT_SET_ANYWHERE is not set",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(pytester: pytest.Pytester, args: list[str], sentence: str) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        settings_of(pytester, *args)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_secrets_come_from_the_environment_and_are_noted(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "sesame-open")
    found = settings_of(
        pytester,
        "--wsgi-login=/login",
        "--wsgi-login-field=user=ada",
        "--wsgi-login-field=password=${SHOP_PASSWORD}",
        "--wsgi-header=Proxy-Authorization: Bearer abc.def.ghi",
        "--wsgi-auth=ada:difference",
    )
    assert found["login_fields"] == (("user", "ada"), ("password", "sesame-open"))
    assert {"sesame-open", "abc.def.ghi", "Bearer abc.def.ghi", "difference"} <= set(found["secrets"])
    assert "ada" not in found["secrets"]


def test_ini_lines_need_a_reason(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nwsgi_exclude_path =\n    /admin/* -- not ours\nwsgi_unreached =\n    /old\n")
    with pytest.raises(pytest.UsageError, match="write GLOB -- reason"):
        settings_of(pytester)


@pytest.mark.parametrize(
    ("text", "wanted"), [("", (1.0, False)), ("80%", (0.8, True)), ("5", (5.0, False)), ("100 %", (1.0, True))]
)
def test_how_much_must_be_reached(pytester: pytest.Pytester, text: str, wanted: tuple[float, bool]) -> None:
    pytester.makeini(f"[pytest]\nwsgi_min_reached = {text}\n")
    assert min_reached(pytester.parseconfig("-p", "no:hypothesispytest")) == wanted


@pytest.mark.parametrize("text", ["many", "-1", "120%", "nan"])
def test_how_much_must_be_reached_is_a_number(pytester: pytest.Pytester, text: str) -> None:
    pytester.makeini(f"[pytest]\nwsgi_min_reached = {text}\n")
    with pytest.raises(pytest.UsageError, match="a number of routes, or a share"):
        min_reached(pytester.parseconfig("-p", "no:hypothesispytest"))


def test_a_request_file_is_looked_up_where_the_run_began(pytester: pytest.Pytester) -> None:
    path = pytester.makefile(".http", order="POST / HTTP/1.1\n\n")
    assert settings_of(pytester, f"--wsgi-request={path.name}")["requests"] == (str(Path(path)),)
