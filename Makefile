# Every target sets itself up: Python 3.11 or newer (with venv) and make are all that must be there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Which python3 there is differs: the first of these that is new enough is taken.
FIND_PYTHON = for p in "$(PYTHON)" python3.13 python3.12 python3.11 python3; do \
	if command -v "$$p" >/dev/null 2>&1 && "$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo "$$p"; exit 0; fi; done; \
	echo "no Python 3.11 or newer with venv found: install it, or name it with 'make PYTHON=/path/to/python3.11'" >&2; exit 1

.PHONY: help setup demo up down status test test-unit test-long coverage mutants check bench format clean
.DEFAULT_GOAL := help

help: ## show this
	@echo "gongji 共济: 医保家庭共济 as a message-driven pipeline on Kafka and PostgreSQL"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with everything, pinned by hash

$(READY): requirements/dev.txt pyproject.toml
	@python=$$($(FIND_PYTHON)) && echo "setting up $(VENV) with $$python; the first time takes a minute or two" && \
		{ [ -x $(BIN)/python ] || "$$python" -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## watch requests become notices and settled bills (3 minutes)
	@$(BIN)/gongji demo

up: $(READY) ## start Kafka, PostgreSQL and the four services; Ctrl-C stops them
	@$(BIN)/gongji up

down: $(READY) ## stop what was left running
	@$(BIN)/gongji down

status: $(READY) ## what runs, and how far behind it is
	@$(BIN)/gongji status

# Two files at a time, each process with servers of its own; in their order, so that the long ones come first.
test: $(READY) ## all tests on real servers (15 minutes)
	@$(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile --no-loadscope-reorder

test-unit: $(READY) ## only the tests without servers (2 minutes)
	@$(BIN)/python -m pytest -m "not long" tests/unit

test-long: $(READY) ## hours of simulation, faults and scale; PART=sim|faults|oracle|notify|scale for one of them
	@$(BIN)/python -m tests.long $(PART)

coverage: $(READY) ## that unit tests reach every branch of the rules (half a minute)
	@$(BIN)/python -m pytest tests/unit/eligibility -q --cov=services/eligibility/domain --cov-branch --cov-fail-under=100

mutants: $(READY) ## change the rules in some 2,700 ways and count what no test notices (15 minutes); MUTANTS=pattern for some
	@$(BIN)/mutmut run $(MUTANTS)
	@$(BIN)/mutmut results

check: $(READY) ## lint, formatting, types, imports, contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/gongji contract check
	@$(BIN)/gongji policy document --check

bench: $(READY) ## settlements and bindings per second beside a baseline; writes build/bench.json
	@$(BIN)/python -m tests.bench

format: $(READY) ## format the code
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format .

clean: ## remove what builds and tests left (not .venv, not .gongji)
	rm -rf build mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
