"""Rules that judge one event as it passes: they see ordinary traffic too, on both sides of the boundary."""

from __future__ import annotations

#: The files that define rules here, in the catalogue's order.
MODULES: tuple[str, ...] = (
    "call",
    "environ_required",
    "environ_path",
    "environ_values",
    "environ_text",
    "input_stream",
    "error_stream",
    "start_response",
    "status_code",
    "status",
    "headers",
    "exc_info",
    "body",
    "close",
    "write",
    "file_wrapper",
    "http_response",
    "hop_by_hop",
    "http_headers",
    "http_body",
)
