"""The clauses: what PEP 3333 and the HTTP RFCs say, one statement each, by the ids that reports use.

The data stands beside this file in ``clauses.json``. An id is never reused: a clause that falls away keeps it.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources

_PEP = "https://peps.python.org/pep-3333/"
_RFC = "https://www.rfc-editor.org/rfc/"


@dataclass(frozen=True, slots=True)
class Clause:
    """One normative statement.

    :param id: short name, stable for ever; those of RFC clauses begin with ``rfc-``.
    :param part: ``"pep3333"`` or ``"http"``.
    :param section: heading of the PEP's section, or for an RFC clause ``"RFC 9112 §6.1, §6.3"``, say.
    :param anchor: fragment of the section on the PEP's page, or the RFC and section, as ``"rfc9112#section-6.1"``.
    :param level: ``must``, ``must-not``, ``should``, ``should-not``, ``may``, or ``implied`` (it follows from the
        text without standing there).
    :param binds: who has to comply: some of ``app``, ``server`` and ``middleware``.
    :param observe: the weakest means that decides it: ``passive``, ``active``, ``socket`` or ``unobservable``.
    :param says: the statement in one sentence of our own.
    :param added_by: the HTTP version that brought the duty, ``"HTTP/1.1"`` for transfer codings, the demand for Host,
        targets in absolute form, persistence by default, pipelining, expectations and upgrades, and for refusing the
        white space before a colon, which RFC 1945 (section 2.1, implied *LWS) let pass; ``""`` for one that is older.
    """

    id: str
    part: str
    section: str
    anchor: str
    level: str
    binds: tuple[str, ...]
    observe: str
    says: str
    added_by: str = ""

    @property
    def url(self) -> str:
        """The place on the web where the statement can be read."""
        return f"{_PEP}#{self.anchor}" if self.part == "pep3333" else f"{_RFC}{self.anchor}"

    @property
    def decidable(self) -> bool:
        """Whether anybody can be shown to break it: neither a permission nor out of every observer's sight."""
        return self.level != "may" and self.observe != "unobservable"


@functools.cache
def clauses() -> dict[str, Clause]:
    """Return all clauses by id: those of PEP 3333 in its order, then those of HTTP. Do not change the dict."""
    text = resources.files(__package__).joinpath("clauses.json").read_text(encoding="utf-8")
    return {row["id"]: _clause(row) for row in json.loads(text)}


def _clause(row: dict[str, str | list[str]]) -> Clause:
    data = {**row, "binds": tuple(row["binds"])}
    if "rfc" in data:
        # "9112 §6.1, 9110 §8.6": the link goes to the first place named.
        reference = str(data.pop("rfc"))
        number, section = reference.split(",", 1)[0].split(" §")
        data["section"] = f"RFC {reference.replace(', 9', ', RFC 9')}"
        data["anchor"] = f"rfc{number}#section-{section}"
    return Clause(**data)  # type: ignore[arg-type]  # the data file's types are proved by its test
