"""MODULE:ATTR: what it finds, and one clear paragraph when it can't."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_wsgiconform.engine import TargetError
from pytest_wsgiconform.targets.load import load_app, load_object, locate, make_importable

MODULE = '''
"""A module to load from."""
import os.path


def application(environ, start_response):
    return []


class Site:
    def __init__(self, name="x", *, debug=False):
        self.name, self.debug = name, debug

    def __call__(self, environ, start_response):
        return []

    @property
    def bad_property(self):
        raise KeyError("inside the property")


site = Site()
number = 7


def make_site(name="made", debug=False):
    return Site(name, debug=debug)


def needs_one(argument):
    return site


def make_nothing():
    print("building")
    return None


def fails():
    def deeper():
        raise ValueError("it is \\x1b[31m broken")
    deeper()


def leaves():
    raise SystemExit("config is missing")


def interrupts():
    raise KeyboardInterrupt


def recurses():
    return recurses()


async def asgi(scope, receive, send):
    pass


class Asgi:
    async def __call__(self, scope, receive, send):
        pass


asgi_site = Asgi()
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path with the modules of these tests; they are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "loadme.py").write_text(MODULE)
    (tmp_path / "loadpkg").mkdir()
    (tmp_path / "loadpkg/__init__.py").write_text("")
    (tmp_path / "loadpkg/wsgi.py").write_text("from loadme import application\n")
    (tmp_path / "broken_syntax.py").write_text("x = 1\ndef app(:\n    pass\n")
    (tmp_path / "broken_import.py").write_text("import os\n\nimport no_such_dependency\n")
    (tmp_path / "broken_exit.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "broken_getattr.py").write_text("def __getattr__(name):\n    raise RuntimeError('lazily ' + name)\n")
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def refusal(spec: str) -> str:
    with pytest.raises(TargetError) as caught:
        load_app(spec)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.usefixtures("folder")
def test_an_object_is_found_by_name_by_dots_and_by_a_call() -> None:
    assert load_app("loadme:application").__name__ == "application"
    assert load_app("loadpkg.wsgi:application") is load_app("loadme:application")
    assert load_app("loadme:site") is load_object("loadme:site")
    assert load_object("loadme:site.name") == "x"
    assert load_object("loadme:make_site()").name == "made"
    made = load_object("loadme:make_site('it', debug=True)")
    assert (made.name, made.debug) == ("it", True)
    assert load_object("loadme:Site(name=('a', 1)).name") == ("a", 1)
    assert load_object("loadme:Site") is type(load_object("loadme:site"))


@pytest.mark.parametrize(
    ("below", "told"),
    [
        ("inner", "the module is one level up: run pytest in .., or add that folder to pythonpath"),
        ("inner/deeper", "the module is two levels up: run pytest in ../.., or add that folder to pythonpath"),
    ],
)
@pytest.mark.parametrize("name", ["upmodule", "uppackage"])
def test_a_module_above_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, below: str, told: str
) -> None:
    (tmp_path / "upmodule.py").write_text("")
    (tmp_path / "uppackage").mkdir()
    (tmp_path / "uppackage/__init__.py").write_text("")
    (tmp_path / below).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / below)
    with pytest.raises(TargetError) as caught:
        load_object(f"{name}:app")
    assert str(caught.value) == f"there is no module {name!r}; {told}"


def test_a_project_with_a_src_folder_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src" / "srcpkg").mkdir(parents=True)
    (tmp_path / "src" / "srcmod.py").write_text("")
    monkeypatch.chdir(tmp_path)
    for name in ("srcpkg", "srcmod"):
        with pytest.raises(TargetError, match=f"no module '{name}', but there is src/{name}: install the project"):
            load_object(f"{name}:app")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("loadme", "'loadme' does not say which object of which module: write MODULE:ATTR; did you mean loadme:appl"),
        ("loadme.py", "did you mean loadme:application?"),
        ("loadme:", "write MODULE:ATTR"),
        (":application", "write MODULE:ATTR"),
        ("", "write MODULE:ATTR"),
        ("loadmee", "write MODULE:ATTR, for example loadmee:app"),
        ("loadmee:application", "there is no module 'loadmee'; did you mean loadme?"),
        ("zzzzqqqq:application", "there is no module 'zzzzqqqq' (looked in "),
        ("loadpkg.wsg:application", "no module 'loadpkg.wsg' in 'loadpkg'; did you mean loadpkg.wsgi?"),
        ("loadpkg.zzzzz:application", "there is no module 'loadpkg.zzzzz' in 'loadpkg'"),
        ("./loadme.py:application", "names a file; did you mean loadme:application?"),
        ("loadpkg/wsgi.py:application", "names a file; did you mean loadpkg.wsgi:application?"),
        ("loadpkg/wsgi", "did you mean loadpkg.wsgi:application?"),
        ("loadme:aplication", "module 'loadme' has no attribute 'aplication'; did you mean loadme:application?"),
        ("loadme:zzzz", "module 'loadme' has no attribute 'zzzz'; it has application, Site, site, make_site"),
        ("loadpkg:zzzz", "it defines nothing that can be called"),
        ("loadme:site.nam", "loadme:site has no attribute 'nam'; did you mean loadme:site.name?"),
        ("loadme:site.zzzzz", "loadme:site has no attribute 'zzzzz'"),
        ("loadme:number", "loadme:number is 7 of type int, which can't be called"),
        ("loadme:os.path", "which can't be called"),
        ("loadme:number()", "loadme:number is 7 of type int, which can't be called"),
        ("loadme:make_nothing()", "loadme:make_nothing() is None of type NoneType, which can't be called"),
        ("loadme:make_nothing", "takes no environ: it looks like what makes an application"),
        ("loadme:asgi", "is an async callable (ASGI?)"),
        ("loadme:asgi_site", "is an async callable (ASGI?)"),
        ("loadme:make_site(number)", "only literal arguments can be passed"),
        ("loadme:make_site(**{})", "only literal arguments can be passed"),
        ("loadme:make_site(", "after the colon stands a name, or a call of one"),
        ("loadme:1 + 1", "after the colon stands a name, or a call of one"),
        ("loadme:a\0b", "after the colon stands a name, or a call of one"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(spec: str, message: str) -> None:
    assert message in refusal(spec)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("spec", "first", "last"),
    [
        ("loadme:fails()", "calling fails() failed:", "    ValueError: it is \\x1b[31m broken"),
        ("loadme:needs_one()", "calling needs_one() failed:", "missing 1 required positional argument: 'argument'"),
        ("loadme:leaves()", "calling leaves() failed:", "    SystemExit: config is missing"),
        ("loadme:interrupts()", "calling interrupts() failed:", "    KeyboardInterrupt"),
        ("loadme:recurses()", "calling recurses() failed:", "RecursionError: maximum recursion depth exceeded"),
        ("loadme:site.bad_property", "looking up 'bad_property' failed:", "KeyError: 'inside the property'"),
        ("broken_syntax:app", "importing module 'broken_syntax' failed:", "    SyntaxError: "),
        ("broken_import:app", "importing module 'broken_import' failed:", "No module named 'no_such_dependency'"),
        ("broken_exit:app", "importing module 'broken_exit' failed:", "    SystemExit: 3"),
        ("broken_getattr:app", "looking up 'app' failed:", "    RuntimeError: lazily app"),
    ],
)
def test_the_targets_own_error_is_shown_without_frames_of_ours(spec: str, first: str, last: str) -> None:
    message = refusal(spec)
    assert message.splitlines()[0].endswith(first)
    assert last in message.splitlines()[-1]
    assert len(message.splitlines()) < 15
    assert "pytest_wsgiconform" not in message
    assert "importlib" not in message


@pytest.mark.usefixtures("folder")
def test_the_offending_line_is_in_the_message() -> None:
    assert "loadme.py" in refusal("loadme:fails()")
    assert "raise ValueError" in refusal("loadme:fails()")
    assert 'broken_syntax.py", line 2' in refusal("broken_syntax:app")


def test_the_line_of_the_definition_is_found(folder: Path) -> None:
    load_object("loadme:application")
    lines = MODULE.splitlines()
    for spec, text in (
        ("loadme:application", "def application"),
        ("loadme:site.name", "site = "),
        ("loadme:make_site('x')", "def make_site"),
        ("loadme:os", "import os.path"),
    ):
        found = locate(spec)
        assert found is not None
        assert found.file == str(folder / "loadme.py")
        assert lines[found.line - 1].startswith(text)
    reexported = locate("loadpkg.wsgi:application")
    assert reexported is not None and reexported.line == 1
    assert locate("loadme:nowhere") is not None
    assert locate("sys:exit") is None
    assert locate("zzzzqqqq:app") is None
    broken = locate("broken_syntax:app")
    assert broken is not None and broken.line == 1


def test_folders_go_on_the_path_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/there"])
    assert make_importable(["/new", "/there", "/new", ""]) == ["/new"]
    assert sys.path == ["/new", "/there"]


class Unreadable:
    """Hostile to whoever looks at it, and an app nevertheless."""

    def __call__(self, environ: object, start_response: object) -> list[bytes]:
        return []

    @property
    def __signature__(self) -> object:
        raise RuntimeError("no")

    def __dir__(self) -> list[str]:
        raise RuntimeError("no")


def test_an_app_that_hides_its_signature_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("hostile_module")
    monkeypatch.setitem(sys.modules, "hostile_module", module)
    app = Unreadable()
    monkeypatch.setattr(module, "app", app, raising=False)
    assert load_app("hostile_module:app") is app
    with pytest.raises(TargetError, match="hostile_module:app has no attribute 'x'"):
        load_app("hostile_module:app.x")


UNTOUCHABLE = """
class Refusing:
    def __getattribute__(self, name):
        raise RuntimeError("don't look")
    def __call__(self, environ, start_response):
        return []

class Classless:
    @property
    def __class__(self):
        raise RuntimeError("no class")
    def __call__(self, environ, start_response):
        return []

class Homeless:
    @property
    def __module__(self):
        raise ValueError("no module")
    def __call__(self, environ, start_response):
        return []

refusing, classless, homeless = Refusing(), Classless(), Homeless()
"""


@pytest.mark.parametrize("name", ["refusing", "classless", "homeless"])
def test_an_app_that_lets_nobody_look_at_it_is_loaded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "untouchable.py").write_text(UNTOUCHABLE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "untouchable", raising=False)
    assert load_app(f"untouchable:{name}")({}, None) == []


def test_what_is_offered_leaves_out_what_lets_nobody_look_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "untouchable.py").write_text(UNTOUCHABLE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "untouchable", raising=False)
    assert refusal("untouchable:zzzz").endswith("it has Refusing, Classless, classless, homeless")
