"""A run is green only when it has reached the target: exit code, headline, and every report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

APPS = """
import flask

FORM = b"<form method=post><input name=user><input type=password name=pw></form>"


def answer(start_response, status, body=b"", *headers):
    start_response(status, [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))), *headers])
    return [body]


def empty_for_head(app):
    def wrapped(environ, start_response):
        body = app(environ, start_response)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body
    return wrapped


def dead(environ, start_response):
    raise RuntimeError("no database")


@empty_for_head
def refusing(environ, start_response):
    return answer(start_response, "500 Internal Server Error", b"oops")


@empty_for_head
def gated(environ, start_response):
    if environ.get("PATH_INFO") == "/login":
        return answer(start_response, "200 OK", FORM)
    if "HTTP_COOKIE" not in environ:
        return answer(start_response, "302 Found", b"", ("Location", "/login"))
    start_response("200", [("Content-Type", "text/plain"), ("X-Count", 3)])
    return ["three faults"]


@empty_for_head
def front(environ, start_response):
    if environ.get("PATH_INFO") == "/page":
        return answer(start_response, "200 OK", b"page")
    return answer(start_response, "302 Found", b"", ("Location", "/page"))


@empty_for_head
def post_only(environ, start_response):
    if environ["REQUEST_METHOD"] != "POST":
        return answer(start_response, "405 Method Not Allowed", b"no", ("Allow", "POST"))
    return answer(start_response, "200 OK", b"done")


@empty_for_head
def five(environ, start_response):
    found = environ.get("PATH_INFO") in ("/a", "/b", "/c", "/d")
    return answer(start_response, "200 OK" if found else "404 Not Found", b"page" if found else b"nothing")


def broken_and_dead(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Count", 3)])
    raise RuntimeError("no database")


shop = flask.Flask("shop", static_folder=None)


@shop.route("/")
def index():
    return "front"


@shop.route("/boom")
def boom():
    raise RuntimeError("no database")


@shop.route("/comment", methods=["GET", "POST"])
def comment():
    if flask.request.method == "POST":
        return "no", "403 CSRF token missing"
    return "form"


def swallowing(app):
    def middleware(environ, start_response):
        start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return []
    return middleware
"""

GOOD = {
    "front": ["--wsgi-app=apps:front"],
    "post_only": ["--wsgi-app=apps:post_only"],
    "five": ["--wsgi-app=apps:five", *(f"--wsgi-path=/{name}" for name in "abcde")],
}
#: The four ways in which nothing is reached, and why.
BAD = {
    "dead": (["--wsgi-app=apps:dead"], r"GET / raised RuntimeError: no database \(apps\.py:\d+\)"),
    "refusing": (["--wsgi-app=apps:refusing"], r"GET / answered 500 \(apps\.py:\d+\)"),
    "gated": (["--wsgi-app=apps:gated"], r"GET / redirected to /login, which asks for a login"),
    "typo": (["--wsgi-app=apps:shop", "--wsgi-path=/nope"], r"GET /nope answered 404"),
}
FORMATS = ("json", "html", "sarif", "markdown", "badge")
TICKS = re.compile("[✓✅]|brightgreen|nothing new|Nothing new|No fault found")


class Run:
    """One run of pytest. :ivar text: what it printed. :ivar code: its exit code."""

    def __init__(self, pytester: pytest.Pytester, *options: str) -> None:
        pytester.makepyfile(apps=APPS)
        reports = [f"--wsgi-report={kind}:out.{kind}" for kind in FORMATS]
        result = pytester.runpytest_subprocess(*options, *reports, "--junitxml=out.xml", "-p", "no:cacheprovider")
        self.text, self.code, self._folder = result.stdout.str(), int(result.ret), pytester.path

    def file(self, kind: str) -> str:
        return (self._folder / f"out.{kind}").read_text(encoding="utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.file("json"))

    @property
    def headline(self) -> str:
        flat = self.text.partition("= WSGI conformance: ")[2].partition("\n")[2]
        return " ".join(flat.partition(" clauses bind it")[0].split())


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("more", [[], ["--wsgi-isolate"]], ids=["here", "isolated"])
def test_what_reached_nothing_is_not_judged_anywhere(name: str, more: list[str], pytester: pytest.Pytester) -> None:
    options, why = BAD[name]
    run = Run(pytester, *options, *more)
    assert run.code == 1
    assert re.search(rf"^The app was not judged: {why}\.", run.headline)
    assert not TICKS.search(run.text)
    (target,) = run.json["targets"]
    assert (target["judged"], target["routes"]["reached"]) == (False, 0)
    assert re.search(why, target["reason"])
    reach, *rules = run.json["rules"]
    assert (reach["rule"], reach["section"], reach["verdict"]) == ("routes-reached", "reach", "broken")
    assert {row["verdict"] for row in rules} <= {"broken", "not-exercised"}
    assert "routes-reached" not in {row["rule"] for row in run.json["findings"]}
    _in_other_reports(run, why)


def _in_other_reports(run: Run, why: str) -> None:
    sarif = json.loads(run.file("sarif"))["runs"][0]["invocations"][0]
    assert sarif["executionSuccessful"] is False
    assert re.search(f"not judged: {why}", sarif["toolExecutionNotifications"][0]["message"]["text"])
    assert "was not judged" in run.file("markdown").splitlines()[0]
    assert not TICKS.search(run.file("markdown"))
    assert json.loads(run.file("badge")) == {
        "schemaVersion": 1,
        "label": "PEP 3333",
        "message": "not judged",
        "color": "lightgrey",
    }
    html = run.file("html")
    assert re.search(f"not judged: {why}", html.replace("&#39;", "'"))
    head = html.partition("<main>")[0].partition("</style>")[2]
    assert 'class="held"' not in head
    assert "✓" not in re.sub(r"(?s)<figure>.*?</figure>", "", html)  # one beside a good example is none
    junit = run.file("xml")
    assert re.search(r'name="routes-reached"[^>]*>.*?<failure message="[^"]*not judged', junit, re.DOTALL)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_app_beside_them_is_judged(name: str, pytester: pytest.Pytester) -> None:
    run = Run(pytester, *GOOD[name])
    assert run.code == 0, run.text
    assert run.json["targets"][0]["judged"] is True
    assert "FAILED" not in run.text
    assert "not judged" not in run.text + "".join(run.file(kind) for kind in FORMATS)
    assert "held" in {row["verdict"] for row in run.json["rules"][1:]}


def test_some_routes_that_were_not_reached_are_counted_and_named(pytester: pytest.Pytester) -> None:
    run = Run(pytester, "--wsgi-app=apps:shop", "--wsgi-select=status-*")
    assert run.code == 0, run.text
    count = r"2 of 3 routes reached; /boom answered 500 \(apps\.py:\d+\)"
    assert re.search(rf"^No fault found\. {count}\.", run.headline)
    assert re.search(rf"^## ⚠️ .*{count.replace('.', '.?')}", run.file("markdown"))
    badge = json.loads(run.file("badge"))
    assert (badge["color"], "2 of 3 routes reached" in badge["message"]) == ("yellow", True)
    boom = next(row for row in run.json["routes"] if row["path"] == "/boom")
    assert (boom["reached"], boom["status"]) == (False, 500)
    assert re.fullmatch(r"answered 500: RuntimeError: no database \(apps\.py:\d+\)", boom["why"])
    assert run.json["targets"][0]["routes"] == {"reached": 2, "of": 3}


def test_what_the_app_refuses_is_named_with_its_count(pytester: pytest.Pytester) -> None:
    run = Run(pytester, "--wsgi-app=apps:shop", "--wsgi-path=/comment")
    assert re.search(r'0 of (\d+) POST requests got past "403 CSRF token missing"', " ".join(run.text.split()))
    verdicts = {row["rule"]: row["verdict"] for row in run.json["rules"]}
    # A refusal exercises the rules on what was answered, and none on what becomes of the body.
    assert verdicts["status-has-reason"] == "held"
    assert verdicts["body-read-in-pieces"] == "not-exercised"


def test_failures_are_counted_with_the_commonest(pytester: pytest.Pytester) -> None:
    run = Run(pytester, "--wsgi-app=apps:broken_and_dead")
    assert run.code == 1
    assert re.search(r"^The app was not judged: .*no database", run.headline)
    assert "What was found broken all the same: 1 error" in run.headline
    assert "header-value-native-string" in {row["rule"] for row in run.json["findings"]}
    flat = " ".join(run.text.split())
    assert re.search(r"\d+ of \d+ exchanges ended in an exception: RuntimeError: no database \(apps\.py:\d+\)", flat)


@pytest.mark.parametrize(
    "options",
    [
        ["-k", "status-has-reason"],
        ["--wsgi-select=status-has-reason", "-k", "not routes-reached"],
        ["--wsgi-ignore=*native*", "-m", "wsgi", "--deselect", "wsgi-app[apps:dead]::reach"],
    ],
    ids=["keyword", "select", "deselect"],
)
def test_nothing_silences_it(options: list[str], pytester: pytest.Pytester) -> None:
    run = Run(pytester, "--wsgi-app=apps:dead", *options)
    assert "reach::routes-reached" not in run.text
    assert run.code == 1
    assert "The app was not judged" in run.headline


@pytest.mark.parametrize("node", ["::reach", "::reach::routes-reached", "::start-response::status-has-reason"])
def test_a_pasted_node_id_works(node: str, pytester: pytest.Pytester) -> None:
    run = Run(pytester, f"wsgi-app[apps:dead]{node}")
    assert run.code == 1
    assert "not judged" in run.headline
    assert Run(pytester, f"wsgi-app[apps:front]{node}").code == 0


def test_a_baseline_is_not_written(pytester: pytest.Pytester) -> None:
    run = Run(pytester, "--wsgi-app=apps:broken_and_dead", "--wsgi-baseline=known.toml", "--wsgi-write-baseline")
    assert run.code == 1
    assert not Path(pytester.path / "known.toml").exists()
    assert "not written to known.toml, because apps:broken_and_dead was not judged" in " ".join(run.text.split())


def test_a_typed_path_that_is_not_reached_warns_and_fails_when_strict(pytester: pytest.Pytester) -> None:
    options = [*GOOD["five"], "--wsgi-select=status-*"]
    assert "UnreachedWarning: --wsgi-path=/e was not reached: GET /e answered 404" in Run(pytester, *options).text
    strict = Run(pytester, *options, "--wsgi-strict")
    assert strict.code == 1
    assert "--wsgi-path=/e was not reached" in strict.headline
    assert strict.json["targets"][0]["judged"] is True


@pytest.mark.parametrize(("needed", "code"), [("80%", 0), ("81%", 1), ("4", 0), ("5", 1)])
def test_wsgi_min_reached(needed: str, code: int, pytester: pytest.Pytester) -> None:
    run = Run(pytester, *GOOD["five"], "--wsgi-select=status-*", "-o", f"wsgi_min_reached={needed}")
    assert run.code == code
    assert (f"wsgi_min_reached asks for {needed}" in run.headline) is bool(code)


def test_wsgi_unreached_excuses(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nwsgi_unreached =\n    /e -- not built yet\n    /other -- gone")
    run = Run(pytester, *GOOD["five"], "--wsgi-select=status-*", "--wsgi-strict")
    assert run.code == 0
    assert run.json["targets"][0]["routes"] == {"reached": 4, "of": 4}
    assert "1 route excused by wsgi_unreached (not built yet)" in run.text
    assert "wsgi_unreached: no route matches /other" in run.text


def test_a_middleware_is_judged_when_the_app_inside_was_called(pytester: pytest.Pytester) -> None:
    run = Run(pytester, "--wsgi-middleware=apps:swallowing")
    assert run.code == 1
    assert re.search(
        r"The middleware was not judged: the app inside it was never called: GET /\S* answered 503", run.headline
    )
    assert run.json["rules"][0]["rule"] == "app-called"
    assert {row["verdict"] for row in run.json["rules"]} <= {"broken", "not-exercised"}
    good = Run(pytester, "--wsgi-middleware=apps:empty_for_head", "--wsgi-select=status-*")
    assert (good.code, good.json["rules"][0]["verdict"]) == (0, "held")


@pytest.mark.parametrize("more", [["-n2"], ["--wsgi-layers"]], ids=["workers", "layers"])
@pytest.mark.parametrize(("app", "code"), [("dead", 1), ("front", 0)])
def test_it_is_the_same_otherwise(more: list[str], app: str, code: int, pytester: pytest.Pytester) -> None:
    if more == ["-n2"]:
        pytest.importorskip("xdist")
    run = Run(pytester, f"--wsgi-app=apps:{app}", *more)
    assert run.code == code, run.text
    assert run.json["targets"][0]["judged"] is not bool(code)
    assert (run.json["routes"][0]["path"], run.json["routes"][0]["reached"]) == ("/", not code)
