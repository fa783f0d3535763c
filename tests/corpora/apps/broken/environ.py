"""Broken apps: what they take for granted in environ."""

from __future__ import annotations

from typing import Any

from tests.corpora.apps.answers import TEXT, page, plain
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program


@app("script-name-may-be-absent")
def takes_script_name(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["SCRIPT_NAME"].encode("latin-1") or b"root")


@app("script-name-may-be-absent")
def tells_root_from_absent(environ: Any, start_response: Any) -> Any:
    return plain(start_response, repr(environ.get("SCRIPT_NAME")).encode("latin-1"))


@app("path-info-may-be-absent")
def takes_path_info(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["PATH_INFO"].encode("latin-1"))


@app("path-info-may-be-absent")
def splits_path_info(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ.get("PATH_INFO", "/").split("/")[1].encode("latin-1"))


@app("query-string-may-be-absent")
def takes_query(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"?", environ["QUERY_STRING"].encode("latin-1"))


@app("query-string-may-be-absent")
def missing_query_is_404(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"x", status="200 OK" if "QUERY_STRING" in environ else "404 Not Found")


@app("content-type-may-be-absent")
def takes_content_type(environ: Any, start_response: Any) -> Any:
    kind = environ["CONTENT_TYPE"] if environ["REQUEST_METHOD"] == "POST" else ""
    return plain(start_response, kind.encode("latin-1"))


@app("content-type-may-be-absent")
def unpacks_content_type(environ: Any, start_response: Any) -> Any:
    _main, _sub = environ.get("CONTENT_TYPE", "text/plain").split("/")
    return plain(start_response, b"x")


@app("content-length-may-be-absent")
def int_of_empty(environ: Any, start_response: Any) -> Any:
    return plain(start_response, str(int(environ.get("CONTENT_LENGTH", 0))).encode())


@app("content-length-may-be-absent")
def takes_content_length(environ: Any, start_response: Any) -> Any:
    size = environ["CONTENT_LENGTH"] if environ["REQUEST_METHOD"] == "POST" else "0"
    return plain(start_response, size.encode())


@app("optional-variables-have-fallback")
def takes_host(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["HTTP_HOST"].encode("latin-1"))


@app("optional-variables-have-fallback")
def lower_of_none(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ.get("HTTP_USER_AGENT").lower().encode("latin-1"))


@app("required-variables-suffice")
def takes_software(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["SERVER_SOFTWARE"][:6].encode("latin-1"))


@app("required-variables-suffice")
def needs_one_of_two(environ: Any, start_response: Any) -> Any:
    client = environ.get("REMOTE_ADDR") or environ["HTTP_X_FORWARDED_FOR"]
    return plain(start_response, client.encode("latin-1"))


@app("portable-across-servers")
def shows_the_client(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ.get("REMOTE_ADDR", "?").encode("latin-1"))


@app("flags-used-by-truth")
def equals_true(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"threads" if environ["wsgi.multithread"] == True else b"none")  # noqa: E712


@app("flags-used-by-truth")
def looks_up_the_flag(environ: Any, start_response: Any) -> Any:
    return plain(start_response, {True: b"often", False: b"rarely"}.get(environ["wsgi.multiprocess"], b"unknown"))


@app("flags-used-by-truth")
def insists_on_bool(environ: Any, start_response: Any) -> Any:
    if not isinstance(environ["wsgi.run_once"], bool):
        raise TypeError("wsgi.run_once")
    return plain(start_response, b"x")


@app("hop-by-hop-fields-not-relied-on")
def speaks_websocket(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
        return plain(start_response, b"no socket", status="400 Bad Request")
    return plain(start_response, b"x")


@app("hop-by-hop-fields-not-relied-on")
def looks_at_te(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"t" if "HTTP_TE" in environ else b"n")


@app("hop-by-hop-fields-not-relied-on")
def proxies_only(environ: Any, start_response: Any) -> Any:
    if "HTTP_PROXY_AUTHORIZATION" in environ:
        raise PermissionError("no proxy")
    return plain(start_response, b"x")


@app(clauses=("env-query-string-may-absent", "config-app-minimum"))
def needs_a_query_string(environ: Any, start_response: Any) -> Any:
    query = environ["QUERY_STRING"]  # FAULT
    return page(start_response, ("X-Query", str(len(query))))


@app(clauses=("env-content-length-may-absent",))
def makes_a_number_of_an_empty_length(environ: Any, start_response: Any) -> Any:
    length = int(environ.get("CONTENT_LENGTH", 0))  # FAULT
    return page(start_response, ("X-Length", str(length)))


@app(clauses=("env-content-type-may-absent", "env-app-fallback"))
def needs_a_content_type(environ: Any, start_response: Any) -> Any:
    kind = environ["CONTENT_TYPE"]  # FAULT
    return page(start_response, ("X-Kind", str(len(kind))))


@app(clauses=("env-script-name-empty-ok", "config-app-minimum"))
def needs_a_script_name(environ: Any, start_response: Any) -> Any:
    mount = environ["SCRIPT_NAME"]  # FAULT
    return page(start_response, ("X-Mount", str(len(mount))))


@app(clauses=("env-path-info-empty-ok",))
def needs_a_first_letter(environ: Any, start_response: Any) -> Any:
    letter = environ["PATH_INFO"][0]  # FAULT
    return page(start_response, ("X-Letter", str(letter == "/")))


@app(clauses=("env-app-fallback", "config-app-minimum"))
def needs_a_user_agent(environ: Any, start_response: Any) -> Any:
    agent = environ["HTTP_USER_AGENT"]  # FAULT
    return page(start_response, ("X-Agent", str(len(agent))))


@app(clauses=("env-app-fallback", "config-app-minimum"))
def needs_a_remote_address(environ: Any, start_response: Any) -> Any:
    address = environ["REMOTE_ADDR"]  # FAULT
    return page(start_response, ("X-Local", str(address.startswith("127."))))


@app(clauses=("env-flags-truthiness",))
def compares_a_flag_with_true(environ: Any, start_response: Any) -> Any:
    if environ["wsgi.multithread"] is not True and environ["wsgi.multithread"] is not False:
        raise TypeError("wsgi.multithread is no bool")  # FAULT
    return page(start_response)


@app(clauses=("exc-app-traps-own",))
def decodes_the_path_as_utf8(environ: Any, start_response: Any) -> Any:
    name = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")  # FAULT
    return page(start_response, ("X-Name", str(len(name))))


@app(clauses=("http-no-rely-hop-env",))
def answers_by_the_connection_field(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_CONNECTION"):
        start_response("426 Upgrade Required", [TEXT])  # FAULT
        return [b"hello"]
    return page(start_response)
