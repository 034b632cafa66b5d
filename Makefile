# Everything a person types here. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run dev test test-fast test-browser lint fix check bench faults screenshots clean

help: ## List these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/.installed ## Install what is missing and start the portal
	@exec $(BIN)/python -m keyportal serve

dev: $(VENV)/.installed ## Start with hot reload
	@$(BIN)/reflex run --env preview

test: $(VENV)/.installed-dev ## Run every test, the browser's too
	@command -v chromium chromium-browser >/dev/null || [ -n "$$CHROMIUM" ] || $(BIN)/playwright install chromium
	$(BIN)/python -m keyportal serve --build-only
	$(BIN)/python -m pytest -q -n auto -m "not browser"
	$(BIN)/python -m pytest -q -m browser tests/e2e

test-fast: $(VENV)/.installed-dev ## Run the tests that need no browser
	$(BIN)/python -m pytest -q -n auto -m "not browser"

lint: $(VENV)/.installed-dev ## Check format, rules, layers and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pyright

fix: $(VENV)/.installed-dev ## Format and repair what a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint test ## What CI runs

bench: $(VENV)/.installed-dev ## Measure speed, memory and crashes; ARGS="--quick resolve" for less
	$(BIN)/python -m benchmarks $(ARGS)

faults: $(VENV)/.installed-dev ## Kill, starve and cut off portals at work, the long form (strace, libfaketime); ARGS="--kills 100" for less
	$(BIN)/python -m pytest -q tests/faults/test_inspection.py tests/faults/test_tampering.py tests/faults/test_clock.py
	$(BIN)/python -m tests.faults $(ARGS)

screenshots: $(VENV)/.installed-dev ## Photograph every page into screenshots/
	$(BIN)/python -m keyportal serve --build-only
	$(BIN)/python -m tests.e2e.screenshots

clean: ## Remove what was installed and built, never data or .env
	rm -rf $(VENV) .web .states .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("KeyPortal needs Python 3.11 or newer.") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.installed
