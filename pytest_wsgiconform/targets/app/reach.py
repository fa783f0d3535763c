"""Which routes of an app were reached: judged by the ordinary request of each, and by nothing else.

A redirect is followed inside the app with the same session; no rule looks at what is answered on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from ...rules.display import clean, shorten
from ...rules.model import Location
from ...rules.records.app import AppRun, ExchangeRecord
from ...rules.records.reach import LOGIN_PAGE, RouteReach, TargetReach
from ...settings import Settings
from ...stimuli.app.asking import Asking
from ...stimuli.app.model import FORM, FORM_TYPE
from .raised import is_users, noting_logged, raised_in
from .routes import Route
from .visit import REDIRECTS, Answer, Site, Visitor

#: The key of a run's facts under which stands what its ordinary request reached.
FACT = "reach"

#: A path that no app can have meant.
IMPOSSIBLE = "/wsgiconform-no-such-path-7f3a91c04be2"

#: A segment of a path that leads to a login page.
_LOGIN_SEGMENT = re.compile(
    r"(?:(?:log|sign)[-_]?(?:in|on)|auth(?:enticate|entication|orize|orise)?|sso)(?:\.\w+)?", re.IGNORECASE
)

#: Methods that a route may name as its own when it refuses GET, the commonest first.
_INSTEAD = ("POST", "PUT", "PATCH")

#: From this likeness on, two pages are the same but for what names the path or differs each time.
_SAME = 0.95


@dataclass(frozen=True)
class Outcome:
    """What one answer says. :param ok: it is a whole 2xx, or a 304. :param why: else what it did, as a sentence's end.

    :param brief: the same in a few words.
    """

    ok: bool
    why: str = ""
    brief: str = ""
    location: Location | None = None


def code_of(record: ExchangeRecord) -> int | None:
    """Return the status code, also where it is given by the wrong kind of object."""
    code = record.code if record.code is not None else record.facts.get("code")
    return code if isinstance(code, int) else None


def outcome_of(record: ExchangeRecord, limit: float) -> Outcome:
    """Say what *record* answers; a redirect is neither good nor bad by itself, and is not asked for here.

    :param limit: seconds that the exchange could take.
    """
    raised, code = raised_in(record), code_of(record)
    start = record.start_location if is_users(record.start_location) else None
    if record.error is not None and record.error.phase != "close" and raised is not None:
        if record.error.phase == "call" or not record.starts:
            return Outcome(False, f"raised {raised}", f"raised {raised.type}", raised.location)
        return Outcome(False, f"answered {code}, and its body raised {raised}", "broke off", raised.location)
    if record.timed_out:
        began = f"answered {code}, but did not end" if code is not None else "gave no answer"
        return Outcome(False, f"{began} within {limit:g} s", "hangs", start)
    if not record.starts:
        return Outcome(False, "was answered without a call of start_response", "gave no status")
    if code is None:
        return Outcome(False, "gave no status that can be read", "gave no status", start)
    if code >= 400:
        if raised is None:
            return Outcome(False, f"answered {code}", f"answered {code}", start)
        return Outcome(False, f"answered {code}: {raised}", f"answered {code}", raised.location)
    if code == 304 or 200 <= code < 300:
        return _whole(record, code, start)
    return Outcome(False, f"answered {code}", f"answered {code}", start)


def _whole(record: ExchangeRecord, code: int, start: Location | None) -> Outcome:
    announced = length_announced(record)
    if announced is None or record.size >= announced:
        return Outcome(True)
    why = f"answered {code}, and its body ended after {record.size} of {announced} bytes"
    return Outcome(False, why, "broke off", start)


def length_announced(record: ExchangeRecord) -> int | None:
    """Return the Content-Length of a response that has to have so long a body, ``None`` when nothing says it."""
    if record.method == "HEAD" or code_of(record) in (204, 304):
        return None
    if record.facts.get("endless") or record.stopped_early:
        return None
    found = {value.strip() for value in record.header("Content-Length")}
    text = found.pop() if len(found) == 1 else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


# -- one route


class Reacher:
    """Finds out what ordinary requests of one app reached.

    :param app: the app. :param limit: seconds for one exchange.
    """

    def __init__(self, app: Any, limit: float) -> None:
        self._app, self._limit = app, limit
        self._impossible: Answer | None = None

    def reached(self, route: Route, run: AppRun, asking: Asking) -> dict[str, Any] | None:
        """Return what the ordinary request in *run*, of the stimulus ``get``, reached: data for :func:`gathered`.

        :param asking: how the route is asked. :returns: ``None`` when that request was not sent.
        """
        record = run.exchange("ordinary") or run.exchange("get")
        if record is None or record.method != asking.method:
            return None
        site = _site_of(record)
        visitor = Visitor(self._app, asking.environ, site, self._limit)
        answer = Answer(record.method, _url_of(record, site), record, record.body)
        answer = self._by_own_method(route, answer, visitor, asking)
        outcome, login = self._followed(answer, visitor, asking)
        reach = RouteReach(
            method=answer.method,
            path=route.path,
            reached=outcome.ok,
            status=code_of(answer.record),
            why=clean(shorten(outcome.why, 500)),
            brief=clean(shorten(outcome.brief, 200)),
            location=outcome.location,
        )
        return {**asdict(reach), "login": login}

    def _by_own_method(self, route: Route, answer: Answer, visitor: Visitor, asking: Asking) -> Answer:
        """Return the answer to the method that a route names which takes no GET and of which no table speaks."""
        record = answer.record
        if code_of(record) != 405 or route.own or route.named or record.method != "GET":
            return answer
        allowed = {name.strip().upper() for value in record.header("Allow") for name in value.split(",")}
        own = [method for method in _INSTEAD if method in allowed and asking.may_send(method)]
        if "GET" in allowed or not own:
            return answer
        return _sent(visitor, answer.url, own[0], FORM, [("Content-Type", FORM_TYPE)])

    def _followed(self, answer: Answer, visitor: Visitor, asking: Asking) -> tuple[Outcome, str]:
        """Return what became of *answer* in the end, and the path of a login page to which it led, ``""`` for none."""
        first, seen = answer, {self._state(answer.url, answer.method, visitor)}
        visitor.jar.take(answer.record.headers, urlsplit(answer.url).path)
        while answer.location is not None and not _broken(answer.record):
            target = answer.location
            if not visitor.site.has(target):
                elsewhere = clean(shorten(target or "what is no URL"))
                return Outcome(False, f"redirected to another site, {elsewhere}", "redirects to another site"), ""
            state = self._state(target, answer.method if _keeps_method(answer) else "GET", visitor)
            if state in seen or len(seen) > REDIRECTS:
                again = clean(shorten(urlsplit(target).path))
                return Outcome(False, f"redirected in a circle, to {again} again", "redirects in a circle"), ""
            seen.add(state)
            answer = self._next(answer, target, visitor, asking)
        outcome = outcome_of(answer.record, self._limit)
        if answer is first:
            if outcome.ok and answer.page.asks_password and self._is_everywhere(answer, visitor):
                why = "answered with the same page as a path that cannot exist, and it asks for a password"
                return Outcome(False, why, "asks for a login"), ""
            return outcome, ""
        led = f"redirected to {_path(answer)}, which"
        if not outcome.ok:
            return replace(outcome, why=f"{led} {outcome.why}", brief=f"redirects to what {outcome.brief}"), ""
        page = _bare(urlsplit(answer.url).path)
        if page != _bare(urlsplit(first.url).path) and (answer.page.asks_password or _looks_like_login(page)):
            return Outcome(False, f"{led} asks for a login", "asks for a login"), page
        return outcome, ""

    def _next(self, answer: Answer, target: str, visitor: Visitor, asking: Asking) -> Answer:
        """Go where *answer* redirects."""
        headers = [("Referer", answer.url)]
        if not _keeps_method(answer):
            return _sent(visitor, target, "GET", b"", headers)
        body = asking.body if answer.method == asking.method else b""
        headers += [pair for pair in asking.headers if body and pair[0].lower() == "content-type"]
        return _sent(visitor, target, answer.method, body, headers)

    @staticmethod
    def _state(url: str, method: str, visitor: Visitor) -> tuple[str, ...]:
        parts = urlsplit(url)
        return method, url, visitor.jar.header(parts.path, parts.scheme)

    def _is_everywhere(self, answer: Answer, visitor: Visitor) -> bool:
        """Tell whether a path that cannot exist gets the same page as *answer*."""
        if self._impossible is None:
            self._impossible = visitor.send(visitor.site.url(IMPOSSIBLE))
        other = self._impossible
        if not outcome_of(other.record, self._limit).ok or not other.page.asks_password:
            return False
        one, two = (_without_path(each).split() for each in (answer, other))
        return one == two or SequenceMatcher(None, one, two, autojunk=False).ratio() >= _SAME


def _keeps_method(answer: Answer) -> bool:
    """Tell whether the request that a redirect asks for has the same method (RFC 9110 section 15.4)."""
    return answer.record.code in (307, 308) or answer.method == "HEAD"


def _sent(visitor: Visitor, url: str, method: str, body: bytes, headers: list[tuple[str, str]]) -> Answer:
    """Send one request; what is logged meanwhile stands in the record."""
    noted = AppRun("", "", exchanges=[ExchangeRecord("")])
    with noting_logged(noted):
        answer = visitor.send(url, method, body, headers)
    answer.record.facts.update(noted.exchanges[0].facts)
    return answer


def _broken(record: ExchangeRecord) -> bool:
    """Tell whether the response to a request was not whole, so that nobody follows where it leads."""
    return (record.error is not None and record.error.phase != "close") or record.timed_out


def _site_of(record: ExchangeRecord) -> Site:
    environ = record.environ
    mount = quote(environ.get("SCRIPT_NAME", ""), safe="/%~:@!$&'()*+,;=", encoding="latin-1")
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME") or "localhost"
    return Site(environ.get("wsgi.url_scheme", "http"), host, mount)


def _url_of(record: ExchangeRecord, site: Site) -> str:
    path = quote(record.path or "/", safe="/~:@!$&'()*+,;=", encoding="latin-1")
    return f"{site.scheme}://{site.host}{path}{f'?{record.query}' if record.query else ''}"


def _path(answer: Answer) -> str:
    return clean(shorten(urlsplit(answer.url).path))


def _bare(path: str) -> str:
    """Return *path* as it is compared: a slash at its end, and what is escaped, make no other page."""
    return unquote(path, encoding="latin-1").rstrip("/") or "/"


def _looks_like_login(path: str) -> bool:
    return any(_LOGIN_SEGMENT.fullmatch(segment) for segment in path.split("/"))


def _without_path(answer: Answer) -> str:
    """Return a page without what says which path it is, and without what is different each time."""
    text = answer.body.decode("latin-1")[:20000]
    path = urlsplit(answer.url).path
    for form in sorted({path, quote(path, safe=""), unquote(path, encoding="latin-1"), path.lstrip("/")}, key=len):
        if len(form) > 1:
            text = text.replace(form, "")
    return re.sub(r"[A-Za-z0-9_+/=.-]{16,}|\d+", "", text)


# -- all routes


def gathered(runs: Iterable[tuple[Route, AppRun]], settings: Settings) -> TargetReach:
    """Return what was reached of an app by all *runs*."""
    found = list(_of_routes(runs))
    logins = {data.get("login") for data, _ in found if data.get("login")}
    routes = []
    for data, route in found:
        reach = _read(data, route)
        if _bare(f"{settings.mount}{route.path.partition('?')[0]}") in logins:
            reach = replace(reach, reached=False, why=LOGIN_PAGE, brief=LOGIN_PAGE, location=None)
        routes.append(replace(reach, excused=excuse(route.path, settings), typed=route.path in settings.paths))
    return weighed(TargetReach(judged=False, routes=tuple(routes)), settings)


def _of_routes(runs: Iterable[tuple[Route, AppRun]]) -> Iterator[tuple[Mapping[str, Any], Route]]:
    for route, run in runs:
        if run.stimulus == "get":
            data = run.facts.get(FACT)
            if not isinstance(data, dict):
                how = clean(str(run.facts.get("died") or "was not sent"))
                data = {"why": f"was the last request: the process {how}", "brief": "ends the process"}
                if not run.facts.get("died"):
                    data = {"why": how, "brief": how}
            yield data, route


def _read(data: Mapping[str, Any], route: Route) -> RouteReach:
    """Return what *data* says; under ``--wsgi-isolate`` it comes out of the app's process, and may be anything."""
    try:
        return RouteReach.from_dict({**data, "path": route.path, "excused": "", "typed": False})
    except (LookupError, TypeError, ValueError):
        why, brief = str(data.get("why", "was not sent")), str(data.get("brief", "was not sent"))
        return RouteReach(route.method, route.path, False, None, clean(shorten(why)), clean(shorten(brief)))


def excuse(path: str, settings: Settings) -> str:
    """Return why the route *path* need not be reached, ``""`` when it must."""
    return next((reason for glob, reason in settings.unreached if matches(path, glob)), "")


def matches(path: str, glob: str) -> bool:
    """Tell whether *glob* is about the route *path*, with or without its query."""
    return fnmatchcase(path, glob) or fnmatchcase(path.partition("?")[0], glob)


def weighed(reach: TargetReach, settings: Settings) -> TargetReach:
    """Return *reach* with what it means: whether the app is judged, and whether that is enough."""
    counted, reached = len(reach.counted), reach.reached
    if not reached:
        return replace(reach, judged=False, note=_why_nothing(reach))
    needed, is_share = settings.min_reached
    asked = f"{needed:.0%}" if is_share else f"{needed:g}"
    if (reached / counted if is_share else reached) < needed:
        return replace(reach, judged=True, enough=False, note=f"wsgi_min_reached asks for {asked}")
    missed = [route for route in reach.missed if route.typed]
    if missed and settings.strict:
        note = f"--wsgi-path={missed[0].path} was not reached, and --wsgi-strict asks for it"
        return replace(reach, judged=True, enough=False, note=note)
    return replace(reach, judged=True)


def _why_nothing(reach: TargetReach) -> str:
    """Say why no route counts, ``""`` when some do."""
    if reach.counted:
        return ""
    if not reach.routes:
        return "no route was asked"
    if any(route.excused for route in reach.routes):
        return "wsgi_unreached excuses every route"
    return ""
