"""wsgiref.util as documented; the mended defects are in test_defects_util_headers."""

from __future__ import annotations

import warnings
import wsgiref.util
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.wsgiref import util
from pytest_wsgiconform.wsgiref.util import (
    FileWrapper,
    application_uri,
    guess_scheme,
    is_hop_by_hop,
    request_uri,
    setup_testing_defaults,
    shift_path_info,
)


def test_the_documented_names() -> None:
    assert set(util.__all__) == {
        "FileWrapper",
        "application_uri",
        "guess_scheme",
        "is_hop_by_hop",
        "request_uri",
        "setup_testing_defaults",
        "shift_path_info",
    }


# ---- guess_scheme


@pytest.mark.parametrize("value", ["1", "yes", "on"])
def test_guess_scheme_of_https(value: str) -> None:
    assert guess_scheme({"HTTPS": value}) == "https"


@pytest.mark.parametrize("environ", [{}, {"HTTPS": "off"}, {"HTTPS": "0"}, {"HTTPS": ""}, {"HTTPS": None}])
def test_guess_scheme_of_http(environ: dict[str, Any]) -> None:
    assert guess_scheme(environ) == "http"


# ---- request_uri and application_uri


def environ_of(**variables: Any) -> dict[str, Any]:
    environ = dict(variables)
    setup_testing_defaults(environ)
    return environ


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "http://127.0.0.1/"),
        ({"SCRIPT_NAME": "/app"}, "http://127.0.0.1/app"),
        ({"SCRIPT_NAME": "/\xe4 b"}, "http://127.0.0.1/%E4%20b"),
        ({"HTTP_HOST": "h.example:81", "SERVER_PORT": "80"}, "http://h.example:81/"),
        ({"HTTP_HOST": "h.example", "SERVER_NAME": "other"}, "http://h.example/"),
        ({"HTTP_HOST": "", "SERVER_NAME": "name"}, "http://name/"),
        ({"HTTP_HOST": None, "SERVER_PORT": "8000"}, "http://127.0.0.1:8000/"),
        ({"HTTP_HOST": None, "HTTPS": "on"}, "https://127.0.0.1/"),
        ({"HTTP_HOST": None, "HTTPS": "on", "SERVER_PORT": "80"}, "https://127.0.0.1:80/"),
        ({"HTTP_HOST": None, "SERVER_PORT": "443"}, "http://127.0.0.1:443/"),
        ({"HTTP_HOST": None, "SERVER_NAME": "::1", "SERVER_PORT": "8000"}, "http://[::1]:8000/"),
        ({"HTTP_HOST": None, "SERVER_NAME": "[::1]"}, "http://[::1]/"),
        ({"PATH_INFO": "/ignored", "QUERY_STRING": "ignored"}, "http://127.0.0.1/"),
    ],
)
def test_application_uri(variables: dict[str, Any], expected: str) -> None:
    assert application_uri(environ_of(**variables)) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "http://127.0.0.1/"),
        ({"SCRIPT_NAME": "/app", "PATH_INFO": "/x y"}, "http://127.0.0.1/app/x%20y"),
        ({"SCRIPT_NAME": "/app", "PATH_INFO": ""}, "http://127.0.0.1/app"),
        ({"SCRIPT_NAME": "", "PATH_INFO": ""}, "http://127.0.0.1/"),
        ({"SCRIPT_NAME": "", "PATH_INFO": "//x"}, "http://127.0.0.1//x"),
        ({"SCRIPT_NAME": "", "PATH_INFO": "x"}, "http://127.0.0.1/x"),
        ({"PATH_INFO": "/100%?#"}, "http://127.0.0.1/100%25%3F%23"),
        ({"PATH_INFO": "/a;b=c,d"}, "http://127.0.0.1/a;b=c,d"),
        ({"PATH_INFO": "/x", "QUERY_STRING": "q=%41&?"}, "http://127.0.0.1/x?q=%41&?"),
    ],
)
def test_request_uri(variables: dict[str, Any], expected: str) -> None:
    assert request_uri(environ_of(**variables)) == expected


def test_request_uri_without_the_query() -> None:
    environ = environ_of(PATH_INFO="/x", QUERY_STRING="q")
    assert request_uri(environ, False) == request_uri(environ, include_query=False) == "http://127.0.0.1/x"


def test_a_missing_variable_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        application_uri({"HTTP_HOST": "h"})
    with pytest.raises(KeyError):
        request_uri({"wsgi.url_scheme": "http"})


# ---- shift_path_info


@pytest.mark.parametrize(
    ("script", "path", "name", "new_script", "rest"),
    [
        ("/foo", "/bar/baz", "bar", "/foo/bar", "/baz"),
        ("", "/x", "x", "/x", ""),
        ("", "/x/", "x", "/x", "/"),
        ("", "/", "", "/", ""),
        ("/x", "/", "", "/x/", ""),
        ("/x", "", None, "/x", ""),
        ("/x/", "/y", "y", "/x/y", ""),
        ("/a/b", "/../y", "..", "/a", "/y"),
        ("", "/../y", "..", "", "/y"),
        ("/a", "//./y//z/.//", "y", "/a/y", "/z/"),
        ("/a", "/.hidden/y", ".hidden", "/a/.hidden", "/y"),
        ("/a", "/.", None, "/a", ""),
        ("/a", "///", "", "/a/", ""),
    ],
)
def test_shift_path_info(script: str, path: str, name: str | None, new_script: str, rest: str) -> None:
    environ = {"SCRIPT_NAME": script, "PATH_INFO": path}
    assert shift_path_info(environ) == name
    assert environ == {"SCRIPT_NAME": new_script, "PATH_INFO": rest}


def test_shift_path_info_without_the_variables() -> None:
    environ: dict[str, Any] = {}
    assert shift_path_info(environ) is None
    assert environ == {}
    environ = {"PATH_INFO": "/x"}
    assert shift_path_info(environ) == "x"
    assert environ == {"PATH_INFO": "", "SCRIPT_NAME": "/x"}


_segments = st.lists(st.sampled_from(["", ".", "..", "a", "b.c", "..."]), max_size=6)
_scripts = st.lists(st.sampled_from(["a", "b", "c.d"]), max_size=3)


@given(_scripts, _segments)
def test_shift_path_info_goes_the_way_of_the_standard_one(script: list[str], path: list[str]) -> None:
    ours = {"SCRIPT_NAME": "".join(f"/{name}" for name in script), "PATH_INFO": "/" + "/".join(path)}
    standard = dict(ours)
    for _ in range(10):
        assert shift_path_info(ours) == wsgiref.util.shift_path_info(standard)
        assert ours["PATH_INFO"] == standard["PATH_INFO"]
        # A bare slash before the last segment is the standard one's way to the double slash of the next step.
        if ours["SCRIPT_NAME"] != standard["SCRIPT_NAME"]:
            assert standard["SCRIPT_NAME"] in ("/", f"/{ours['SCRIPT_NAME']}")
            standard["SCRIPT_NAME"] = ours["SCRIPT_NAME"]


# ---- setup_testing_defaults


def test_the_testing_defaults() -> None:
    environ: dict[str, Any] = {}
    assert setup_testing_defaults(environ) is None  # type: ignore[func-returns-value]
    stdin, errors = environ.pop("wsgi.input"), environ.pop("wsgi.errors")
    assert isinstance(stdin, BytesIO)
    assert isinstance(errors, StringIO)
    assert environ == {
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "HTTP_HOST": "127.0.0.1",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "wsgi.version": (1, 0),
        "wsgi.run_once": False,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.url_scheme": "http",
    }


def test_the_testing_defaults_replace_nothing() -> None:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    for name in environ:
        mine: dict[str, Any] = {name: None}
        setup_testing_defaults(mine)
        assert mine[name] is None


def test_the_testing_defaults_depend_on_each_other() -> None:
    assert environ_of(SERVER_NAME="h.example")["HTTP_HOST"] == "h.example"
    secure = environ_of(HTTPS="on")
    assert (secure["wsgi.url_scheme"], secure["SERVER_PORT"]) == ("https", "443")
    assert environ_of(SCRIPT_NAME="/app")["PATH_INFO"] == ""


# ---- is_hop_by_hop


@pytest.mark.parametrize(
    "name",
    ["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailers", "Transfer-Encoding"],
)
def test_hop_by_hop(name: str) -> None:
    assert all(is_hop_by_hop(spelt) for spelt in (name, name.lower(), name.upper()))


@pytest.mark.parametrize("name", ["Trailer", "Content-Type", "Date", "Via", "Connection ", ""])
def test_not_hop_by_hop(name: str) -> None:
    assert not is_hop_by_hop(name)


# ---- FileWrapper


def test_a_file_is_read_in_blocks() -> None:
    class File(BytesIO):
        sizes: list[int | None] = []  # noqa: RUF012

        def read(self, size: int | None = -1) -> bytes:
            self.sizes.append(size)
            return super().read(size)

    file = File(b"abcde")
    wrapper = FileWrapper(file, blksize=2)
    assert (wrapper.filelike, wrapper.blksize) == (file, 2)
    assert iter(wrapper) is wrapper
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(wrapper) == [b"ab", b"cd", b"e"]
    assert file.sizes == [2, 2, 2, 2]
    assert FileWrapper(file).blksize == 8192


def test_a_text_file_is_read_as_well() -> None:
    assert list(FileWrapper(StringIO("abc"), 2)) == ["ab", "c"]


def test_close_is_there_when_the_file_has_one() -> None:
    file = BytesIO()
    FileWrapper(file).close()
    assert file.closed

    class Unclosable:
        def read(self, size: int) -> bytes:
            return b""

    wrapper = FileWrapper(Unclosable())
    assert not hasattr(wrapper, "close")
    with pytest.raises(AttributeError, match="'FileWrapper' object has no attribute 'other'"):
        wrapper.other  # noqa: B018


def test_a_wrapper_that_was_never_initialised() -> None:
    with pytest.raises(AttributeError):
        FileWrapper.__new__(FileWrapper).close()


def test_the_two_styles_of_iteration_share_their_place() -> None:
    wrapper = FileWrapper(BytesIO(b"abcde"), 2)
    assert next(wrapper) == b"ab"
    with pytest.warns(DeprecationWarning):
        assert wrapper[0] == b"cd"
    assert list(wrapper) == [b"e"]
    with pytest.warns(DeprecationWarning), pytest.raises(IndexError):
        wrapper[1]
