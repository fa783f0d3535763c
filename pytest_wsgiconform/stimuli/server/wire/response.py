"""Responses: what the probe gives, what reaches the wire; HEAD, bodiless statuses, splitting, failures."""

from __future__ import annotations

from ....observe.wire import Script, Send
from ....rules.records.stimulus_facts import Wanted
from ..model import Setting, stimulus


def _behaviour(topic: str, behaviour: str) -> None:
    """Register ``topic:behaviour``: a GET for *behaviour*, then an ordinary request in the same packet."""
    stimulus(f"{topic}:{behaviour}", lambda s: s.request("first", behaviour) + s.last())


def _head(setting: Setting, behaviour: str) -> Script:
    data = setting.request("first", behaviour, method="HEAD") + setting.last()
    return Script((Send(data),), methods=("HEAD", "GET"))


for _name in ("echo", "custom-status", "no-reason", "generator", "redirect", "not-found", "cookies", "own-date"):
    _behaviour("response", _name)
for _name in ("two-lengths", "two-lengths-differ"):
    _behaviour("response-lengths", _name)
for _name in ("data-204", "data-204-generator", "length-204", "data-304", "no-length-304"):
    _behaviour("bodiless", _name)

for _name in ("echo", "head-data", "head-generator", "head-empty", "generator"):
    stimulus(f"head:{_name}", lambda s, behaviour=_name: _head(s, behaviour))


def _head_and_get(setting: Setting, behaviour: str) -> list[Script]:
    get = setting.request("get", behaviour, close=True)
    head = setting.request("head", behaviour, method="HEAD", close=True)
    return [Script((Send(get),)), Script((Send(head),), methods=("HEAD",))]


for _name in ("head-data", "head-generator", "head-empty"):
    stimulus(
        f"head-fields:{_name}",
        lambda s, behaviour=_name: _head_and_get(s, behaviour),
        wanted=Wanted(length_given=_name != "head-generator"),
    )

# -- splitting

for _name in ("crlf", "lf", "cr", "nul", "response"):
    _behaviour("split-value", f"split-value-{_name}")
for _name in ("crlf", "colon", "blank"):
    _behaviour("split-name", f"split-name-{_name}")
for _name in ("crlf", "lf", "cr"):
    _behaviour("split-status", f"split-status-{_name}")

# -- failing apps

for _name in ("raise-call", "raise-first", "raise-started", "never-starts"):
    _behaviour("failure", _name)
for _name in ("raise-later", "raise-later-length"):
    _behaviour("abort", _name)
