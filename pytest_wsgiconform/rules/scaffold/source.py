"""Add to Python files without touching what is in them: an import, a block at the end, an item of a tuple.

What is added stands where ruff would put it, so that a new rule passes the linters before it is written.
"""

from __future__ import annotations

import ast
import sys

#: Longest line of the project.
WIDTH = 120

_FIRST_PARTY = ("pytest_wsgiconform", "tests")


class NoPlace(ValueError):
    """A file lacks the statement to which something should be added."""


def with_block(text: str, block: str) -> str:
    """Return *text* with *block* at its end, two empty lines apart."""
    return f"{text.rstrip()}\n\n\n{block.strip()}\n"


def with_import(text: str, module: str, *names: str) -> str:
    """Return *text* with ``from module import names``: added to such a line that is there, else in its place.

    :param module: with its leading dots.
    """
    lines = text.splitlines(keepends=True)
    imports = _imports(text)
    same = next((node for node in imports if isinstance(node, ast.ImportFrom) and _module(node) == module), None)
    if same is not None:
        known = [alias.name if alias.asname is None else f"{alias.name} as {alias.asname}" for alias in same.names]
        if set(names) <= set(known):
            return text
        lines[same.lineno - 1 : same.end_lineno] = [_import_line(module, {*known, *names})]
        return "".join(lines)
    line = _import_line(module, set(names))
    key = _key(module, plain=False)
    before = [node for node in imports if _node_key(node) < key]
    after = [node for node in imports if _node_key(node) > key]
    if after and _node_key(after[0])[0] == key[0]:
        at = after[0].lineno - 1
    elif before:
        at = before[-1].end_lineno or 0
        line = line if _node_key(before[-1])[0] == key[0] else "\n" + line
    else:
        raise NoPlace("it has no import to which another could be added")
    return "".join([*lines[:at], line, *lines[at:]])


def with_item(text: str, name: str, item: str) -> str:
    """Return *text* with *item* at the end of the tuple that is assigned to *name*."""
    node = _assignment(text, name)
    lines = text.splitlines(keepends=True)
    head = "".join(lines[node.lineno - 1 : node.end_lineno]).partition("(")[0]
    kept = [ast.get_source_segment(text, element) or "" for element in _tuple(node).elts]
    body = "".join(f"    {element},\n" for element in [*kept, item])
    lines[node.lineno - 1 : node.end_lineno] = [f"{head}(\n{body})\n"]
    return "".join(lines)


def with_block_before(text: str, name: str, block: str) -> str:
    """Return *text* with *block* right before the assignment of *name* and the comment above that."""
    lines = text.splitlines(keepends=True)
    at = _assignment(text, name).lineno - 1
    while lines[at - 1].startswith("#"):
        at -= 1
    head = "".join(lines[:at]).rstrip()
    return f"{head}\n\n\n{block.strip()}\n\n\n{''.join(lines[at:])}"


def tuple_of_calls(text: str, callee: str) -> str:
    """Return the name of the last tuple of *callee* calls that is assigned in *text*.

    :raises NoPlace: when there is none.
    """
    found = [
        node.target.id
        for node in ast.parse(text).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Tuple)
        and any(isinstance(e, ast.Call) and ast.unparse(e.func) == callee for e in node.value.elts)
    ]
    if not found:
        raise NoPlace(f"it has no tuple of {callee}")
    return found[-1]


def string_assigned(text: str, name: str) -> str:
    """Return the text that is assigned to *name* at module level, ``""`` for none."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return node.value.value if isinstance(node.value, ast.Constant) and type(node.value.value) is str else ""
    return ""


def defined(text: str) -> set[str]:
    """Return the names of the functions and classes that *text* defines at module level."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.parse(text).body if isinstance(node, kinds)}


def _assignment(text: str, name: str) -> ast.Assign | ast.AnnAssign:
    for node in ast.parse(text).body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        targets = node.targets if isinstance(node, ast.Assign) else [target]
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and any(
            isinstance(t, ast.Name) and t.id == name for t in targets
        ):
            return node
    raise NoPlace(f"nothing is assigned to {name}")


def _tuple(node: ast.Assign | ast.AnnAssign) -> ast.Tuple:
    if not isinstance(node.value, ast.Tuple):
        raise NoPlace("what should be a tuple is something else")
    return node.value


def _imports(text: str) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports at the head of *text*, in their order."""
    return [node for node in ast.parse(text).body if isinstance(node, (ast.Import, ast.ImportFrom))]


def _module(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _node_key(node: ast.Import | ast.ImportFrom) -> tuple[int, bool, int, str]:
    if isinstance(node, ast.Import):
        return _key(node.names[0].name, plain=True)
    return _key(_module(node), plain=False)


def _key(module: str, *, plain: bool) -> tuple[int, bool, int, str]:
    """Return the place of an import among others: by kind of module, plain ones first, relative ones by distance."""
    dots = len(module) - len(module.lstrip("."))
    top = module.lstrip(".").partition(".")[0]
    if dots:
        kind = 4
    elif top == "__future__":
        kind = 0
    elif top in sys.stdlib_module_names:
        kind = 1
    else:
        kind = 3 if top in _FIRST_PARTY else 2
    return kind, not plain, -dots, module.lower()


def _import_line(module: str, names: set[str]) -> str:
    ordered = sorted(names, key=_member_key)
    line = f"from {module} import {', '.join(ordered)}\n"
    if len(line) <= WIDTH + 1:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")\n"


def _member_key(name: str) -> tuple[int, str, str]:
    """Constants, then classes, then functions."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name
