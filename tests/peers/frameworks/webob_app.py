from pathlib import Path

from webob import Request, Response, exc
from webob.dec import wsgify
from webob.static import DirectoryApp, FileApp

STATIC = Path(__file__).with_name("static")
FILES = {"static": DirectoryApp(str(STATIC)), "file": FileApp(str(STATIC / "style.css"))}


@wsgify
def app(request):
    name = request.path_info_peek() or ""
    if name in FILES:
        if name == "static":
            request.path_info_pop()
        return FILES[name]
    if name == "":
        return Response("<a href=/stream>stream</a> <form method=post action=/form><input name=a></form>")
    if name == "stream":
        return Response(app_iter=(b"line %d\n" % number for number in range(20)), content_type="text/plain")
    if name == "form":
        return Response(f"hello {request.POST.get('name', 'nobody')}")
    if name == "old":
        return exc.HTTPFound(location="/")
    if name == "here":
        return exc.HTTPFound(location=request.path_url + "x")
    if name == "relative":
        return exc.HTTPFound(location="elsewhere")
    if name == "empty":
        return Response(status=204)
    if name == "private":
        return exc.HTTPUnauthorized()
    if name == "not-allowed":
        return exc.HTTPMethodNotAllowed()
    if name == "etag":
        response = Response("tagged", conditional_response=True, etag="v1")
        response.cache_control.max_age = 60
        response.vary = "Accept"
        return response
    if name == "gzip":
        response = Response("x" * 1000)
        if "gzip" in request.accept_encoding:
            response.encode_content()
        return response
    if name == "count":
        response = Response("1")
        response.set_cookie("count", "1")
        return response
    return exc.HTTPNotFound()


__all__ = ["Request", "app"]
PATHS = [
    "/",
    "/stream",
    "/form",
    "/old",
    "/here",
    "/relative",
    "/empty",
    "/private",
    "/not-allowed",
    "/etag",
    "/gzip",
    "/count",
    "/file",
    "/static/style.css",
    "/static",
]
