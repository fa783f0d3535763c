"""The fixtures. ``pytest --fixtures`` shows their docstrings: they are the manual."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..observe.validator import Validator
    from ..rules.model import Finding
    from ..testing.client import Client
    from ..testing.live import LiveServer


@pytest.fixture(scope="session")
def wsgi_app(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The WSGI application under test: the one that --wsgi-app (or wsgi_app in the ini file) names.

    Override it in your conftest.py to test another one; the other fixtures follow.
    """
    from . import options

    specs = list(dict.fromkeys(options.value(request.config, "app")))
    if len(specs) != 1:
        given = f"{len(specs)} are given ({', '.join(specs)})" if specs else "none is given"
        pytest.fail(
            f"wsgi_app: --wsgi-app has to name the application, and {given}. "
            "Or define a fixture wsgi_app in conftest.py that returns yours.",
            pytrace=False,
        )
    from ..settings import DEFAULT_TIMEOUT
    from ..targets.base import TargetError
    from ..targets.load import load_app

    try:
        return load_app(specs[0], options.value(request.config, "timeout") or DEFAULT_TIMEOUT)
    except TargetError as error:
        pytest.fail(f"wsgi_app: {error}", pytrace=False)


@pytest.fixture
def wsgi_findings(request: pytest.FixtureRequest) -> list[Finding]:
    """What has been found in this test so far: a list of pytest_wsgiconform.Finding that grows.

    Findings of every level are in it, those that @pytest.mark.wsgi_allow names too.
    """
    from .recording import recorder_of

    return recorder_of(request).findings


@pytest.fixture
def wsgi_validator(request: pytest.FixtureRequest) -> Callable[[Callable[..., Any]], Validator]:
    """Wrap any WSGI application (or middleware around one), so that its exchanges are judged.

    ``app = wsgi_validator(app)`` gives an application that does the same. A finding of level error in what
    happens to it fails the test at the end of its call, one of level warning becomes a pytest warning at the
    line that caused it. ``@pytest.mark.wsgi_allow("rule-id")`` lets rules be broken.
    """
    from ..observe.validator import Validator
    from .recording import recorder_of

    recorder = recorder_of(request)

    def wrap(app: Callable[..., Any]) -> Validator:
        return Validator(app, recorder.add, rules=recorder.rules)

    return wrap


@pytest.fixture
def wsgi_session(request: pytest.FixtureRequest, wsgi_app: Callable[..., Any]) -> list[tuple[str, str]]:
    """The header pairs of an open session with the fixture wsgi_app: cookies, Authorization and the like.

    They are what --wsgi-header, --wsgi-auth, --wsgi-login and the hook pytest_wsgiconform_session say; none of them,
    no pairs. The session is opened once and shared by all tests; their values are masked in all output.
    """
    from .shared_session import session_pairs

    return session_pairs(request.config, wsgi_app)


@pytest.fixture
def wsgi_client(
    wsgi_app: Callable[..., Any],
    wsgi_validator: Callable[[Callable[..., Any]], Validator],
    wsgi_session: list[tuple[str, str]],
) -> Client:
    """A webtest.TestApp for the fixture wsgi_app, every request of which is judged.

    ``wsgi_client.get("/").mustcontain("Hello")`` tests what you mean, and that PEP 3333 was kept meanwhile: see
    the fixture wsgi_validator for what happens when not. It sends the fixture wsgi_session: its cookies are those of
    the client, which the app may change, its other fields go with every request.
    """
    import warnings

    with warnings.catch_warnings():
        # WebTest's dependencies use what is deprecated; a project that makes warnings errors can't help it.
        warnings.simplefilter("ignore", DeprecationWarning)
        from ..testing.client import Client

    client = Client(wsgi_validator(wsgi_app))
    client.open_session(wsgi_session)
    return client


@pytest.fixture
def wsgi_environ() -> Callable[..., dict[str, Any]]:
    """A function that makes complete, fresh WSGI environs.

    ``wsgi_environ("/path?x=1", "POST", headers={"X-A": "b"}, body=b"...")``; see
    pytest_wsgiconform.environ.build_environ for all of its parameters. ``like="gunicorn"`` gives what that server
    gives; cheroot, gevent, gunicorn, mod_wsgi, uwsgi, waitress, werkzeug and wsgiref were measured.
    """
    from ..environ import build_environ

    return build_environ


@pytest.fixture
def wsgi_server(
    request: pytest.FixtureRequest, wsgi_validator: Callable[[Callable[..., Any]], Validator]
) -> Callable[..., bytes]:
    """A whole HTTP server without a socket: a function from the bytes of a request to those of the response.

    ``wsgi_server(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")`` serves the fixture wsgi_app; ``app=`` serves
    another one. What the application does is judged as with the fixture wsgi_validator.
    """
    from ..testing.inprocess import serve

    def send(raw: bytes, app: Callable[..., Any] | None = None) -> bytes:
        served = request.getfixturevalue("wsgi_app") if app is None else app
        return serve(wsgi_validator(served), raw)

    return send


@pytest.fixture
def wsgi_middleware_contract(wsgi_findings: list[Finding]) -> Callable[..., list[Finding]]:
    """Judge a middleware by every rule that binds it, in one test.

    ``wsgi_middleware_contract(factory)`` plays all stimuli on what ``factory(app)`` makes, and returns the findings;
    those of level error fail the test. A ``pytest_wsgiconform.contract.MiddlewareContract`` has a test for each rule.
    """
    from ..engine import judge_all
    from ..rules.registry import choose
    from .contract import middleware_run

    def judge(factory: Callable[..., Any], **settings: Any) -> list[Finding]:
        name = getattr(factory, "__qualname__", "") or type(factory).__qualname__
        rules = choose(settings.get("select", ()), settings.get("ignore", ()))
        found, _ = judge_all(middleware_run(name, factory, **settings), rules)
        wsgi_findings.extend(found)
        return found

    return judge


@pytest.fixture
def wsgi_validated(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge what other test clients call, for the length of this test.

    Those are the clients of Werkzeug, Flask, Django, Falcon, httpx and WebTest; what a test gives to
    wsgiref.validate.validator is judged as well. With ``wsgi_validate = true`` in the ini file every test has it. Only
    rules for applications are applied: what the clients themselves leave out of environ is not the project's business.
    """
    from ..observe.validator import Validator
    from ..rules.model import Blame
    from ..testing.validated import watch_clients
    from .recording import recorder_of

    recorder = recorder_of(request)
    rules = [rule for rule in recorder.rules if rule.side is Blame.APP]
    watch_clients(lambda app: Validator(app, recorder.add, rules=rules), monkeypatch)


@pytest.fixture
def wsgi_live_server(
    request: pytest.FixtureRequest, wsgi_validator: Callable[[Callable[..., Any]], Validator]
) -> Generator[Callable[..., LiveServer], None, None]:
    """Serve an application on a real loopback socket: ``server = wsgi_live_server()``, then ask ``server.url``.

    It serves the fixture wsgi_app, or ``app=``; ``https=True`` serves it by TLS with a certificate made for this run
    (needs the extra ``https``), which ``server.ca_file`` vouches for. Each is stopped at the end of the test, and what
    the application does is judged as with the fixture wsgi_validator.
    """
    from ..testing.live import start

    servers: list[LiveServer] = []

    def serve(app: Callable[..., Any] | None = None, *, https: bool = False) -> LiveServer:
        served = request.getfixturevalue("wsgi_app") if app is None else app
        servers.append(start(wsgi_validator(served), https=https))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()
