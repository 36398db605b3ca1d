# make repro: set up, run the pipeline, show the answer.  make test: set up, run the tests.
PYTHON ?= python3.11
VENV ?= .venv
PORT ?= 5000

.DEFAULT_GOAL := repro
SHELL := /bin/bash
export PATH := $(abspath $(VENV))/bin:$(PATH)

# Everything below runs in an environment made from the lock; a changed lock makes it anew.
# With uv where it is there, but not with the one in this environment, which is about to go.
$(VENV)/installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not here: install Python 3.11, or make PYTHON=FILE" >&2; exit 2; }
	@echo "setting up $(VENV) from requirements.lock: once, about three minutes, under one with uv"
	@set -e; uv="$$(command -v uv || true)"; \
	case "$$uv" in "$(abspath $(VENV))"/*) uv= ;; esac; \
	if [ -n "$$uv" ]; then \
	  "$$uv" venv --quiet --clear --python "$$(command -v $(PYTHON))" $(VENV); \
	  install="$$uv pip install --quiet --python $(VENV) --compile-bytecode"; \
	else \
	  $(PYTHON) -m venv --clear $(VENV); \
	  install="$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check"; \
	fi; \
	$$install --require-hashes -r requirements.lock; \
	$$install --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(VENV)/installed  ## The virtual environment, from the lock

.PHONY: repro
repro: setup  ## Run what has changed, and show the answer
	@dvc repro
	@echo; cat reports/comparison.md
	@echo "report   reports/index.html"
	@echo "charts   reports/figures/"
	@echo "MLflow   make ui"

.PHONY: ui
ui: setup  ## Publish, and show MLflow on the page that compares
	@exec python -m pipeline.track --ui --port $(PORT)

.PHONY: test
test: setup  ## All tests
	@python -m pytest

.PHONY: lint
lint: setup  ## Style and types
	@ruff check . && ruff format --check . && mypy

.PHONY: benchmark
benchmark: setup  ## Time dvc repro against one plain script and against bare processes
	@python benchmarks/reproduction.py

.PHONY: lock
lock: setup  ## Resolve pyproject.toml anew into requirements.lock
	@uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --extra dev --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock > /dev/null

.PHONY: help
help:  ## This list
	@grep -E '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 12
