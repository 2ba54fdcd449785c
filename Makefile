# Two commands matter: `make demo` to see it, `make test` to prove it. `make` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
# The newest Python that fits, unless you name one: make demo PYTHON=/usr/bin/python3.12
PYTHON ?= $(shell sh tests/find_python.sh)
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: help demo test lint types bench openapi lock image chart-test clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## start the whole platform here, with a café to try
	@exec $(BIN)/ordering-platform up

test: $(DEV) ## install what the tests need, and run them all
	@sh tests/install_tools.sh
	$(if $(TESTS),$(BIN)/pytest $(TESTS),sh tests/run_halves.sh $(BIN)/pytest)

lint: $(DEV) ## check style and the walls between the rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(DEV) ## check types, strictly
	$(BIN)/mypy

bench: $(DEV) ## measure the guest flow; prints a table, keeps JSON in bench-results/
	@sh tests/install_tools.sh rabbitmq
	$(BIN)/python -m tests.bench $(BENCH)

openapi: $(DEV) ## bring docs/reference up to date
	$(BIN)/ordering-platform openapi --write

lock: $(DEV) ## pin every dependency anew
	$(BIN)/tox run -e lock

image: ## build the container image, with docker or buildah
	@sh charts/build_image.sh $(IMAGE)

chart-test: $(DEV) ## check the chart, the image's recipe, compose and Tilt without a cluster
	$(BIN)/pytest -m 'not broker' tests/chart

clean: ## remove the environment and what tools left behind; data in .ordering/ stays
	rm -rf $(VENV) .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build

# A stamp is written last, so that an installation that was cut short is begun again.
$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/pip
	@echo "Installing the platform into $(VENV), once; this takes about a minute." >&2
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing what developers need into $(VENV), once." >&2
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# No prerequisite: an environment that is there is used, whatever made it.
$(BIN)/pip:
	@test -n "$(PYTHON)" || { \
	  echo "There is no Python from 3.11 to 3.13 here. Install one (Debian: apt-get install python3 python3-venv)" >&2; \
	  echo "or name it: make demo PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make an environment. Install its venv module (Debian: apt-get install python3-venv)." >&2; \
	  rm -rf $(VENV); exit 1; }
