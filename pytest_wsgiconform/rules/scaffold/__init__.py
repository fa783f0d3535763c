"""Write a new rule: its card, the stub of a stimulus and corpus entries. ``python -m pytest_wsgiconform.rules new``."""
