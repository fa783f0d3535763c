r"""The record of one stimulus run against a real server: what server rules judge.

Plain data throughout: it can be written by hand in an example, stored, compared and sent between
processes (:meth:`ServerRun.to_dict`). The wire client (``observe.wire``) fills the connections, the probe's
side channel fills the calls.

**The agreement with the probe.** A stimulus addresses a behaviour of the probe app by its path::

    /probe/<behaviour>/<token>.<label>[/anything]

``token`` is eight characters of ``a-z0-9`` and names the run; ``label`` names one request of the stimulus.
The probe looks for that pattern in ``SCRIPT_NAME + PATH_INFO``, then in ``QUERY_STRING``, then in the header
``X-Wsgiconform`` (for targets that have no path to spare). Unless a behaviour says otherwise it answers
``200 OK`` with ``Content-Type: text/plain``, a correct ``Content-Length`` and the body ``ok <token>.<label>\n``,
so that a response shows on the wire which request it answers. Every behaviour but the bare ones (204, 304 and
those with broken headers or status) also gives ``X-Wsgiconform: <token>.<label>``, which a HEAD response keeps.
A request that matches nothing is reported with empty token and label, and answered with ``ok -\n``.

Behaviours that the wire stimuli use; ``X`` stands for the marker line above:

======================  ===============================================================================
``echo``                reads the body: ``CONTENT_LENGTH`` bytes when that is a number, else to the end of
                        file when ``wsgi.input_terminated`` is true or the request names a
                        Transfer-Encoding, else not at all; answers X
``drain``               calls ``read(1000)`` until it gives ``b""``, whatever ``CONTENT_LENGTH`` says
``ignore``              never touches the input; answers X
``steps``               starts the response, yields a first part, then reads the body in steps of one byte,
                        yields X
``data-204``            ``204 No Content`` without headers, yields ``b"stray-body"``
``data-204-generator``  the same from a generator that yields two items
``length-204``          ``204 No Content`` with ``Content-Length: 0``, no data
``data-304``            ``304 Not Modified`` with an ETag, yields ``b"stray-body"``
``no-length-304``       ``304 Not Modified`` with an ETag, returns ``[]``
``head-data``           gives ``Content-Length: 5`` and ``b"12345"`` for every method
``head-generator``      gives no Content-Length and yields ``b"12345"`` and ``b"67890"`` for every method
``head-empty``          for HEAD: ``Content-Length: 5`` and ``[]``; for others ``b"12345"`` likewise
``custom-status``       ``299 Wholly Custom``
``no-reason``           ``299 `` (a code and a space)
``generator``           no Content-Length; yields ``b"first,"``, ``b"second,"``, X
``two-lengths``         two ``Content-Length`` headers, 5 and 5, body ``b"12345"``
``two-lengths-differ``  two ``Content-Length`` headers, 5 and 6, body ``b"12345"``
``split-value-crlf``    header value ``"a\r\nX-Injected: yes"``; ``-lf``, ``-cr``, ``-nul`` with that one
                        character in the place of CR LF; ``split-value-response`` with a whole second response
``split-name-crlf``     header name ``"X-Bad\r\nX-Injected"``; ``-colon`` (``"X-Injected: yes\t"``),
                        ``-blank`` (``"X Bad"``)
``split-status-crlf``   status ``"200 OK\r\nX-Injected: yes"``; ``-lf``, ``-cr``
``cookies``             three ``Set-Cookie`` headers a=1, b=2, c=3, in that order
``own-date``            a ``Date`` of its own: ``Tue, 15 Nov 1994 08:12:31 GMT``
``redirect``            ``302 Found`` with a Location; ``not-found`` gives a 404
``raise-call``          raises in the call before ``start_response``
``raise-first``         calls ``start_response``, its iterable raises in the first step
``raise-started``       calls ``start_response``, then raises in the call
``never-starts``        returns ``[b"data"]`` without calling ``start_response``
``raise-later``         no Content-Length; yields ``b"partial,"``, then raises
``raise-later-length``  ``Content-Length: 100``, yields ``b"partial,"``, then raises
``short-length``        ``Content-Length: 100``, yields ``b"partial,"``, then ends
======================  ===============================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .call import Call
from .stimulus_facts import UNSAID, USUAL, Launch, Noted, Wanted, facts_from_dict, facts_to_dict
from .wire import ENDS, Connection, Received, Response, Sent, connection_from_dict, latin1

__all__ = ["ENDS", "OTHERS", "Call", "Connection", "Received", "Response", "Sent", "ServerRun", "one_connection"]

#: Labels of requests that a stimulus is not about, up to the first hyphen: what comes after, and what is compared with.
OTHERS = frozenset({"next", "planted", "plain", "behind"})


@dataclass
class ServerRun:
    """One stimulus, run once against one server.

    :ivar stimulus: its id. :ivar server: the server's name. :ivar token: the run's token.
    :ivar host: address and port, ``"127.0.0.1:8000"``, as sent in ``Host``.
    :ivar mount: path prefix under which the probe is mounted, ``""`` for the root.
    :ivar connections: in the order of opening. :ivar calls: the app's calls, in the order of their begin.
    :ivar probed: whether the side channel worked; when false, the absence of a call says nothing.
    :ivar alive: whether the server accepted a connection and served an ordinary request afterwards.
    :ivar output: what the server printed during the run (bounded).
    :ivar wanted: what the stimulus is about. :ivar launch: what it orders. :ivar noted: how the run went.
    """

    stimulus: str = ""
    server: str = ""
    connections: list[Connection] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    token: str = ""
    host: str = ""
    mount: str = ""
    probed: bool = True
    alive: bool = True
    output: str = ""
    wanted: Wanted = UNSAID
    launch: Launch = USUAL
    noted: Noted = field(default_factory=Noted)

    @property
    def connection(self) -> Connection:
        """The first connection; an empty one that never came about when there is none."""
        return self.connections[0] if self.connections else Connection(ended="refused")

    @property
    def finals(self) -> list[Response]:
        """The final responses of all connections."""
        return [response for connection in self.connections for response in connection.finals]

    def called(self, label: str) -> Call | None:
        """Return the first call that carries *label*, or ``None``."""
        return next((call for call in self.calls if call.label == label), None)

    def answer(self, label: str) -> Response | None:
        """Return the first final response whose marker carries *label*, or ``None``."""
        return next((response for response in self.finals if response.label == label), None)

    def ran(self, label: str) -> bool:
        """Whether the app ran for the request *label*: by its report or by its marker on the wire."""
        return self.called(label) is not None or self.answer(label) is not None

    def final_on(self, number: int) -> Response | None:
        """Return the first final response on connection *number*, whichever request it answers."""
        return next(iter(self.connections[number].finals), None) if number < len(self.connections) else None

    @property
    def took_place(self) -> bool:
        """Whether a connection was made, so that there is something to judge."""
        return self.connection.ended != "refused"

    # -- the request under test

    @property
    def first_call(self) -> Call | None:
        """The app's call for the request under test, ``None`` when the app did not report one.

        A call whose label the server garbled counts too: for a rule on requests that may arrive changed. A rule on
        what a behaviour of the probe does asks ``called("first")``: without its label the probe played another one.
        """
        return self.called("first") or next((call for call in self.calls if not _is_other(call.label)), None)

    @property
    def first_final(self) -> Response | None:
        """The first final response of the first connection, unless it answers another request."""
        final = self.final_on(0)
        return None if final is None or _is_other(final.label) else final

    @property
    def ran_first(self) -> bool:
        """Whether the app ran for the request under test."""
        return self.first_call is not None or self.answer("first") is not None

    @property
    def unseen(self) -> bool:
        """Whether the app answered the request under test, and what it saw is unknown without the side channel."""
        return not self.probed and self.answer("first") is not None

    @property
    def refused(self) -> bool:
        """Whether the server turned the request under test away: no call of the app, and an error status or a close."""
        final = self.first_final
        return not self.ran_first and (not self.ran("next") if final is None else final.status >= 400)

    @property
    def failed_inside(self) -> bool:
        """Whether the server answered the request under test with a 500 although the app did not run."""
        final = self.first_final
        return not self.ran_first and final is not None and final.status == 500

    @property
    def passed_over(self) -> bool:
        """Whether the first request got no answer at all, and the one behind it on the same connection was served.

        Never so of a server that loses requests which come in one packet whatever they are (``noted.pipelines``).
        """
        unanswered = not self.ran_first and self.first_final is None
        return unanswered and self.ran("next") and self.noted.pipelines is not False

    @property
    def mistook_body(self) -> bool:
        """Whether the app got another body than the stimulus wants decoded, without an error to report it."""
        call, decoded = self.first_call, self.wanted.decoded
        return call is not None and decoded is not None and not call.body_error and call.body != decoded

    # -- as plain data

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; bytes become Latin-1 text."""
        plain = {key: _plain(value) for key, value in asdict(self).items()}
        for key in ("wanted", "launch", "noted"):
            plain[key] = facts_to_dict(getattr(self, key))
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ServerRun:
        """Rebuild a run from :meth:`to_dict`'s data."""
        plain = dict(data)
        plain["connections"] = [connection_from_dict(item) for item in plain["connections"]]
        plain["calls"] = [Call(**{**item, "body": latin1(item["body"])}) for item in plain["calls"]]
        plain["wanted"] = facts_from_dict(Wanted, plain["wanted"])
        plain["launch"] = facts_from_dict(Launch, plain["launch"])
        plain["noted"] = facts_from_dict(Noted, plain["noted"])
        return cls(**plain)


def one_connection(
    sent: bytes,
    *responses: Response,
    ended: str = "eof",
    calls: Iterable[Call] = (),
    stimulus: str = "example",
    wanted: Wanted = UNSAID,
) -> ServerRun:
    """Write a run of one connection by hand.

    :param sent: what the client sent. :param responses: what came. :param ended: how the connection ended.
    :param calls: what the app reported. :param stimulus: the id of the stimulus. :param wanted: what it is about.
    """
    connection = Connection(sent=[Sent(sent)] if sent else [], ended=ended, responses=list(responses))
    run = ServerRun(stimulus=stimulus, server="example", connections=[connection], calls=list(calls))
    run.wanted = wanted
    return run


def _is_other(label: str) -> bool:
    return label.partition("-")[0] in OTHERS


def _plain(value: Any) -> Any:
    if type(value) is bytes:
        return value.decode("latin-1")
    if type(value) is list or type(value) is tuple:
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return value
