"""Watching: the validator between the two sides (WSGI), and the byte-exact client (wire)."""
