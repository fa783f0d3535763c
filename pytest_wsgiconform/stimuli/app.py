"""Ordinary traffic for apps: what every server sends all day."""

from __future__ import annotations

from .model import Stage, Stimulus

#: A form like a browser's; apps that take JSON answer 400 or 415, which exercises them too.
_FORM = b"name=value&text=two+words"
_FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}

#: Where the app is mounted in the mounted stimulus.
MOUNT = "/mounted"


def _get(stage: Stage) -> None:
    stage.play("get", stage.environ("GET", headers={"Accept": "*/*", "User-Agent": "pytest-wsgiconform"}))


def _head(stage: Stage) -> None:
    stage.play("get", stage.environ("GET", headers={"Accept": "*/*"}))
    stage.play("head", stage.environ("HEAD", headers={"Accept": "*/*"}))


def _post(stage: Stage) -> None:
    stage.play("post", stage.environ("POST", body=_FORM, headers=_FORM_HEADERS))


def _options(stage: Stage) -> None:
    stage.play("options", stage.environ("OPTIONS"))


def _mounted(stage: Stage) -> None:
    stage.play("get", stage.environ("GET", script_name=MOUNT))
    stage.play("head", stage.environ("HEAD", script_name=MOUNT))
    stage.play("post", stage.environ("POST", script_name=MOUNT, body=_FORM, headers=_FORM_HEADERS))


ORDINARY: tuple[Stimulus, ...] = (
    Stimulus("get", "an ordinary GET", _get),
    Stimulus("head", "a GET and then a HEAD of the same path", _head),
    Stimulus("post", "a POST with a small form", _post),
    Stimulus("options", "an OPTIONS request", _options),
    Stimulus("mounted", "GET, HEAD and POST with the app mounted below a prefix", _mounted),
)


def app_stimuli() -> tuple[Stimulus, ...]:
    """Return all stimuli for apps, in the order in which they are played."""
    return ORDINARY
