"""The pytest hooks of pytest-wsgiconform."""
