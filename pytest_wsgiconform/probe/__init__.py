"""The probe: one WSGI app that does what the request tells it, and reports what it saw.

``pytest_wsgiconform.probe:app`` runs inside the server under test. It needs the standard library only,
and Python 3.10. The request names a behaviour by its path (``/probe/<behaviour>/<token>.<label>``, see
:mod:`pytest_wsgiconform.rules.records.server`); what happens is reported over the side channel that the
environment variable ``WSGICONFORM_CHANNEL`` names, so that a broken response path hides nothing. Without
that variable the probe behaves the same and reports nothing.

The other names are the same app as other kinds of callable, for the clause that a server treats all alike.
"""

from __future__ import annotations

from .app import ProbeApp, app, app_class, app_instance, app_method, app_variant

__all__ = ["ProbeApp", "app", "app_class", "app_instance", "app_method", "app_variant"]
