# Everything here works from a clean clone with Python 3.11, pip, make and git. `make help` says what there is.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PROJECTS := contracts chassis gateway services/identity services/catalog services/learning \
            services/assessment services/instructor services/analytics deploy/lyceum
PACKAGES := contracts chassis gateway identity catalog learning assessment instructor analytics lyceum
INSTALLED := $(VENV)/.installed
# Three processes on two cores, for they wait a good deal; every one brings up a PostgreSQL and a broker of its own.
TEST_PROCESSES ?= 3

.DEFAULT_GOAL := help
.PHONY: help install up down status test test-kafka check format docs lock bench clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Make .venv and install everything from the lock

$(INSTALLED): requirements.lock $(PROJECTS:%=%/pyproject.toml)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Say which: make PYTHON=/path/to/python3.11 install"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PROJECTS:%=-e ./%)
	@touch $(INSTALLED)

up: install ## Start the whole platform on http://127.0.0.1:8000 (Ctrl-C stops it)
	@$(BIN)/lyceum up $(ARGS)

down: install ## Stop a platform that runs in the background
	@$(BIN)/lyceum down $(ARGS)

status: install ## Say what runs
	@$(BIN)/lyceum status $(ARGS)

test: install ## Run every test on the embedded PostgreSQL and broker
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup $(ARGS)

test-kafka: install ## Run the event tests and the journey against Apache Kafka (needs Java 17 and Maven)
	$(BIN)/python deploy/kafka/kafka.py --selftest
	$(BIN)/python deploy/kafka/kafka.py run -- $(BIN)/python -m pytest -m kafka
	$(BIN)/python deploy/kafka/kafka.py run -- $(BIN)/python tests/journeys/run_on_kafka.py

check: install ## Lint, type-check and hold the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES:%=-p %)
	$(BIN)/lint-imports --no-cache

format: install ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install ## Generate docs/events.md, docs/tables.md, docs/problems.md and docs/permissions.md anew
	$(BIN)/python -m contracts.catalogue
	$(BIN)/python docs/generate/tables.py
	$(BIN)/python docs/generate/problems.py
	$(BIN)/python docs/generate/permissions.py

bench: install ## Measure, side by side with a peer or a limit; results in bench/results
	$(BIN)/python -m bench $(ARGS)

lock: install ## Resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  $(foreach name,$(PACKAGES),--no-emit-package $(if $(filter lyceum,$(name)),lyceum,lyceum-$(name))) \
	  --group dev --output-file requirements.lock deploy/lyceum/pyproject.toml

clean: ## Remove the environment and caches; data directories stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis deploy/oidc/node_modules
