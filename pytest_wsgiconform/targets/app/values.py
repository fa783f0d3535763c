"""The values that the user gives to arguments of routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product

from ...rules.display import clean

#: How many routes the values of arguments make out of one pattern.
_MOST_ROUTES = 20


class Values:
    """The values that the user gives to arguments of routes.

    :param pairs: name and value of each; several of one name are taken in turn.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._given: dict[str, list[str]] = {}
        for name, value in pairs:
            self._given.setdefault(name, []).append(value)
        self.used: set[str] = set()
        self.cut: set[str] = set()

    def combinations(self, names: Iterable[str], template: str) -> Iterator[dict[str, str]]:
        """Give the values of those of *names* that have one, in each combination: at least one, perhaps empty."""
        known = [name for name in dict.fromkeys(names) if name in self._given]
        self.used.update(known)
        chosen = product(*(self._given[name] for name in known))
        for values in islice(chosen, _MOST_ROUTES):
            yield dict(zip(known, values, strict=True))
        if next(chosen, None) is not None:
            self.cut.add(template)

    def notes(self) -> list[str]:
        """Say which values no route has an argument for, and where they made too many routes."""
        unused = [name for name in self._given if name not in self.used]
        return [f"--wsgi-value={clean(name)}=...: no route has an argument of this name" for name in unused] + [
            f"{clean(template)}: only the first {_MOST_ROUTES} combinations of --wsgi-value" for template in self.cut
        ]
