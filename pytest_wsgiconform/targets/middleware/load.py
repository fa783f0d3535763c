"""Finding the middleware that a ``MODULE:FACTORY`` names, and saying clearly when it can't be had."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

from ...observe.limits import TimeLimitExceeded
from ...observe.making import Maker
from ...rules.display import show, type_name
from ...settings import DEFAULT_TIMEOUT
from ..base import TargetError
from ..load import hung, load_limit, load_object, own_error

Factory = Callable[[Callable[..., Any]], Callable[..., Any]]


def load_middleware(spec: str, timeout: float = DEFAULT_TIMEOUT) -> Maker:
    """Return what puts the middleware that *spec* names around an app.

    :param spec: ``MODULE:FACTORY`` where ``FACTORY(app)`` makes the middleware, or ``MODULE:FACTORY(option=1)`` with
        literal arguments: then ``FACTORY(app, option=1)`` makes it, or, where the signature has no room for the app,
        ``FACTORY(option=1)(app)``.
    :param timeout: seconds that one stimulus may take; loading may take three times as long.
    :raises TargetError: when it can't be loaded, or when what it makes of an app can't be called.
    """
    module, _, expression = spec.partition(":")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if isinstance(tree, ast.Call):
        args, kwargs = _literals(tree, spec)
        factory = load_object(f"{module}:{ast.unparse(tree.func)}", timeout)
    else:
        args, kwargs = [], {}
        factory = load_object(spec, timeout)
    if not callable(factory):
        raise TargetError(
            f"{spec} is {show(factory, 60)} of type {type_name(factory)}, which can't be called; "
            "a middleware is named by what makes it from an app: FACTORY(app)"
        )
    maker = Maker(_wrapper(factory, args, kwargs), load_limit(timeout))
    _try(maker, spec, timeout)
    return maker


def _literals(call: ast.Call, spec: str) -> tuple[list[Any], dict[str, Any]]:
    try:
        args = [ast.literal_eval(argument) for argument in call.args]
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (ValueError, TypeError, SyntaxError, RecursionError):
        named = {None: None}
        args = []
    if None in named:
        raise TargetError(f"{spec!r}: only literal arguments can be passed, such as 'text', 1 or debug=True")
    return args, {str(name): value for name, value in named.items()}


def _wrapper(factory: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Factory:
    if (args or kwargs) and not _takes(factory, (None, *args), kwargs):
        # Anew for each app: what factory() returns may keep something of the last one.
        return lambda app: factory(*args, **kwargs)(app)  # noqa: PLW0108
    return lambda app: factory(app, *args, **kwargs)


def _takes(factory: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    try:
        inspect.signature(factory).bind(*args, **kwargs)
    except TypeError:
        return False
    except Exception:  # no signature, or a stranger's that raises: then only trying tells
        return True
    return True


def _hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def _try(maker: Maker, spec: str, timeout: float) -> None:
    """Put the middleware around an app once, so that what can't be made is told before anything runs."""
    try:
        made = maker.make(_hello)
    except TimeLimitExceeded as error:
        raise TargetError(hung(f"{spec}: making the middleware around an app", error, timeout)) from None
    except BaseException as error:  # the factory is a stranger's code, and may exit
        raise TargetError(f"{spec}: making the middleware around an app failed:\n{own_error(error)}") from None
    if not callable(made):
        raise TargetError(
            f"{spec} made {show(made, 60)} of type {type_name(made)} from an app, which can't be called; "
            "a middleware is a WSGI application itself"
        )
