"""The request head: what is accepted, what it turns into, and with which status everything else is refused."""

from __future__ import annotations

import pytest

# The parser by itself: see heads.py.
from pytest_wsgiconform.wsgiref import _request
from pytest_wsgiconform.wsgiref._request import is_valid_host, parse_head
from tests.wsgiref.heads import get, head, refusal


def test_plain_request() -> None:
    request = parse_head(head("GET /a/b?c=d&e HTTP/1.1", "Host: example.com:80", "X-One: 1"))
    assert (request.method, request.target, request.version) == ("GET", "/a/b?c=d&e", "HTTP/1.1")
    assert (request.path, request.query) == ("/a/b", "c=d&e")
    assert request.variables == {"HTTP_HOST": "example.com:80", "HTTP_X_ONE": "1"}
    assert request.fields == [("Host", "example.com:80"), ("X-One", "1")]
    assert (request.http11, request.persistent, request.chunked, request.content_length) == (True, True, False, None)


@pytest.mark.parametrize("method", ["get", "PROPFIND", "M-SEARCH", "!#$%&'*+-.^_`|~"])
def test_rfc_method_case_any_token_is_kept(method: str) -> None:
    assert parse_head(head(f"{method} / HTTP/1.1", "Host: h")).method == method


@pytest.mark.parametrize(
    "line",
    [
        "GET",
        "GET /",  # HTTP/0.9 (D49)
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 x",
        "GET /a b HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "GET /a\x0bb HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "g(t / HTTP/1.1",  # D47
        "G\x00T / HTTP/1.1",
        "GÉT / HTTP/1.1",
        "GET /\x01 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1",
        "GET / HTTP/1.1x",
        "GET / HTTP/01.1",
        "GET / HTTP/1.10",
        "GET / HTTP/1,1",
        "GET / HTTPS/1.1",
        "GET / HTTP/1.\xb2",
        "",
    ],
)
def test_rfc_request_line_invalid(line: str) -> None:
    assert refusal(head(line, "Host: h")) == 400


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/9.9", "HTTP/0.9", "HTTP/3.0"])
def test_rfc_version_unsupported(version: str) -> None:
    assert refusal(head(f"GET / {version}", "Host: h")) == 505


def test_http2_preface_is_answered_505() -> None:
    assert refusal(b"PRI * HTTP/2.0\r\n\r\n") == 505


def test_later_minor_version_is_served_as_11() -> None:
    request = get(version="HTTP/1.7")
    assert request.http11 and request.version == "HTTP/1.7"


def test_rfc_target_too_long() -> None:
    longest = "/" + "a" * (_request.MAX_REQUEST_LINE - len("GET / HTTP/1.1"))
    assert get(target=longest).path == longest
    assert refusal(head(f"GET {longest}a HTTP/1.1", "Host: h")) == 414


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/%41%2520%2F", "/A%20/", ""),
        ("/a;b=1/c", "/a;b=1/c", ""),
        ("//host/x", "//host/x", ""),  # D44
        ("/?a=%26&b=?c+d", "/", "a=%26&b=?c+d"),
        ("/?", "/", ""),
        ("/%", "/%", ""),
        ("/%z/%zz/%u0041", "/%z/%zz/%u0041", ""),
        ("/a/../b", "/a/../b", ""),
        ("/\xe9%e9", "/\xe9\xe9", ""),
        ("/%c3%a9%ff", "/\xc3\xa9\xff", ""),
        ("http://example.com/a%20b?q", "/a b", "q"),  # D43
        ("HTTP://example.com:8080", "/", ""),
        ("https://example.com?q", "/", "q"),
    ],
)
def test_d43_d44_target_becomes_path_and_query(target: str, path: str, query: str) -> None:
    request = get(target=target)
    assert (request.path, request.query, request.target) == (path, query, target)


def test_rfc_path_latin1_every_high_byte() -> None:
    target = "/" + "".join(f"%{byte:02X}" for byte in range(0x80, 0x100))
    assert get(target=target).path.encode("latin-1") == b"/" + bytes(range(0x80, 0x100))


def test_rfc_absolute_form_host_is_the_targets() -> None:
    request = parse_head(head("GET http://target:81/x HTTP/1.1", "Host: other", "A: b"))
    assert request.variables["HTTP_HOST"] == "target:81"
    assert request.fields == [("Host", "target:81"), ("A", "b")]


def test_absolute_form_in_http10_without_host() -> None:
    request = parse_head(head("GET http://target/x HTTP/1.0"))
    assert request.variables["HTTP_HOST"] == "target"


def test_rfc_asterisk_form() -> None:
    request = parse_head(head("OPTIONS * HTTP/1.1", "Host: h"))
    assert (request.path, request.query, request.target) == ("", "", "*")


@pytest.mark.parametrize(
    "line",
    [
        "GET * HTTP/1.1",
        "GET a/b HTTP/1.1",
        "GET h:80 HTTP/1.1",
        "GET ftp://h/ HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://user@h/ HTTP/1.1",
        "GET http://h:99999/ HTTP/1.1",
        "GET ?q HTTP/1.1",
        "GET /a#b HTTP/1.1",  # D46
        "GET http://h/?q#f HTTP/1.1",
        "GET /a%00b HTTP/1.1",
    ],
)
def test_bad_targets_are_refused(line: str) -> None:
    assert refusal(head(line, "Host: h")) == 400


@pytest.mark.parametrize("target", ["h:443", "/", "h"])
def test_rfc_connect_refused(target: str) -> None:
    assert refusal(head(f"CONNECT {target} HTTP/1.1", "Host: h")) == 501


def test_rfc_field_value_ows() -> None:
    variables = get("A: \t x y \t ", "B:z", "C:", "D: \t ").variables
    assert [variables[f"HTTP_{name}"] for name in "ABCD"] == ["x y", "z", "", ""]


def test_rfc_field_obs_text_and_tabs_inside_are_kept() -> None:
    variables = get("A: \xc3\xa9", "B: a\tb").variables
    assert variables["HTTP_A"].encode("latin-1") == b"\xc3\xa9"
    assert variables["HTTP_B"] == "a\tb"


def test_content_type_and_length_have_no_http_variable() -> None:
    variables = get("Content-Type: a/b; c=d", "Content-Length: 0").variables
    assert variables == {"HTTP_HOST": "h", "CONTENT_TYPE": "a/b; c=d", "CONTENT_LENGTH": "0"}


def test_d37_fields_named_like_cgi_variables_are_kept() -> None:
    variables = get("Remote-Addr: 1", "Server-Name: 2", "Path-Info: 3").variables
    assert variables["HTTP_REMOTE_ADDR"] == "1"
    assert variables["HTTP_SERVER_NAME"] == "2"
    assert variables["HTTP_PATH_INFO"] == "3"


@pytest.mark.parametrize("order", [("X-User: real", "X_User: fake"), ("X_User: fake", "X-User: real")])
def test_d36_underscored_names_are_dropped(order: tuple[str, str]) -> None:
    request = get(*order)
    assert request.variables["HTTP_X_USER"] == "real"
    assert all("_" not in name for name, _ in request.fields)


def test_rfc_content_length_spoof() -> None:
    request = get("Content_Length: 5", "Content_Type: x/y", "Transfer_Encoding: chunked")
    assert request.variables == {"HTTP_HOST": "h"}
    assert (request.content_length, request.chunked) == (None, False)


def test_d83_proxy_is_dropped() -> None:
    assert "HTTP_PROXY" not in get("Proxy: http://evil/").variables
    assert get("Proxy-Authorization: x").variables["HTTP_PROXY_AUTHORIZATION"] == "x"


def test_rfc_repeat_joined_in_order() -> None:
    assert get("A: 1", "B: x", "a: 2", "A: 3").variables["HTTP_A"] == "1,2,3"


def test_d38_cookies_are_joined_with_semicolons() -> None:
    assert get("Cookie: a=1", "Cookie: b=2").variables["HTTP_COOKIE"] == "a=1; b=2"


@pytest.mark.parametrize("name", ["Content-Type", "Authorization", "User-Agent", "If-Modified-Since", "Referer"])
def test_rfc_singleton_repeat_is_refused(name: str) -> None:
    assert refusal(head("GET / HTTP/1.1", "Host: h", f"{name}: a", f"{name.lower()}: b")) == 400


@pytest.mark.parametrize(
    "line",
    [
        "Name : v",  # D35
        "Name\t: v",
        "Content-Length : 0",
        "Transfer-Encoding : chunked",
        " Name: v",
        "\tName: v",
        ": v",
        "no colon",
        "host",
        "",  # an early end would leave bytes behind
        "Na(me: v",
        "Na/me: v",
        "N\x00me: v",
        "N\x01me: v",
        "N\xe9me: v",
        "A: b\x00c",
        "A: \x00",
        "A: b\x0bc",
        "A: b\x7f",
        "A: b\rc",
        "A: b\nc",
        "A: b\r",
        "A: b\r\n folded",  # D34
        "A: b\r\n\tfolded",
        "\rA: b",
    ],
)
def test_d34_d35_malformed_field_lines(line: str) -> None:
    assert refusal(head("GET / HTTP/1.1", "Host: h", line, "B: c")) == 400


def test_known_name_without_colon_is_refused() -> None:
    get("X-Seen-Before: 1")
    assert refusal(head("GET / HTTP/1.1", "Host: h", "X-Seen-Before")) == 400


@pytest.mark.parametrize("line", ["GET /\r HTTP/1.1", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r"])
def test_rfc_bare_cr_and_lf_in_the_request_line(line: str) -> None:
    assert refusal(head(line, "Host: h")) == 400


@pytest.mark.parametrize("data", [b"", b"\r\n", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n"])
def test_incomplete_heads_are_refused(data: bytes) -> None:
    assert refusal(data) == 400


def test_rfc_field_limits() -> None:
    fields = [f"X-{number}: v" for number in range(_request.MAX_FIELDS)]
    assert refusal(head("GET / HTTP/1.1", "Host: h", *fields)) == 431
    assert len(get(*fields[1:]).fields) == _request.MAX_FIELDS
    assert refusal(head("GET / HTTP/1.1", "Host: h", "A: " + "x" * _request.MAX_HEAD_SIZE)) == 431


def test_names_beyond_the_memory_are_still_parsed() -> None:
    for number in range(_request._NAMES_REMEMBERED + 50):
        assert get(f"X-Many-{number}: v").variables[f"HTTP_X_MANY_{number}"] == "v"
    assert len(_request._known_names) <= _request._NAMES_REMEMBERED


def test_rfc_host_missing() -> None:
    assert refusal(head("GET / HTTP/1.1")) == 400
    assert refusal(head("GET http://h/ HTTP/1.1")) == 400
    assert parse_head(head("GET / HTTP/1.0")).variables == {}


@pytest.mark.parametrize("second", ["h", "other"])
def test_rfc_host_repeated(second: str) -> None:
    assert refusal(head("GET / HTTP/1.1", "Host: h", f"Host: {second}")) == 400
    assert refusal(head("GET / HTTP/1.0", "Host: h", f"Host: {second}")) == 400


@pytest.mark.parametrize(
    "value",
    ["a b", "a/b", "u@h", "a,b", "h:x", "h:-1", "h:65536", "h:123456", ":80", "[::1", "::1", "[g::1]", "h:80:80",
     "a\tb", "h?", "h#", "h\\", "%zz", "\xe9", '"h"'],
)  # fmt: skip
def test_rfc_host_invalid(value: str) -> None:
    assert not is_valid_host(value)
    assert refusal(head("GET / HTTP/1.1", f"Host: {value}")) == 400
    assert refusal(head("GET http://ok/ HTTP/1.1", f"Host: {value}")) == 400


@pytest.mark.parametrize("value", ["h", "h:80", "h:", "127.0.0.1:1", "[::1]", "[::1]:80", "a_b", "", "x%20y", "H.ex."])
def test_valid_hosts(value: str) -> None:
    assert is_valid_host(value)
    assert parse_head(head("GET / HTTP/1.1", f"Host: {value}")).variables["HTTP_HOST"] == value
