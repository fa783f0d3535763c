from pathlib import Path

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound, HTTPUnauthorized
from pyramid.response import FileResponse, Response

STATIC = Path(__file__).with_name("static")


def page(request):
    return Response("<a href=/stream>stream</a> <form method=post action=/form><input name=a></form>")


def stream(request):
    return Response(app_iter=(b"line %d\n" % number for number in range(20)), content_type="text/plain")


def form(request):
    return Response(f"hello {request.POST.get('name', 'nobody')}")


def old(request):
    return HTTPFound("/")


def absolute(request):
    return HTTPFound(request.route_url("page"))


def here(request):
    return HTTPFound(request.url)


def item(request):
    return Response(json_body={"number": request.matchdict["number"]})


def private(request):
    return HTTPUnauthorized()


def empty(request):
    return Response(status=204)


def etag(request):
    response = Response("tagged", conditional_response=True, etag="v1")
    response.cache_control.max_age = 60
    response.vary = "Accept"
    return response


def file(request):
    return FileResponse(str(STATIC / "style.css"), request=request)


with Configurator() as config:
    for view in (stream, form, old, absolute, here, private, empty, etag, file):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__)
    config.add_route("page", "/")
    config.add_view(page, route_name="page")
    config.add_route("folder", "/folder/")
    config.add_view(page, route_name="folder")
    config.add_notfound_view(append_slash=True)
    config.add_route("item", r"/item/{number:\d+}")
    config.add_view(item, route_name="item")
    config.add_static_view("static", str(STATIC))
    app = config.make_wsgi_app()
PATHS = ["/static/style.css", "/folder"]
