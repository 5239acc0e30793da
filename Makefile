# Everything runs in .venv, which is made from PYTHON on the first call. Stamps inside it remember what is installed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test test-long bench bench-detection check lock image image-test clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.runtime  ## a shop that sells, a deploy that breaks it, and the message its team would read
	@$(BIN)/detector demo

test: check  ## check, then all tests but the long ones; ends with a list of what could not run
	@mkdir -p .build
	@status=0; $(BIN)/python -m pytest -n $(WORKERS) -m "not long" --junitxml=.build/tests.xml || status=$$?; \
	$(BIN)/python tests/house/not_run.py .build/tests.xml || status=1; exit $$status

test-long: $(VENV)/.dev  ## the tests that take minutes
	@$(BIN)/python -m pytest -m long

bench: export PYTHONPATH := tests
bench: $(VENV)/.dev  ## the figures of docs/figures.md, one after the other: half an hour, on a machine that does nothing else
	@$(BIN)/python benchmarks/start_time.py
	@$(BIN)/python -m benchmarks.idle
	@$(BIN)/python -m benchmarks.steady_tick
	@$(BIN)/python -m benchmarks.first_of_day --metrics 200 2000
	@$(BIN)/python -m benchmarks.posts
	@$(BIN)/python -m benchmarks.reload
	@$(BIN)/python -m benchmarks.stop
	@$(BIN)/python -m benchmarks.storm
	@$(BIN)/python -m benchmarks.catch_up
	@$(BIN)/python -m benchmarks.each
	@$(BIN)/python -m benchmarks.onsets
	@$(BIN)/python -m benchmarks.losses
	@$(BIN)/python -m benchmarks.judging_speed --series 1000 10000
	@$(BIN)/python -m benchmarks.long_run --full
	@$(BIN)/python -m benchmarks.detection --short --peers naive,median_mad

bench-detection: export OMP_NUM_THREADS := 1
bench-detection: $(VENV)/.dev  ## detection beside other methods, in 20 minutes (DATA=DIR: on hourly series of yours)
	@$(BIN)/python -m benchmarks.detection $(if $(DATA),--data $(DATA))
	@$(BIN)/python -m benchmarks.detection.peers_speed

check: $(VENV)/.dev  ## format, lint, types and layers
	@$(BIN)/ruff format --check --quiet . || { echo 'Not formatted; run: $(BIN)/ruff format .' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock: $(VENV)/.dev  ## resolve both lock files anew (make lock UPGRADE=--upgrade takes newer versions)
	@$(COMPILE) $(UPGRADE) pyproject.toml -o deploy/requirements.lock
	@$(COMPILE) $(UPGRADE) --extra dev pyproject.toml -o deploy/requirements-dev.lock

image:  ## build the container image, and tell its size (LOCAL_BASE=1 where no image registry can be reached)
	@deploy/image/build
	@mkdir -p .build; deploy/image/size > .build/image-size.txt; cat .build/image-size.txt

image-test: $(VENV)/.dev  ## build the image, and play the seed case in it
	@$(BIN)/python -m pytest tests/container

clean:  ## remove .venv, the demo and all caches
	rm -rf $(VENV) .build demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The development lock holds the runtime lock, so that whoever has installed it need not install that one as well.
$(VENV)/.runtime: deploy/requirements.lock pyproject.toml | $(VENV)/.made
	@echo 'Installing the locked packages into $(VENV) ...'
	@$(PIP) install -qq --require-hashes -r deploy/requirements.lock
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: deploy/requirements-dev.lock pyproject.toml | $(VENV)/.made
	@echo 'Installing the locked packages for development into $(VENV) ...'
	@$(PIP) install -qq --require-hashes -r deploy/requirements-dev.lock
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $(VENV)/.runtime $@

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo 'No $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "The detector needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
	  rm -rf $(VENV); echo 'Making $(VENV) failed. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@touch $@
