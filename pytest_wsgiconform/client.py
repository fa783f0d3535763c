"""The test client: WebTest's, its own lint replaced by the validator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import webtest

from .environ import build_environ

#: Variables that a server should set and WebTest does not.
_CGI_VARIABLES = ("REMOTE_ADDR", "REMOTE_PORT", "SERVER_SOFTWARE", "GATEWAY_INTERFACE")


class Client(webtest.TestApp):  # type: ignore[misc]  # WebTest has no types
    """A :class:`webtest.TestApp` that doesn't lint, for an application that is validated already.

    :param app: the WSGI application, validated or not.
    :param extra_environ: variables for every request; they go before the client's own.
    :param options: as for :class:`webtest.TestApp`.
    """

    def __init__(self, app: Callable[..., Any], extra_environ: Mapping[str, Any] | None = None, **options: Any) -> None:
        usual = build_environ()
        variables = {name: usual[name] for name in _CGI_VARIABLES}
        options.setdefault("lint", False)
        super().__init__(app, extra_environ={**variables, **(extra_environ or {})}, **options)
