"""The fixtures. ``pytest --fixtures`` shows their docstrings: they are the manual."""
