"""A pytest plugin: puts the class behind ``wsgi_client`` in the place of WebTest's ``TestApp``, its app validated.

What is found goes, one line of JSON each, to the file that ``WSGICONFORM_FOUND`` names.
"""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import webtest
    import webtest.app

    from pytest_wsgiconform.observe.validator import Validator
    from pytest_wsgiconform.testing.client import Client


def _found(finding: Any) -> None:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    with open(os.environ["WSGICONFORM_FOUND"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"test": test, **finding.to_dict()}) + "\n")


class ValidatedClient(Client):
    """What the fixture gives, with the constructor of :class:`webtest.TestApp`."""

    def __init__(self, app: Any, *args: Any, **options: Any) -> None:
        super().__init__(app, *args, **options)
        if not isinstance(self.app, Validator) and not hasattr(self.app, "href"):
            self.app = Validator(self.app, _found)


webtest.TestApp = webtest.app.TestApp = ValidatedClient
