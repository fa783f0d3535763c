"""Where to knock: the routes of an app, as its framework tells them through its own public API.

No framework is imported that the app has not imported already; everything is recognised by what it can do.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ...rules.display import clean, type_name

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
    """A request target to exercise.

    :param path: with its leading slash, percent-encoded. :param method: the method of an ordinary request for it.
    """

    path: str
    method: str = "GET"


class NotFillable(ValueError):
    """No example can be given for an argument of a route."""


def discover(app: Any) -> tuple[list[Route], list[str]]:
    """Return the routes of *app*, and for each framework that could not be read one sentence.

    :param app: any WSGI callable; middleware around a framework's app is looked through.
    """
    notes: list[str] = []
    for candidate in unwrapped(app):
        for reader in (_werkzeug, _django, _falcon, _bottle, _pyramid):
            try:
                found = reader(candidate)
            except Exception as error:  # the framework's own code, or a stranger's object that looks like one
                notes.append(clean(f"the routes could not be read: {type_name(error)}: {error}"))
                continue
            if found is not None:
                return list(dict.fromkeys(found)), notes
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


def _pick(methods: Iterable[Any] | None) -> str:
    known = {str(method).upper() for method in methods or ()}
    if not known or known & {"ANY", "*"}:
        return "GET"
    return next((method for method in _PREFERRED if method in known), sorted(known)[0])


def _fill(pattern: re.Pattern[str], template: str, example: Callable[[re.Match[str]], str]) -> str:
    """Replace each argument in *template* by an example; text between them is percent-encoded."""
    parts, end = [], 0
    for match in pattern.finditer(template):
        parts += [quote(template[end : match.start()]), quote(example(match))]
        end = match.end()
    return "".join([*parts, quote(template[end:])])


def _filled(templates: Iterable[tuple[str, str]], fill: Callable[[str], str]) -> Iterator[Route]:
    for template, method in templates:
        try:
            path = fill(template)
        except NotFillable:
            continue
        yield Route(path if path.startswith("/") else f"/{path}", method)


# -- Werkzeug's Map, Flask ----------------------------------------------------------------------------

_WERKZEUG = re.compile(r"<(?:(?P<kind>[A-Za-z_]\w*)(?:\((?P<args>[^)]*)\))?:)?(?P<name>[A-Za-z_]\w*)>")


def _werkzeug(app: Any) -> Iterable[Route] | None:
    url_map: Any = getattr(app, "url_map", None)
    if not callable(getattr(url_map, "iter_rules", None)):
        return None
    templates = [
        (rule.rule, _pick(rule.methods))
        for rule in url_map.iter_rules()
        if not getattr(rule, "build_only", False) and not getattr(rule, "websocket", False)
    ]
    return list(_filled(templates, lambda template: _fill(_WERKZEUG, template, _werkzeug_example)))


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
_GROUP = re.compile(r"\((?:\?P<\w+>|\?:)?([^()]*)\)")


def _django(app: Any) -> Iterable[Route] | None:
    if not type(app).__module__.startswith("django.") or "django.urls" not in sys.modules:
        return None
    resolver = importlib.import_module("django.urls").get_resolver()
    templates = [(template, "GET") for template in _django_patterns(resolver.url_patterns, "", 0)]
    return list(_filled(templates, lambda template: template))


def _django_patterns(patterns: Iterable[Any], prefix: str, depth: int) -> Iterator[str]:
    for entry in patterns:
        try:
            text = prefix + _django_path(entry.pattern)
        except NotFillable:
            continue
        nested = getattr(entry, "url_patterns", None)
        if nested is None:
            yield text
        elif depth < _DEPTH:
            yield from _django_patterns(nested, text, depth + 1)


def _django_path(pattern: Any) -> str:
    text = str(pattern)
    if isinstance(pattern, importlib.import_module("django.urls.resolvers").RegexPattern):
        return _example_of_regex(text)
    return _fill(_DJANGO, text, lambda match: _EXAMPLES.get(match["kind"] or "str", "1"))


def _example_of_regex(text: str) -> str:
    """Return a path that the regular expression *text* matches, tried out of a few simple ones.

    :raises NotFillable: when none of them does.
    """
    body = text.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    for example in ("1", "x", "x-1", "x/y", "2020"):
        path = _GROUP.sub(lambda _match, example=example: example, body).replace("\\", "").replace("/?", "/")  # type: ignore[misc]
        if re.search(text, path):
            return quote(path)
    raise NotFillable(text)


# -- Falcon ---------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>(?:[^{}]|\{[^{}]*\})+))?\}")


def _falcon(app: Any) -> Iterable[Route] | None:
    if "falcon" not in sys.modules or not callable(getattr(app, "add_route", None)) or not hasattr(app, "add_sink"):
        return None
    routes = importlib.import_module("falcon.inspect").inspect_routes(app)
    templates = [
        (route.path, _pick(method.method for method in route.methods if not method.internal)) for route in routes
    ]
    return list(_filled(templates, lambda template: _fill(_BRACES, template, _falcon_example)))


def _falcon_example(match: re.Match[str]) -> str:
    kind = (match["kind"] or "default").partition("(")
    digits = re.search(r"num_digits=(\d+)|^(\d+)", kind[2])
    if kind[0] == "int" and digits:
        return "1" * int(digits[1] or digits[2])
    return _EXAMPLES.get(kind[0], "1")


# -- Bottle ---------------------------------------------------------------------------------------------

_BOTTLE = re.compile(r"<(?P<name>\w*)(?::(?P<kind>\w+)(?::(?P<config>[^>]*))?)?>|(?<!\w):(?P<old>\w+)")


def _bottle(app: Any) -> Iterable[Route] | None:
    routes = getattr(app, "routes", None)
    if not isinstance(routes, list) or not hasattr(app, "default_error_handler"):
        return None
    if not all(hasattr(route, "rule") and hasattr(route, "callback") for route in routes):
        return None
    templates = [(route.rule, _pick([route.method])) for route in routes if route.method != "PROXY"]
    return list(_filled(templates, lambda template: _fill(_BOTTLE, template, _bottle_example)))


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


def _pyramid(app: Any) -> Iterable[Route] | None:
    registry: Any = getattr(app, "registry", None)
    if "pyramid" not in sys.modules or not callable(getattr(registry, "queryUtility", None)):
        return None
    interface = importlib.import_module("pyramid.interfaces").IRoutesMapper
    mapper = registry.queryUtility(interface)
    templates = [(route.pattern, "GET") for route in mapper.get_routes()] if mapper is not None else []
    return list(_filled(templates, _pyramid_path))


def _pyramid_path(template: str) -> str:
    path, _, rest = template.partition("*")

    def example(match: re.Match[str]) -> str:
        return _first_match(match["kind"]) if match["kind"] else "x"

    return _fill(_BRACES, path, example) + ("x" if rest else "")
