"""The known defects of the standard wsgiref.util and wsgiref.headers, one by one: d58 to d66."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wsgiref.handler_tools import OURS, defect


@defect
def test_d58_a_path_without_its_leading_slash(package: Any) -> None:
    for path, name, rest in [("abc", "abc", ""), ("abc/d", "abc", "/d"), (".", None, "")]:
        environ = {"SCRIPT_NAME": "/s", "PATH_INFO": path}
        assert package.util.shift_path_info(environ) == name
        assert environ == {"SCRIPT_NAME": f"/s/{name}" if name else "/s", "PATH_INFO": rest}


@defect
def test_d59_a_variant_that_leaves_segments_as_they_are(package: Any) -> None:
    environ = {"SCRIPT_NAME": "/a/b", "PATH_INFO": "/..//./c/"}
    names = []
    while (name := package.util.shift_path_info(environ, normalize=False)) is not None:
        names.append(name)
        assert environ["SCRIPT_NAME"] + environ["PATH_INFO"] == "/a/b/..//./c/"
    assert names == ["..", "", ".", "c", ""]


@defect
def test_d60_https_in_any_case(package: Any) -> None:
    for value in ("ON", "On", "YES", "true", "TRUE"):
        assert package.util.guess_scheme({"HTTPS": value}) == "https"
    assert package.util.guess_scheme({"HTTPS": "off"}) == "http"


@defect
def test_d61_both_halves_of_the_path_are_quoted_alike(package: Any) -> None:
    text = "/a;b=c,d@e:f$g!h&i'j(k)l*m+n~o%p?q#r s"
    quoted = "/a;b=c,d@e:f$g!h&i'j(k)l*m+n~o%25p%3Fq%23r%20s"
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "h", "SCRIPT_NAME": text, "PATH_INFO": text}
    assert package.util.application_uri(environ) == f"http://h{quoted}"
    assert package.util.request_uri(environ) == f"http://h{quoted}{quoted}"


@defect
def test_d62_hosts_that_are_trusted(package: Any) -> None:
    environ = {
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "real.example",
        "SERVER_PORT": "8000",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/x",
    }
    hosts = ["good.example", "other.example:81", "[::1]"]
    for host, shown in [
        ("good.example", "good.example"),
        ("GOOD.example:99", "GOOD.example:99"),
        ("other.example:81", "other.example:81"),
        ("other.example", "real.example:8000"),
        ("other.example:82", "real.example:8000"),
        ("evil.example", "real.example:8000"),
        ("good.example.evil.example", "real.example:8000"),
        ("[::1]:8000", "[::1]:8000"),
        ("[::2]", "real.example:8000"),
    ]:
        environ["HTTP_HOST"] = host
        assert package.util.request_uri(environ, trusted_hosts=hosts) == f"http://{shown}/x"
        assert package.util.application_uri(environ, trusted_hosts=hosts) == f"http://{shown}/"
        assert package.util.request_uri(environ) == f"http://{host}/x"


@defect
def test_d63_the_testing_defaults_have_a_query_string(package: Any) -> None:
    environ: dict[str, Any] = {}
    package.util.setup_testing_defaults(environ)
    assert environ["QUERY_STRING"] == ""


@defect
def test_d64_the_testing_defaults_are_booleans(package: Any) -> None:
    environ: dict[str, Any] = {}
    package.util.setup_testing_defaults(environ)
    for name in ("wsgi.run_once", "wsgi.multithread", "wsgi.multiprocess"):
        assert environ[name] is False


@defect
def test_d65_headers_can_be_iterated(package: Any) -> None:
    assert list(package.headers.Headers([("A", "1"), ("B", "2"), ("a", "3")])) == ["A", "B", "a"]


@defect
def test_d65_headers_can_be_compared(package: Any) -> None:
    Headers = package.headers.Headers
    assert Headers([("A", "1"), ("B", "2")]) == Headers([("b", "2"), ("a", "1")])
    assert Headers([("A", "1"), ("A", "2")]) != Headers([("A", "2"), ("A", "1")])
    assert Headers([("A", "1")]) != [("A", "1")]


@defect
def test_d65_a_key_that_is_no_string_is_a_type_error(package: Any) -> None:
    headers = package.headers.Headers([("A", "1")])
    for key in (0, None, b"A"):
        for use in (headers.__getitem__, headers.get, headers.get_all, headers.__contains__, headers.__delitem__):
            with pytest.raises(TypeError, match="must be of type str"):
                use(key)
        with pytest.raises(TypeError, match="must be of type str"):
            headers[key] = "x"


@defect
def test_d66_an_empty_parameter(package: Any) -> None:
    headers = package.headers.Headers()
    headers.add_header("X", "v", a="")
    assert headers["X"] == 'v; a=""'


@defect
def test_d66_a_wide_parameter_is_refused_at_once(package: Any) -> None:
    headers = package.headers.Headers()
    with pytest.raises(ValueError):
        headers.add_header("Content-Disposition", "attachment", filename="\u20ac.txt")
    assert len(headers) == 0


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (("utf-8", None, "\u20ac rates.txt"), "filename*=utf-8''%E2%82%AC%20rates.txt"),
        (("UTF-8", "en", "a'b*c(d)"), "filename*=UTF-8'en'a%27b%2Ac%28d%29"),
        (("iso-8859-1", "", "\xe4!"), "filename*=iso-8859-1''%E4!"),
    ],
)
def test_d66_wide_parameters_as_rfc_8187_writes_them(given: Any, written: str) -> None:
    headers = OURS.headers.Headers()
    headers.add_header("Content-Disposition", "attachment", filename=given)
    assert headers["Content-Disposition"] == f"attachment; {written}"
