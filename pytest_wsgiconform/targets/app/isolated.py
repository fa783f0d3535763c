"""The child interpreter of ``--wsgi-isolate``: loads the app, plays what it is told to, and answers in JSON.

Run as ``python -m pytest_wsgiconform.targets.app.isolated REQUEST_FD REPLY_FD``. A request is one line of JSON; a
reply is the number of its bytes, a line end, and that many bytes of JSON. The app shares this process, so what comes
out of it is not to be trusted by the other side.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from ...rules.registry import catalogue
from ...settings import Settings
from ..base import TargetError
from ..load import load_app, load_limit, make_importable
from .player import LocalPlayer
from .remote_hooks import RemoteHooks
from .routes import Route

#: Seconds after the time limit of loading at which the process is ended, if the limit did not end the loading.
_LATER = 2.0


def main() -> None:
    """Serve requests until there are no more."""
    requests, replies = os.fdopen(int(sys.argv[1]), "rb"), int(sys.argv[2])
    faulthandler.enable()
    exit_now = os._exit  # the app may replace it
    write = os.write
    player: LocalPlayer | None = None

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        _send(write, replies, question, exit_now)
        reply: dict[str, Any] = json.loads(requests.readline() or b"{}")
        return reply

    for line in iter(requests.readline, b""):
        request = json.loads(line)
        try:
            if player is None:
                player, answer = _load(request)
            elif request.get("coverage"):
                answer = {"coverage": player.coverage()}
            elif "open" in request:
                player.open_session(RemoteHooks(request["open"], ask))
                answer = _session(player)
            else:
                answer = {**_play(player, request), **_session(player)}
        except TargetError as error:
            answer = {"error": str(error), **(_session(player) if player is not None else {})}
        _send(write, replies, answer, exit_now)
    exit_now(0)  # threads and atexit functions of the app have no say in this


def _load(request: dict[str, Any]) -> tuple[LocalPlayer, dict[str, Any]]:
    settings = Settings(**{key: _tuples(value) for key, value in request["settings"].items()})
    sys.path[:] = request["path"]
    make_importable((settings.cwd, settings.rootdir))
    if settings.cwd:
        os.chdir(settings.cwd)
    # This ends what hangs where no time limit of Python's reaches, and says where it hung.
    faulthandler.dump_traceback_later(load_limit(settings.timeout) + _LATER, exit=True)
    app = load_app(request["name"], settings.timeout)
    faulthandler.cancel_dump_traceback_later()
    player = LocalPlayer(request["name"], app, settings)
    routes, notes = player.routes()
    told = {"routes": [route.to_dict() for route in routes], "notes": notes, "host": player.settings.host}
    return player, told


def _play(player: LocalPlayer, request: dict[str, Any]) -> dict[str, Any]:
    route = Route.from_dict(request["route"])
    player.watch([catalogue()[name] for name in request["rules"]])
    return player.play(request["stimulus"], route, request["limit"], request["patience"]).to_dict()


def _tuples(value: Any) -> Any:
    """Return *value* as it was before it became JSON, which has no tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _session(player: LocalPlayer) -> dict[str, Any]:
    """Return what the parent needs to know of the session."""
    return {"session": {**player.secrets(), "notes": player.notes()}} if player.credentials is not None else {}


def _send(write: Callable[[int, bytes], int], replies: int, answer: Any, exit_now: Callable[[int], Any]) -> None:
    data = json.dumps(answer).encode("ascii")
    data = b"%d\n%s" % (len(data), data)
    try:
        while data:
            data = data[write(replies, data[: 1 << 16]) :]
    except OSError:  # the app closed the descriptor, or the harness has gone
        exit_now(70)


if __name__ == "__main__":
    main()
