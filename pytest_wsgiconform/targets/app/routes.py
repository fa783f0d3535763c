"""Where to knock: the routes of an app, as its framework gives them through its own public API.

No framework is imported that the app has not imported already; everything is recognised by what it can do.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from ...rules.display import clean, type_name
from ...settings import Settings
from ...stimuli.app.asking import Asking, Bodies
from .static_files import static_templates
from .values import Values

#: Which method is used for a route that takes several; the first that it takes.
_PREFERRED = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

#: An example of what each converter takes, by the names that the frameworks have for them.
_EXAMPLES = {
    "int": "1",
    "float": "1.5",
    "str": "x",
    "string": "x",
    "default": "x",
    "slug": "x-1",
    "path": "x/y",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "dt": "2020-01-01T00:00:00Z",
}

#: How many wrappers are looked through for an app that has routes.
_DEPTH = 8

#: Attributes under which middleware keeps the app that it wraps, by custom.
_INNER = ("app", "application", "wsgi_app", "_app", "wrapped", "wrap_app", "_application")


@dataclass(frozen=True, slots=True)
class Route:
    """A request target to exercise. Plain data.

    :param path: with its leading slash, percent-encoded. :param method: the method of an ordinary request for it.
    :param headers, body: fields and body (Latin-1 text) of the ordinary request, when it is one of the user's own.
    :param own: the ordinary request was written by the user. :param named: all methods that the routing table names,
        none where it names none. :param admin: it belongs to a framework's admin area.
    :param bodies: how many requests with a body it gets, a number of ``Bodies``.
    :param scheme, host: what it is asked under, ``""`` where that is as for all routes.
    """

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    own: bool = field(default=False, compare=False)
    named: tuple[str, ...] = field(default=(), compare=False)
    admin: bool = field(default=False, compare=False)
    bodies: int = field(default=int(Bodies.ALL), compare=False)
    scheme: str = field(default="", compare=False)
    host: str = field(default="", compare=False)

    def asking(self, settings: Settings) -> Asking:
        """Return how the route is asked under *settings*: what is typed there goes before the route's own."""
        return Asking(
            method=self.method,
            named=self.named,
            bodies=Bodies(self.bodies),
            headers=self.headers,
            body=self.body.encode("latin-1"),
            own=self.own,
            scheme=settings.scheme or self.scheme,
            host=self.host or settings.host,
            mount=settings.mount,
            allowed=settings.methods,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Route:
        """Rebuild a route from :meth:`to_dict`'s data. :raises LookupError, TypeError, ValueError: for other data."""
        return cls(
            path=str(data["path"]),
            method=str(data["method"]),
            headers=tuple((str(name), str(value)) for name, value in data["headers"]),
            body=str(data["body"]),
            own=bool(data["own"]),
            named=tuple(map(str, data["named"])),
            admin=bool(data["admin"]),
            bodies=int(data["bodies"]),
            scheme=str(data["scheme"]),
            host=str(data["host"]),
        )


class _Found(NamedTuple):
    """A pattern of a routing table, with what the table says of it."""

    template: str
    methods: tuple[str, ...] = ()
    admin: bool = False


class NotFillable(ValueError):
    """No example can be given for an argument of a route."""


def discover(app: Any, values: Iterable[tuple[str, str]] = ()) -> tuple[list[Route], list[str]]:
    """Return the routes of *app*, and for each framework that could not be read one sentence.

    :param app: any WSGI callable; middleware around a framework's app is looked through.
    :param values: name and value of arguments of routes; the others get an example.
    """
    notes: list[str] = []
    for candidate in unwrapped(app):
        for reader in (_werkzeug, _django, _falcon, _bottle, _pyramid):
            chosen = Values(values)
            try:
                found = reader(candidate, chosen)
            except Exception as error:  # the framework's own code, or a stranger's object that looks like one
                notes.append(clean(f"the routes could not be read: {type_name(error)}: {error}"))
                continue
            if found is not None:
                return list(dict.fromkeys(found)), notes + chosen.notes()
    return [], notes


def unwrapped(app: Any) -> Iterator[Any]:
    """Give *app* and what it wraps, outermost first."""
    seen: list[Any] = []
    pending = [app]
    while pending and len(seen) < _DEPTH:
        candidate = pending.pop(0)
        if candidate is None or any(candidate is known for known in seen):
            continue
        seen.append(candidate)
        yield candidate
        instance = getattr(candidate, "__self__", None)  # a bound method such as Flask's app.wsgi_app
        inner = [vars(candidate).get(name) for name in _INNER] if hasattr(candidate, "__dict__") else []
        pending += [instance, *inner]


def pick(methods: Iterable[Any] | None) -> str:
    known = {str(method).upper() for method in methods or ()}
    if not known or known & {"ANY", "*"}:
        return "GET"
    return next((method for method in _PREFERRED if method in known), sorted(known)[0])


def _methods(methods: Iterable[Any] | None) -> tuple[str, ...]:
    """Return the methods that a table names, none when it takes any."""
    known = {str(method).upper() for method in methods or ()}
    return () if known & {"ANY", "*"} else tuple(sorted(known))


def _fill(
    pattern: re.Pattern[str],
    template: str,
    example: Callable[[re.Match[str]], str],
    values: Values,
) -> Iterator[str]:
    """Replace each argument in *template* by the user's values or an example; text between is percent-encoded."""
    matches = list(pattern.finditer(template))
    for chosen in values.combinations([_argument(match) for match in matches], template):
        parts, end = [], 0
        for match in matches:
            value = chosen.get(_argument(match))
            parts += [quote(template[end : match.start()]), quote(example(match) if value is None else value)]
            end = match.end()
        yield "".join([*parts, quote(template[end:])])


def _argument(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return groups.get("name") or groups.get("old") or ""


def _filled(found: Iterable[_Found], fill: Callable[[str], Iterable[str]]) -> Iterator[Route]:
    for template, methods, admin in found:
        try:
            paths = list(fill(template))
        except NotFillable:
            continue
        for path in paths:
            slashed = path if path.startswith("/") else f"/{path}"
            yield Route(slashed, pick(methods), named=methods, admin=admin)


# -- Werkzeug's Map, Flask ----------------------------------------------------------------------------

_WERKZEUG = re.compile(r"<(?:(?P<kind>[A-Za-z_]\w*)(?:\((?P<args>[^)]*)\))?:)?(?P<name>[A-Za-z_]\w*)>")


def _werkzeug(app: Any, values: Values) -> Iterable[Route] | None:
    url_map: Any = getattr(app, "url_map", None)
    if not callable(getattr(url_map, "iter_rules", None)):
        return None
    views = getattr(app, "view_functions", None)
    rules = [
        rule
        for rule in url_map.iter_rules()
        if not getattr(rule, "build_only", False) and not getattr(rule, "websocket", False)
    ]
    admin = _flask_admin(views, [str(rule.endpoint) for rule in rules]) if isinstance(views, dict) else set()
    found = []
    for rule in rules:
        served = static_templates(app, str(rule.endpoint), str(rule.rule))
        is_admin = str(rule.endpoint).rpartition(".")[0] in admin
        for template in [rule.rule] if served is None else served:
            found.append(_Found(template, _methods(rule.methods), is_admin))
    return list(_filled(found, lambda template: _fill(_WERKZEUG, template, _werkzeug_example, values)))


def _flask_admin(views: Mapping[str, Any], endpoints: Iterable[str]) -> set[str]:
    """Return the names of the blueprints that Flask-Admin made: their views are methods of its classes."""
    found = set()
    for endpoint in endpoints:
        owner = getattr(views.get(endpoint), "__self__", None)
        if any(kind.__module__.partition(".")[0] == "flask_admin" for kind in type(owner).__mro__):
            found.add(endpoint.rpartition(".")[0])
    return found - {""}


def _werkzeug_example(match: re.Match[str]) -> str:
    kind, arguments = match["kind"] or "default", match["args"] or ""
    if kind == "any":
        return arguments.split(",")[0].strip().strip("'\"")
    length = re.search(r"(?:min)?length=(\d+)", arguments)
    lowest = re.search(r"min=(\d+)", arguments)
    if kind in ("int", "float") and lowest and not length:
        return lowest[1] if kind == "int" else f"{lowest[1]}.5"
    if length and kind in ("default", "string"):
        return "x" * int(length[1])
    return _EXAMPLES.get(kind, "1")


# -- Django ---------------------------------------------------------------------------------------------

_DJANGO = re.compile(r"<(?:(?P<kind>[^>:]+):)?(?P<name>[^>]+)>")
_GROUP = re.compile(r"\((?:\?P<(?P<name>\w+)>|\?:)?([^()]*)\)")


def _django(app: Any, values: Values) -> Iterable[Route] | None:
    if not type(app).__module__.startswith("django.") or "django.urls" not in sys.modules:
        return None
    resolver = importlib.import_module("django.urls").get_resolver()
    found = list(_django_patterns(resolver.url_patterns, _Found(""), 0, values))
    return list(_filled(found, lambda template: [template]))


def _django_patterns(patterns: Iterable[Any], above: _Found, depth: int, values: Values) -> Iterator[_Found]:
    for entry in patterns:
        try:
            texts = [above.template + text for text in _django_paths(entry.pattern, values)]
        except NotFillable:
            continue
        nested = getattr(entry, "url_patterns", None)
        admin = above.admin or _in_django_admin(entry)
        for text in texts:
            if nested is None:
                yield _Found(text, admin=admin)
            elif depth < _DEPTH:
                yield from _django_patterns(nested, _Found(text, admin=admin), depth + 1, values)


def _in_django_admin(entry: Any) -> bool:
    """Tell whether a URL pattern or an included list of them is of ``django.contrib.admin``."""
    module = getattr(getattr(entry, "callback", None), "__module__", None) or ""
    return getattr(entry, "app_name", None) == "admin" or str(module).startswith("django.contrib.admin")


def _django_paths(pattern: Any, values: Values) -> Iterator[str]:
    text = str(pattern)
    if isinstance(pattern, importlib.import_module("django.urls.resolvers").RegexPattern):
        return _examples_of_regex(text, values)
    return _fill(_DJANGO, text, lambda match: _EXAMPLES.get(match["kind"] or "str", "1"), values)


def _examples_of_regex(text: str, values: Values) -> Iterator[str]:
    """Give paths that the regular expression *text* matches, for its other groups tried out of a few simple ones.

    :raises NotFillable: when none of them does.
    """
    body = text.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    for chosen in values.combinations(re.compile(text).groupindex, text):
        yield _example_of_regex(text, body, chosen)


def _example_of_regex(text: str, body: str, chosen: Mapping[str, str]) -> str:
    for example in ("1", "x", "x-1", "x/y", "2020"):

        def filled(match: re.Match[str], example: str = example) -> str:
            return chosen.get(match["name"] or "", example)

        path = _GROUP.sub(filled, body).replace("\\", "").replace("/?", "/")
        if re.search(text, path):
            return quote(path)
    raise NotFillable(text)


# -- Falcon ---------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>(?:[^{}]|\{[^{}]*\})+))?\}")


def _falcon(app: Any, values: Values) -> Iterable[Route] | None:
    if "falcon" not in sys.modules or not callable(getattr(app, "add_route", None)) or not hasattr(app, "add_sink"):
        return None
    routes = importlib.import_module("falcon.inspect").inspect_routes(app)
    found = [
        _Found(route.path, _methods(method.method for method in route.methods if not method.internal))
        for route in routes
    ]
    return list(_filled(found, lambda template: _fill(_BRACES, template, _falcon_example, values)))


def _falcon_example(match: re.Match[str]) -> str:
    kind = (match["kind"] or "default").partition("(")
    digits = re.search(r"num_digits=(\d+)|^(\d+)", kind[2])
    if kind[0] == "int" and digits:
        return "1" * int(digits[1] or digits[2])
    return _EXAMPLES.get(kind[0], "1")


# -- Bottle ---------------------------------------------------------------------------------------------

_BOTTLE = re.compile(r"<(?P<name>\w*)(?::(?P<kind>\w+)(?::(?P<config>[^>]*))?)?>|(?<!\w):(?P<old>\w+)")


def _bottle(app: Any, values: Values) -> Iterable[Route] | None:
    routes = getattr(app, "routes", None)
    if not isinstance(routes, list) or not hasattr(app, "default_error_handler"):
        return None
    if not all(hasattr(route, "rule") and hasattr(route, "callback") for route in routes):
        return None
    found = [_Found(route.rule, _methods([route.method])) for route in routes if route.method != "PROXY"]
    return list(_filled(found, lambda template: _fill(_BOTTLE, template, _bottle_example, values)))


def _bottle_example(match: re.Match[str]) -> str:
    if match["kind"] == "re":
        return _first_match(match["config"] or "")
    return _EXAMPLES.get(match["kind"] or "default", "x")


def _first_match(expression: str) -> str:
    for example in ("x", "1", "x-1", "a.txt", "2020", "x/y"):
        if re.fullmatch(expression, example):
            return example
    raise NotFillable(expression)


# -- Pyramid --------------------------------------------------------------------------------------------


def _pyramid(app: Any, values: Values) -> Iterable[Route] | None:
    registry: Any = getattr(app, "registry", None)
    if "pyramid" not in sys.modules or not callable(getattr(registry, "queryUtility", None)):
        return None
    interface = importlib.import_module("pyramid.interfaces").IRoutesMapper
    mapper = registry.queryUtility(interface)
    found = [_Found(route.pattern) for route in mapper.get_routes()] if mapper is not None else []
    return list(_filled(found, lambda template: _pyramid_paths(template, values)))


def _pyramid_paths(template: str, values: Values) -> Iterator[str]:
    path, _, rest = template.partition("*")

    def example(match: re.Match[str]) -> str:
        return _first_match(match["kind"]) if match["kind"] else "x"

    ends = [chosen.get(rest, "x") if rest else "" for chosen in values.combinations([rest] if rest else [], template)]
    return (start + quote(end) for start in _fill(_BRACES, path, example, values) for end in ends)
