# make repro: set up, run the pipeline, show the answer.  make test: set up, run the tests of every layer.
# The first of these that is 3.11 or later is used. To choose another: make PYTHON=FILE.
PYTHON ?= python3.11 python3.12 python3.13 python3.14 python3
VENV ?= .venv
RAY_VENV ?= .venv-ray
PORT ?= 5000

.DEFAULT_GOAL := repro
SHELL := /bin/bash
export PATH := $(abspath $(VENV))/bin:$(PATH)

# Prints a Python's path and version if it is 3.11 or later. Of an environment, it prints the Python from which that was
# made, because the environment itself may be replaced below.
ABOUT_PYTHON = import sys; v = sys.version_info; v >= (3, 11) and print(sys._base_executable, "%d.%d.%d" % v[:3])

# Everything below runs in an environment made from the lock file. It is made again when the lock file changes.
# uv is used if it is installed, but not the one inside this environment, because the environment is about to be replaced.
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
	echo "setting up $(@D) with Python $$version ($$python) from $(LOCK): only once, about three minutes, or less than one with uv"; \
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
setup: $(VENV)/installed  ## Create the virtual environment from the lock file

.PHONY: repro
repro: setup  ## Run what has changed, and print the comparison
	@dvc repro || { status=$$?; repaired="$$(rebalance doctor)"; [ $$? = 10 ] || exit $$status; echo "$$repaired"; dvc repro; }
	@echo; rebalance verdict || [ $$? -ge 10 ] # from 10 on, the status is the answer
	@echo
	@echo "report   reports/index.html; as text, reports/comparison.md"
	@echo "model    reports/model_card.md"
	@echo "charts   reports/figures/"
	@echo "MLflow   make ui"

TABLES ?= ../shared/data
REPEATS ?= 2

.PHONY: demo-tables
demo-tables: setup  ## Run inspect and a sweep on every table of a folder: TABLES=FOLDER REPEATS=10
	@python benchmarks/tables.py "$(TABLES)" --repeats $(REPEATS)

.PHONY: ui
ui: setup  ## Publish the results, and serve MLflow
	@exec rebalance publish --ui --port $(PORT)

COVERED = --cov --cov-report=term:skip-covered

.PHONY: test
test: setup  ## Run the tests of every layer, with coverage: a few minutes
	@python -m pytest -n auto --dist loadfile --hypothesis-profile=quick $(COVERED) --ignore=tests/system

.PHONY: test-all
test-all: setup  ## Run all tests, also those with DVC, a browser, servers and killed processes
	@python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations=20 $(COVERED)

.PHONY: test-ray
test-ray: $(RAY_VENV)/installed  ## Run the test on a Ray cluster, in an environment with Ray
	@$(RAY_VENV)/bin/python -m pytest tests/system/test_ray.py

.PHONY: check-statistics
check-statistics: setup  ## Check the statistics on tables with a known truth: hours; resumes after a stop
	@python tests/checks

.PHONY: docs
docs: setup  ## Build the documentation into site/; a broken link is an error; needs no network
	@zensical build --clean --strict

# At half its size and in 64 colors, so that it stays small in git.
.PHONY: picture
picture: setup  ## Make the README's picture from the last report
	@python -c 'from PIL import Image; page = Image.open("reports/figures/differences.png").convert("RGB"); \
	  page.thumbnail((900, 900)); page.quantize(64).save("docs/images/differences.png", optimize=True)'

.PHONY: lint
lint: setup  ## Check style, types and layers
	@ruff check . && ruff format --check . && mypy && lint-imports

.PHONY: benchmark
benchmark: setup  ## Time dvc repro, sweeps and folds, compared with what you would run instead
	@python benchmarks/reproduction.py --rounds 1
	@python benchmarks/sweep.py
	@python benchmarks/folds.py
	@python benchmarks/growth.py

COMPILE = uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --extra dev --no-emit-index-url \
  --custom-compile-command "make lock" pyproject.toml

.PHONY: lock
lock: setup  ## Update requirements.lock and requirements-ray.lock from pyproject.toml
	@$(COMPILE) -o requirements.lock > /dev/null
	@$(COMPILE) --extra ray -o requirements-ray.lock > /dev/null

.PHONY: help
help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 18
