"""A complete ``wsgiref``, built anew: the modules, names and behaviours the standard library documents.

``util``, ``headers``, ``handlers``, ``simple_server``, ``validate`` and ``types`` are drop-in modules:
importing from ``pytest_wsgiconform.wsgiref`` in place of ``wsgiref`` is the whole change.  They need only
the standard library. Where they are better than, or differ from, what an interpreter ships is told in
``docs/wsgiref.md``.
"""
