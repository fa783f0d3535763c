"""Which layer of an app is to blame: a validator between each two of its layers.

A layer is a WSGI callable that holds the next one: in an attribute, in a dict or list of an attribute, in a closure
or as the object of a bound method. What holds it is changed while the target is under test, and put back when it is
closed.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ...observe.location import of_app
from ...observe.validator import Validator
from ...rules.display import clean, type_name
from ...rules.model import Blame, Finding, Location, Rule, RuleResult
from ...rules.records.exchange import Exchange
from ...rules.registry import catalogue
from ...settings import Settings
from ..base import Places
from ..verdicts import result_of
from .player import LocalPlayer
from .target import AppTarget, binds_apps

#: Names under which middleware keeps the app that it wraps.
_HOLDERS = frozenset(
    {"app", "_app", "application", "_application", "wsgi_app", "_wsgi_app", "wsgi_application", "inner", "next_app"}
    | {"wrapped", "__wrapped__", "wrapped_app", "default", "default_app", "wrap_app", "next", "handler", "func"}
)
_ENVIRON_NAMES = frozenset({"environ", "env", "environment", "wsgi_environ", "e"})
_START_NAMES = frozenset({"start_response", "start_resp", "start", "sr", "startresponse", "wsgi_start_response", "s"})

#: Most layers that are looked for; objects that make new ones whenever they are asked must not go on for ever.
_MOST = 100


@dataclass(eq=False)
class Layer:
    """One layer. :param app: the callable. :param depth: 0 for the outermost. :param inner: the layers it holds."""

    app: Callable[..., Any]
    depth: int
    inner: list[Layer] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its class, or the qualified name of the function."""
        app = self.app.func if isinstance(self.app, functools.partial) else self.app
        name = getattr(app, "__qualname__", None)
        return clean(name) if isinstance(name, str) else type_name(app)

    @property
    def location(self) -> Location | None:
        """Where it is defined, ``None`` when that can't be told."""
        return of_app(self.app)

    def describe(self) -> str:
        """Return its name and place, for people."""
        place = self.location
        return self.name if place is None else f"{self.name} ({clean(place.file)}:{place.line})"

    def all(self) -> Iterator[Layer]:
        """Iterate over this layer and those inside it, from the outside in."""
        yield self
        for layer in self.inner:
            yield from layer.all()


@dataclass(frozen=True)
class Seen:
    """A finding between two layers. :param request: number of the request, from 1. :param caller: ``None`` for us."""

    finding: Finding
    request: int
    caller: Layer | None
    callee: Layer


class Between:
    """Stands in for a layer where the layer around it holds it: watches, and is like it in everything else."""

    def __init__(self, layer: Layer, validator: Validator) -> None:
        self.__dict__.update(_layer=layer, _validator=validator)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._validator(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_layer"].app, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["_layer"].app, name, value)


class Layers:
    """An app with a validator before each of its layers.

    :param app: the outermost layer. :param rules: the event rules that watch.
    :ivar outermost: the tree of layers. :ivar app: to call in place of the app. :ivar seen: what was found where.
    :ivar exercised: per rule that binds the caller, how often it was put to the test between two layers.
    """

    def __init__(self, app: Callable[..., Any], rules: list[Rule]) -> None:
        self._rules = rules
        self._side = {rule.id: rule.side for rule in rules}
        self._undo: list[Callable[[], None]] = []
        self._known: dict[int, Layer] = {}
        self._requests = 0
        self.seen: list[Seen] = []
        self.exercised: dict[str, int] = {}
        self.outermost = Layer(app, 0)
        self.app = self._watched(self.outermost, None)
        self._descend(self.outermost)

    def restore(self) -> None:
        """Put back everything that was changed in the app."""
        while self._undo:
            self._undo.pop()()

    # -- finding layers ----------------------------------------------------------------------------

    def _descend(self, layer: Layer) -> None:
        self._known[id(layer.app)] = layer
        for name, value, put in _held(layer.app):
            if len(self._known) >= _MOST or id(value) in self._known or not _is_wsgi(name, value):
                continue
            if isinstance(value, types.MethodType) and value.__self__ is layer.app:
                continue  # a method of its own is no other layer
            inner = Layer(value, layer.depth + 1)
            watched = Between(inner, self._watched(inner, layer))
            try:
                put(watched)
            except (AttributeError, TypeError):  # it can't be replaced there, so it can't be watched either
                continue
            layer.inner.append(inner)
            self._undo.append(functools.partial(put, value))
            self._descend(inner)

    def _watched(self, layer: Layer, caller: Layer | None) -> Validator:
        ended = functools.partial(self._ended, caller=caller, callee=layer)
        validator = _Counting(layer.app, _ignore, rules=self._rules, thorough=True, on_end=ended)
        validator.on_begin = self._outer_begins if caller is None else None
        return validator

    # -- what is seen ------------------------------------------------------------------------------

    def _outer_begins(self) -> None:
        self._requests += 1

    def _ended(self, exchange: Exchange, caller: Layer | None, callee: Layer) -> None:
        self.seen += [Seen(finding, self._requests, caller, callee) for finding in exchange.findings]
        if caller is not None:
            for name, count in exchange.exercised.items():
                if self._side.get(name) is Blame.SERVER:
                    self.exercised[name] = self.exercised.get(name, 0) + count

    def to_blame(self, rule: Rule) -> list[Finding]:
        """Return the findings of *rule*, one a request, each at the layer that broke it first.

        What an app broke shows on every boundary further out, and what a caller broke on every boundary further in: so
        the innermost boundary is where the former began, and the outermost where the latter did.
        """
        by_request: dict[int, list[Seen]] = {}
        for seen in self.seen:
            if seen.finding.rule == rule.id:
                by_request.setdefault(seen.request, []).append(seen)
        if rule.side is Blame.APP:
            chosen = [max(seens, key=lambda seen: seen.callee.depth) for seens in by_request.values()]
            return [_blamed(seen.finding, seen.callee) for seen in chosen]
        chosen = [min(seens, key=lambda seen: seen.callee.depth) for seens in by_request.values()]
        return [_blamed(seen.finding, seen.caller) for seen in chosen if seen.caller is not None]


class _Counting(Validator):
    """A validator that tells when it is called."""

    on_begin: Callable[[], None] | None = None

    def begin(self) -> Any:
        if self.on_begin is not None:
            self.on_begin()
        return super().begin()


def _blamed(finding: Finding, layer: Layer) -> Finding:
    blame = Blame.MIDDLEWARE if layer.inner else Blame.APP
    evidence = {**finding.evidence, "layer": layer.describe()}
    message = f"{finding.message} [layer {layer.depth + 1}: {layer.name}]"
    return replace(
        finding, blame=blame, evidence=evidence, message=message, location=finding.location or layer.location
    )


def _held(app: Any) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    """Give what *app* holds: name, value, and a function that puts another value in its place."""
    if isinstance(app, types.MethodType):
        yield from _attributes(app.__self__)
        return
    if isinstance(app, functools.partial):
        return  # it can't be changed; what it calls is part of it
    code, closure = getattr(app, "__code__", None), getattr(app, "__closure__", None) or ()
    names = code.co_freevars if isinstance(code, types.CodeType) else ()
    for name, cell in zip(names, closure, strict=False):
        try:
            value = cell.cell_contents
        except ValueError:  # not filled yet
            continue
        yield name, value, functools.partial(setattr, cell, "cell_contents")
        yield from _items(name, value)
    if not inspect.isclass(app):
        yield from _attributes(app)


def _attributes(owner: Any) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    held = getattr(owner, "__dict__", None)
    names = list(held) if isinstance(held, dict) else []
    slots = [name for kind in type(owner).__mro__ for name in _slots(kind)]
    for name in [*names, *slots]:
        try:
            value = held[name] if isinstance(held, dict) and name in held else getattr(owner, name)
        except AttributeError:  # a slot without a value
            continue
        yield name, value, functools.partial(setattr, owner, name)
        yield from _items(name, value)


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(name for name in slots if not name.startswith("__"))


def _items(name: str, container: Any) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    """Give the items of a builtin dict or list, as dispatchers have them."""
    if type(container) is dict:
        for key, value in list(container.items()):
            yield name, value, functools.partial(container.__setitem__, key)
    elif type(container) is list:
        for index, value in enumerate(list(container)):
            yield name, value, functools.partial(container.__setitem__, index)


def _is_wsgi(name: str, value: Any) -> bool:
    """Tell whether *value*, held under *name*, is surely or by its name and signature a WSGI application."""
    if not callable(value) or inspect.isclass(value) or isinstance(value, (types.ModuleType, Between)):
        return False
    try:
        signature = inspect.signature(value)
        signature.bind(None, None)
    except (TypeError, ValueError):
        return False
    except Exception:  # a stranger's signature may raise anything; then it isn't surely one
        return False
    first, second = [parameter.name for parameter in signature.parameters.values()][:2] + [""] * (
        2 - min(len(signature.parameters), 2)
    )
    if first.lower() in _ENVIRON_NAMES and second.lower() in _START_NAMES:
        return True
    variadic = any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())
    return name in _HOLDERS and (variadic or first.lower() in _ENVIRON_NAMES)


def _ignore(_finding: Finding) -> None:
    """Findings are taken from the exchanges."""


class LayeredTarget(AppTarget):
    """An app under test whose findings name the layer; see :class:`pytest_wsgiconform.targets.base.TargetRun`.

    It is judged by the rules for apps as a whole, and besides by the event rules for servers between its layers.
    """

    def __init__(self, name: str, app: Callable[..., Any], settings: Settings) -> None:
        self._outermost = app
        self._layers = Layers(app, [])
        try:
            super().__init__(name, self._layers.app, settings)
        except BaseException:
            self._layers.restore()
            raise

    def rules(self) -> list[Rule]:
        """Return the rules that bind an app, and those that bind what stands between its layers."""
        layered = bool(self._layers.outermost.inner)
        between = [r for r in catalogue().values() if layered and r.on and r.side is Blame.SERVER]
        return [*super().rules(), *between]

    @property
    def _users_app(self) -> Callable[..., Any]:
        return self._outermost

    def _watch(self, rules: Iterable[Rule]) -> None:
        rules = [rule for rule in rules if rule.on]
        self._layers.restore()
        self._layers = Layers(self._outermost, rules)
        self.app = self._layers.app
        before, self._player = self._player, self._make_player()
        before.close()
        if isinstance(before, LocalPlayer) and isinstance(self._player, LocalPlayer):
            self._player.credentials = before.credentials
        self._player.bound(self._deadline, self._progress)
        super()._watch(rule for rule in rules if binds_apps(rule))

    def judge(self, rule: Rule) -> RuleResult:
        """Give the verdict on *rule*; its findings name the layer where one is known."""
        if rule.side is Blame.SERVER:
            ended = self._play_for(rule).ended
            found = self._layers.to_blame(rule)
            exercised = self._layers.exercised.get(rule.id, 0)
            reason = ended or "nothing between two layers could have broken it"
            return result_of(rule, self.name, exercised, found, reason)
        result = super().judge(rule)
        if not result.findings or not rule.on:
            return result
        named = self._layers.to_blame(rule)
        if not named:
            return result
        stimulus = {f.location: f.stimulus for f in result.findings}
        first = result.findings[0].stimulus
        named = [replace(finding, stimulus=stimulus.get(finding.location, first)) for finding in named]
        return result_of(rule, self.name, result.exercised, named, "")

    def judge_again(self, rule: Rule) -> RuleResult | None:
        """Say nothing: which layer broke a rule is seen when all has been played."""
        return None

    def places_of(self, rule: Rule) -> Places:
        """Remember nothing, see :meth:`judge_again`."""
        return ()

    def summary_lines(self) -> list[str]:
        """Say how much was exercised, and which layers there are."""
        layers = list(self._layers.outermost.all())
        names = " > ".join(layer.name for layer in layers)
        return [*super().summary_lines(), f"{len(layers)} layer{'s' if len(layers) != 1 else ''}: {names}"]

    def close(self) -> None:
        """Put back what was changed in the app."""
        super().close()
        self._layers.restore()
