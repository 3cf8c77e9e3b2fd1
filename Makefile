# Everything starts from a clone, Python 3.11 or later and make:
#   make tournament    a tournament of the built-in bots, from nothing to its report
#   make test          lint, types, import layers and tests
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $(name))))

# Named after what was installed: an interrupted installation leaves no stamp, other pins another name.
STAMP := $(VENV)/.installed-$(shell cat pyproject.toml constraints.txt | cksum | tr ' ' '-')

.PHONY: help install tournament match test lint types layers tests soak crash bench clean

help:
	@echo 'make tournament   play a tournament of the built-in bots and write its report'
	@echo 'make match        play one match'
	@echo 'make test         lint, types, import layers, tests'
	@echo 'make soak          engine against its slow twin for SECONDS (600), from SEED if given'
	@echo 'make crash         kills 200 journaling exchanges and restarts each, from SEED (1)'
	@echo 'make bench        measure engine, agents, strategies and tournaments against peers'
	@echo 'make install      only create the environment in $(VENV)'
	@echo 'make clean        remove the environment, caches and results'

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'bot-arena: expected Python 3.11, 3.12 or 3.13, found none; name one with make PYTHON=...' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing into $(VENV) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,tune]'
	@rm -f $(VENV)/.installed-* && touch $@

tournament: $(STAMP)
	@$(BIN)/arena tournament run --fresh

match: $(STAMP)
	@$(BIN)/arena match

test: lint types layers tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

tests: $(STAMP)
	$(BIN)/pytest -n 2 --dist loadfile

soak: $(STAMP)
	@$(BIN)/python -m tests.soak --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

crash: $(STAMP)
	@$(BIN)/python -m tests.journal.crash --runs 200 --seed $(or $(SEED),1)

bench: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@# before Python 3.13 pams asks for numpy 1 but runs with ours
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps pams
	@benchmarks/run $(BIN)/arena

clean:
	rm -rf $(VENV) build dist runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
