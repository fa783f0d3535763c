"""The terminal summary: what is broken, whose fault it is, where, and what to do about it.

Everything that comes from the target goes through :func:`pytest_wsgiconform.rules.display.clean`.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..naming import Target
from ..rules.display import clean, plain, shorten
from ..rules.model import Level, Verdict
from ..rules.records.reach import LOGIN_PAGE, TargetReach
from .document import Record, clause_totals
from .failure_text import details, place, sentence
from .policy import ORDER
from .reached import capitalised, not_judged, too_little

#: How the levels look.
_MARKUP: dict[Level, dict[str, bool]] = {
    Level.ERROR: {"red": True, "bold": True},
    Level.WARNING: {"yellow": True, "bold": True},
    Level.ADVICE: {"cyan": True},
}

#: At most so many places of one broken rule are shown, unless -v asks for all.
_PLACES = 3


class ShortFailure:
    """A failure as the FAILURES section of a terminal shows it when the summary tells the rest."""

    class _Crash:
        def __init__(self, message: str) -> None:
            self.message = message

    def __init__(self, record: Record) -> None:
        first, *more = sorted(record.findings, key=lambda finding: ORDER.index(finding.level))
        text = sentence(first)
        if first.location is not None:
            text = f"{place(first.location)}: {text}"
        self.text = f"{text} (and {len(more)} more)" if more else text
        #: Read by pytest for its one-line summary of each failure.
        self.reprcrash = self._Crash(sentence(first))

    def toterminal(self, terminal: Any) -> None:
        terminal.line(self.text)

    def __str__(self) -> str:
        return self.text


def write_summary(
    reporter: Any,
    records: Sequence[Record],
    facts: Mapping[Target, Sequence[str]],
    messages: Iterable[str],
    reach: Mapping[Target, TargetReach] | None = None,
    ended: str = "",
) -> None:
    """Write the summary of every judged target.

    :param reporter: pytest's terminal reporter. :param records: one per target and rule.
    :param facts: lines to show of each target. :param messages: lines at the end.
    :param reach: what was reached of each target.
    :param ended: why the run ended before all was played, ``""`` when it did not: nothing is green then.
    """
    reach = reach or {}
    by_target: dict[Target, list[Record]] = {target: [] for target in reach}
    for record in records:
        by_target.setdefault(record.target, []).append(record)
    writer = _Writer(reporter, ended)
    for target, own in by_target.items():
        own.sort(key=lambda record: record.order)
        writer.target(target, own, facts.get(target, ()), reach.get(target, TargetReach(judged=True)))
    if not by_target:
        reporter.write_sep("=", "WSGI conformance")
    for message in messages:
        writer.text(clean(message), break_words=False)  # a path in two pieces can't be copied


class _Writer:
    """Writes wrapped and coloured lines. :ivar all: show everything (``-v``). :ivar ended: see write_summary."""

    def __init__(self, reporter: Any, ended: str = "") -> None:
        self.reporter, self.ended = reporter, ended
        self.width = max(40, min(reporter.config.get_terminal_writer().fullwidth, 120))
        self.all = reporter.config.getoption("verbose", 0) > 0

    def text(self, text: str, indent: str = "", *, break_words: bool = True, **markup: bool) -> None:
        for line in textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=break_words,
        ):
            self.reporter.write_line(line, **markup)

    def target(self, target: Target, records: list[Record], facts: Sequence[str], reach: TargetReach) -> None:
        self.reporter.write_sep("=", f"WSGI conformance: {target.kind} {clean(target.name)}")
        self._verdict(target, records, reach)
        if records:
            self._totals(target, records)
        if reach.judged and reach.enough and not reach.missed and reach.routes:
            self.text(clean(reach.count()))
        self._excluded(reach)
        for fact in facts:
            self.text(clean(fact))
        # What was not exercised because nothing was reached is the whole catalogue.
        if self.reporter.config.getoption("verbose", 0) >= (0 if reach.judged else 1):
            self._unsettled(records)
        # What has to be mended comes last, nearest to where people begin to read.
        broken = [record for record in records if record.verdict is Verdict.BROKEN]
        for level in ORDER:
            for record in broken:
                if _level(record) is level:
                    self._broken(record, level)

    def _excluded(self, reach: TargetReach) -> None:
        """Name the routes that count for nothing because others lead to them for a login."""
        pages = [clean(route.path) for route in reach.routes if route.why == LOGIN_PAGE]
        if pages:
            self.text(f"{', '.join(pages)}: login page")

    def _verdict(self, target: Target, records: list[Record], reach: TargetReach) -> None:
        """Say in a line how it went, for people who read no further."""
        if not reach.judged:
            self.text(f"{capitalised(not_judged(target, reach))}.", red=True, bold=True)
            self._found_all_the_same(records)
            return
        if not reach.enough:
            self.text(f"{capitalised(too_little(target, reach))}.", red=True, bold=True)
        missed = f" {clean(reach.count())}." if reach.missed and reach.enough else ""
        self._conforms(records, missed)

    def _found_all_the_same(self, records: list[Record]) -> None:
        counts = _told(records)
        if counts:
            self.text(f"What was found broken all the same: {', '.join(counts)}.", red=True, bold=True)

    def _conforms(self, records: list[Record], missed: str) -> None:
        """Say what was found. :param missed: a sentence on routes that were not reached, ``""`` for none."""
        new = [_level(r) for r in records if r.verdict is Verdict.BROKEN and not _known(r)]
        told = _told(records)
        good = functools.partial(self.text, green=not missed, yellow=bool(missed), bold=True)
        if Level.ERROR in new:
            kind = records[0].target.kind
            self.text(f"The {kind} does not conform: {', '.join(told)}.{missed}", red=True, bold=True)
        elif Level.WARNING in new:
            self.text(f"No error, but {', '.join(told)}.{missed}", yellow=True, bold=True)
        elif not any(r.verdict in (Verdict.HELD, Verdict.BROKEN) for r in records):
            why = f": {self.ended}" if self.ended else ""
            self.text(f"Nothing could be judged: no rule was put to the test{why}.{missed}", yellow=True, bold=True)
        elif self.ended:
            self.text(f"No fault found in what was played; but {self.ended}.{missed}", yellow=True, bold=True)
        elif len(new) < sum(r.verdict is Verdict.BROKEN for r in records):
            good(f"Nothing new: what is broken is known (baseline).{missed}")
        else:
            good(f"No fault found{f', {told[0]}' if told else ''}.{missed}")

    def _totals(self, target: Target, records: list[Record]) -> None:
        broken = [record for record in records if record.verdict is Verdict.BROKEN]
        # The line above says "no fault" when there is nothing but advice; this one must not say "broken" then.
        advised = sum(_level(record) is Level.ADVICE for record in broken)
        counts = [(len(broken) - advised, "broken"), (advised, "with advice")]
        counts += [(sum(r.verdict is verdict for r in records), word) for verdict, word in _NOT_BROKEN.items()]
        self.text(
            f"{len(records)} {'rule' if len(records) == 1 else 'rules'}: "
            + ", ".join(f"{count} {word}" for count, word in counts if count)
        )
        totals = clause_totals(records, {target.kind})
        self.text(
            f"{totals.total} clauses bind it: {totals.held} held, {totals.broken} broken, "
            f"{totals.not_exercised} not exercised, {totals.unobservable} that nobody can observe"
        )

    def _broken(self, record: Record, level: Level) -> None:
        findings = record.findings
        known = _known(record)
        self.reporter.write_line("")
        self.reporter.write(level.value.upper(), **_MARKUP[level])
        self.reporter.write(f"  {record.rule}", bold=True)
        blamed = " and the ".join(sorted({finding.blame.value for finding in findings}))
        whose = f"for the {blamed}" if level is Level.ADVICE else f"the {blamed}'s fault"
        self.reporter.write_line(f"  {whose}{', known (baseline)' if known else ''}")
        shown = findings if self.all else findings[:_PLACES]
        for finding in shown:
            self.text(sentence(finding), "  ")
            for line in details(finding):
                if line.startswith(" "):  # source text: cut, for wrapped code is no code
                    self.reporter.write_line(shorten_to("      " + line.strip(), self.width))
                else:
                    self.text(line, "    ")
        if len(findings) > len(shown):
            self.text(f"... and {len(findings) - len(shown)} more places (-v shows all)", "  ")
        self.text(f"to do: {plain(record.hint)}", "  ", green=True)

    def _unsettled(self, records: list[Record]) -> None:
        for verdict, title in _UNSETTLED.items():
            own = [record for record in records if record.verdict is verdict]
            if not own:
                continue
            self.reporter.write_line("")
            self.text(f"{title}: {len(own)}", bold=True)
            reasons: dict[str, list[str]] = {}
            for record in own:
                reasons.setdefault(record.reason, []).append(record.rule)
            for reason, rules in reasons.items():
                why = f"{shorten(clean(reason))}: " if reason else ""
                self.text(f"{why}{', '.join(rules)}", "  ")


def shorten_to(text: str, width: int) -> str:
    """Return *text* cut to *width* characters, the last three dots when something is gone."""
    return text if len(text) <= width else text[: width - 3] + "..."


_NOT_BROKEN = {
    Verdict.HELD: "held",
    Verdict.NOT_EXERCISED: "not exercised",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.INCONCLUSIVE: "inconclusive",
}
_UNSETTLED = {
    Verdict.INCONCLUSIVE: "inconclusive (seen once, not again)",
    Verdict.NOT_EXERCISED: "not exercised (nothing that happened could have broken these)",
    Verdict.NOT_APPLICABLE: "not applicable",
}


def _told(records: Iterable[Record]) -> list[str]:
    """Return how many rules of each level are broken by something new, worst first."""
    new = [_level(record) for record in records if record.verdict is Verdict.BROKEN and not _known(record)]
    return [_count(new.count(level), level) for level in ORDER if level in new]


def _known(record: Record) -> bool:
    """Tell whether the baseline knows all that was found."""
    return all(finding.baselined for finding in record.findings)


def _count(number: int, level: Level) -> str:
    if level is Level.ADVICE:
        return f"{number} {'piece' if number == 1 else 'pieces'} of advice"
    return f"{number} {level}" if number == 1 else f"{number} {level}s"


def _level(record: Record) -> Level:
    """Return the level of the worst finding."""
    return min((finding.level for finding in record.findings), key=ORDER.index)
