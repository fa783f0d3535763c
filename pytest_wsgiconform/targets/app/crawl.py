"""Following links: which other paths of the app an answer points to."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit

from ...rules.records.app import ExchangeRecord
from .routes import Route

#: Attributes that lead somewhere, by element.
_LINKS = {"a": "href", "area": "href", "link": "href", "form": "action", "iframe": "src", "img": "src", "script": "src"}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        target = values.get(_LINKS.get(tag, ""))
        if target is None and tag == "form":
            target = ""
        if target is not None:
            post = tag == "form" and (values.get("method") or "").lower() == "post"
            self.found.append((target, "POST" if post else "GET"))


def links_in(record: ExchangeRecord, mount: str = "") -> list[Route]:
    """Return what an HTML answer links to, and where a redirect leads, as far as it is the app's own.

    :param record: an exchange; its URL has the Host of its request, else ``localhost``.
    :param mount: where the app is mounted; paths of routes are below it.
    """
    scheme = record.environ.get("wsgi.url_scheme", "http")
    base = f"{scheme}://{record.environ.get('HTTP_HOST') or 'localhost'}" + quote(
        record.path, safe="/%~:@!$&'()*+,;=", encoding="latin-1"
    )
    found = [(location, "GET") for location in record.header("Location")]
    if any(value.lower().startswith(("text/html", "application/xhtml")) for value in record.header("Content-Type")):
        parser = _Links()
        parser.feed(record.body.decode("utf-8", "replace"))
        found += parser.found
    routes = (_route(base, target, method, mount) for target, method in found)
    return list(dict.fromkeys(route for route in routes if route is not None))


def _route(base: str, target: str, method: str, mount: str) -> Route | None:
    try:
        parts = urlsplit(urljoin(base, target.strip()))
        own = urlsplit(base).hostname
    except ValueError:  # not a URL
        return None
    if parts.scheme not in ("http", "https") or parts.hostname != own:
        return None
    path = quote(parts.path or "/", safe="/%~:@!$&'()*+,;=", errors="replace")
    if mount:
        if not path.startswith(f"{mount}/"):
            return None
        path = path.removeprefix(mount)
    query = quote(parts.query, safe="/%?~:@!$&()*+,;=", errors="replace")
    return Route(f"{path}?{query}" if query else path, method)
