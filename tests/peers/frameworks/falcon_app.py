from pathlib import Path

import falcon

STATIC = Path(__file__).with_name("static")


class Page:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = "<a href=/stream>stream</a> <form method=post action=/form><input name=a></form>"


class Stream:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_TEXT
        response.stream = (b"line %d\n" % number for number in range(20))


class Form:
    def on_get(self, request, response):
        response.text = "form"

    def on_post(self, request, response):
        response.media = {"form": dict(request.get_media(default_when_empty={}) or {})}


class Old:
    def on_get(self, request, response):
        raise falcon.HTTPFound("/")


class Absolute:
    def on_get(self, request, response):
        raise falcon.HTTPFound(request.prefix + "/")


class Uri:
    def on_get(self, request, response):
        response.location = request.uri
        response.status = falcon.HTTP_201
        response.text = "made"


class Item:
    def on_get(self, request, response, number):
        response.media = {"number": number}


class Count:
    def on_get(self, request, response):
        response.set_cookie("count", "1")
        response.text = "1"


class Empty:
    def on_get(self, request, response):
        response.status = falcon.HTTP_204


class ETag:
    def on_get(self, request, response):
        response.etag = "v1"
        response.cache_control = ["max-age=60"]
        if request.if_none_match and "v1" in request.if_none_match:
            response.status = falcon.HTTP_304
            return
        response.text = "tagged"


class File:
    def on_get(self, request, response):
        response.content_type = "text/css"
        response.stream = (STATIC / "style.css").open("rb")


app = falcon.App()
app.add_route("/", Page())
app.add_route("/stream", Stream())
app.add_route("/form", Form())
app.add_route("/old", Old())
app.add_route("/absolute", Absolute())
app.add_route("/uri", Uri())
app.add_route("/item/{number:int}", Item())
app.add_route("/count", Count())
app.add_route("/empty", Empty())
app.add_route("/etag", ETag())
app.add_route("/file", File())
app.add_static_route("/static", str(STATIC))
PATHS = ["/static/style.css"]
