"""Where rules showed that were broken, kept from one session to the next in pytest's cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ..targets.base import Places

_KEY = "wsgiconform/places"


class Remembered:
    """What earlier sessions of this project left, by node id. Nothing when pytest keeps no cache.

    :param config: of this session.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._cache: Any = getattr(config, "cache", None)
        self._known: dict[str, Any] | None = None
        self._failed: Any = None

    def _load(self) -> dict[str, Any]:
        if self._known is None:
            found = self._cache.get(_KEY, {}) if self._cache is not None else {}
            self._known = found if isinstance(found, dict) else {}
            self._failed = self._cache.get("cache/lastfailed", {}) if self._cache is not None else {}
        return self._known

    def places(self, node_id: str) -> Places:
        """Return where the rule showed whose item *node_id* failed last time; nothing when it did not."""
        found = self._load().get(node_id)
        if not isinstance(self._failed, dict) or node_id not in self._failed or not isinstance(found, list):
            return ()
        places = tuple(tuple(map(str, place)) for place in found if isinstance(place, list) and place)
        return places if len(places) == len(found) else ()

    def keep(self, places: dict[str, Places], forget: Iterable[str]) -> None:
        """Add *places* by node id, and take out the node ids *forget*."""
        known = dict(self._load())
        for node_id in forget:
            known.pop(node_id, None)
        known.update({node_id: [list(place) for place in found] for node_id, found in places.items()})
        if self._cache is not None and known != self._load():
            self._cache.set(_KEY, known)
            self._known = known
