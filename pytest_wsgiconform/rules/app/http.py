"""Conditions, ranges, codings and negotiation, answered as HTTP says."""

from __future__ import annotations

import gzip
import re
import zlib

from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun, ExchangeRecord
from ..registry import app_rule
from .compare import differences, echoes, was_answered

SECTION = "http"


@app_rule(
    id="not-modified-keeps-fields",
    level=Level.ERROR,
    clauses=("rfc-app-304-fields",),
    stimuli=("conditional",),
    hint="Set Cache-Control, Content-Location, ETag, Expires and Vary before you decide between 200 and 304.",
    since="0.1",
)
def not_modified_keeps_fields(run: AppRun) -> Outcome:
    """A 304 carries the cache fields that the 200 would have had.

    A cache replaces what it stored by what the 304 says (RFC 9110 section 15.4.5: Cache-Control, Content-Location,
    Date, ETag, Expires and Vary): without Vary or Cache-Control it serves the wrong page to the wrong client later.
    """
    full = run.labelled("get")
    if not full or any(not was_answered(record) or record.code != 200 for record in full):
        return None
    exercised = False
    for label in ("If-None-Match itself", "If-Modified-Since itself"):
        record = run.exchange(label)
        if record is None or record.code != 304:
            continue
        exercised = True
        for name in ("Cache-Control", "Content-Location", "ETag", "Expires", "Vary"):
            if all(other.header(name) for other in full) and not record.header(name):
                return fault(
                    f"the 304 to {label.removesuffix(' itself')} lacks {name}, which the 200 has",
                    expected=f"{name}: {full[0].header(name)[0]}",
                    exchange=label,
                    location=record.start_location,
                )
    return HELD if exercised else None


@not_modified_keeps_fields.bad
def _(environ, start_response):
    if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
        start_response("304 Not Modified", [("ETag", '"v1"')])
        return []
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", '"v1"'), ("Cache-Control", "private")])
    return [b"hello"]


@not_modified_keeps_fields.good
def _(environ, start_response):
    fields = [("ETag", '"v1"'), ("Cache-Control", "private")]
    if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
        start_response("304 Not Modified", fields)
        return []
    start_response("200 OK", [*fields, ("Content-Type", "text/plain")])
    return [b"hello"]


@app_rule(
    id="validators-honoured",
    level=Level.ADVICE,
    clauses=("http-app-validates",),
    stimuli=("conditional",),
    hint="Compare If-None-Match with the ETag (or If-Modified-Since with the date), and answer 304.",
    since="0.1",
)
def validators_honoured(run: AppRun) -> Outcome:
    """A request that carries the validator of the current response gets a 304.

    Servers leave validation to the application (PEP 3333, "Other HTTP Features"). Sending an ETag and never looking at
    If-None-Match costs the work of making it and saves none.
    """
    full = run.labelled("get")
    if len(full) < 3 or any(not was_answered(record) or record.code != 200 for record in full):
        return None
    exercised = False
    for name, field in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
        record = run.exchange(f"{field} itself")
        # A validator that changed meanwhile belongs to something else.
        if record is None or len({tuple(other.header(name)) for other in full}) != 1:
            continue
        exercised = True
        if record.code == 200:
            return fault(
                f"{field} with the response's own {name} got a 200",
                got="200",
                expected="304",
                exchange=record.label,
                location=record.start_location,
            )
    return HELD if exercised else None


@validators_honoured.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", '"v1"')])
    return [b"hello"]


@validators_honoured.good
def _(environ, start_response):
    if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
        start_response("304 Not Modified", [("ETag", '"v1"')])
        return []
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", '"v1"')])
    return [b"hello"]


_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@app_rule(
    id="range-bytes-as-whole",
    level=Level.ERROR,
    clauses=("http-app-ranges", "rfc-app-content-range"),
    stimuli=("range",),
    hint="Send exactly the bytes that Content-Range names; leave ranges alone if in doubt and answer 200.",
    since="0.1",
)
def range_bytes_as_whole(run: AppRun) -> Outcome:
    """The bytes of a 206 are those of the whole response at that place.

    Downloads are put together from ranges; bytes from another place make a broken file without any error message (RFC
    9110 sections 14.4 and 15.3.7). Servers leave ranges to the application (PEP 3333, "Other HTTP Features").
    """
    whole = run.labelled("whole")
    if len(whole) < 2 or any(not was_answered(r) or r.code != 200 or r.size != len(r.body) for r in whole):
        return None
    if whole[0].body != whole[-1].body or whole[0].header("Content-Encoding"):
        return None
    exercised = False
    for record in run.exchanges:
        match = _CONTENT_RANGE.fullmatch(record.header("Content-Range")[0]) if _is_one_part(record) else None
        if match is None:
            continue
        exercised = True
        found = _compare_range(record, whole[0].body, *match.groups())
        if found:
            return found
    return HELD if exercised else None


def _is_one_part(record: ExchangeRecord) -> bool:
    return was_answered(record) and record.code == 206 and len(record.header("Content-Range")) == 1


def _compare_range(record: ExchangeRecord, whole: bytes, first: str, last: str, total: str) -> Outcome:
    expected = whole[int(first) : int(last) + 1]
    if record.body != expected:
        return fault(
            f"bytes {first}-{last} of the 206 are not those of the 200",
            got=repr(record.body[:60]),
            expected=repr(expected[:60]),
            exchange=record.label,
            location=record.start_location,
        )
    if total != "*" and int(total) != len(whole):
        return fault(
            f"Content-Range gives {total} bytes as the whole, which has {len(whole)}",
            got=total,
            expected=str(len(whole)),
            exchange=record.label,
            location=record.start_location,
        )
    return HELD


@range_bytes_as_whole.bad
def _(environ, start_response):
    page = b"0123456789"
    asked = environ.get("HTTP_RANGE")
    if asked == "bytes=1-3":
        start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes 1-3/10")])
        return [page[0:3]]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [page]


@range_bytes_as_whole.good
def _(environ, start_response):
    page = b"0123456789"
    asked = environ.get("HTTP_RANGE")
    if asked == "bytes=1-3":
        start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes 1-3/10")])
        return [page[1:4]]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [page]


@app_rule(
    id="content-coding-acceptable",
    level=Level.WARNING,
    clauses=("http-app-content-encoding",),
    stimuli=("content-coding",),
    hint="Look at Accept-Encoding, q=0 included, before you encode; and encode what you say you encoded.",
    since="0.1",
)
def content_coding_acceptable(run: AppRun) -> Outcome:
    """A content coding is one that the client accepts, and the body really has it.

    Applications choose content codings themselves (PEP 3333, "Other HTTP Features"). A client that said identity can't
    read gzip (RFC 9110 section 12.5.3), and nobody can read a body that isn't what it is labelled as.
    """
    exercised = False
    for record in run.exchanges:
        coding = ", ".join(record.header("Content-Encoding")).strip().lower()
        if not was_answered(record) or not coding or coding == "identity" or record.method == "HEAD":
            continue
        exercised = True
        if record.label in ("identity", "no gzip") or (record.label == "gzip" and coding not in ("gzip", "x-gzip")):
            asked = record.environ.get("HTTP_ACCEPT_ENCODING", "")
            return fault(
                f"Content-Encoding is {coding}, and Accept-Encoding was {asked!r}",
                got=coding,
                exchange=record.label,
                location=record.start_location,
            )
        if not _decodes(record, coding):
            return fault(
                f"the body can't be decoded as {coding}",
                got=repr(record.body[:40]),
                exchange=record.label,
                location=record.start_location,
            )
    return HELD if exercised else None


def _decodes(record: ExchangeRecord, coding: str) -> bool:
    """Whether the body is what *coding* says; true when that can't be known."""
    if record.size != len(record.body) or not record.size:
        return True
    try:
        if coding in ("gzip", "x-gzip"):
            unpacked = zlib.decompressobj(16 + zlib.MAX_WBITS)
            unpacked.decompress(record.body, 1 << 20)
            return True
        if coding == "deflate":
            zlib.decompressobj().decompress(record.body, 1 << 20)
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile):
        return False
    return True


@content_coding_acceptable.bad
def _(environ, start_response):
    import gzip

    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")])
    return [gzip.compress(b"hello")]


@content_coding_acceptable.good
def _(environ, start_response):
    import gzip

    accepted = [part.strip() for part in environ.get("HTTP_ACCEPT_ENCODING", "").split(",")]
    if "gzip" in accepted:
        fields = [("Content-Type", "text/plain"), ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        start_response("200 OK", fields)
        return [gzip.compress(b"hello", mtime=0)]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept-Encoding")])
    return [b"hello"]


#: Statuses that a cache may keep without being asked to (RFC 9110 section 15.1).
_CACHEABLE = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})


@app_rule(
    id="vary-names-what-counts",
    level=Level.WARNING,
    clauses=("rfc-app-vary",),
    stimuli=("negotiation",),
    hint="Add the request field that the answer depends on to Vary.",
    since="0.1",
)
def vary_names_what_counts(run: AppRun) -> Outcome:
    """An answer that depends on Accept, Accept-Language or Accept-Encoding says so in Vary.

    Without it a shared cache gives the German page to the French, or gzip to a client that can't unpack it (RFC 9110
    section 12.5.5).
    """
    outcome: Outcome = None
    for label in run.labels("Accept"):
        name, _, value = label.partition(": ")
        base_label = run.labels(f"{name}: ")[0]
        base, variant = run.labelled(base_label), run.labelled(label)
        found = differences(base, variant) if label != base_label else None
        if (
            not found
            or not all(map(was_answered, variant))
            or echoes(variant, [value, f"http_{name}".replace("-", "_")])
        ):
            continue
        if not all(record.code in _CACHEABLE and _may_be_stored(record) for record in (*base, *variant)):
            continue
        changed = [difference.part for difference in found if difference.part in _CONTENT]
        if not changed:
            continue
        named = {
            part.strip().lower()
            for record in (base[0], variant[0])
            for v in record.header("Vary")
            for part in v.split(",")
        }
        if not named & {name.lower(), "*"}:
            return fault(
                f"{changed[0]} changes with {name}, and Vary does not name it",
                got=f"Vary: {', '.join(variant[0].header('Vary')) or '(absent)'}",
                expected=f"Vary: {name}",
                exchange=label,
                location=variant[0].start_location,
            )
        outcome = HELD
    return outcome


#: Parts whose change shows that another representation was chosen.
_CONTENT = ("content-type", "content-language", "content-encoding", "body")


def _may_be_stored(record: ExchangeRecord) -> bool:
    return not any("no-store" in value.lower() for value in record.header("Cache-Control"))


@vary_names_what_counts.bad
def _(environ, start_response):
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Guten Tag" if german else b"Good morning"]


@vary_names_what_counts.good
def _(environ, start_response):
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept-Language")])
    return [b"Guten Tag" if german else b"Good morning"]
