"""What is said after a draft is written: what is left to do, place by place, and how to test it."""

from __future__ import annotations

from .draft import Draft
from .order import Order
from .templates import MARK

_MODELS = {
    "event": "status-has-reason in rules/events/status.py",
    "app": "content-coding-acceptable in rules/app/http.py",
    "middleware": "close-forwarded-when-stopped in rules/middleware/close.py",
    "server-wsgi": "close-called-after-error in rules/server/wsgi/close.py",
    "server-wire": "host-missing-refused in rules/server/wire/host.py",
}
_CORPUS_TESTS = {
    "event": "tests/targets/app",
    "app": "tests/targets/app",
    "middleware": "tests/targets/middleware",
    "server-wsgi": "tests/targets/server",
    "server-wire": "tests/targets/server",
}


def report(order: Order, made: Draft) -> str:
    """Return the list of what is left to do for *order*."""
    places = made.places(order.id)
    files = sorted({place.path.as_posix() for place in places})
    lines = [f"{order.id}: a draft in {len(files)} files. Left to do, each marked {MARK}({order.id}):", ""]
    lines += [f"  {place}" for place in places]
    lines += ["", f"A card to look at: {_MODELS[order.kind]}."]
    if order.kind == "event" and not (order.header or order.variable):
        lines.append(
            "Say what it looks at, as headers=, statuses= or environ=, for the fast path: see Looks in rules/kinds.py."
        )
    lines += [
        f"The level is {order.level}; that is what {', '.join(order.clauses)} bears.",
        "",
        "Test it, until all of it passes:",
        f"  .venv/bin/python -m pytest tests/rules {_CORPUS_TESTS[order.kind]} -k '{order.id} or {order.name}'",
        "  make lint",
    ]
    return "\n".join(lines)
