"""Finding the object that a ``MODULE:ATTR`` names, and saying clearly when it can't be had.

Pytest-free. Whatever the target does while it is loaded (raise, exit, recurse to death) comes out as a
:class:`~pytest_wsgiconform.targets.base.TargetError` of one paragraph that shows the target's own error.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from ..observe import limits, making
from ..observe.limits import TimeLimitExceeded, time_limit
from ..observe.sources import is_ordinary, traceback_of
from ..rules.display import clean, show, type_name
from ..rules.model import Location
from ..settings import DEFAULT_TIMEOUT
from .base import TargetError
from .factory import factory_call

#: How many frames of the target's own traceback a message shows.
_FRAMES = 3

#: Our own folder, and files besides, that stand in a traceback of a target that is loaded.
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_OURS = (limits.__file__, making.__file__, contextlib.__file__)

#: Loading may take so many times what one stimulus may: it imports what all of them use.
_TIMES = 3


def make_importable(folders: Iterable[str]) -> list[str]:
    """Put *folders* in front of ``sys.path``, those that are not there yet, and return the ones added.

    ``python -m pytest`` has the current folder there and plain ``pytest`` has not; a target must be found by both.
    """
    added = [folder for folder in dict.fromkeys(folders) if folder and folder not in sys.path]
    sys.path[:0] = added
    return added


def load_limit(timeout: float) -> float:
    """Return the seconds that loading a target may take. :param timeout: what one stimulus may."""
    return _TIMES * timeout


def load_app(spec: str, timeout: float = DEFAULT_TIMEOUT) -> Callable[..., Any]:
    """Return the WSGI application that *spec* names.

    :param spec, timeout: as for :func:`load_object`.
    :raises TargetError: when it can't be loaded, or is surely no WSGI application: not callable, a coroutine
        function (ASGI), or a factory that was not called.
    """
    app: Callable[..., Any] = load_object(spec, timeout)
    if not callable(app):
        raise TargetError(
            f"{spec} is {_described(app)}, which can't be called; "
            f"a WSGI application is a callable of (environ, start_response){_callables_hint(spec)}"
        )
    if _is_async(app):
        raise TargetError(f"{spec} is an async callable (ASGI?), and a WSGI application is a plain one")
    asked = factory_call(app)
    if asked is not None:
        raise TargetError(
            f"{spec} takes no environ: it looks like what makes an application, and is not one that can be called with "
            f"(environ, start_response); did you mean {spec}{asked}?"
        )
    return app


def load_object(spec: str, timeout: float = DEFAULT_TIMEOUT) -> Any:
    """Import what *spec* names.

    :param spec: ``MODULE:ATTR``, where ATTR may be dotted and may call what it names with literal arguments:
        ``pkg.web:site.app``, ``pkg:create_app()``, ``pkg:create_app('test', debug=True)``.
    :param timeout: seconds that one stimulus may take; loading may take three times as long.
    :raises TargetError: when the module or the attribute isn't there, or loading it fails or does not end.
    """
    try:
        with time_limit(load_limit(timeout)):
            return _loaded(spec)
    except TimeLimitExceeded as error:
        raise TargetError(hung(f"loading {spec}", error, timeout)) from None


def hung(what: str, error: TimeLimitExceeded, timeout: float) -> str:
    """Say that *what* did not end, and where it was then."""
    limit = load_limit(timeout)
    told = f"{what} took more than {limit:g} seconds ({_TIMES} times --wsgi-timeout)"
    stack = own_error(error)
    return f"{told} and was stopped here:\n{stack}" if stack else told


def _loaded(spec: str) -> Any:
    module_name, colon, expression = spec.partition(":")
    if not colon or not module_name or not expression:
        raise TargetError(_missing_part(spec, module_name))
    if "/" in module_name or module_name.endswith(".py"):
        raise TargetError(f"{spec!r} names a file; did you mean {_dotted(module_name)}:{expression}?")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise TargetError(f"{spec!r}: after the colon stands a name, or a call of one: MODULE:factory()") from None
    module = _import(module_name)
    return _evaluate(tree, module, module_name, spec)


def locate(spec: str) -> Location | None:
    """Return the line where *spec*'s attribute is defined, or the first line of its module. Imports nothing.

    ``None`` when no source file is found.
    """
    module_name, _, expression = spec.partition(":")
    file = _source_file(module_name)
    if file is None:
        return None
    name = expression.partition("(")[0].partition(".")[0].strip()
    try:
        body = ast.parse(Path(file).read_bytes()).body if is_ordinary(file) else []
    except (OSError, SyntaxError, ValueError, RecursionError):
        return Location(file, 1)
    return Location(file, max((node.lineno for node in body if _binds(node, name)), default=1))


def _source_file(module_name: str) -> str | None:
    module = sys.modules.get(module_name)
    if module is not None:
        file = getattr(module, "__file__", None)
        return file if isinstance(file, str) and file.endswith(".py") else None
    # Not loaded here, perhaps because a child process has it.
    relative = Path(*module_name.split("."))
    for folder in sys.path:
        for candidate in (Path(folder, relative, "__init__.py"), Path(folder, relative.with_suffix(".py"))):
            if candidate.is_file():
                return str(candidate)
    return None


def _binds(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return statement.name == name
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return any((alias.asname or alias.name.partition(".")[0]) == name for alias in statement.names)
    return any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name
        for node in ast.walk(statement)
    )


def _missing_part(spec: str, module_name: str) -> str:
    message = f"{spec!r} does not say which object of which module: write MODULE:ATTR"
    stem = _dotted(module_name)
    module = sys.modules.get(stem)
    if module is None and stem and all(part.isidentifier() for part in stem.split(".")):
        try:
            module = _import(stem)
        except TargetError:
            return f"{message}, for example {stem}:app"
    if module is None:
        return message
    usual = ("app", "application", "create_app", "make_app")
    likely = [name for name in usual if callable(vars(module).get(name))] or _callables(module)
    if likely:
        call = factory_call(getattr(module, likely[0])) or ""
        return f"{message}; did you mean {stem}:{likely[0]}{call}?"
    return message


def _dotted(file: str) -> str:
    """Return the module name that somebody meant who wrote the name of its file."""
    return file.removesuffix(".py").removeprefix("./").strip("/").replace("/", ".")


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise TargetError(f"there is no module {clean(error.name)!r}{_near_module(error.name)}") from None
        raise TargetError(f"importing module {name!r} failed:\n{own_error(error)}") from None
    except TimeLimitExceeded:
        raise
    except BaseException as error:  # SystemExit, a KeyboardInterrupt: the run can't go on without its target
        raise TargetError(f"importing module {name!r} failed:\n{own_error(error)}") from None


def _near_module(name: str) -> str:
    parent, _, last = name.rpartition(".")
    if parent:
        search = getattr(sys.modules.get(parent), "__path__", [])
        near = difflib.get_close_matches(last, [m.name for m in pkgutil.iter_modules(search)], n=1)
        return f" in {parent!r}; did you mean {parent}.{near[0]}?" if near else f" in {parent!r}"
    if Path("src", name).is_dir() or Path("src", f"{name}.py").is_file():
        return f', but there is src/{name}: install the project (pip install -e .), or set pythonpath = ["src"]'
    above = _levels_up(name)
    if above:
        return f"; the module is {above}"
    near = difflib.get_close_matches(name, [m.name for m in pkgutil.iter_modules()], n=1)
    return f"; did you mean {near[0]}?" if near else f" (looked in {', '.join(p for p in sys.path[:2] if p)}, ...)"


def _levels_up(name: str) -> str:
    """Return how far above the current folder the module *name* lies, and what to do; ``""`` when it is not near."""
    try:
        folder = Path.cwd()
    except OSError:  # it was removed
        return ""
    for count, level in enumerate(("one level", "two levels", "three levels")):
        if count >= len(folder.parents):
            break
        above = folder.parents[count]
        if (above / f"{name}.py").is_file() or (above / name / "__init__.py").is_file():
            return f"{level} up: run pytest in {os.path.relpath(above, folder)}, or add that folder to pythonpath"
    return ""


def _evaluate(node: ast.expr, module: ModuleType, owner_name: str, spec: str) -> Any:
    if isinstance(node, ast.Name):
        return _attribute(module, node.id, f"module {owner_name!r}", f"{owner_name}:", spec)
    if isinstance(node, ast.Attribute):
        owner = _evaluate(node.value, module, owner_name, spec)
        prefix = f"{owner_name}:{ast.unparse(node.value)}"
        return _attribute(owner, node.attr, prefix, f"{prefix}.", spec)
    if isinstance(node, ast.Call):
        factory = _evaluate(node.func, module, owner_name, spec)
        return _call(factory, node, f"{owner_name}:{ast.unparse(node.func)}", spec)
    raise TargetError(f"{spec!r}: after the colon stands a name, or a call of one: MODULE:factory()")


def _attribute(owner: Any, name: str, owner_text: str, prefix: str, spec: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        names = [n for n in _safe_dir(owner) if not n.startswith("__")]
        near = difflib.get_close_matches(name, names, n=1)
        if near:
            raise TargetError(f"{owner_text} has no attribute {name!r}; did you mean {prefix}{near[0]}?") from None
        if isinstance(owner, ModuleType):
            offered = _callables(owner)[:6]
            there = f"; it has {', '.join(offered)}" if offered else "; it defines nothing that can be called"
            raise TargetError(f"{owner_text} has no attribute {name!r}{there}") from None
        raise TargetError(f"{owner_text} has no attribute {name!r}:\n{own_error(error)}") from None
    except TimeLimitExceeded:
        raise
    except BaseException as error:  # a property, or a module's __getattr__, may raise anything
        raise TargetError(f"{spec}: looking up {name!r} failed:\n{own_error(error)}") from None


def _call(factory: Any, node: ast.Call, factory_text: str, spec: str) -> Any:
    if not callable(factory):
        raise TargetError(f"{factory_text} is {_described(factory)}, which can't be called")
    try:
        args = [ast.literal_eval(argument) for argument in node.args]
        kwargs = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords if k.arg is not None}
        if len(kwargs) != len(node.keywords):
            raise ValueError("** is not a literal")
    except (ValueError, TypeError, SyntaxError, RecursionError):
        raise TargetError(f"{spec!r}: only literal arguments can be passed, such as 'text', 1 or debug=True") from None
    try:
        return factory(*args, **kwargs)
    except TimeLimitExceeded:
        raise
    except BaseException as error:  # the factory is a stranger's code
        raise TargetError(f"calling {ast.unparse(node)} failed:\n{own_error(error)}") from None


def own_error(error: BaseException) -> str:
    """Return the last lines of *error*'s traceback, indented, without frames of ours or of the import system."""
    report = traceback_of(error)
    frames = [frame for frame in report.stack if not _is_ours(frame.filename)]
    lines: list[str] = []
    for text in traceback.format_list(frames[-_FRAMES:]):
        lines += text.splitlines()
    if not isinstance(error, TimeLimitExceeded):  # it is our own
        for text in report.format_exception_only():
            lines += text.splitlines()
    return "\n".join(f"    {clean(line)[:300]}" for line in lines[:40])


def _is_ours(filename: str) -> bool:
    """Tell whether *filename* is the import system's, or ours and not of a target."""
    return "importlib" in filename or filename.startswith(_HERE) or filename in _OURS


def _described(value: Any) -> str:
    if isinstance(value, ModuleType):
        return f"the module {show(value.__name__)}"
    return f"{show(value, 60)} of type {type_name(value)}"


def _safe_dir(owner: Any) -> list[str]:
    try:
        return [name for name in dir(owner) if type(name) is str]
    except Exception:  # a stranger's __dir__: only a suggestion is lost
        return []


def _callables(module: ModuleType) -> list[str]:
    """Names of the callables that *module* defines itself, those that look public, and of callable objects."""
    public = {name: item for name, item in vars(module).items() if not name.startswith("_") and callable(item)}
    own = [name for name, item in public.items() if _module_of(item) == module.__name__]
    return own + [name for name, item in public.items() if _is_plain_object(item)]


def _module_of(item: Any) -> Any:
    try:
        return getattr(item, "__module__", None)
    except Exception:  # any object may stand in a module, and its attributes may raise anything
        return None


def _is_plain_object(item: Any) -> bool:
    """Tell whether *item* is neither a class nor a function: an app may be such an object."""
    try:
        return not inspect.isroutine(item) and not inspect.isclass(item)
    except Exception:  # isinstance() asks the object for its __class__
        return False


def _callables_hint(spec: str) -> str:
    module = sys.modules.get(spec.partition(":")[0])
    names = _callables(module)[:1] if module is not None else []
    return f"; did you mean {spec.partition(':')[0]}:{names[0]}?" if names else ""


def _is_async(app: Any) -> bool:
    """Tell whether calling *app* gives a coroutine, as far as it lets anyone see that."""
    try:
        called = app if inspect.isclass(app) else inspect.getattr_static(app, "__call__")
        return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(called)
    except Exception:  # isinstance() asks the object for its __class__; it may still be a good application
        return False
