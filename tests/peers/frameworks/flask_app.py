from pathlib import Path

from flask import Flask, Response, abort, jsonify, redirect, request, send_from_directory, session, url_for

app = Flask(__name__, static_folder=str(Path(__file__).with_name("static")))
app.secret_key = "not secret"


@app.get("/")
def page():
    return f"<a href='{url_for('stream')}'>stream</a> <form method=post action={url_for('form')}><input name=a></form>"


@app.get("/stream")
def stream():
    return Response((f"line {number}\n" for number in range(20)), mimetype="text/plain")


@app.route("/form", methods=["GET", "POST"])
def form():
    return f"hello {request.form.get('name', 'nobody')}"


@app.get("/old")
def old():
    return redirect(url_for("page"))


@app.get("/next")
def following():
    return redirect(request.args.get("next", "/"))


@app.get("/folder/")
def folder():
    return "a folder"


@app.get("/item/<int:number>")
def item(number):
    return jsonify(number=number)


@app.get("/count")
def count():
    session["count"] = session.get("count", 0) + 1
    return str(session["count"])


@app.get("/private")
def private():
    abort(401)


@app.get("/empty")
def empty():
    return "", 204


@app.get("/file")
def file():
    return send_from_directory(Path(__file__).with_name("static"), "style.css")


@app.get("/etag")
def etag():
    response = Response("tagged")
    response.add_etag()
    response.cache_control.max_age = 60
    response.vary.add("Accept")
    return response.make_conditional(request)


@app.post("/upload")
def upload():
    return {name: len(file.read()) for name, file in request.files.items()}


PATHS = ["/static/style.css"]
