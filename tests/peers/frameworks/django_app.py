from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, HttpResponseNotAllowed, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, re_path
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_GET
from django.views.static import serve

STATIC = Path(__file__).with_name("static")

settings.configure(
    SECRET_KEY="not secret",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    DEBUG=False,
    USE_TZ=True,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
)
django.setup()


def page(request):
    return HttpResponse("<a href='/stream'>stream</a> <form method=post action=/form><input name=a></form>")


def stream(request):
    return StreamingHttpResponse((f"line {number}\n" for number in range(20)), content_type="text/plain")


def form(request):
    return HttpResponse(f"hello {request.POST.get('name', 'nobody')}")


def old(request):
    return redirect("/")


def absolute(request):
    return redirect(request.build_absolute_uri("/"))


def folder(request):
    return HttpResponse("a folder")


def item(request, number):
    return JsonResponse({"number": number})


def count(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return HttpResponse(str(request.session["count"]))


def not_allowed(request):
    return HttpResponseNotAllowed(["POST"])


def empty(request):
    return HttpResponse(status=204)


def file(request):
    return FileResponse(open(STATIC / "style.css", "rb"))


@condition(etag_func=lambda request: '"v1"')
def etag(request):
    response = HttpResponse("tagged")
    response["Cache-Control"] = "max-age=60"
    response["Vary"] = "Accept"
    return response


urlpatterns = [
    path("", page),
    path("stream", stream),
    path("form", form),
    path("old", old),
    path("absolute", absolute),
    path("folder/", folder),
    path("item/<int:number>", item),
    path("count", count),
    path("not-allowed", not_allowed),
    path("empty", empty),
    path("file", file),
    path("etag", etag),
    path("only-get", require_GET(page)),
    path("gzip", gzip_page(lambda request: HttpResponse("x" * 1000))),
    re_path(r"^static/(?P<path>.*)$", serve, {"document_root": str(STATIC)}),
]

app = get_wsgi_application()
PATHS = ["/static/style.css"]
