"""Stand-alone reproductions: a folder with one small program per finding.

For an app or a middleware it is a Python script that drives the target again, judges the one rule, and exits with 1
when the fault shows. Beside the scripts lies ``_wsgiconform``, a copy of those parts of this package that drive and
judge, so that they need the standard library and the target only: a script of a few lines can't judge what took a
validator to see, and a second checker per rule would be a second truth. For a server it is the bytes that were sent.
"""

from __future__ import annotations

import shutil
import textwrap
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..rules.display import clean
from ..rules.model import Finding
from .document import Document
from .files import write_text
from .html_wire import LEFT_OUT, unescape
from .places import fingerprints

_PRIVATE = "_wsgiconform"

#: What drives and judges without pytest and without a server.
_FOLDERS = ("rules", "observe", "stimuli", "targets", "wsgiref")
_MODULES = ("__init__.py", "_version.py", "engine.py", "environ.py", "masking.py", "settings.py", "repeat.py")

#: Names the files of an earlier run, which the next one takes away.
_LIST = ".wsgiconform-repro"

_SCRIPT = '''\
"""Repeats a finding of pytest-wsgiconform: the rule {rule} is broken by the {kind} {target}.

{seen}

Needs the standard library, the target, and the folder {private} beside this file.{needed}
Exit status: 1 the fault shows, 0 it does not, 2 the target can't be loaded.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from {private}.repeat import main

raise SystemExit(
    main(
        import_from={folders!r},
        kind={kind_text!r},
        target={target_text!r},
        rule={rule!r},
        paths={paths!r},
        timeout={timeout!r},{more}
    )
)
'''

_SENT = """\
{rule}: {seen}

The server {target} was sent the bytes of {name}. Start it with the probe
(pytest_wsgiconform.probe:app) and send them again, for example:

    nc -q 5 127.0.0.1 8000 < {name}

As it was done:

    {command}
"""


@dataclass(frozen=True)
class Asked:
    """How the targets were asked, for reproductions to ask the same way.

    :param settings: fields of ``Settings`` that say what requests carry, as plain data; ``${NAME}`` in them, and in
        the paths of requests, stands for a secret. :param variables: the names of these, each with what it stands for.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def write(
    document: Document,
    folder: Path,
    import_from: Iterable[str] = (),
    timeout: float = 10.0,
    asked: Asked | None = None,
) -> Document:
    """Write the reproductions of *document*'s findings into *folder*, those of an earlier run being taken away.

    :param import_from: folders from which targets are imported. :param timeout: seconds per exchange.
    :param asked: how the targets were asked; ``None`` for ordinary requests.
    :returns: the document with each finding's evidence naming its reproduction as ``repro``.
    :raises OSError: when something can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {target.name: target.kind for target in document.targets}
    folders = list(import_from)
    asked = asked or Asked()
    files: list[list[str]] = []
    for finding, fingerprint in zip(document.findings, fingerprints(document.findings), strict=True):
        kind = kinds.get(finding.target)
        stem = f"{finding.rule}-{fingerprint[:8]}"
        if kind == "server":
            files.append(_server_files(finding, folder, stem))
        elif kind is not None:
            files.append([f"{stem}.py"])
            write_text(folder / f"{stem}.py", _script(finding, kind, folders, timeout, asked))
        else:
            files.append([])
    written = [name for names in files for name in names]
    if any(name.endswith(".py") for name in written):
        _copy_package(folder / _PRIVATE)
    _forget_earlier(folder, written)
    in_order = iter(files)
    return document.with_findings(lambda finding: _with_repro(finding, folder, next(in_order)))


def _with_repro(finding: Finding, folder: Path, names: Sequence[str]) -> Finding:
    evidence = dict(finding.evidence)
    if names and names[0].endswith(".py"):
        evidence["repro"] = f"python {folder / names[0]}"
    elif "test" in evidence:
        # What a user's own test sent is repeated by that test.
        evidence["repro"] = f"pytest {evidence['test']!r}"
    return replace(finding, evidence=evidence)


def _script(finding: Finding, kind: str, folders: list[str], timeout: float, asked: Asked) -> str:
    place = finding.location
    seen = clean(finding.message)
    if place is not None:
        seen += clean(f" ({place.file}:{place.line})")
    # The text stands in a docstring: neither its end nor an escape may come from the target.
    quoted = "\n".join(textwrap.wrap(seen, 100)).replace("\\", "\\\\").replace('"', '\\"')
    return _SCRIPT.format(
        rule=finding.rule,
        kind=kind,
        kind_text=kind,
        target=clean(finding.target).replace("\\", "\\\\").replace('"', '\\"'),
        target_text=finding.target,
        seen=quoted,
        private=_PRIVATE,
        folders=folders,
        paths=_paths(finding, asked.variables),
        timeout=timeout,
        needed=_needed(asked),
        more=_more(asked, finding),
    )


def _needed(asked: Asked) -> str:
    """Say which environment variables a reproduction reads."""
    if not asked.variables:
        return ""
    lines = [f"    {name}: {clean(meaning)}" for name, meaning in asked.variables.items()]
    return "\nReads from the environment, because it is secret:\n" + "\n".join(lines)


def _more(asked: Asked, finding: Finding) -> str:
    """Return the arguments that say how the target was asked, none for ordinary requests.

    Of the user's own requests only those to the path of *finding* are played, where there is one.
    """
    settings = dict(asked.settings)
    own = settings.pop("own_requests", ())
    path = (finding.request or {}).get("path")
    there = [request for request in own if urllib.parse.unquote(request[1].partition("?")[0], "latin-1") == path]
    if there or own:
        settings["own_requests"] = there or own
    given = {"settings": settings, "variables": list(asked.variables)}
    return "".join(f"\n        {name}={value!r}," for name, value in given.items() if value)


def _paths(finding: Finding, variables: Iterable[str] = ()) -> list[str]:
    """Return the request target that the finding was seen with, as it would stand in a URL.

    ``${NAME}`` of one of *variables* is left as it is.
    """
    from ..stimuli.app.order import MOUNT

    request = finding.request or {}
    path = str(request.get("path") or "/")
    # A stimulus that mounts the app has the prefix in the path, and will put it there again.
    if finding.stimulus == "mounted" and path.startswith(MOUNT):
        path = path[len(MOUNT) :]
    if not path.startswith("/"):
        path = "/"  # an asterisk, or nothing at all: the stimulus's own doing, whatever the path
    quoted = urllib.parse.quote(path, encoding="latin-1", errors="replace")
    for name in variables:
        quoted = quoted.replace(urllib.parse.quote(f"${{{name}}}"), f"${{{name}}}")
    query = str(request.get("query") or "")
    return [f"{quoted}?{query}" if query else quoted]


def _server_files(finding: Finding, folder: Path, stem: str) -> list[str]:
    """Write the bytes that were sent, and how; only the latter when the evidence has not kept them all."""
    sent = finding.evidence.get("sent")
    names = [f"{stem}.txt"]
    if isinstance(sent, str) and not LEFT_OUT.search(sent):
        names.insert(0, f"{stem}.bin")
        (folder / names[0]).write_bytes(unescape(sent))
    text = _SENT.format(
        rule=finding.rule,
        seen=clean(finding.message),
        target=clean(finding.target),
        name=f"{stem}.bin",
        command=clean(str(finding.evidence.get("repro", "(not recorded)"))),
    )
    write_text(folder / names[-1], text)
    return names


def _copy_package(to: Path) -> None:
    package = Path(__file__).resolve().parents[1]
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for name in _MODULES:
        shutil.copyfile(package / name, to / name)
    for name in _FOLDERS:
        shutil.copytree(package / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))


def _forget_earlier(folder: Path, written: Sequence[str]) -> None:
    listed = folder / _LIST
    earlier = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    for name in earlier:
        # The list may have been edited: nothing outside the folder is touched.
        if name not in written and Path(name).name == name:
            (folder / name).unlink(missing_ok=True)
    write_text(listed, "".join(f"{name}\n" for name in written))
