# Everything a newcomer needs: `make demo` and `make test`. Only Python (3.10 or newer) and make have to be there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# What starts many programs or plays whole corpora is left to `make test-rest`, which CI runs too, and to
# `make test-all`; `make test` runs all else. Each takes six to eight minutes on two cores.
REST ?= tests/targets/app tests/targets/middleware tests/targets/server tests/targets/test_protect.py tests/stimuli \
	tests/peers tests/plugin/test_hostile_apps.py tests/plugin/test_whole_runs.py tests/report/test_html_browser.py \
	tests/test_strategies.py
PORTION ?= tests $(REST:%=--ignore=%)

.PHONY: setup demo test test-rest test-all coverage lint docs benchmarks clean

# Created when absent, and brought up to date when the requirements or the version change.
$(STAMP): pyproject.toml pytest_wsgiconform/_version.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[html,https]" --group test --group lint --group docs
	touch $(STAMP)

# All that working on the project needs, in one command.
setup: $(STAMP)

# Judges an app that nobody here wrote, the demo app of the standard library, as a user would: from an empty folder.
demo: $(STAMP)
	mkdir -p $(VENV)/demo
	cd $(VENV)/demo && ../bin/python -m pytest -c /dev/null --rootdir=. -p no:cacheprovider \
		--wsgi-app=wsgiref.simple_server:demo_app

test: $(STAMP)
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal $(PORTION)

test-rest: $(STAMP)
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal $(REST)

# With the slow proofs: real frameworks and servers, every interpreter's own suite, hostile apps, load.
test-all: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist worksteal tests

# Over what `make test` and `make test-rest` run, and the programs that those tests start.
coverage: $(STAMP)
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest -m "not slow" -n 2 --dist worksteal tests
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --fail-under=95

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tests/typing/strict_catalogue.py

docs: $(STAMP)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

benchmarks: $(STAMP)
	$(BIN)/python tests/benchmarks/validators.py

clean:
	rm -rf $(VENV) docs/_build .pytest_cache .mypy_cache .ruff_cache .coverage .coverage.*
