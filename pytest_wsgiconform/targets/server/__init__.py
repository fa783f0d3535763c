"""Servers under test: starting and stopping them, talking to them, and judging both ends."""
