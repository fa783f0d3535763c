"""The text of a new rule's card, of a stimulus and of corpus entries, with a mark wherever something is to be written.

Each text is formatted as ruff would, and type-checks; what it does is raise, or it is plainly no example of anything.
"""

from __future__ import annotations

from .order import Order
from .source import WIDTH

#: In front of each mark. Written in two parts, so that a search for marks in the package finds none here.
MARK = "TO" + "DO"

#: How long a statement can be that begins "    return ".
_ROOM = WIDTH - 11


def todo(order: Order, what: str) -> str:
    """Return the mark that says *what* is to be written."""
    return f"{MARK}({order.id}): {what}"


def _raise(order: Order, what: str) -> str:
    line = f'    raise NotImplementedError("{todo(order, what)}")'
    if len(line) <= WIDTH:
        return line
    return f'    raise NotImplementedError(\n        "{todo(order, what)}"\n    )'


def _call(callee: str, *arguments: str) -> str:
    """Return a call, on one line when it fits into an indented one."""
    line = f"{callee}({', '.join(arguments)})"
    if len(line) <= _ROOM:
        return line
    return f"{callee}(\n" + "".join(f"        {argument},\n" for argument in arguments) + "    )"


def names(values: tuple[str, ...]) -> str:
    """Return a tuple of texts as it is written."""
    return "(" + ", ".join(f'"{value}"' for value in values) + ("," if len(values) == 1 else "") + ")"


def card(order: Order, section: str) -> str:
    """Return the card. :param section: the ``SECTION`` of its file."""
    lines = [f'    id="{order.id}",']
    if order.section != section:
        lines.append(f'    section="{order.section}",')
    lines.append(f"    level=Level.{order.level.name},")
    if order.kind == "event":
        lines.append(f"    side=Blame.{order.side.name},")
    lines.append(f"    clauses={names(order.clauses)},")
    if order.kind == "event":
        lines.append(f"    on={order.on},")
        if order.header:
            lines.append(f"    headers={names((order.header.lower(),))},")
        if order.variable:
            lines.append(f"    environ={names((order.variable,))},")
    else:
        lines.append(f"    stimuli={names(order.stimuli)},")
    lines.append(f'    hint="{todo(order, "what to do, one sentence.")}",')
    lines.append(f'    since="{order.since}",')
    arguments = "\n".join(lines)
    summary = todo(order, "what must hold, one sentence.")
    why = todo(order, "why, and where that stands: the section of the PEP or the RFC.")
    return f'''@{decorator(order)}(
{arguments}
)
def {order.name}({_parameters(order)}) -> Outcome:
    """{summary}

    {why}
    """
{_raise(order, "return None, HELD or fault(...).")}


{_example(order, "bad", "breaks the rule")}


{_example(order, "good", "keeps it, and could break it")}
'''


def decorator(order: Order) -> str:
    """Return the name of the decorator of its card."""
    return f"{order.kind.partition('-')[0]}_rule"


def _parameters(order: Order) -> str:
    if order.kind == "event":
        return f"event: {order.on}, exchange: Exchange"
    return f"run: {run_type(order)}"


def run_type(order: Order) -> str:
    """Return the record that a run rule judges."""
    return f"{order.kind.partition('-')[0].title()}Run"


def _example(order: Order, which: str, what: str) -> str:
    head = f"@{order.name}.{which}\ndef _"
    if order.kind == "event" and order.header:
        value = f'    value = "{todo(order, f"a value that {what}")}"'
        fields = f'("Content-Type", "text/plain"), ("{order.header}", value)'
        start = f'    start_response("200 OK", [{fields}])'
        return f'{head}(environ, start_response):\n{value}\n{start}\n    return [b"hello"]'
    if order.kind == "event" and order.variable:
        return f'{head}(environ):\n    environ["{order.variable}"] = "{todo(order, f"what {what}")}"'
    if order.is_caller:
        call = "(environ)" if order.on == "AppCalled" else "(app, environ)"
        return f"{head}{call}:\n{_raise(order, f'do what {what}.')}"
    if order.kind in ("event", "app"):
        return f"{head}(environ, start_response):\n{_raise(order, f'an app that {what}.')}"
    if order.kind == "middleware":
        return f"{head}(app):\n{_raise(order, f'middleware that {what}.')}"
    stimulus = f'stimulus="{order.stimuli[0]}"'
    run = _call("one_connection", "sent", "Response(200)", 'calls=[Call("first")]', stimulus)
    return f"""{head}() -> ServerRun:
    # {todo(order, f"a run that {what}")}
    sent = b"GET /probe/echo/00000000.first HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
    return {run}"""


# -- stimuli


def stimulus_name(order: Order) -> str:
    """Return the name of the function that plays the new stimulus."""
    return "_" + order.stimuli[-1].replace("-", "_").replace(":", "_")


def stimulus_function(order: Order) -> str:
    """Return the function that plays the new stimulus."""
    parameter, result, what = {
        "app": ("stage: Stage", "None", "play it, as stage.play('first', stage.environ('GET'))"),
        "middleware": (
            "sandwich: Sandwich",
            "None",
            "play it, as sandwich.play('x', apps.fixed([]), environ())",
        ),
    }.get(order.kind, ("s: Setting", "bytes", "the bytes to send, as s.request('first') + s.last()"))
    return f"def {stimulus_name(order)}({parameter}) -> {result}:\n{_raise(order, what)}"


def stimulus_item(order: Order) -> str:
    """Return the entry of the new stimulus in the tuple of its file."""
    kind = "Stimulus" if order.kind == "app" else "MiddlewareStimulus"
    summary = todo(order, "what happens, a few words")
    return _call(kind, f'"{order.stimuli[-1]}"', f'"{summary}"', stimulus_name(order))


def stimulus_call(order: Order) -> str:
    """Return the statement that registers the new stimulus for servers."""
    return f'stimulus("{order.stimuli[-1]}", {stimulus_name(order)})'


# -- corpora


def corpus_entry(order: Order, folder: str, number: int) -> str:
    """Return an entry of ``tests/corpora``. :param folder: ``broken`` or ``conforming``.

    :param number: 1, or 2 for a second broken one.
    """
    broken = folder == "broken"
    rule = f'"{order.id}"' if broken else ""
    name = f"{order.name}_{folder}" + (f"_{number}" if number > 1 else "")
    odd = "fails in another way than the example" if broken else "keeps the rule narrowly"
    if order.is_caller:
        clauses = f"clauses={names(order.clauses)}" if broken else ""
        return f"@corpus.program({clauses})\ndef {name}(app: App) -> None:\n{_raise(order, odd)}"
    if order.kind.startswith("server"):
        title = "".join(word.title() for word in name.split("_"))
        return f"""@corpus.program({rule}, wrap=server_of)
class {title}(Responder):
    def head(self, first: bytes) -> bytes:
        # {todo(order, "override one method, of this or another part.")}
        return super().head(first)"""
    if order.kind == "event" and order.header:
        method, value = ("answering", "a wrong one") if broken else ("page", "a right one")
        fields = f'[TEXT, ("{order.header}", "{todo(order, value)}")]'
        arguments = [*filter(None, [rule]), f'"{name}"', '"200 OK"', fields, 'b"x"']
        return f"corpus.{method}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    if order.kind == "middleware":
        return f"@corpus.program({rule})\ndef {name}(app: App) -> App:\n{_raise(order, odd)}"
    parameters = "environ: Any, start_response: Any"
    return f"@corpus.program({rule})\ndef {name}({parameters}) -> Any:\n{_raise(order, odd)}"
