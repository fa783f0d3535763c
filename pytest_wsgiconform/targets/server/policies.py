"""Declared policies: what a server chose where the standard leaves a choice. Facts, never faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...rules.records.server import ServerRun

Read = Callable[[ServerRun], str]


def policies_of(runs: Mapping[str, ServerRun]) -> dict[str, str]:
    """Return the choices that the *runs* made so far show, by their names."""
    chosen = {}
    for name, stimulus, read in POLICIES:
        run = runs.get(stimulus)
        choice = read(run) if run is not None else ""
        if choice:
            chosen[name] = choice
    return chosen


def policy_lines(runs: Mapping[str, ServerRun]) -> list[str]:
    """Return one line per choice that the *runs* made so far show."""
    return [f"{name}: {choice}" for name, choice in policies_of(runs).items()]


def _delimited(run: ServerRun) -> str:
    """How a response of unknown length is delimited."""
    response = next(iter(run.finals), None)
    return (
        ""
        if response is None
        else {"close": "by closing", "length": "by a length it worked out"}.get(response.framing, response.framing)
    )


def _bodiless(run: ServerRun) -> str:
    """What becomes of a body that the app gives with a 204."""
    response = next(iter(run.finals), None)
    if response is None:
        return ""
    return f"answers {response.status}" if response.status != 204 else "sends none"


def _refusal(run: ServerRun) -> str:
    response = next(iter(run.finals), None)
    if response is None:
        return "closes without an answer" if run.connection.closed_by_server else ""
    return f"answers {response.status}"


def _chunked_body(run: ServerRun) -> str:
    call = run.called("first")
    if call is None:
        return _refusal(run)
    terminated = call.environ.get("wsgi.input_terminated")
    length = call.environ.get("CONTENT_LENGTH")
    told = f"CONTENT_LENGTH {length!r}" if length is not None else "no CONTENT_LENGTH"
    return f"decoded, {told}, wsgi.input_terminated {terminated!r}" if call.body else f"not given to the app, {told}"


def _read_ahead(run: ServerRun) -> str:
    call = run.called("first")
    if call is None:
        return ""
    # The head and three pieces of the body; what follows is another request. A server that reads first calls the app in
    # the very moment in which the last piece arrives, so it is the piece before that the call is compared with.
    body_sent = [step.at for step in run.connection.sent if step.what == "data"][:4]
    return "before the app is called" if len(body_sent) == 4 and call.at >= body_sent[-2] else "on demand"


def _error_after_start(run: ServerRun) -> str:
    response = next(iter(run.finals), None)
    if response is None:
        return "closes without an answer"
    return "the response is cut short" if not response.complete or response.framing == "close" else "it is completed"


POLICIES: tuple[tuple[str, str, Read], ...] = (
    ("a response without Content-Length is delimited (HTTP/1.1)", "body:delimited-11", _delimited),
    ("a response without Content-Length is delimited (HTTP/1.0)", "body:delimited-10", _delimited),
    ("a body that comes with a 204", "bodiless:data-204", _bodiless),
    ("a chunked request body", "input:chunked", _chunked_body),
    ("a request body is read", "input:fills", _read_ahead),
    ("an app that raises after its first block", "exc:partial-text", _error_after_start),
)
