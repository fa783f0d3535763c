"""The names of what is under test: targets, and the node ids of a suite."""

from __future__ import annotations

import re
from typing import NamedTuple


class Target(NamedTuple):
    """What is under test. :ivar kind: ``"app"``, ``"middleware"`` or ``"server"``. :ivar name: as the user gave it."""

    kind: str
    name: str

    @property
    def nodeid(self) -> str:
        return f"wsgi-{self.kind}[{self.name}]"

    @property
    def option(self) -> str:
        """The option that names this target, for messages."""
        is_url = self.kind == "server" and self.name.startswith(("http://", "https://"))
        return f"--wsgi-{'url' if is_url else self.kind}={self.name}"


class NodeId(NamedTuple):
    """A node id of ours, as pasted on the command line; ``None`` where it stops short."""

    target: Target
    section: str | None
    rule: str | None


# The name may hold anything ("::" and brackets too), so the last bracket closes it.
_NODE_ID = re.compile(r"wsgi-(app|middleware|server)\[(.+)\](?:::([\w-]+))?(?:::([\w-]+))?", re.DOTALL)


def parse_node_id(text: str) -> NodeId | None:
    """Return what *text* addresses in a suite of ours, or ``None`` when it is another kind of argument."""
    match = _NODE_ID.fullmatch(text)
    return match and NodeId(Target(match[1], match[2]), match[3], match[4])
