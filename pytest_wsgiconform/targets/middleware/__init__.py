"""Middleware under test: loading, wrapping, and judging both faces."""
