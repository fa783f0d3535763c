"""Conforming apps: statuses and headers that are odd and legal."""

from __future__ import annotations

from tests.corpora.apps.answers import TEXT
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
answering, page = corpus.answering, corpus.page

# -- statuses and headers --------------------------------------------------------------------------


BODY = b"hello world"
answering("", "one_letter_reason", "200 K", [TEXT], BODY)
answering("", "latin1_reason", "200 D'accord, \xe9t\xe9", [TEXT], BODY)
answering("", "unknown_code", "299 Whatever", [TEXT], BODY)
answering("", "teapot", "418 I'm a teapot", [TEXT], BODY)
answering("", "code_599", "599 Network Connect Timeout", [TEXT], BODY)
answering("", "reason_with_digits", "200 200 OK", [TEXT], BODY)
answering("", "lower_case_names", "200 OK", [("content-type", "text/plain")], BODY)
answering("", "odd_token", "200 OK", [TEXT, ("X.Y", "1"), ("1x", "2"), ("x_y", "3")], BODY)
answering("", "empty_value", "200 OK", [TEXT, ("X-Empty", "")], BODY)
answering("", "latin1_value", "200 OK", [TEXT, ("X-Name", "J\xfcrgen \x80\xff")], BODY)
answering("", "many_cookies", "200 OK", [TEXT, *(("Set-Cookie", f"a{n}={n}") for n in range(50))], BODY)
answering("", "repeated_list", "200 OK", [TEXT, ("Vary", "Accept"), ("Vary", "Cookie")], BODY)
answering("", "long_value", "200 OK", [TEXT, ("X-Long", "x" * 20000)], BODY)
answering("", "weak_etag", "200 OK", [TEXT, ("ETag", 'W/"a,b c"'.replace(" ", "!"))], BODY)
answering("", "empty_etag", "200 OK", [TEXT, ("ETag", '""')], BODY)
answering("", "cache_control", "200 OK", [TEXT, ("Cache-Control", 'private="Set-Cookie", max-age=0')], BODY)
answering("", "none_at_all", "404 Not Found", [])
answering("", "length_zero_untyped", "200 OK", [("Content-Length", "0")])
answering("", "no_content", "204 No Content", [])
answering("", "no_content_by_empty_block", "204 No Content", [], b"")
answering("", "empty_blocks_between", "200 OK", [TEXT], b"a", b"", b"", b"b")
answering("", "relative_location", "302 Found", [("Location", "../elsewhere?x=1#y")])
answering("", "unauthorized", "401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"'), TEXT], BODY)
answering("", "not_allowed", "405 Method Not Allowed", [("Allow", ""), TEXT], BODY)
answering("", "created", "201 Created", [("Location", "/new"), TEXT], BODY)
answering("", "rfc2047", "200 OK", [TEXT, ("X-Subject", "=?utf-8?q?=E2=82=AC?=")], BODY)


# -- more statuses and headers, without a body to HEAD ---------------------------------------------


page("reason_of_punctuation", "200 !", [TEXT], b"x")
page("reason_is_a_number", "200 200", [TEXT], b"x")
page("reason_with_two_spaces_inside", "200 All  right", [TEXT], b"x")
page("reason_in_latin1", "200 \xc0 bient\xf4t \xff", [TEXT], b"x")
page("unassigned_code", "477 Made up here", [TEXT], b"x")
page("code_511", "511 Network Authentication Required", [TEXT], b"x")
page("very_long_reason", "200 " + "very " * 400 + "good", [TEXT], b"x")
page(
    "cookies_with_attributes",
    "200 OK",
    [TEXT, *(("Set-Cookie", f"c{n}={n}; Path=/; HttpOnly") for n in range(90))],
    b"x",
)
page("long_header", "200 OK", [TEXT, ("Link", ", ".join(f"</{n}>; rel=preload" for n in range(999)))], b"x")
page("every_token_character", "200 OK", [TEXT, ("!#$%&'*+-.^_`|~09azAZ", "x")], b"x")
page("value_of_nothing", "200 OK", [TEXT, ("X-Nothing", "")], b"x")
page("value_in_spaces", "200 OK", [TEXT, ("X-Padded", "  x  ")], b"x")
page("latin1_filename", "200 OK", [TEXT, ("Content-Disposition", 'attachment; filename="\xfcbung.txt"')], b"x")
page("c1_value", "200 OK", [TEXT, ("X-Odd", "\x80\x9f\xa0")], b"x")
page("proxy_names", "200 OK", [TEXT, ("X-Connection", "close"), ("Upgrade-Insecure-Requests", "1")], b"x")
page("date_of_its_own", "200 OK", [TEXT, ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Server", "mine")], b"x")
page("vary_all", "200 OK", [TEXT, ("Vary", "*"), ("Cache-Control", "no-store")], b"x")
page("rfc_2047", "200 OK", [TEXT, ("X-Subject", "=?utf-8?b?0YLQtdGB0YI=?=")], b"x")
page("expires_zero", "200 OK", [TEXT, ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")], b"x")
page("length_with_zeros", "200 OK", [TEXT, ("Content-Length", "0001")], b"x")
page("reset_content", "205 Reset Content", [("Content-Length", "0")])
page("multi_status", "207 Multi-Status", [("Content-Type", "application/xml")], b"<x/>")
page("gone_without_headers", "410 Gone", [])
page("permanent_redirect", "308 Permanent Redirect", [("Location", "//other.example/a?b#c")])
page("see_other_parent", "303 See Other", [("Location", "..")])
page("created_elsewhere", "201 Created", [("Location", "https://[::1]:8443/new"), TEXT], b"made")
page("choices_without_location", "300 Multiple Choices", [TEXT], b"/a /b")
page("two_challenges", "401 Unauthorized", [("WWW-Authenticate", "Negotiate, Basic realm=x"), TEXT], b"who?")
page("allow_nothing", "405 Method Not Allowed", [("Allow", "")])
