# Each target makes what it needs: a virtual environment in .venv with the locked, hashed dependencies.
#
#   make run      start the daemon; options in ARGS, e.g. make run ARGS="--view"
#   make web      the same, with the dashboard
#   make test     run the tests; options in TESTS, e.g. make test TESTS="tests/runtime -x"; WORKERS=3 is quicker,
#                 also on two cores: many tests wait for processes
#   make check    lint, types and tests: what continuous integration runs
#   make audit    look up the locked dependencies in the database of known vulnerabilities (needs a network)

SHELL := /bin/bash
ARGS ?=
TESTS ?=
WORKERS ?= 2
BENCH ?=

VENV := .venv
AUDIT := .audit
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
RUN_READY := $(VENV)/.run-ready
WEB_READY := $(VENV)/.web-ready
DEV_READY := $(VENV)/.dev-ready
SOURCES := whalebot tests $(wildcard benchmarks)

.PHONY: run web test lint types check audit bench format clean
.DELETE_ON_ERROR:

# Under a terminal the daemon gets a process group of its own, so that Ctrl-C reaches it and not make.
run: $(RUN_READY)
	@if [ -t 0 ] && [ -t 1 ]; then set -m; fi; $(VENV)/bin/python -m whalebot $(ARGS); exit $$?

web: $(WEB_READY)
	@if [ -t 0 ] && [ -t 1 ]; then set -m; fi; $(VENV)/bin/python -m whalebot run --web $(ARGS); exit $$?

test: $(DEV_READY)
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

lint: $(DEV_READY)
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/ruff format --check $(SOURCES)

types: $(DEV_READY)
	$(VENV)/bin/mypy

check: lint types test

audit:
	test -x $(AUDIT)/bin/pip-audit || (python3 -m venv $(AUDIT) && $(AUDIT)/bin/pip install --quiet pip-audit)
	for lock in build runtime web dev; do \
		$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/$$lock.lock || exit 1; \
	done

bench: $(DEV_READY)
	$(VENV)/bin/python -m benchmarks $(BENCH)

format: $(DEV_READY)
	$(VENV)/bin/ruff check --fix $(SOURCES)
	$(VENV)/bin/ruff format $(SOURCES)

clean:
	rm -rf $(VENV) $(AUDIT) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(RUN_READY): requirements/build.lock requirements/runtime.lock pyproject.toml tools/make_venv.sh
	tools/make_venv.sh $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements/build.lock
	$(PIP) install --quiet --require-hashes -r requirements/runtime.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@# Trades are their owner's alone; the first must neither show as a change of the clone nor be lost to a checkout.
	@git update-index --skip-worktree trade_history.json 2>/dev/null || true
	@chmod 600 trade_history.json 2>/dev/null || true
	@touch $@

$(WEB_READY): $(RUN_READY) requirements/web.lock
	$(PIP) install --quiet --require-hashes -r requirements/web.lock
	@touch $@

$(DEV_READY): $(RUN_READY) requirements/dev.lock
	$(PIP) install --quiet --require-hashes -r requirements/dev.lock
	@touch $@
