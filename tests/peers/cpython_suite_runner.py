"""Run the interpreter's own ``test.test_wsgiref`` and print, as JSON, what became of each of its tests.

    python cpython_suite_runner.py standard|ours DIRECTORY

``ours``: every module of ``wsgiref`` is ours, from the package found in DIRECTORY, before any test is loaded.  Each
interpreter that is there runs this, in a process of its own; nothing but the standard library is needed.
"""

import importlib
import json
import pkgutil
import sys
import traceback
import unittest


def put_ours_in_place():
    """Make ``wsgiref`` and all its modules ours, and return their names."""
    ours = importlib.import_module("pytest_wsgiconform.wsgiref")
    names = [module.name for module in pkgutil.iter_modules(ours.__path__) if not module.name.startswith("_")]
    sys.modules["wsgiref"] = ours
    for name in names:
        module = importlib.import_module(f"{ours.__name__}.{name}")
        sys.modules[f"wsgiref.{name}"] = module
        setattr(ours, name, module)
    return names


class Outcomes(unittest.TestResult):
    """The outcome of each test; a test is ``failed`` when any of its subtests is."""

    def __init__(self):
        super().__init__()
        self.outcomes = {}
        self.details = {}

    def addSuccess(self, test):
        self.outcomes.setdefault(test.id(), "passed")

    def addSkip(self, test, reason):
        self.outcomes[test.id()] = "skipped"

    def addFailure(self, test, err):
        self.outcomes[test.id()] = "failed"
        self.details[test.id()] = "".join(traceback.format_exception(*err))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(test, err)


def main(which, directory):
    sys.path.insert(0, directory)
    modules = put_ours_in_place() if which == "ours" else []
    suite = unittest.defaultTestLoader.loadTestsFromName("test.test_wsgiref")
    used = {name for name in sys.modules if name.startswith("wsgiref.")}
    result = Outcomes()
    suite.run(result)
    foreign = sorted(
        name
        for name in used
        if (sys.modules[name].__name__ != name) != (which == "ours")  # ours keep the name they have at home
    )
    print(json.dumps({"outcomes": result.outcomes, "details": result.details, "modules": modules, "foreign": foreign}))


if __name__ == "__main__":
    main(*sys.argv[1:])
