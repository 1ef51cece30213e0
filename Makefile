# Every target sets up what it needs in .venv, once, and again when pyproject.toml changes.
# It needs Python 3.11 or newer with venv, and a package index; PYTHON=... names another one.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint format types tox coverage bench bench-logs bench-requests clean

# The first of these that is new enough and runs (a version manager's stand-in may not).
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$python && break; done)

VENV := .venv
BIN := $(VENV)/bin

# What is installed is compiled when it is first imported, which must not be in every process anew.
unexport PYTHONDONTWRITEBYTECODE

# uv installs in two seconds what takes pip thirty. Where it finds less than pip, pip does it, which
# knows dependency groups from 25.1 on. PYTHON is the first argument, what to install is in WHAT.
UV := .ci/as-pip $(BIN)/uv
define install
@$(UV) pip install --quiet --python $(1) $(WHAT) 2> /dev/null || { \
	$(1) -m pip install --quiet --upgrade 'pip>=25.1' && $(1) -m pip install --quiet $(WHAT); }
endef

help:  ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo  ## Send personal data through both example apps, show what arrives
	@$(BIN)/python -m demo $(ARGS)

test: $(VENV)/.test  ## Run the tests, on all cores
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.lint  ## Check style, formatting and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

format: $(VENV)/.lint  ## Rewrite the code in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.types  ## Check the types with mypy and pyright, side by side
	@$(BIN)/mypy & mypy=$$!; $(BIN)/pyright --pythonpath $(BIN)/python; \
	pyright=$$?; wait $$mypy && exit $$pyright

tox: $(VENV)/.tox  ## Test the built wheel on every Python, framework and SDK of the matrix
	@$(UV) pip compile --quiet --group test pyproject.toml > /dev/null 2>&1 || \
		runner='--runner virtualenv'; \
	.ci/as-pip $(BIN)/tox run-parallel $$runner --parallel all --parallel-no-spinner $(ARGS)

coverage: $(VENV)/.test  ## Run the tests and show the lines and branches that none reaches
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage report

bench: $(VENV)/.bench  ## Compare the filter with others in one table, a minute or two
	@$(VENV)/bench/bin/python -m benchmarks $(ARGS)

bench-requests: $(VENV)/.bench-requests  ## Compare what telemetry adds to a request, ten minutes
	@$(BIN)/python -m benchmarks.requests $(ARGS)

bench-logs: $(VENV)/.bench  ## Compare a filtered log line with the JSON formatter alone
	@$(VENV)/bench/bin/python -m benchmarks.logs $(ARGS)

clean:  ## Remove the set-up, builds and caches
	rm -rf $(VENV) .tox dist .coverage htmlcov .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each dependency group of pyproject.toml.
$(VENV)/.%: WHAT = --editable '.[django,flask,cli]' --group $*
$(VENV)/.%: pyproject.toml $(VENV)/.python
	@echo "Installing what 'make $*' needs into $(VENV) ..."
	$(call install,$(BIN)/python)
	@touch $@

# The others have a place of their own: one of them brings a plugin that pytest would load.
$(VENV)/.bench: WHAT = --editable '.[django,flask]' --group bench
$(VENV)/.bench: pyproject.toml $(VENV)/.python
	@echo "Installing what 'make bench' needs into $(VENV)/bench ..."
	@$(BIN)/python -m venv --clear $(VENV)/bench
	$(call install,$(VENV)/bench/bin/python)
	@touch $@

$(VENV)/.python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed, and there is none on PATH." \
			"Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "PYTHON=$(PYTHON) is no Python 3.11 or newer." >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$(PYTHON) can't make virtual environments: it lacks venv or ensurepip." \
			"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; fi
	@echo "Making a virtual environment in $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8' || echo "There is no uv: pip does it."
	@touch $@
