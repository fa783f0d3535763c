"""build_environ: what it hands over is what a well-kept server would."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

import pytest

from pytest_wsgiconform.environ import build_environ, profile, profiles


def test_everything_that_pep_3333_requires_is_there_with_its_type() -> None:
    environ = build_environ()
    assert type(environ) is dict
    for name in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"):
        assert type(environ[name]) is str
    assert environ["wsgi.version"] == (1, 0)
    assert environ["wsgi.input"].read() == b""
    assert environ["wsgi.errors"].write("text") == 4
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["HTTP_HOST"]) == ("localhost", "80", "localhost")
    assert "CONTENT_LENGTH" not in environ
    assert "HTTPS" not in environ


def test_two_environs_share_nothing() -> None:
    first, second = build_environ(), build_environ()
    assert first["wsgi.input"] is not second["wsgi.input"]
    assert first["wsgi.errors"] is not second["wsgi.errors"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/caf%C3%A9", "/caf\xc3\xa9"),
        ("/café", "/caf\xc3\xa9"),
        ("/a%2Fb", "/a/b"),
        ("/%FF", "/\xff"),
        ("/a+b", "/a+b"),
        ("", ""),
    ],
)
def test_path_info_holds_the_urls_bytes_as_latin_1(path: str, expected: str) -> None:
    assert build_environ(path)["PATH_INFO"] == expected


def test_query_in_the_path_is_split_off_only_when_none_is_given() -> None:
    environ = build_environ("/a?x=%20&y=?")
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/a", "x=%20&y=?")
    environ = build_environ("/a?b", query="x=1")
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/a?b", "x=1")


def test_body_sets_its_length_unless_a_header_does() -> None:
    environ = build_environ("/", "POST", body=b"abc")
    assert environ["CONTENT_LENGTH"] == "3"
    assert environ["wsgi.input"].read() == b"abc"
    assert build_environ(body=b"abc", headers={"Content-Length": "2"})["CONTENT_LENGTH"] == "2"
    assert "CONTENT_LENGTH" not in build_environ(body=b"abc", headers={"Transfer-Encoding": "chunked"})
    stream = BytesIO(b"as it is")
    assert build_environ(body=stream)["wsgi.input"] is stream


def test_headers_become_cgi_variables_and_repeated_ones_are_joined() -> None:
    environ = build_environ(
        headers=[
            ("Content-Type", "text/plain"),
            ("X-One", "a"),
            ("x-one", "b"),
            ("Cookie", "p=1"),
            ("Cookie", "q=2"),
            ("Host", "example.com"),
        ]
    )
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["HTTP_X_ONE"] == "a, b"
    assert environ["HTTP_COOKIE"] == "p=1; q=2"
    assert environ["HTTP_HOST"] == "example.com"
    assert "HTTP_CONTENT_TYPE" not in environ


def test_scheme_server_and_mount_point() -> None:
    environ = build_environ("/x", script_name="/mount", scheme="https", server=("example.com", 8443))
    assert environ["HTTPS"] == "on"
    assert environ["HTTP_HOST"] == "example.com:8443"
    assert environ["SCRIPT_NAME"] == "/mount"
    assert build_environ(scheme="https")["HTTP_HOST"] == "localhost"
    assert build_environ(server=("::1", 8000))["HTTP_HOST"] == "[::1]:8000"


def test_extra_and_errors_win() -> None:
    errors = StringIO()
    environ = build_environ(errors=errors, extra={"wsgi.multithread": True, "my.key": 1})
    assert environ["wsgi.errors"] is errors
    assert (environ["wsgi.multithread"], environ["my.key"]) == (True, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "x"}, "path must be empty or begin with a slash: 'x'"),
        ({"script_name": "x"}, "script_name must be empty or begin with a slash"),
        ({"script_name": "/x/"}, "must not end in a slash"),
        ({"scheme": "gopher"}, "no default port"),
        ({"headers": {"X-A": "☃"}}, "header 'X-A' is not Latin-1"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_environ(**arguments)


def test_a_profile_gives_what_the_server_was_measured_to_give() -> None:
    environ = build_environ("/a%20b?x=1", script_name="/mount", like="gunicorn")
    assert environ["RAW_URI"] == "/mount/a%20b?x=1"
    assert environ["SERVER_SOFTWARE"].startswith("gunicorn/")
    assert environ["wsgi.input_terminated"] is True
    assert "GATEWAY_INTERFACE" not in environ
    assert build_environ(like="waitress")["SERVER_NAME"] == "waitress.invalid"
    assert build_environ(like="waitress", server=("::1", 80))["wsgi.multithread"] is True
    assert type(build_environ(like="werkzeug")["REMOTE_PORT"]) is int
    assert build_environ(like="wsgiref")["CONTENT_LENGTH"] == ""
    assert build_environ(like="wsgiref", method="POST", body=b"hello")["CONTENT_LENGTH"] == "5"
    assert build_environ(like="wsgiref")["CONTENT_TYPE"] == "text/plain"
    assert build_environ(like="wsgiref", headers={"Content-Type": "a/b"})["CONTENT_TYPE"] == "a/b"


def test_a_profile_changes_nothing_that_the_caller_asks_for() -> None:
    environ = build_environ("/x", "PUT", headers={"X-A": "b"}, extra={"SERVER_SOFTWARE": "mine"}, like="gunicorn")
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["HTTP_X_A"]) == ("PUT", "/x", "b")
    assert environ["SERVER_SOFTWARE"] == "mine"


def test_a_file_wrapper_is_there_where_the_server_has_one() -> None:
    wrapper = build_environ(like="gunicorn")["wsgi.file_wrapper"]
    assert list(wrapper(BytesIO(b"ab"), 1)) == [b"a", b"b"]
    assert "wsgi.file_wrapper" not in build_environ(like="cheroot")


@pytest.mark.parametrize("name", sorted(profiles()))
def test_each_profile_says_what_was_measured_and_makes_a_fresh_environ(name: str) -> None:
    known = profile(name)
    assert known["server"]
    assert known["measured"] >= "2026"
    first, second = build_environ(like=name), build_environ(like=name)
    assert first is not second
    assert first["wsgi.input"] is not second["wsgi.input"]
    assert type(first) is dict
    for required in ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "wsgi.version", "wsgi.url_scheme"):
        assert required in first


def test_an_unknown_server_is_told_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"no profile of a server 'gunicron'; did you mean 'gunicorn'\?.*waitress"):
        build_environ(like="gunicron")
    with pytest.raises(ValueError, match=r"'xyzzy'\. Known are cheroot, "):
        build_environ(like="xyzzy")
