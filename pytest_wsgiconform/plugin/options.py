"""The ``--wsgi-...`` options: their names, their ini twins, and what a run makes of them.

Loaded with every pytest run that has the plugin installed: keep its imports light.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from ..naming import Target, parse_node_id

#: The module that writes each report format; it has ``write(document, path)``.
REPORT_FORMATS = {
    "json": "pytest_wsgiconform.report.json_report",
    "html": "pytest_wsgiconform.report.html",
    "sarif": "pytest_wsgiconform.report.sarif",
    "markdown": "pytest_wsgiconform.report.markdown",
    "badge": "pytest_wsgiconform.report.badge",
}

# pytest 8.4 was the first to know numbers in ini files; before, they are text that value() converts.
_INT, _FLOAT = ("int", "float") if pytest.version_tuple[:2] >= (8, 4) else ("string", "string")


class _Option(NamedTuple):
    """One option. :ivar name: without ``--wsgi-``. :ivar ini: type of its ini key. :ivar how: for argparse."""

    name: str
    ini: str
    how: dict[str, Any]
    help: str

    @property
    def flag(self) -> str:
        return f"--wsgi-{self.name}"

    @property
    def dest(self) -> str:
        return "wsgi_" + self.name.replace("-", "_")


_FLAG: dict[str, Any] = {"action": "store_true", "default": None}


def _many(metavar: str) -> dict[str, Any]:
    return {"action": "append", "metavar": metavar, "default": None}


def _one(metavar: str, **more: Any) -> dict[str, Any]:
    return {"metavar": metavar, "default": None, **more}


OPTIONS: tuple[_Option, ...] = (
    _Option(
        "app",
        "linelist",
        _many("MODULE:ATTR"),
        "WSGI application to judge; MODULE:factory() calls a factory; repeatable",
    ),
    _Option(
        "middleware",
        "linelist",
        _many("MODULE:FACTORY"),
        "WSGI middleware to judge, made by FACTORY(app); repeatable",
    ),
    _Option(
        "server",
        "linelist",
        _many("NAME|COMMAND"),
        "WSGI server to judge: a known name, or a command with {app}, {host} and {port}; repeatable",
    ),
    _Option("url", "string", _one("URL"), "judge the running server at URL, which serves pytest_wsgiconform.probe:app"),
    _Option(
        "path",
        "linelist",
        _many("PATH"),
        "request target to exercise on the application; repeatable (default: / and the routes that can be found)",
    ),
    _Option("header", "linelist", _many("'NAME: VALUE'"), "header field sent with every request to an app; repeatable"),
    _Option("auth", "string", _one("USER:PASSWORD"), "HTTP Basic credentials sent with every request to an app"),
    _Option(
        "login", "string", _one("PATH"), "log in first: GET PATH, fill in its form, submit it, and keep the session"
    ),
    _Option("login-field", "linelist", _many("NAME=VALUE"), "field of the login form to fill in; repeatable"),
    _Option(
        "request",
        "linelist",
        _many("FILE"),
        "play a request of your own: a file with one HTTP/1.1 request, or a .har file; repeatable",
    ),
    _Option("scheme", "string", _one("SCHEME"), "scheme of ordinary requests: http or https"),
    _Option("host", "string", _one("NAME"), "Host of ordinary requests"),
    _Option("mount", "string", _one("/PREFIX"), "SCRIPT_NAME of ordinary requests"),
    _Option("value", "linelist", _many("NAME=VALUE"), "value of a route's argument; repeatable"),
    _Option("methods", "string", _one("GET,HEAD,..."), "the only methods that may be sent to the app (default: all)"),
    _Option("plan", "bool", _FLAG, "print the routes and the numbers of requests that would be sent, and exit"),
    _Option("deadline", _FLOAT, _one("SECONDS", type=float), "limit of the whole run (default: none)"),
    _Option("select", "linelist", _many("GLOBS"), "judge only the rules with these ids, comma separated"),
    _Option("ignore", "linelist", _many("GLOBS"), "leave out the rules with these ids, comma separated"),
    _Option("strict", "bool", _FLAG, "findings of level warning fail too"),
    _Option("fuzz", _INT, _one("N", type=int), "property-based examples per path (default: 0)"),
    _Option("timeout", _FLOAT, _one("SECONDS", type=float), "limit of one stimulus (default: 10)"),
    _Option(
        "isolate", "bool", _FLAG, "load and drive the target in a child interpreter, replaced when it hangs or dies"
    ),
    _Option(
        "report", "linelist", _many("FORMAT:PATH"), "write a report (json, html, sarif, markdown or badge); repeatable"
    ),
    _Option("baseline", "string", _one("PATH"), "file of known findings, which do not fail the run"),
    _Option("write-baseline", "bool", _FLAG, "write what is found to the file of --wsgi-baseline"),
    _Option("repro", "string", _one("DIR"), "write a stand-alone reproduction of each finding into DIR"),
    _Option("layers", "bool", _FLAG, "find out which middleware layer is to blame"),
    _Option("crawl", _INT, _one("N", type=int), "follow up to N links of the application's pages (default: 0)"),
    _Option("cov", "bool", _FLAG, "tell which lines of the application ran under validation"),
    _Option("diff", "bool", _FLAG, "compare the servers under test with each other"),
    _Option(
        "rules",
        "string",
        {"nargs": "?", "const": "*", "metavar": "GLOB", "default": None},
        "print the rules (of these ids), and exit",
    ),
)

#: Keys that stand in the ini file only, because they are the project's decisions: name, type, help.
INI_ONLY: tuple[tuple[str, Literal["string", "linelist"], str], ...] = (
    ("wsgi_fail_on", "string", "lowest level that fails the run: error (default), warning or advice"),
    ("wsgi_levels", "linelist", "changed levels of rules, one 'GLOB = LEVEL' a line"),
    ("wsgi_min_reached", "string", "how many routes must be reached, as '80%' or a number (default: one)"),
    ("wsgi_unreached", "linelist", "routes that need not be reached, one 'GLOB -- reason' a line"),
    ("wsgi_exclude_path", "linelist", "routes that are left out of the run, one 'GLOB -- reason' a line"),
    ("wsgi_rules_version", "string", "rules newer than this version of the plugin are advice"),
)

#: Options that say how an app is asked; alone they ask for nothing, and fixtures use some of them.
MODIFIERS = frozenset(
    [
        "header",
        "auth",
        "login",
        "login-field",
        "request",
        "scheme",
        "host",
        "mount",
        "value",
        "methods",
        "plan",
        "deadline",
    ]
)

_BY_NAME = {option.name: option for option in OPTIONS}


def register(parser: pytest.Parser) -> None:
    """Declare every option and its ini key."""
    group = parser.getgroup("wsgi", "WSGI conformance")
    for option in OPTIONS:
        group.addoption(option.flag, dest=option.dest, help=option.help, **option.how)
        default: Any = {"linelist": [], "bool": False, "string": ""}.get(option.ini)
        if option.ini in ("int", "float"):
            default = 0
        parser.addini(option.dest, f"same as {option.flag}", type=option.ini, default=default)  # type: ignore[arg-type]
    parser.addini(
        "wsgi_validate",
        "validate what the test clients of web frameworks call, in every test",
        type="bool",
        default=False,
    )
    for name, kind, text in INI_ONLY:
        parser.addini(name, text, type=kind, default="" if kind == "string" else [])


def given(config: pytest.Config, name: str) -> bool:
    """Tell whether the option *name* stands on the command line."""
    return config.getoption(_BY_NAME[name].dest, None) not in (None, [])


def value(config: pytest.Config, name: str) -> Any:
    """Return the option's value: from the command line, else from the ini file, else its empty value.

    :raises pytest.UsageError: when the ini file's value is of the wrong type.
    """
    option = _BY_NAME[name]
    if given(config, name):
        return config.getoption(option.dest)
    try:
        found = config.getini(option.dest)
        kind = option.how.get("type")
        return kind(found or 0) if kind is not None else found
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"{option.dest} in {config.inipath}: {error}") from None


def active(config: pytest.Config) -> bool:
    """Tell whether any option or node id asks for more than fixtures."""
    return any(value(config, option.name) for option in OPTIONS if option.name not in MODIFIERS) or any(
        map(parse_node_id, config.args)
    )


def targets(config: pytest.Config) -> list[Target]:
    """Return the targets that the options name, each once.

    Those of the ini file are left out when the command line names paths: ``pytest tests/test_one.py`` is
    then a run of that file alone.
    """
    found: dict[Target, None] = {}
    paths_given = config.args_source is pytest.Config.ArgsSource.ARGS
    for kind in ("app", "middleware", "server"):
        if given(config, kind) or not paths_given:
            found.update(dict.fromkeys(Target(kind, name) for name in value(config, kind)))
    if value(config, "url") and (given(config, "url") or not paths_given):
        url = value(config, "url")
        if not url.startswith(("http://", "https://")):
            raise pytest.UsageError(f"--wsgi-url={url!r}: give a URL such as http://127.0.0.1:8000/.")
        found[Target("server", url)] = None
    return list(found)


def globs(config: pytest.Config, name: str) -> tuple[str, ...]:
    """Return the globs of the option *name* (``select`` or ``ignore``), one by one.

    What is ignored only at some path is left to the gate.

    :raises pytest.UsageError: for an exception that can't be read.
    """
    if name == "ignore":
        from ..report.policy import PolicyError, parse_ignore

        try:
            exceptions = parse_ignore(value(config, name))
        except PolicyError as error:
            raise pytest.UsageError(str(error)) from None
        return tuple(glob for exception in exceptions if not exception.path for glob in exception.rules)
    return tuple(glob.strip() for text in value(config, name) for glob in text.split(",") if glob.strip())


def file_path(config: pytest.Config, name: str, text: str) -> Path:
    """Return *text*, the value of option *name*, as an absolute path.

    It is relative to the folder the run was started in, or from an ini file to the project's folder.
    """
    return (config.invocation_params.dir if given(config, name) else config.rootpath) / text


def reports(config: pytest.Config) -> list[tuple[str, Path]]:
    """Return format and path of each report that is asked for.

    :raises pytest.UsageError: for an unknown format, or a path that can't be written.
    """
    found = []
    for text in value(config, "report"):
        kind, colon, name = text.partition(":")
        if not colon or not name:
            raise pytest.UsageError(f"--wsgi-report={text}: write FORMAT:PATH, for example json:wsgi.json")
        if kind not in REPORT_FORMATS:
            raise pytest.UsageError(
                f"--wsgi-report={text}: there is no format {kind!r}, only {', '.join(REPORT_FORMATS)}"
                + did_you_mean(kind, REPORT_FORMATS)
            )
        if kind == "markdown" and name == "-":
            found.append((kind, Path(name)))
            continue
        path = file_path(config, "report", name)
        check_writable(f"--wsgi-report={text}", path)
        if not path.parent.is_dir():
            # Told before the run, because a mistyped folder would be looked for in vain after it.
            raise pytest.UsageError(f"--wsgi-report={text}: the folder {path.parent} does not exist")
        others = [other for other, there in found if os.path.realpath(there) == os.path.realpath(path)]
        if others:
            raise pytest.UsageError(f"--wsgi-report={text}: the {others[0]} report goes to the same file")
        found.append((kind, path))
    return found


def repro_folder(config: pytest.Config) -> Path | None:
    """Return the folder of --wsgi-repro, ``None`` when none is asked for.

    :raises pytest.UsageError: when it can't be written.
    """
    text = value(config, "repro")
    if not text:
        return None
    folder = file_path(config, "repro", text)
    if folder.exists() and not folder.is_dir():
        raise pytest.UsageError(f"--wsgi-repro={text}: {folder} is a file; name a folder")
    check_writable(f"--wsgi-repro={text}", folder / "x")
    return folder


def check_writable(option: str, path: Path) -> None:
    """Make sure, before anything runs, that *path* can be written; missing folders will be made.

    :raises pytest.UsageError: when it can't; it names *option*.
    """
    if path.is_dir():
        raise pytest.UsageError(f"{option}: {path} is a folder; name a file")
    folder = next(parent for parent in path.parents if os.path.lexists(parent))
    if not folder.is_dir():
        raise pytest.UsageError(f"{option}: {folder} is a file, and no folder can be made below it")
    # A file is replaced, not written to; so it is its folder that must let us.
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise pytest.UsageError(f"{option}: no permission to write {path}")


def did_you_mean(word: str, words: Any) -> str:
    """Return ``"; did you mean X?"`` when one of *words* looks like *word*, else nothing."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {near[0]}?" if near else ""
