# Two commands matter: `make run` starts the workbench, `make test` runs every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TEST_READY := $(VENV)/.ready-test
PYTEST ?= -n 2 --dist worksteal
# Compiled files are kept: without them every process compiles torch and Django again, 3 to 6 s.
export PYTHONDONTWRITEBYTECODE :=

BASE ?= HEAD

.PHONY: help run setup setup-test test check lint bench docs pictures clean

help:
	@echo "make run    start everything on this machine (PORT=8000)"
	@echo "make test   run every test, on real servers and in a real browser"
	@echo "make check  before a commit: lint, and the tests affected by the change (BASE=main: since main)"
	@echo "make lint   check style, types, import rules and language"
	@echo "make bench  run the benchmarks"
	@echo "make docs   update docs/reference.md and adding.md; make pictures: update docs/pictures"
	@echo "make setup  create only the environment"
	@echo "make clean  remove the environment and caches, never var/"

run: setup
	@exec $(BIN)/python manage.py up

setup: $(READY)

setup-test: $(TEST_READY)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "paretoscope: Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1 || echo missing); name one, as in PYTHON=python3.12 make run" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "paretoscope: cannot create a virtual environment in $(VENV); Debian and Ubuntu need: apt-get install python3-venv" >&2; exit 2; }
	@echo "paretoscope: installing requirements.lock into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.lock
	@touch $@

$(TEST_READY): $(READY) requirements-test.lock
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-test.lock
	@touch $@

test: setup-test
	@$(BIN)/python -m tests.fixtures.browser
	@$(BIN)/python -m pytest $(PYTEST)

lint: setup-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tests.language

check: lint
	@tests=$$($(BIN)/python -m tests.affected $(BASE)); \
	  if [ -n "$$tests" ]; then $(BIN)/python -m pytest $(PYTEST) $$tests; else echo "no test is affected"; fi

pictures: setup-test
	@PARETOSCOPE_PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest -q --timeout 900 tests/e2e/test_first_run.py

bench: setup
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

docs: setup
	@$(BIN)/python -m nasengine list --markdown > docs/reference.md
	@$(BIN)/python -m nasengine.command_line.new.guide docs/adding.md

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
