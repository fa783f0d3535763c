"""``python -m pytest_wsgiconform.rules new``: drafts that load, pass the linters, and say what is left to write."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_wsgiconform.rules import __main__ as program
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.rules.scaffold.order import LONGEST
from pytest_wsgiconform.rules.scaffold.source import NoPlace, with_block_before, with_import, with_item
from pytest_wsgiconform.rules.scaffold.templates import MARK

ROOT = Path(__file__).parents[2]
COPIED = (
    "pytest_wsgiconform",
    "tests/corpora",
    "tests/__init__.py",
    "tests/rules/test_placeholders.py",
    "pyproject.toml",
)


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Checkout:
    """A copy of what the generator works on. :ivar root: its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for name in COPIED:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, root / name)
        self.before = self.texts()

    def texts(self) -> dict[str, str]:
        paths = [path for path in self.root.rglob("*.py") if "__pycache__" not in path.parts]
        return {path.relative_to(self.root).as_posix(): path.read_text(encoding="utf-8") for path in paths}

    def changed(self) -> dict[str, str]:
        """Return the files that were changed or added since, with their texts."""
        return {name: text for name, text in self.texts().items() if self.before.get(name) != text}

    def run(self, *arguments: str) -> Done:
        """Run Python here, with the copied package in front of the installed one."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.root, capture_output=True, text=True, check=False, timeout=120
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def new(self, *arguments: str) -> Done:
        return self.run("-m", "pytest_wsgiconform.rules", "new", *arguments)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def long_id(number: int) -> str:
    """Return an id as long as one can be, so that no line of a draft is ever longer than here."""
    begin = f"what-is-drafted-holds-{number}-"
    return begin + "y" * (LONGEST - len(begin))


DRAFTS: dict[str, tuple[list[str], list[str]]] = {
    "event on a header": (
        [
            "--kind=event",
            "--section=http",
            "--file=http_headers",
            "--clause=rfc-head-app-fields",
            "--header=Access-Control-Allow-Credentials",
        ],
        ["rules/events/http_headers.py", "apps/broken/", "apps/conforming/"],
    ),
    "event on a variable": (
        ["--kind=event", "--section=environ", "--file=environ_path", "--clause=env-cgi-str", "--variable=SCRIPT_NAME"],
        ["rules/events/environ_path.py", "servers/broken/callers.py", "servers/conforming/callers.py"],
    ),
    "another event": (
        ["--kind=event", "--section=body", "--file=body", "--clause=body-bytes", "--on=ChunkYielded"],
        ["rules/events/body.py", "apps/broken/", "apps/conforming/"],
    ),
    "event in a new file": (
        ["--kind=event", "--section=colours", "--new-section", "--clause=header-list", "--header=X-Colour"],
        ["rules/events/colours.py", "rules/events/__init__.py", "apps/broken/", "apps/conforming/"],
    ),
    "app by a stimulus that is there": (
        ["--kind=app", "--section=http", "--file=http", "--clause=rfc-head-app-fields", "--stimulus=head"],
        ["rules/app/http.py", "apps/broken/http.py", "apps/conforming/http.py"],
    ),
    "app by a new stimulus": (
        ["--kind=app", "--section=http", "--file=http", "--clause=rfc-head-app-fields", "--new-stimulus=twice-patched"],
        ["rules/app/http.py", "stimuli/app/http.py", "apps/broken/http.py", "apps/conforming/http.py"],
    ),
    "middleware": (
        ["--kind=middleware", "--section=close", "--clause=close-called-on-error", "--new-stimulus=closing-late"],
        ["rules/middleware/close.py", "stimuli/middleware/stimuli.py", "middleware/broken/", "middleware/conforming/"],
    ),
    "server, seen by the app": (
        ["--kind=server-wsgi", "--section=close", "--clause=close-called-on-error", "--stimulus=leave:*"],
        ["rules/server/wsgi/close.py", "servers/broken/"],
    ),
    "server, seen by the client, by a new stimulus": (
        [
            "--kind=server-wire",
            "--section=request-headers",
            "--file=host",
            "--clause=rfc-host-missing",
            "--new-stimulus=host-odd:plain",
            "--stimulus-file=fields",
        ],
        ["rules/server/wire/host.py", "stimuli/server/wire/fields.py", "servers/broken/host.py"],
    ),
    "server, all in new files": (
        [
            "--kind=server-wire",
            "--section=response",
            "--file=trace",
            "--clause=rfc-host-missing",
            "--new-stimulus=trace:plain",
            "--stimulus-file=trace",
        ],
        [
            *("rules/server/wire/trace.py", "rules/server/wire/__init__.py", "stimuli/server/wire/trace.py"),
            *("stimuli/server/wire/__init__.py", "servers/broken/"),
        ],
    ),
}


IDS = {name: long_id(number) for number, name in enumerate(DRAFTS)}


class Drafted(NamedTuple):
    checkout: Checkout
    done: dict[str, Done]
    changed: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Drafted:
    """All the drafts, one upon the other, in one checkout."""
    made = Drafted(Checkout(tmp_path_factory.mktemp("checkout")), {}, {})
    before = made.checkout.before
    for name, (arguments, _) in DRAFTS.items():
        made.done[name] = made.checkout.new(*arguments, IDS[name])
        after = made.checkout.texts()
        made.changed[name] = {file: text for file, text in after.items() if before.get(file) != text}
        before = after
    return made


@pytest.mark.parametrize("name", DRAFTS)
def test_a_draft_names_each_place_that_is_left_to_write(drafted: Drafted, name: str) -> None:
    done, changed = drafted.done[name], drafted.changed[name]
    assert (done.code, done.err) == (0, "")
    files = DRAFTS[name][1]
    assert len(changed) == len(files)
    for part in files:
        assert any(part in file for file in changed), (part, sorted(changed))
    places = re.findall(r"^  (\S+\.py):(\d+): (.+)$", done.out, re.MULTILINE)
    assert {file for file, _, _ in places} == {file for file in changed if not file.endswith("__init__.py")}
    for file, number, what in places:
        line = changed[file].splitlines()[int(number) - 1]
        assert f"{MARK}({IDS[name]}): {what}" in line
    assert sum(text.count(f"{MARK}({IDS[name]})") for text in changed.values()) == len(places)
    assert f"-k '{IDS[name]} or {IDS[name].replace('-', '_')}'" in done.out


def test_the_drafts_pass_the_linters(drafted: Drafted) -> None:
    changed = sorted(drafted.checkout.changed())
    for kind in (["check"], ["format", "--check"]):
        linted = drafted.checkout.run("-m", "ruff", *kind, "--quiet", *changed)
        assert linted.code == 0, linted.out + linted.err


def test_the_drafts_are_in_the_catalogue(drafted: Drafted) -> None:
    shown = (
        "from pytest_wsgiconform.rules.registry import catalogue; "
        "print(*(rule.id for rule in catalogue().values() if rule.since == '0.2'))"
    )
    loaded = drafted.checkout.run("-c", shown)
    assert (set(loaded.out.split()), loaded.err) == (set(IDS.values()), "")


def test_a_draft_only_adds(drafted: Drafted) -> None:
    for file, text in drafted.checkout.changed().items():
        left = text.splitlines()
        # An import gets further names.
        gone = [line for line in drafted.checkout.before.get(file, "").splitlines() if line not in left]
        assert [line for line in gone if not line.startswith("from ")] == [], file


def test_each_draft_is_refused_by_name_until_it_is_written(drafted: Drafted) -> None:
    tested = drafted.checkout.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/rules/test_placeholders.py")
    assert tested.code == 1
    assert f"\n{len(DRAFTS)} failed, " in tested.out
    for name, done in drafted.done.items():
        assert f"{IDS[name]} is half-written. Write what each line asks for:" in tested.out
        for _, _, what in re.findall(r"^  (\S+\.py):(\d+): (.+)$", done.out, re.MULTILINE):
            assert what in tested.out


def test_a_drafted_check_says_that_it_is_to_be_written(drafted: Drafted) -> None:
    id = IDS["middleware"]
    calling = f"from pytest_wsgiconform.rules.registry import catalogue; catalogue()[{id!r}].check(None)"
    called = drafted.checkout.run("-c", calling)
    assert called.err.splitlines()[-1] == f"NotImplementedError: {MARK}({id}): return None, HELD or fault(...)."


def test_the_same_rule_is_not_drafted_twice(drafted: Drafted) -> None:
    before = drafted.checkout.texts()
    again = drafted.checkout.new(*DRAFTS["middleware"][0], IDS["middleware"])
    assert again.code == 2
    assert f"there is a rule {IDS['middleware']} already" in again.err
    assert drafted.checkout.texts() == before


EVENT = ["--kind=event", "--section=http", "--file=http_headers", "--clause=rfc-head-app-fields"]
APP = ["--kind=app", "--section=http", "--file=http", "--clause=rfc-head-app-fields"]
WIRE = ["--kind=server-wire", "--section=connection", "--file=connection", "--clause=rfc-host-missing"]

REFUSED: dict[str, tuple[list[str], str]] = {
    "one word": ([*EVENT, "status"], "'status' is not an id"),
    "capitals": ([*EVENT, "Status-right"], "'Status-right' is not an id"),
    "underscores": ([*EVENT, "status_right"], "'status_right' is not an id"),
    "two hyphens": ([*EVENT, "status--right"], "'status--right' is not an id"),
    "too long": ([*EVENT, "x" + "-long" * 20], "are the most"),
    "taken": ([*EVENT, "close-called"], "there is a rule close-called already"),
    "negation": ([*EVENT, "status-not-wrong"], "says what must not be (not)"),
    "document": ([*EVENT, "status-rfc9110"], "names a version or a document (rfc9110)"),
    "section": ([*EVENT, "--section=htp", "a-b"], "no rule stands in a section 'htp'; did you mean http"),
    "new section": ([*EVENT, "--section=New_One", "--new-section", "a-b"], "'New_One' is not a name of a section"),
    "clause": ([*EVENT, "--clause=status-strr", "a-b"], "there is no clause 'status-strr'; did you mean status-str"),
    "file": ([*EVENT, "--file=http.py", "a-b"], "give the topic"),
    "several files": (["--kind=event", "--section=http", "--clause=header-list", "a-b"], "http_response, http_headers"),
    "event": ([*EVENT, "--on=Started", "a-b"], "events are AppCalled"),
    "two things": ([*EVENT, "--header=A", "--variable=B", "a-b"], "--header or --variable"),
    "elsewhere": ([*EVENT, "--header=A", "--on=AppCalled", "a-b"], "it is in StartResponseCalled"),
    "no stimulus": ([*APP, "a-b"], "say whose runs it judges"),
    "stimulus": ([*APP, "--stimulus=heed", "a-b"], "there is no stimulus 'heed'; did you mean head"),
    "taken stimulus": ([*APP, "--new-stimulus=head", "a-b"], "there is a stimulus head already"),
    "form of a stimulus": ([*APP, "--new-stimulus=a:b", "a-b"], "words joined by hyphens"),
    "form of one for servers": ([*WIRE, "--new-stimulus=plain", "a-b"], "TOPIC:VARIANT"),
    "its file": (
        [
            "--kind=server-wire",
            "--section=response",
            "--file=splitting",
            "--clause=rfc-host-missing",
            "--new-stimulus=x:y",
            "a-b",
        ],
        "--stimulus-file=TOPIC: chunked, connection, fields",
    ),
    "no new file for apps": (
        [*APP, "--new-stimulus=x", "--stimulus-file=colours", "a-b"],
        "TOPIC: environ, fuzz, http",
    ),
    "option of run rules": ([*EVENT, "--stimulus=head", "a-b"], "--stimulus is for run rules"),
    "option of event rules": ([*APP, "--header=A", "a-b"], "--header is for event rules"),
}


@pytest.fixture
def here(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout that the program in this process works on."""
    monkeypatch.setattr(program, "ROOT", checkout.root)
    return checkout


def test_what_is_refused_says_why_and_changes_nothing(here: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, reason in REFUSED.values():
        assert program.main(["new", *arguments]) == 2, arguments
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("python -m pytest_wsgiconform.rules new: ")
        assert reason in err
    assert here.changed() == {}


def test_a_negative_id_can_be_meant(here: Checkout) -> None:
    assert program.main(["new", *EVENT, "--header=A", "--negative", "colour-not-red"]) == 0


def test_a_file_that_has_the_name_already_is_left_alone(here: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    file = here.root / "pytest_wsgiconform/rules/app/http.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n\ndef colour_right(): ...\n", encoding="utf-8")
    before = here.texts()
    assert program.main(["new", *APP, "--stimulus=head", "colour-right"]) == 2
    assert "has a function colour_right already" in capsys.readouterr().err
    assert here.texts() == before


@pytest.mark.parametrize("arguments", [[], ["new"], ["new", "--kind=nobody", "a-b"], ["old", "a-b"]])
def test_what_is_no_order_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m pytest_wsgiconform.rules" in capsys.readouterr().err


def test_elsewhere_it_says_where_it_works(tmp_path: Path) -> None:
    """Installed, there is nothing to write into."""
    shutil.copytree(ROOT / "pytest_wsgiconform", tmp_path / "pytest_wsgiconform")
    done = subprocess.run(
        [sys.executable, "-m", "pytest_wsgiconform.rules", "new", *EVENT, "a-b"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "python -m pytest_wsgiconform.rules new: this works in a checkout of pytest-wsgiconform only, "
        "where tests/corpora is\n"
    )


def test_ids_can_be_as_long_as_those_that_are_there() -> None:
    assert max(map(len, catalogue())) <= LONGEST


# Adding to source


HEAD = '''"""A file."""

from __future__ import annotations

import re

from ..model import Level, fault
from .own import x
'''


@pytest.mark.parametrize(
    ("module", "names", "line", "after"),
    [
        ("..model", ["HELD", "Level"], "from ..model import HELD, Level, fault", "import re\n\n"),
        ("..registry", ["app_rule"], "from ..registry import app_rule", "Level, fault\n"),
        ("...far", ["y"], "from ...far import y", "import re\n\n"),
        ("typing", ["Any"], "from typing import Any", "import re\n"),
        ("tests.corpora", ["Corpus"], "from tests.corpora import Corpus", "import re\n\n"),
        (".own", ["A"], "from .own import A, x", "Level, fault\n"),
        (".zoo", ["z"], "from .zoo import z", "import x\n"),
    ],
)
def test_an_import_stands_where_ruff_puts_it(
    tmp_path: Path, module: str, names: list[str], line: str, after: str
) -> None:
    text = with_import(HEAD, module, *names)
    assert f"{after}{line}\n" in text
    assert with_import(text, module, *names) == text
    file = tmp_path / "file.py"
    file.write_text(text, encoding="utf-8")
    config = f"--config={ROOT / 'pyproject.toml'}"
    ruff = [sys.executable, "-m", "ruff", "check", "--select=I", "--quiet", config, str(file)]
    assert subprocess.run(ruff, check=False).returncode == 0


def test_a_long_import_is_broken_up() -> None:
    names = [f"a_name_that_is_long_{n}" for n in range(6)]
    assert with_import(HEAD, ".zoo", *names).endswith("    a_name_that_is_long_5,\n)\n")


@pytest.mark.parametrize("before", ['X: tuple[str, ...] = ("a",)\n', 'X: tuple[str, ...] = (\n    "a",\n)\n'])
def test_an_item_is_added_to_a_tuple(before: str) -> None:
    assert with_item(before, "X", '"b"') == 'X: tuple[str, ...] = (\n    "a",\n    "b",\n)\n'


def test_a_block_goes_above_the_comment_of_what_follows() -> None:
    text = "y = 1\n\n# Why.\nX = (1,)\n"
    assert with_block_before(text, "X", "def f(): ...") == "y = 1\n\n\ndef f(): ...\n\n\n# Why.\nX = (1,)\n"


def test_where_there_is_no_place_nothing_is_made_up() -> None:
    with pytest.raises(NoPlace, match="nothing is assigned to X"):
        with_item("Y = ()\n", "X", "1")
    with pytest.raises(NoPlace, match="something else"):
        with_item("X = []\n", "X", "1")
    with pytest.raises(NoPlace, match="no import"):
        with_import("X = 1\n", "typing", "Any")
