"""Requests of the user's own, methods, values and the plan: whole runs, and what can't be used."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., pytest.RunResult]
Report = Callable[..., dict[str, Any]]

APPS = '''
import json

import flask

_fields = [("Content-Type", "application/json")]


def api(environ, start_response):
    """Takes orders by POST alone, with three faults behind that."""
    if environ.get("PATH_INFO") != "/orders" or environ["REQUEST_METHOD"] != "POST":
        start_response("405 Method Not Allowed", [("Content-Type", "text/plain"), ("Allow", "POST")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"POST orders here"]
    if environ.get("CONTENT_TYPE") != "application/json" or environ.get("HTTP_X_KEY") != "open-sesame":
        start_response("415 Unsupported Media Type", [("Content-Type", "text/plain")])
        return [b"JSON and a key, please"]
    try:
        name = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))["name"]
    except (ValueError, KeyError, TypeError):
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"a name, please"]
    start_response("201", _fields)  # no reason, and the same list each time
    return [json.dumps({"name": name})]  # str


shop = flask.Flask("shop")


@shop.before_request
def note():
    with open("sent.log", "a") as file:
        print(flask.request.method, flask.request.path.encode(), file=file)


@shop.get("/item/<int:number>")
def item(number):
    return f"item {number}"


@shop.delete("/item/<int:number>")
def drop(number):
    return "", 204


@shop.post("/items")
def create():
    return {"name": flask.request.get_json()["name"]}, 201


secure = flask.Flask("secure")


@secure.before_request
def force_https():
    if not flask.request.is_secure:
        return flask.redirect(flask.request.url.replace("http://", "https://", 1), 301)


@secure.get("/")
def front():
    return flask.Response(["text"], headers={"Connection": "close"})


def picky(environ, start_response):
    """Answers one host alone, and has one fault behind that."""
    if environ.get("HTTP_HOST") != "shop.example":
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"no such host"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["text"]
'''

ORDER = """\
POST /orders HTTP/1.1
Host: localhost
Content-Type: application/json
X-Key: ${SHOP_KEY}

{"name": "tea"}
"""

FAULTS = {"status-has-reason", "header-list-made-anew", "body-native-bytes"}


@pytest.fixture
def folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (project / "sites.py").write_text(APPS)
    (project / "order.http").write_text(ORDER)
    monkeypatch.setenv("SHOP_KEY", "open-sesame")
    return project


def sent_to(folder: Path) -> list[tuple[str, str]]:
    """Return method and path of each request that the app ``shop`` has noted."""
    log = folder / "sent.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [(line.partition(" ")[0], ast.literal_eval(line.partition(" ")[2]).decode("utf-8")) for line in lines]


def broken(report: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in report["findings"] if finding["level"] == "error"}


@pytest.mark.parametrize("more", [(), ("--wsgi-isolate",)])
def test_faults_behind_a_post_are_found_with_one_request(folder: Path, report: Report, more: tuple[str, ...]) -> None:
    assert not broken(report("--wsgi-app=sites:api", *more)) & FAULTS
    assert broken(report("--wsgi-app=sites:api", "--wsgi-request=order.http", *more)) == FAULTS


def test_faults_behind_a_post_are_found_with_a_har_file(folder: Path, report: Report, run: Run) -> None:
    request = {
        "method": "POST",
        "url": "http://localhost:5000/orders",
        "headers": [{"name": "X-Key", "value": "${SHOP_KEY}"}],
        "postData": {"mimeType": "application/json", "text": '{"name": "tea"}'},
    }
    other = {"method": "GET", "url": "https://cdn.example/x.js", "headers": []}
    entries = [{"request": request}, {"request": other}]
    (folder / "shop.har").write_text(json.dumps({"log": {"entries": entries}}))
    assert broken(report("--wsgi-app=sites:api", "--wsgi-request=shop.har")) == FAULTS
    result = run("--wsgi-app=sites:api", "--wsgi-request=shop.har")
    result.stdout.fnmatch_lines(["shop.har: 1 of 2 requests left out (1 not to localhost:5000)"])


def test_a_site_that_redirects_all_http_is_judged_under_https(folder: Path, run: Run) -> None:
    result = run("--wsgi-app=sites:secure", "--wsgi-path=/")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["asked under https, to which GET / redirects", "*header-no-persistence*"])


def test_an_app_of_one_host_is_judged_with_that_host(folder: Path, report: Report) -> None:
    assert not broken(report("--wsgi-app=sites:picky"))
    assert broken(report("--wsgi-app=sites:picky", "--wsgi-host=shop.example")) == {"body-native-bytes"}


def test_mount_and_scheme_reach_the_app(folder: Path, run: Run) -> None:
    (folder / "places.py").write_text(
        "seen = set()\n"
        "def app(environ, start_response):\n"
        "    seen.add((environ['wsgi.url_scheme'], environ.get('SCRIPT_NAME', ''), environ.get('PATH_INFO', '')))\n"
        "    with open('seen.log', 'w') as file:\n"
        "        file.write(repr(seen))\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [b'x']\n"
    )
    run("--wsgi-app=places:app", "--wsgi-path=/a", "--wsgi-mount=/shop", "--wsgi-scheme=https", "--wsgi-select=body-*")
    seen = ast.literal_eval((folder / "seen.log").read_text())
    assert ("https", "/shop", "/a") in seen
    assert not {place for place in seen if place[:2] == ("http", "")}


def test_the_plan_sends_nothing_and_exits_with_0(folder: Path, run: Run) -> None:
    result = run("--wsgi-app=sites:shop", "--wsgi-plan", "--wsgi-value=number=3", "--wsgi-value=number=4")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "wsgi: plan for app sites:shop; nothing was sent",
            "*GET * /item/3 * GET *",
            "*GET * /item/4 * GET *",
            "*DELETE */item/3 *DELETE 1*",
            "*POST * /items *POST *",
            "* routes, * requests: *",
        ]
    )
    assert "collected" not in result.stdout.str()
    assert sent_to(folder) == []


def test_no_other_method_is_sent_than_those_that_may_be(folder: Path, run: Run) -> None:
    result = run("--wsgi-app=sites:shop", "--wsgi-methods=GET,HEAD,OPTIONS", "-rs")
    assert {method for method, _ in sent_to(folder)} == {"GET", "HEAD", "OPTIONS"}
    result.stdout.fnmatch_lines(
        [
            "wsgi: sites:shop sends to * routes only GET, HEAD, OPTIONS, none that may change data",
            "2 routes were not asked: 2 with no method that --wsgi-methods lets through",
            "SKIPPED * not-exercised: *--wsgi-methods leaves out *POST*",
        ]
    )


def test_a_run_says_first_what_may_change_data_and_sends_no_more(folder: Path, run: Run) -> None:
    result = run("--wsgi-app=sites:shop")
    result.stdout.fnmatch_lines(
        ["wsgi: sites:shop sends requests that may change data: POST to 4, DELETE to 1 of 4 routes *"]
    )
    sent = sent_to(folder)
    assert [path for method, path in sent if method == "DELETE"] == ["/item/1"]
    assert 5 <= sent.count(("POST", "/items")) <= 20
    others = {path: sent.count(("POST", path)) for method, path in sent if method == "POST" and path != "/items"}
    assert others and max(others.values()) <= 2, others


def test_routes_are_left_out_by_the_ini_file(folder: Path, run: Run) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nwsgi_exclude_path =\n    /item/* -- costs money\n")
    result = run("--wsgi-app=sites:shop", "--wsgi-select=status-*")
    result.stdout.fnmatch_lines(["2 routes were not asked: 2 by wsgi_exclude_path (costs money)"])
    assert not [path for _, path in sent_to(folder) if path == "/item/1"]


BAD_FILES = {
    "picture.http": (b"\x89PNG\r\n\x1a\n", "its first line is no HTTP request line"),
    "nowhere.http": (b"GET items HTTP/1.1\n\n", "its request line has no path"),
    "short.http": (b"POST / HTTP/1.1\nContent-Length: 99\n\nshort", "its Content-Length is 99"),
    "unset.http": (b"GET / HTTP/1.1\nX-Key: ${NOT_SET_ANYWHERE}\n\n", "variable NOT_SET_ANYWHERE is not set"),
    "empty.har": (b'{"log": {"entries": []}}', "none of its requests can be sent"),
    "text.har": (b"hello", "it is no HAR file"),
}


@pytest.mark.parametrize("name", [*BAD_FILES, "missing.http", "large.http", "pipe.http"])
def test_a_request_file_that_cannot_be_used_is_a_usage_error(folder: Path, run: Run, name: str) -> None:
    data, sentence = BAD_FILES.get(name, (b"GET / HTTP/1.1\n", ""))
    if name == "pipe.http":
        os.mkfifo(folder / name)
        sentence = "that is not a regular file"
    elif name == "missing.http":
        sentence = "there is no such file"
    else:
        (folder / name).write_bytes(data)
    if name == "large.http":
        os.truncate(folder / name, 1 << 30)
        sentence = "the file has 1073741824 bytes, and at most 8388608 are read"
    result = run("--wsgi-app=apps:good", f"--wsgi-request={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    errors = [line for line in result.stderr.lines if line.strip()]
    assert len(errors) == 1
    assert f"{name}: {sentence}" in errors[0] or sentence in errors[0]
    assert "collected" not in result.stdout.str()


def test_a_plan_needs_an_app(folder: Path, run: Run) -> None:
    for args in ([], ["--wsgi-app=nowhere:app"]):
        result = run("--wsgi-plan", *args)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "Traceback" not in result.stderr.str()
    result.stderr.fnmatch_lines(["ERROR: --wsgi-app=nowhere:app: there is no module 'nowhere'*"])


def test_what_is_secret_in_a_request_file_is_noted(folder: Path, pytester: pytest.Pytester) -> None:
    from pytest_wsgiconform.plugin.request_options import request_settings

    (folder / "login.http").write_text(
        "POST /login HTTP/1.1\nCookie: sid=cookie-value\nAuthorization: Bearer token-value\n"
        'Content-Type: application/json\n\n{"user": "ada", "password": "pass-value", "key": "${SHOP_KEY}"}'
    )
    found = request_settings(pytester.parseconfig("-p", "no:hypothesispytest", "--wsgi-request=login.http"))
    assert {"cookie-value", "token-value", "pass-value", "open-sesame"} <= set(found["secrets"])
    assert "ada" not in found["secrets"]


def test_a_reproduction_sends_the_same_request_with_its_secrets_from_the_environment(folder: Path, run: Run) -> None:
    order = ORDER.replace("X-Key:", "Cookie: sid=cookie-value\nX-Key:")
    order = order.replace('"tea"', '"tea", "password": "pass-value"')
    (folder / "order.http").write_text(order)
    run("--wsgi-app=sites:api", "--wsgi-request=order.http", "--wsgi-repro=repro", "--wsgi-select=status-has-reason")
    (script,) = (folder / "repro").glob("*.py")
    text = script.read_text()
    assert not [secret for secret in ("open-sesame", "cookie-value", "pass-value") if secret in text]
    names = dict.fromkeys(re.findall(r"\$\{(WSGI_\w+)\}", text), "x")
    values = {**os.environ, **names, "SHOP_KEY": "open-sesame"}
    done = subprocess.run(
        [sys.executable, str(script)], check=False, cwd=folder, env=values, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "seen in POST /orders" in done.stdout
    values["SHOP_KEY"] = "wrong"
    done = subprocess.run([sys.executable, str(script)], check=False, cwd=folder, env=values, timeout=60)
    assert done.returncode == 0
