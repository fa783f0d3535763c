"""The test client: WebTest's, its own lint replaced by the validator."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from http.cookiejar import Cookie
from io import BytesIO, StringIO
from typing import Any

import webtest
from webtest import utils

from ..environ import build_environ

#: Variables that a server should set and WebTest does not.
_CGI_VARIABLES = ("REMOTE_ADDR", "REMOTE_PORT", "SERVER_SOFTWARE", "GATEWAY_INTERFACE")

#: A path in which nothing is to be split off, decoded or normalised.
_PLAIN_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~/-]*", re.ASCII)
#: What WebOb makes of such a path, without what belongs to one request.
_BLANK = webtest.TestRequest.blank("/").environ


class Client(webtest.TestApp):  # type: ignore[misc]  # WebTest has no types
    """A :class:`webtest.TestApp` that doesn't lint, for an application that is validated already.

    :param app: the WSGI application, validated or not.
    :param extra_environ: variables for every request; they go before the client's own.
    :param options: as for :class:`webtest.TestApp`; ``lint=True`` adds WebTest's lint again.
    """

    def __init__(self, app: Callable[..., Any], extra_environ: Mapping[str, Any] | None = None, **options: Any) -> None:
        usual = build_environ()
        variables = {name: usual[name] for name in _CGI_VARIABLES}
        options.setdefault("lint", False)
        super().__init__(app, extra_environ={**variables, **(extra_environ or {})}, **options)

    def open_session(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Send the header *pairs* of a session with every request; its cookies become those of the client."""
        for name, value in pairs:
            variable = name.upper().replace("-", "_")
            if variable == "COOKIE":
                for part in value.split(";"):
                    key, _, content = part.strip().partition("=")
                    self.cookiejar.set_cookie(_cookie(key, content))
            elif variable in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                self.extra_environ[variable] = value
            else:
                self.extra_environ[f"HTTP_{variable}"] = value

    def get(self, url: Any, *args: Any, **options: Any) -> Any:
        """Do a GET request; arguments and return value as of :meth:`webtest.TestApp.get`."""
        if args or options or type(url) is not str or self.RequestClass is not webtest.TestRequest:
            return super().get(url, *args, **options)
        if not _PLAIN_PATH.fullmatch(url):
            return super().get(url)
        # The commonest request by far, made without the detours over a URL and its parts.
        environ = {**_BLANK, "PATH_INFO": url, "wsgi.input": BytesIO(), **self._make_environ(), "QUERY_STRING": ""}
        return self.do_request(webtest.TestRequest(environ))

    def do_request(self, req: Any, status: Any = None, expect_errors: bool | None = None) -> Any:
        """Execute the request *req* and return the response, as :meth:`webtest.TestApp.do_request` does.

        The same steps, without those that can't have an effect: looking for cookies in an empty jar, and for new ones
        in a response that sets none.

        :param req: a :class:`webtest.TestRequest`.
        :param status: the expected status, as for :meth:`webtest.TestApp.get`; ``None`` for any from 200 to 399.
        :param expect_errors: take any status, and output on ``wsgi.errors``.
        :raises webtest.AppError: for another status, or unexpected output on ``wsgi.errors``.
        """
        if self.lint:
            return super().do_request(req, status, expect_errors)
        environ = req.environ
        errors = environ["wsgi.errors"] = StringIO()
        script_name = environ.get("SCRIPT_NAME", "")
        if script_name and req.path_info.startswith(script_name):
            req.path_info = req.path_info[len(script_name) :]
        variables: dict[str, Any] = {}
        environ["paste.testing"], environ["paste.testing_variables"] = True, variables
        if len(self.cookiejar._cookies):
            self.cookiejar.add_cookie_header(utils._RequestCookieAdapter(req))
        res = req.get_response(self.app, catch_exc_info=True)
        self._complete(res, req, errors)
        for name, value in environ["paste.testing_variables"].items():
            if hasattr(res, name):
                raise ValueError(f"paste.testing_variables contains {name!r}, which the response object has already")
            setattr(res, name, value)
        if not expect_errors:
            self._check_status(status, res)
            self._check_errors(res)
        if "set-cookie" in [name.lower() for name, _ in res.headerlist]:
            self.cookiejar.extract_cookies(utils._ResponseCookieAdapter(res), utils._RequestCookieAdapter(req))
        return res

    def _complete(self, res: Any, req: Any, errors: StringIO) -> None:
        """Read the body to its end, undo its content coding, and give the response its attributes."""
        res.decode_content()
        res._use_unicode = self.use_unicode
        res.request, res.app, res.test_app = req, self.app, self
        _ = res.body
        res.errors = errors.getvalue()


def _cookie(name: str, value: str) -> Cookie:
    """Return a cookie for the client's own host, as WebTest makes them; *value* is sent as it is."""
    return Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=".localhost",
        domain_specified=True,
        domain_initial_dot=False,
        path="/",
        path_specified=True,
        secure=False,
        expires=None,
        discard=False,
        comment=None,
        comment_url=None,
        rest={},
    )
