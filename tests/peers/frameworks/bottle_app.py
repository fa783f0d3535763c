from pathlib import Path

import bottle

STATIC = Path(__file__).with_name("static")
app = bottle.Bottle()


@app.get("/")
def page():
    return "<a href=/stream>stream</a> <form method=post action=/form><input name=a></form>"


@app.get("/stream")
def stream():
    bottle.response.content_type = "text/plain"
    for number in range(20):
        yield f"line {number}\n"


@app.route("/form", method=["GET", "POST"])
def form():
    return f"hello {bottle.request.forms.get('name', 'nobody')}"


@app.get("/old")
def old():
    bottle.redirect("/")


@app.get("/next")
def following():
    bottle.redirect(bottle.request.query.get("next", "/"))


@app.get("/relative")
def relative():
    bottle.redirect("elsewhere")


@app.get("/item/<number:int>")
def item(number):
    return {"number": number}


@app.get("/count")
def count():
    value = int(bottle.request.get_cookie("count", "0")) + 1
    bottle.response.set_cookie("count", str(value))
    return str(value)


@app.get("/private")
@bottle.auth_basic(lambda user, password: False)
def private():
    return "never"


@app.get("/empty")
def empty():
    bottle.response.status = 204


@app.get("/static/<name:path>")
def static(name):
    return bottle.static_file(name, root=str(STATIC))


@app.get("/file")
def file():
    return open(STATIC / "style.css", "rb")


PATHS = ["/static/style.css"]
