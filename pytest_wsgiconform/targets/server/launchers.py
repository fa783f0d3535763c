"""Which servers are known by name, and how each is started.

A target is named in one of these ways: a known name (``gunicorn``, ``gunicorn:gthread``), such a name with the
interpreter to run it (``gunicorn@/path/to/python``), a command with ``{host}``, ``{port}`` and ``{app}``, or the URL of
a server that runs already.
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...probe.behaviours.extensions import EXTENSIONS
from ...probe.behaviours.input import DEPLOYER
from ...probe.channel import VARIABLE
from ...rules.display import clean
from ...rules.records.stimulus_facts import Mode
from ..base import TargetError
from .process import STOP_LIMIT, ServerProcess, free_port
from .tls import make_certificate

HOST = "127.0.0.1"

#: Path under which the mode ``MOUNTED`` serves the app.
MOUNT = "/mount"
_PLACE = re.compile(r"\{(python|app|module|attr|host|port|port2|tmp|appdir|channel|certificate|key|mount)\}")


@dataclass(frozen=True)
class Launcher:
    """How one server is started.

    :ivar name: what the user calls it. :ivar command: its command line; ``{python}``, ``{app}`` (``MODULE:ATTR``),
        ``{module}``, ``{attr}``, ``{host}``, ``{port}``, ``{port2}`` (a second free port), ``{tmp}`` (a scratch
        directory), ``{appdir}`` (directory that holds the app's package) and ``{channel}`` (the value of
        ``WSGICONFORM_CHANNEL``) are filled in. :ivar shell: whether a shell has to run it.
    :ivar files: files to write into ``{tmp}`` first, by relative path, filled in likewise.
    :ivar executable: which of them are to be executable. :ivar prefix: path under which the app is mounted.
    :ivar packages: distributions whose versions tell what was tested. :ivar install: how to install it, one phrase.
    :ivar single: a command line of the server's single-threaded mode, ``""`` when it has none.
    :ivar tls: a command line that serves over TLS with the files ``{certificate}`` and ``{key}``, ``""`` for
        none.
    :ivar mounted: a command line that serves the app under the path ``{mount}``, ``""`` for none.
    :ivar extensions: server extensions to try, as ``WSGICONFORM_EXTENSIONS`` has them (see
        :mod:`pytest_wsgiconform.probe.behaviours.extensions`).
    :ivar directory: the working directory, filled in likewise; relative to where the tests run.
    :ivar python: the interpreter that runs it. :ivar environment: more environment variables.
    """

    name: str
    command: str
    shell: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    executable: tuple[str, ...] = ()
    prefix: str = ""
    packages: tuple[str, ...] = ()
    install: str = ""
    single: str = ""
    tls: str = ""
    mounted: str = ""
    extensions: str = ""
    directory: str = "."
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)

    #: Its environment is ours to set, so the probe finds the side channel.
    reports = True

    @property
    def commands(self) -> Mapping[Mode, str]:
        """The command line of each mode that it has one for."""
        given = {
            Mode.USUAL: self.command,
            Mode.SINGLE: self.single,
            Mode.TLS: self.tls,
            Mode.MOUNTED: self.mounted,
        }
        return {mode: command for mode, command in given.items() if command}

    @property
    def modes(self) -> Set[Mode]:
        """The modes in which it can be started."""
        return self.commands.keys()

    def start(self, app: str, channel: str, limit: float, *, mode: Mode = Mode.USUAL) -> Running:
        """Start the server with *app* (``MODULE:ATTR``) and wait until it listens.

        :param channel: the side channel's address. :param limit: seconds that the start may take.
        :param mode: one of :attr:`modes`.
        :raises TargetError: when it can't be run, ends, or doesn't listen.
        """
        scratch = Path(tempfile.mkdtemp(prefix="wsgiconform-"))
        try:
            return self._start(scratch, app, channel, limit, mode)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise

    def _start(self, scratch: Path, app: str, channel: str, limit: float, mode: Mode) -> Running:
        # In a shell's command a gateway starts even when the server behind it can't.
        advice = self._advice() if self.shell else ""
        if advice:
            raise TargetError(f"{clean(self.name)} can't be started.{advice}")
        package = scratch / "path"
        package.mkdir()
        # Not our whole site-packages: what the server's own environment holds must win.
        (package / "pytest_wsgiconform").symlink_to(Path(__file__).resolve().parents[2])
        scratch.chmod(0o755)
        port = free_port(HOST)
        values = self._values(scratch, package, app, channel, port)
        if mode is Mode.TLS:
            made = make_certificate(scratch)
            if made is None:
                raise TargetError("TLS can't be tried without the openssl command.")
            values.update(certificate=str(made[0]), key=str(made[1]))
        for name, text in self.files.items():
            path = scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_fill(text, values))
            if name in self.executable:
                path.chmod(0o755)
        environment = self._environment(package, channel)
        directory = Path(_fill(self.directory, values)).absolute()
        process = ServerProcess(self._arguments(self.commands[mode], values), environment, directory, (HOST, port))
        try:
            process.wait_ready(limit)
        except TargetError as error:
            raise TargetError(f"{clean(self.name)}: {error}{self._advice()}") from None
        except BaseException:
            process.stop()
            raise
        return Running(process, scratch, MOUNT if mode is Mode.MOUNTED else self.prefix)

    def _values(self, scratch: Path, package: Path, app: str, channel: str, port: int) -> dict[str, str]:
        module, _, attribute = app.partition(":")
        return {
            "python": self.python,
            "app": app,
            "module": module,
            "attr": attribute,
            "host": HOST,
            "port": str(port),
            "port2": str(free_port(HOST)),
            "tmp": str(scratch),
            "appdir": str(package),
            "channel": channel,
            "mount": MOUNT,
        }

    def _arguments(self, command: str, values: Mapping[str, str]) -> list[str]:
        if self.shell:
            return ["/bin/sh", "-c", _fill(command, values)]
        try:
            return [_fill(word, values) for word in shlex.split(command)]
        except ValueError as error:
            raise TargetError(f"the command {clean(command)!r} can't be split into words: {error}") from None

    def _environment(self, package: Path, channel: str) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HTTP_", "COV_", "PYTEST_"))}
        environment.update(self.environment)
        path = [str(package), *filter(None, [environment.get("PYTHONPATH", "")])]
        environment["PYTHONPATH"] = os.pathsep.join(path)
        environment["PATH"] = os.pathsep.join([str(Path(self.python).parent), environment.get("PATH", os.defpath)])
        environment["PYTHONUNBUFFERED"] = "1"
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        environment[VARIABLE] = channel
        environment[DEPLOYER] = "deployed"
        environment[EXTENSIONS] = self.extensions
        return environment

    def _advice(self) -> str:
        missing = [name for name, version in self.versions().items() if version is None]
        if missing:
            return f"\nNot installed for {clean(self.python)}: {', '.join(missing)}. To install it: {self.install}."
        return ""

    def versions(self) -> dict[str, str | None]:
        """Return the version of each of its packages in its interpreter, ``None`` for one that isn't installed."""
        if not self.packages:
            return {}
        code = (
            "import sys\nfrom importlib.metadata import version, PackageNotFoundError\n"
            "for name in sys.argv[1:]:\n try: print(version(name))\n except PackageNotFoundError: print('')\n"
        )
        try:
            done = subprocess.run(
                [self.python, "-c", code, *self.packages], capture_output=True, text=True, timeout=20, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return dict.fromkeys(self.packages)
        lines = done.stdout.split("\n")
        return {name: lines[number] or None for number, name in enumerate(self.packages)}


@dataclass
class Running:
    """A server that listens. :ivar process: it. :ivar prefix: path under which the app is mounted."""

    process: ServerProcess
    scratch: Path
    prefix: str

    @property
    def address(self) -> tuple[str, int]:
        return self.process.address

    def printed(self) -> int:
        """Return how many bytes it has printed; a mark for :meth:`output`."""
        return self.process.output.total

    def output(self, mark: int) -> str:
        """Return what it printed after *mark*, as far as that is kept."""
        return self.process.output.since(mark)

    def ended(self) -> str | None:
        """Return how its first process ended, as a phrase; ``None`` while it runs."""
        return self.process.ended()

    def stop(self) -> None:
        """Stop the server and remove its scratch directory; safe to call twice."""
        self._remove(STOP_LIMIT)

    def kill(self) -> None:
        """Likewise, but leave it no time: for one that was started for a single stimulus, or that hangs."""
        self._remove(0.0)

    def _remove(self, grace: float) -> None:
        self.process.stop(grace)
        shutil.rmtree(self.scratch, ignore_errors=True)


@dataclass(frozen=True)
class UrlStarter:
    """A server that runs already, and serves the probe. What happens inside it can't be told.

    :ivar name: its URL.
    """

    name: str
    reports = False
    modes = frozenset((Mode.USUAL,))

    def start(self, app: str, channel: str, limit: float, *, mode: Mode = Mode.USUAL) -> Elsewhere:
        """Find the server.

        :raises TargetError: for a URL that is none, or where nobody listens.
        """
        parts = urlsplit(self.name)
        try:
            port = parts.port or 80
        except ValueError:
            port = 0
        if parts.scheme != "http" or not parts.hostname or not port:
            raise TargetError("give a URL such as http://127.0.0.1:8000/.")
        served = Elsewhere((parts.hostname, port), parts.path.rstrip("/"))
        try:
            socket.create_connection(served.address, timeout=limit).close()
        except OSError as error:
            raise TargetError(f"nobody answers there ({clean(str(error))}).") from None
        return served

    def versions(self) -> dict[str, str | None]:
        """Return nothing: it isn't ours to look into."""
        return {}


@dataclass(frozen=True)
class Elsewhere:
    """A server that somebody else runs. :ivar address: where. :ivar prefix: path of the app."""

    address: tuple[str, int]
    prefix: str

    def printed(self) -> int:
        """Return 0: its output can't be seen."""
        return 0

    def output(self, mark: int) -> str:
        """Return ``""``: its output can't be seen."""
        return ""

    def ended(self) -> str | None:
        """Return ``None``: that can't be told."""
        return None

    def stop(self) -> None:
        """Leave it alone."""

    kill = stop


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: values[match[1]], text)


def known_launchers() -> dict[str, Launcher]:
    """Return the servers known by name, as ``servers.toml`` lists them."""
    tomllib: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    data = tomllib.loads(Path(__file__).with_name("servers.toml").read_text("utf-8"))
    return {name: _launcher(name, table, data["loader"]) for name, table in data["server"].items()}


def _launcher(name: str, table: Mapping[str, Any], loader: str) -> Launcher:
    command, tls, mounted = (str(table.get(key, "")) for key in ("command", "tls", "mounted"))
    if "code" in table:
        command = _program(loader, table["code"])
    if "tls-code" in table:
        tls = _program(loader, table["tls-code"]) + " {certificate} {key}"
    if "mounted-code" in table:
        mounted = _program(loader, table["mounted-code"]) + " {mount}"
    taken = ("command", "code", "executable", "packages", "tls", "tls-code", "mounted", "mounted-code")
    plain = {k: v for k, v in table.items() if k not in taken}
    return Launcher(
        name=name,
        command=command,
        tls=tls,
        mounted=mounted,
        directory="{tmp}",  # where nothing of the user's can be imported by mistake
        executable=tuple(table.get("executable", ())),
        packages=tuple(table.get("packages", ())),
        **plain,
    )


def _program(loader: str, code: str) -> str:
    """Return the command line of a Python program: the loader reads the arguments, *code* serves the app."""
    script = f"{loader}\n{code}"
    return f"{{python}} -c {shlex.quote(script)} {{host}} {{port}} {{module}} {{attr}}"


def find_launcher(name: str, known: Mapping[str, Launcher] | None = None) -> Launcher:
    """Return the launcher for what the user gave as ``--wsgi-server``.

    :param known: names to look in, ``None`` for those that ship with this package.
    :raises TargetError: for a name that isn't known (naming the nearest), or a command without its places.
    """
    launchers = known_launchers() if known is None else known
    if name in launchers:
        return launchers[name]
    base, at, python = name.partition("@")
    if at and base in launchers:
        if shutil.which(python) is None:
            raise TargetError(f"there is no interpreter {clean(python)!r}.")
        return replace(launchers[base], name=name, python=python)
    if "{" in name or " " in name:
        missing = [place for place in ("{port}", "{app}") if place not in name]
        if missing == ["{app}"] and "{module}" in name:
            missing = []
        if missing:
            raise TargetError(
                f"a command needs the places {{host}}, {{port}} and {{app}}; {' and '.join(missing)} is missing."
            )
        return Launcher(name=name, command=name)
    near = difflib.get_close_matches(name, launchers, n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise TargetError(
        f"no server is known as {clean(name)!r}.{hint} Known: {', '.join(launchers)}; or give a command with "
        "{host}, {port} and {app}."
    )
