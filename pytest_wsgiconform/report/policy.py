"""What a project makes of the rules: levels of its own, exceptions with a reason, and what fails.

From the ini file::

    wsgi_fail_on = warning
    wsgi_levels =
        body-app-buffers = advice
        header-* = warning
    wsgi_ignore =
        status-has-reason -- the mobile client can't take it
        header-* @ shop/legacy/* -- to be deleted in spring
        * @ /old/* -- frozen
    wsgi_rules_version = 0.1
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..rules.model import Finding, Level, Rule, RuleResult, Verdict
from ..rules.registry import matches
from .places import relative

#: Levels from the one that weighs most to the one that weighs least.
ORDER: tuple[Level, ...] = (Level.ERROR, Level.WARNING, Level.ADVICE)


class PolicyError(Exception):
    """An ini value can't be used; ``str()`` of it is one clear paragraph."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """One exception.

    :param rules: globs of rule ids. :param path: a glob, or ``""`` for everywhere: of the request's path when it
        begins with a slash, else of the finding's file relative to the root. :param reason: why, ``""`` when not given.
    """

    rules: tuple[str, ...]
    path: str = ""
    reason: str = ""

    def covers(self, rule: str) -> bool:
        """Whether the exception is about *rule*, wherever."""
        return matches(rule, self.rules)


def parse_ignore(lines: Iterable[str]) -> list[Ignore]:
    """Read the lines of ``wsgi_ignore``: ``GLOB, GLOB @ PATH -- reason``, path and reason being optional.

    :raises PolicyError: for a line without a glob, or one with a path and no reason.
    """
    found = []
    for line in lines:
        if not line.strip():
            continue
        scope, _, reason = line.partition(" -- ")
        globs, at, path = scope.partition("@")
        rules = tuple(glob.strip() for glob in globs.split(",") if glob.strip())
        if not rules or (at and not path.strip()):
            raise PolicyError(
                f"wsgi_ignore: {line.strip()!r} is not understood; write 'RULES', 'RULES -- reason' or "
                "'RULES @ PATH -- reason', where RULES are rule ids or globs with commas between"
            )
        if at and not reason.strip():
            raise PolicyError(f"wsgi_ignore: {line.strip()!r} gives no reason; write it behind ' -- '")
        found.append(Ignore(rules, path.strip(), reason.strip()))
    return found


def parse_levels(lines: Iterable[str], known: Iterable[str]) -> dict[str, Level]:
    """Read the lines of ``wsgi_levels``: ``GLOB = LEVEL``; later lines win.

    :param known: the ids of the catalogue.
    :returns: the changed level by rule id.
    :raises PolicyError: for a line that isn't understood, a level that isn't one, a glob that matches no rule.
    """
    rules = list(known)
    levels: dict[str, Level] = {}
    for line in lines:
        if not line.strip():
            continue
        glob, equals, name = (part.strip() for part in line.partition("="))
        if not equals or name not in {level.value for level in Level}:
            raise PolicyError(
                f"wsgi_levels: {line.strip()!r} is not understood; write 'RULE = LEVEL' with one of the levels "
                f"{', '.join(ORDER)}"
            )
        matching = [rule for rule in rules if matches(rule, (glob,))]
        if not matching:
            raise PolicyError(f"wsgi_levels: no rule matches {glob!r}")
        levels.update(dict.fromkeys(matching, Level(name)))
    return levels


def parse_fail_on(text: str) -> Level:
    """Read ``wsgi_fail_on``; empty means ``error``.

    :raises PolicyError: when *text* names no level.
    """
    try:
        return Level(text.strip() or "error")
    except ValueError:
        raise PolicyError(f"wsgi_fail_on is {text!r}; it must be one of {', '.join(ORDER)}") from None


def parse_version(text: str, newest: str) -> tuple[int, ...] | None:
    """Read ``wsgi_rules_version``: ``MAJOR.MINOR`` of a release whose rules are the ones that count.

    :param newest: the version of this plugin. :returns: ``None`` for an empty text (all rules count).
    :raises PolicyError: when *text* is no version, or one that is still to come.
    """
    if not text.strip():
        return None
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", text.strip(), re.ASCII):
        raise PolicyError(f"wsgi_rules_version is {text!r}; it must be a version such as 0.1")
    version = version_tuple(text)
    if version > version_tuple(newest)[: len(version)]:
        raise PolicyError(f"wsgi_rules_version is {text}, but this is pytest-wsgiconform {newest}; upgrade it")
    return version


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``"0.10.2rc1"`` gives ``(0, 10, 2)``."""
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", text.strip(), re.ASCII)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


@dataclass(frozen=True)
class Policy:
    """What the project decided; the default is what the catalogue says.

    :param fail_on: findings of this level and of those that weigh more fail.
    :param levels: changed levels by rule id. :param ignores: exceptions.
    :param rules_version: rules that came after this version are advice, ``None`` for no pin.
    :param root: files are named relative to it.
    """

    fail_on: Level = Level.ERROR
    levels: Mapping[str, Level] = field(default_factory=dict)
    ignores: Sequence[Ignore] = ()
    rules_version: tuple[int, ...] | None = None
    root: Path | None = None

    def level(self, rule: Rule) -> Level:
        """Return the level that *rule* has here: the project's word, else advice if it is too new, else its own."""
        if rule.id in self.levels:
            return self.levels[rule.id]
        pin = self.rules_version
        if pin is not None and version_tuple(rule.since)[: len(pin)] > pin:
            return Level.ADVICE
        return rule.level

    def ignored(self, finding: Finding) -> Ignore | None:
        """Return the exception that *finding* falls under, or ``None``."""
        for ignore in self.ignores:
            if ignore.covers(finding.rule) and self._is_there(finding, ignore.path):
                return ignore
        return None

    def _is_there(self, finding: Finding, path: str) -> bool:
        if not path:
            return True
        if path.startswith("/"):
            asked = (finding.request or {}).get("path")
            return isinstance(asked, str) and fnmatch.fnmatchcase(asked, path)
        if finding.location is None:
            return False
        return fnmatch.fnmatchcase(relative(finding.location.file, self.root), path)

    def fails(self, finding: Finding) -> bool:
        """Whether *finding*, whose level is already the project's, makes the run fail."""
        return not finding.baselined and ORDER.index(finding.level) <= ORDER.index(self.fail_on)

    def judge(self, finding: Finding, rule: Rule) -> Finding | None:
        """Return *finding* with the level that it has here, or ``None`` when an exception covers it."""
        if self.ignored(finding) is not None:
            return None
        level = self.level(rule)
        return finding if level is finding.level else replace(finding, level=level)

    def apply(self, result: RuleResult, rule: Rule) -> RuleResult:
        """Return *result* as the project sees it: levels changed, exceptions left out.

        When exceptions cover all that was found, the verdict is ``not-applicable`` and the reason says which: the
        rule is broken, so it must not count as held.
        """
        kept = [judged for finding in result.findings if (judged := self.judge(finding, rule)) is not None]
        if result.findings and not kept:
            ignore = self.ignored(result.findings[0])
            why = ignore.reason if ignore is not None and ignore.reason else "no reason given"
            reason = f"ignored by wsgi_ignore: {why}"
            return replace(result, verdict=Verdict.NOT_APPLICABLE, findings=(), reason=reason)
        return replace(result, findings=tuple(kept))

    @property
    def version_text(self) -> str:
        """The version of the rules as text, ``""`` when none is set."""
        return ".".join(map(str, self.rules_version or ()))
