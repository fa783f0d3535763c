"""Which duties came with HTTP/1.1, and whether a server claims that version."""

from __future__ import annotations

from ..model import Rule
from ..records.server import ServerRun

#: Clauses about what HTTP/1.1 added to HTTP/1.0: transfer codings, the demand for Host, targets in absolute form,
#: persistence by default, pipelining, expectations, upgrades; and the blank before a colon, which RFC 1945 (section
#: 2.1, implied *LWS) let pass.
ADDED_BY_HTTP11 = frozenset(
    {
        "http-expect-10-exempt",
        "http-expect-final-may",
        "http-expect-not-wait",
        "http-expect-read-blocks",
        "http-expect-supported",
        "http-server-decodes-te",
        "rfc-absolute-form",
        "rfc-absolute-form-host",
        "rfc-chunk-data-end",
        "rfc-chunk-ext-ignored",
        "rfc-chunk-ext-limit",
        "rfc-chunk-ext-line-break",
        "rfc-chunk-incomplete",
        "rfc-chunk-size-invalid",
        "rfc-chunk-size-overflow",
        "rfc-chunked-decoded",
        "rfc-chunked-input-terminated",
        "rfc-chunked-no-content-length",
        "rfc-close-announced",
        "rfc-continue-once",
        "rfc-continue-unread",
        "rfc-expect-unknown",
        "rfc-host-invalid",
        "rfc-host-missing",
        "rfc-host-repeated",
        "rfc-no-framing-no-body",
        "rfc-persist-close",
        "rfc-persist-default",
        "rfc-pipeline-order",
        "rfc-smuggle-cl-te",
        "rfc-smuggle-te-cl",
        "rfc-smuggle-te-te",
        "rfc-space-before-colon",
        "rfc-te-case-insensitive",
        "rfc-te-http10",
        "rfc-te-unknown",
        "rfc-trailers-consumed",
        "rfc-trailers-not-merged",
        "rfc-upgrade-ignored",
    }
)


def claims_http11(run: ServerRun) -> bool:
    """Whether the server claims HTTP/1.1, by the version that it answered an ordinary HTTP/1.1 request with.

    A server sends the highest version that it conforms to, and none that it doesn't (RFC 9110 section 6.2). Garbage and
    silence claim nothing less: only a plain ``HTTP/1.0`` does.
    """
    versions = {response.version for response in run.connection.finals}
    return versions != {"HTTP/1.0"}


def needs_http11(rule: Rule) -> bool:
    """Whether *rule* is about nothing but what HTTP/1.1 added."""
    return bool(rule.clauses) and ADDED_BY_HTTP11.issuperset(rule.clauses)
