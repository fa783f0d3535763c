"""Which duties came with HTTP/1.1, and whether a server claims that version."""

from __future__ import annotations

from ..clauses import clauses
from ..model import Rule
from ..records.server import ServerRun


def claims_http11(run: ServerRun) -> bool:
    """Whether the server claims HTTP/1.1, by the version that it answered an ordinary HTTP/1.1 request with.

    A server sends the highest version that it conforms to, and none that it doesn't (RFC 9110 section 6.2). Garbage and
    silence claim nothing less: only a plain ``HTTP/1.0`` does.
    """
    versions = {response.version for response in run.connection.finals}
    return versions != {"HTTP/1.0"}


def needs_http11(rule: Rule) -> bool:
    """Whether *rule* is about nothing but what HTTP/1.1 added."""
    return bool(rule.clauses) and all(clauses()[name].added_by == "HTTP/1.1" for name in rule.clauses)
