# naze. Two commands on a fresh machine: `make demo` and `make test`.
# They need GNU make, Python 3.11 or newer and a package index, and nothing else installed by hand.

VENV := .venv
BIN := $(VENV)/bin
NAZE := $(BIN)/naze

# Another Python: make demo PYTHON=python3.12
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo $$python; break; fi; done)

# The demo with another model, language or file of votes: make demo MODEL=gemma2 VOTES=train.csv
MODEL ?= qwen2.5-coder:1.5b
VOTES ?= examples/votes.csv
DEMO_LANGUAGE ?= ja
DEMO_FOLDER ?= demo

# A part of the tests: make test ARGS="tests/votes -k winner"
ARGS ?=
# Test processes at once.
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo install test check format bench lock golden
.DELETE_ON_ERROR:

help:  ## Say what there is
	@echo "naze: why do people prefer one answer to another? (README.md)"
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1|/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

demo: $(VENV)/.installed  ## Install, pull a real 1.5B model, explain 24 real votes, find factors, learn to predict, write three pages to read
	$(NAZE) demo --model $(MODEL) --votes $(VOTES) --language $(DEMO_LANGUAGE) --out $(DEMO_FOLDER)

install: $(VENV)/.installed  ## Install naze into .venv, nothing more

test: $(VENV)/.installed-dev  ## Run every test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

check: $(VENV)/.installed-dev  ## Style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/mypy --platform darwin
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev  ## Let ruff lay out and mend the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev  ## Run every benchmark and append to the table in docs/performance.md
	$(BIN)/python benchmarks/run_all.py $(ARGS)

golden: $(VENV)/.installed-dev  ## Write the golden files and docs/commands.md anew; read the diff
	$(BIN)/python -m pytest -q --update-golden $(ARGS)

lock: $(BIN)/uv  ## Pin every dependency in requirements.lock (ARGS=--upgrade: at its newest version)
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--fork-strategy fewest --no-header --no-emit-index-url --no-emit-find-links \
		--quiet --output-file requirements.lock $(ARGS)

$(BIN)/uv: | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock uv

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "naze needs Python 3.11 or newer, and found $$(python3 --version 2>&1 || echo none)." >&2; \
		echo "Install one, or name one: make demo PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make an environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.installed: pyproject.toml requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock \
		--editable '.[dev,llamacpp]'
	@touch $@ $(VENV)/.installed
