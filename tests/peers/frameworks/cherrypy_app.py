from pathlib import Path

import cherrypy

STATIC = Path(__file__).with_name("static")


class Site:
    @cherrypy.expose
    def index(self):
        return "<a href=/stream>stream</a> <form method=post action=/form><input name=a></form>"

    @cherrypy.expose
    @cherrypy.config(**{"response.stream": True})
    def stream(self):
        cherrypy.response.headers["Content-Type"] = "text/plain"
        return (f"line {number}\n".encode() for number in range(20))

    @cherrypy.expose
    def form(self, name="nobody", **others):
        return f"hello {name}"

    @cherrypy.expose
    def old(self):
        raise cherrypy.HTTPRedirect("/")

    @cherrypy.expose
    def item(self, number="0"):
        return str(int(number))

    @cherrypy.expose
    def empty(self):
        cherrypy.response.status = 204

    @cherrypy.expose
    @cherrypy.tools.etags(autotags=True)
    @cherrypy.tools.caching(delay=0)
    def etag(self):
        cherrypy.response.headers["Vary"] = "Accept"
        return "tagged"

    @cherrypy.expose
    @cherrypy.tools.gzip(mime_types=["text/*"])
    def gzip(self):
        return "x" * 1000

    @cherrypy.expose
    @cherrypy.tools.allow(methods=["POST"])
    def only_post(self):
        return "posted"

    @cherrypy.expose
    def file(self):
        return cherrypy.lib.static.serve_file(str(STATIC / "style.css"))

    @cherrypy.expose
    def count(self):
        cherrypy.response.cookie["count"] = "1"
        return "1"


cherrypy.config.update({"log.screen": False, "environment": "embedded"})
app = cherrypy.Application(Site(), "", {"/static": {"tools.staticdir.on": True, "tools.staticdir.dir": str(STATIC)}})
PATHS = [
    "/",
    "/stream",
    "/form",
    "/old",
    "/item/1",
    "/empty",
    "/etag",
    "/gzip",
    "/only_post",
    "/file",
    "/count",
    "/static/style.css",
    "/item/x",
]
