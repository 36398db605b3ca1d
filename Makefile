# make repro: set up, run the pipeline, show the answer.  make test: set up, run the tests of every layer.
# The first of these that is 3.11 or later; make PYTHON=FILE takes another.
PYTHON ?= python3.11 python3.12 python3.13 python3.14 python3
VENV ?= .venv
RAY_VENV ?= .venv-ray
PORT ?= 5000

.DEFAULT_GOAL := repro
SHELL := /bin/bash
export PATH := $(abspath $(VENV))/bin:$(PATH)

# Where a Python is and its version, if that is 3.11 or later; of an environment, which may be about to go, the one below.
ABOUT_PYTHON = import sys; v = sys.version_info; v >= (3, 11) and print(sys._base_executable, "%d.%d.%d" % v[:3])

# Everything below runs in an environment made from the lock; a changed lock makes it anew.
# With uv where it is there, but not with the one in this environment, which is about to go.
$(VENV)/installed: LOCK = requirements.lock
$(RAY_VENV)/installed: LOCK = requirements-ray.lock
$(VENV)/installed: requirements.lock
$(RAY_VENV)/installed: requirements-ray.lock
$(VENV)/installed $(RAY_VENV)/installed: pyproject.toml
	@set -e; for each in $(PYTHON); do \
	  read -r python version <<< "$$($$each -c '$(ABOUT_PYTHON)' 2>/dev/null)" || true; \
	  [ -z "$$python" ] || break; \
	done; \
	[ -n "$$python" ] || { echo "error: expected Python 3.11 or later as one of $(PYTHON), found none: install one, or make PYTHON=FILE" >&2; exit 2; }; \
	echo "setting up $(@D) with Python $$version ($$python) from $(LOCK): once, about three minutes, under one with uv"; \
	uv="$$(command -v uv || true)"; \
	case "$$uv" in "$(abspath $(@D))"/*) uv= ;; esac; \
	if [ -n "$$uv" ]; then \
	  "$$uv" venv --quiet --clear --python "$$python" $(@D); \
	  install="$$uv pip install --quiet --python $(@D) --compile-bytecode"; \
	else \
	  "$$python" -m venv --clear $(@D); \
	  install="$(@D)/bin/python -m pip install --quiet --disable-pip-version-check"; \
	fi; \
	$$install --require-hashes -r $(LOCK); \
	$$install --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(VENV)/installed  ## The virtual environment, from the lock

.PHONY: repro
repro: setup  ## Run what has changed, and show the answer
	@dvc repro
	@echo; rebalance verdict || [ $$? -ge 10 ] # from 10 on, the status is the answer
	@echo
	@echo "report   reports/index.html; as text, reports/comparison.md"
	@echo "model    reports/model_card.md"
	@echo "charts   reports/figures/"
	@echo "MLflow   make ui"

TABLES ?= ../shared/data
REPEATS ?= 2

.PHONY: demo-tables
demo-tables: setup  ## Every table of a folder through inspect and a sweep: TABLES=FOLDER, REPEATS=10 of the folds
	@python benchmarks/tables.py "$(TABLES)" --repeats $(REPEATS)

.PHONY: ui
ui: setup  ## Publish, and show MLflow on the page that compares
	@exec rebalance publish --ui --port $(PORT)

COVERED = --cov --cov-report=term:skip-covered

.PHONY: test
test: setup  ## The tests of every layer, with coverage: a few minutes
	@python -m pytest -n auto --dist loadfile $(COVERED) --ignore=tests/system

.PHONY: test-all
test-all: setup  ## These, and the tests with DVC, a browser, servers and killed processes
	@python -m pytest -n auto --dist loadfile $(COVERED)

.PHONY: test-ray
test-ray: $(RAY_VENV)/installed  ## The test on a Ray cluster, in an environment with Ray
	@$(RAY_VENV)/bin/python -m pytest tests/system/test_ray.py

.PHONY: check-statistics
check-statistics: setup  ## Whether the statistics keep what they promise: hours; stopped, it goes on where it was
	@python tests/checks

.PHONY: docs
docs: setup  ## The documentation in site/: a broken link is an error; needs no network
	@zensical build --clean --strict

# Half its size, in 64 colors, so that it stays small in git.
.PHONY: picture
picture: setup  ## The README's picture, from the report that make repro leaves
	@python -c 'from PIL import Image; page = Image.open("reports/figures/differences.png").convert("RGB"); \
	  page.thumbnail((900, 900)); page.quantize(64).save("docs/images/differences.png", optimize=True)'

.PHONY: lint
lint: setup  ## Style and types
	@ruff check . && ruff format --check . && mypy && lint-imports

.PHONY: benchmark
benchmark: setup  ## Time dvc repro and a sweep against what one would run instead
	@python benchmarks/reproduction.py
	@python benchmarks/sweep.py

COMPILE = uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --extra dev --no-emit-index-url \
  --custom-compile-command "make lock" pyproject.toml

.PHONY: lock
lock: setup  ## Resolve pyproject.toml anew into requirements.lock and, with Ray, requirements-ray.lock
	@$(COMPILE) -o requirements.lock > /dev/null
	@$(COMPILE) --extra ray -o requirements-ray.lock > /dev/null

.PHONY: help
help:  ## This list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 18
