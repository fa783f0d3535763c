"""Other people's middleware, each as a factory of an app; every import happens on demand, in its own environment."""

from __future__ import annotations

import os
import tempfile
from typing import Any


def whitenoise(app: Any) -> Any:
    from whitenoise import WhiteNoise

    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "style.css"), "wb") as file:
        file.write(b"p { color: green }\n")
    return WhiteNoise(app, root=folder, prefix="static/")


def whitenoise_file(app: Any) -> Any:
    """The same, but what is asked for is one of its files."""
    from whitenoise import WhiteNoise

    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "page"), "wb") as file:
        file.write(b"a page of its own\n")
    return WhiteNoise(app, root=folder)


def proxy_fix(app: Any) -> Any:
    from werkzeug.middleware.proxy_fix import ProxyFix

    return ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)


def shared_data(app: Any) -> Any:
    from werkzeug.middleware.shared_data import SharedDataMiddleware

    return SharedDataMiddleware(app, {"/static": tempfile.mkdtemp()})


def shared_data_file(app: Any) -> Any:
    from werkzeug.middleware.shared_data import SharedDataMiddleware

    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "page"), "wb") as file:
        file.write(b"a page of its own\n")
    return SharedDataMiddleware(app, {"/": folder})


def dispatcher(app: Any) -> Any:
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    return DispatcherMiddleware(app, {"/elsewhere": app})


def profiler(app: Any) -> Any:
    from werkzeug.middleware.profiler import ProfilerMiddleware

    return ProfilerMiddleware(app, stream=None, profile_dir=None)


def debugged(app: Any) -> Any:
    from werkzeug.debug import DebuggedApplication

    return DebuggedApplication(app, evalex=False)


def paste_gzip(app: Any) -> Any:
    from paste.gzipper import middleware

    return middleware(app)


def paste_translogger(app: Any) -> Any:
    from paste.translogger import TransLogger

    return TransLogger(app, setup_console_handler=False)


def paste_session(app: Any) -> Any:
    from paste.session import SessionMiddleware

    return SessionMiddleware(app)


def paste_cgitb(app: Any) -> Any:
    from paste.cgitb_catcher import CgitbMiddleware

    return CgitbMiddleware(app, {}, display=True)


def paste_errors(app: Any) -> Any:
    from paste.exceptions.errormiddleware import ErrorMiddleware

    return ErrorMiddleware(app, {}, debug=False)


def paste_http_exceptions(app: Any) -> Any:
    from paste.httpexceptions import HTTPExceptionHandler

    return HTTPExceptionHandler(app)


def paste_recursive(app: Any) -> Any:
    from paste.recursive import RecursiveMiddleware

    return RecursiveMiddleware(app)


def paste_registry(app: Any) -> Any:
    from paste.registry import RegistryManager

    return RegistryManager(app)


def paste_config(app: Any) -> Any:
    from paste.config import ConfigMiddleware

    return ConfigMiddleware(app, {})


def paste_status_keeper(app: Any) -> Any:
    from paste.errordocument import StatusKeeper

    def for_each_request(environ: Any, start_response: Any) -> Any:
        return StatusKeeper(app, status="500 Internal Server Error", url="/x", headers=[])(environ, start_response)

    return for_each_request


def paste_auth_cookie(app: Any) -> Any:
    from paste.auth.cookie import AuthCookieHandler

    return AuthCookieHandler(app)


def paste_url_map(app: Any) -> Any:
    from paste.urlmap import URLMap

    mapped = URLMap()
    mapped["/"] = app
    return mapped


def paste_cascade(app: Any) -> Any:
    from paste.cascade import Cascade

    return Cascade([app, app])


def paste_upload_progress(app: Any) -> Any:
    from paste.progress import UploadProgressMonitor

    return UploadProgressMonitor(app)


def beaker_session(app: Any) -> Any:
    from beaker.middleware import SessionMiddleware

    return SessionMiddleware(app, {"session.type": "memory", "session.auto": True})


def beaker_cache(app: Any) -> Any:
    from beaker.middleware import CacheMiddleware

    return CacheMiddleware(app, {"cache.type": "memory"})


def repoze_who(app: Any) -> Any:
    from repoze.who.classifiers import default_challenge_decider, default_request_classifier
    from repoze.who.middleware import PluggableAuthenticationMiddleware
    from repoze.who.plugins.auth_tkt import AuthTktCookiePlugin

    ticket = AuthTktCookiePlugin("secret" * 6, "auth_tkt")
    return PluggableAuthenticationMiddleware(
        app, [("ticket", ticket)], [], [], [], default_request_classifier, default_challenge_decider
    )


def repoze_tm(app: Any) -> Any:
    from repoze.tm import TM

    return TM(app)


def repoze_retry(app: Any) -> Any:
    from repoze.retry import Retry

    return Retry(app, tries=3)


def repoze_errorlog(app: Any) -> Any:
    from repoze.errorlog import ErrorLog

    return ErrorLog(app, channel=None, keep=5, path="/__error_log__", ignored_exceptions=())


def repoze_profile(app: Any) -> Any:
    from repoze.profile import ProfileMiddleware

    return ProfileMiddleware(
        app, log_filename=os.path.join(tempfile.mkdtemp(), "profile.log"), discard_first_request=False
    )


def repoze_vhm(app: Any) -> Any:
    from repoze.vhm.middleware import VHMFilter

    return VHMFilter(app)


def sentry(app: Any) -> Any:
    import sentry_sdk
    from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

    sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=lambda event: None, traces_sample_rate=1.0)
    return SentryWsgiMiddleware(app)


def opentelemetry(app: Any) -> Any:
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

    return OpenTelemetryMiddleware(app)


def new_relic(app: Any) -> Any:
    from newrelic.api.wsgi_application import WSGIApplicationWrapper

    return WSGIApplicationWrapper(app)


def new_relic_registered(app: Any) -> Any:
    """With its browser monitoring and an application, as in production, but without its service."""
    import newrelic.agent
    from newrelic.api.wsgi_application import WSGIApplicationWrapper

    settings = newrelic.agent.global_settings()
    settings.developer_mode = True
    settings.license_key = "0" * 40
    newrelic.agent.initialize()
    newrelic.agent.register_application(timeout=10.0)
    return WSGIApplicationWrapper(app)


def datadog(app: Any) -> Any:
    os.environ.setdefault("DD_TRACE_ENABLED", "true")
    from ddtrace.contrib.internal.wsgi.wsgi import DDWSGIMiddleware

    return DDWSGIMiddleware(app)


def prometheus(app: Any) -> Any:
    from prometheus_client import make_wsgi_app
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    return DispatcherMiddleware(app, {"/metrics": make_wsgi_app()})


def prometheus_page(app: Any) -> Any:
    """Its own app, whatever is asked for."""
    from prometheus_client import make_wsgi_app

    return make_wsgi_app()


def a2wsgi_both_ways(app: Any) -> Any:
    """From WSGI to ASGI and back."""
    from a2wsgi import ASGIMiddleware, WSGIMiddleware

    return ASGIMiddleware(WSGIMiddleware(app))


def backlash_errors(app: Any) -> Any:
    """TurboGears' error reporting."""
    from backlash import TraceErrorsMiddleware

    return TraceErrorsMiddleware(app, [], {})
