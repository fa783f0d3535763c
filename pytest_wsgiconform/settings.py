"""What a run was asked to do, as plain data that can be sent to another process."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds one stimulus may take, unless the user says otherwise.
DEFAULT_TIMEOUT = 10.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The options that a target's run needs to know, each named after its ``--wsgi-`` option.

    Every value is a builtin of plain values, so that it survives ``repr``, pickling and JSON.

    :param paths: request targets to exercise, each with its leading slash; empty means ``/`` and the routes
        that can be discovered.
    :param select: globs of rule ids to judge, empty for all. :param ignore: globs of rule ids to leave out. Who judges
        a target chooses by them, see :func:`~pytest_wsgiconform.rules.registry.pick`; the target itself does not.
    :param strict: warnings fail too.
    :param fuzz: number of property-based examples per path, 0 for none.
    :param timeout: seconds that one stimulus may take.
    :param isolate: load and drive the target in a child interpreter.
    :param layers: find the middleware layer that is to blame.
    :param crawl: how many links to follow, 0 for none.
    :param cov: measure which lines of the app ran under validation.
    :param diff: compare the servers with each other.
    :param rootdir: absolute path of the project. :param cwd: absolute path of the folder the run was started in.
        Both are on ``sys.path`` where the target is loaded.
    :param headers: name and value of each field that every request to an app carries.
    :param auth: user and password for HTTP Basic, ``""`` for none.
    :param login: path of a page with a login form, ``""`` for none. :param login_fields: name and value of each field
        that is filled in there.
    :param requests: absolute paths of files with requests of the user's own. :param own_requests: what is in them:
        method, target, fields, body (Latin-1 text), Host and scheme of each. :param request_notes: lines on what in
        them is left out.
    :param scheme, host, mount: scheme, Host and SCRIPT_NAME of ordinary requests; ``""`` where none was typed.
    :param values: name and value of route arguments; several values of one name make several routes.
    :param methods: the only methods that may be sent, in upper case; empty for all.
    :param deadline: seconds that the whole run may take, 0 for no bound.
    :param exclude_path, unreached: glob and reason of routes that are left out, and of those that need not be reached.
    :param min_reached: how many routes must be reached, and whether that is a share of all.
    :param secrets: texts that must not be shown anywhere: values from the environment, passwords, tokens.
    :param variables: name and value of each environment variable that ``${NAME}`` in an option stood for.
    :param share: folder in which the workers of a distributed run share what they have played, ``""`` for none.
    """

    paths: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool = False
    fuzz: int = 0
    timeout: float = DEFAULT_TIMEOUT
    isolate: bool = False
    layers: bool = False
    crawl: int = 0
    cov: bool = False
    diff: bool = False
    rootdir: str = ""
    cwd: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    auth: str = ""
    login: str = ""
    login_fields: tuple[tuple[str, str], ...] = ()
    requests: tuple[str, ...] = ()
    own_requests: tuple[tuple[str, str, tuple[tuple[str, str], ...], str, str, str], ...] = ()
    request_notes: tuple[str, ...] = ()
    scheme: str = ""
    host: str = ""
    mount: str = ""
    values: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...] = ()
    deadline: float = 0.0
    exclude_path: tuple[tuple[str, str], ...] = ()
    unreached: tuple[tuple[str, str], ...] = ()
    min_reached: tuple[float, bool] = (1.0, False)
    secrets: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    share: str = ""
