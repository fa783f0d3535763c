"""The catalogue of rules: what must hold at the WSGI boundary, clause by clause.

Needs only the standard library. Start with :mod:`~pytest_wsgiconform.rules.model` for the words.
"""
