from pathlib import Path

from werkzeug.exceptions import HTTPException
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request, Response

STATIC = Path(__file__).with_name("static")


class Site:
    def __init__(self):
        self.url_map = Map(
            [
                Rule("/", endpoint="page"),
                Rule("/stream", endpoint="stream"),
                Rule("/form", endpoint="form", methods=["GET", "POST"]),
                Rule("/old", endpoint="old"),
                Rule("/absolute", endpoint="absolute"),
                Rule("/folder/", endpoint="folder"),
                Rule("/item/<int:number>", endpoint="item"),
                Rule("/empty", endpoint="empty"),
                Rule("/file", endpoint="file"),
                Rule("/etag", endpoint="etag"),
            ]
        )

    def page(self, request):
        return Response("<a href=/stream>stream</a>", mimetype="text/html")

    def stream(self, request):
        return Response(f"line {number}\n" for number in range(20))

    def form(self, request):
        return Response(f"hello {request.form.get('name', 'nobody')}")

    def old(self, request):
        return redirect("/")

    def absolute(self, request):
        return redirect(request.url_root)

    def folder(self, request):
        return Response("a folder")

    def item(self, request, number):
        return Response(str(number))

    def empty(self, request):
        return Response(status=204)

    def file(self, request):
        return send_file(STATIC / "style.css", request.environ)

    def etag(self, request):
        response = Response("tagged")
        response.add_etag()
        response.cache_control.max_age = 60
        response.vary.add("Accept")
        return response.make_conditional(request, accept_ranges=True, complete_length=6)

    def __call__(self, environ, start_response):
        adapter = self.url_map.bind_to_environ(environ)
        request = Request(environ)
        try:
            endpoint, values = adapter.match()
            response = getattr(self, endpoint)(request, **values)
        except HTTPException as error:
            response = error
        return response(environ, start_response)


app = SharedDataMiddleware(Site(), {"/static": str(STATIC)})
PATHS = ["/static/style.css"]
