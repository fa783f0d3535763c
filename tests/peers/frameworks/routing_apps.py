"""One app per framework, with a route for each sort of argument; each answers with the name of its route."""

from __future__ import annotations


def flask():
    from flask import Flask

    app = Flask("routing", static_folder=None)
    templates = {
        "page": "/",
        "text": "/text/<name>",
        "int": "/int/<int:number>",
        "float": "/float/<float:number>",
        "path": "/path/<path:rest>",
        "uuid": "/uuid/<uuid:id>",
        "any": "/any/<any(one, two):which>",
        "length": "/length/<string(length=4):code>",
    }
    for name, template in templates.items():
        app.add_url_rule(template, name, lambda answer=name, **values: answer)
    return app


def werkzeug():
    from werkzeug.routing import Map, Rule
    from werkzeug.wrappers import Response

    class Site:
        url_map = Map([Rule("/", endpoint="page"), Rule("/two/<int(min=7):a>/<path:b>", endpoint="two")])

        def __call__(self, environ, start_response):
            endpoint, _ = self.url_map.bind_to_environ(environ).match()
            return Response(endpoint)(environ, start_response)

    return Site()


def django():
    import django as package
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import include, path, re_path

    def answering(name):
        return lambda request, *arguments, **values: HttpResponse(name)

    class Urls:
        urlpatterns = (
            path("", answering("page")),
            path("text/<name>", answering("text")),
            path("int/<int:number>", answering("int")),
            path("slug/<slug:name>", answering("slug")),
            path("path/<path:rest>", answering("path")),
            path("uuid/<uuid:id>", answering("uuid")),
            path("shop/", include([path("<int:number>/", answering("nested"))])),
            re_path(r"^year/(?P<year>[0-9]{4})/$", answering("year")),
            re_path(r"^plain/(\w+)/?$", answering("plain")),
            re_path(r"^odd/(?=[ab]{7})", answering("odd")),  # no simple example matches it
        )

    settings.configure(ROOT_URLCONF=Urls, ALLOWED_HOSTS=["*"], SECRET_KEY="not secret", MIDDLEWARE=[])
    package.setup()
    return get_wsgi_application()


def falcon():
    import falcon as package

    class Named:
        def __init__(self, name):
            self.name = name

        def on_get(self, request, response, **values):
            response.text = self.name

    class Posted:
        def on_post(self, request, response):
            response.text = "posted"

    app = package.App()
    templates = {
        "page": "/",
        "text": "/text/{name}",
        "int": "/int/{number:int}",
        "digits": "/digits/{number:int(num_digits=3)}",
        "dt": "/dt/{at:dt}",
        "uuid": "/uuid/{id:uuid}",
        "path": "/path/{rest:path}",
    }
    for name, template in templates.items():
        app.add_route(template, Named(name))
    app.add_route("/posted", Posted())
    return app


def bottle():
    import bottle as package

    app = package.Bottle()
    templates = {
        "page": "/",
        "text": "/text/<name>",
        "int": "/int/<number:int>",
        "float": "/float/<number:float>",
        "path": "/path/<rest:path>",
        "re": "/re/<name:re:[0-9]+>",
        "odd": "/odd/<name:re:[qz]{9}>",  # no simple example matches it
        "old": "/old/:name",
    }
    for name, template in templates.items():
        app.route(template, "GET", lambda answer=name, **values: answer)
    app.route("/posted", "POST", lambda: "posted")
    return app


def pyramid():
    from pyramid.config import Configurator
    from pyramid.response import Response

    templates = {
        "page": "/",
        "text": "/text/{name}",
        "digits": r"/digits/{number:\d+}",
        "rest": "/rest/*rest",
        "two": "/two/{a}.{b}",
    }
    with Configurator() as config:
        for name, template in templates.items():
            config.add_route(name, template)
            config.add_view(lambda request, answer=name: Response(answer), route_name=name)
        return config.make_wsgi_app()


#: The names of the routes that are expected to be found and to answer, by framework.
EXPECTED = {
    "flask": {"page", "text", "int", "float", "path", "uuid", "any", "length"},
    "werkzeug": {"page", "two"},
    "django": {"page", "text", "int", "slug", "path", "uuid", "nested", "year", "plain"},
    "falcon": {"page", "text", "int", "digits", "dt", "uuid", "path", "posted"},
    "bottle": {"page", "text", "int", "float", "path", "re", "old", "posted"},
    "pyramid": {"page", "text", "digits", "rest", "two"},
}
