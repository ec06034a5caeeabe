# On a fresh machine with Python 3.11, git and make: `make run`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
UV := $(BIN)/uv

# A folder of wheels that pip was told about serves uv too; otherwise PyTorch comes without CUDA.
ifneq ($(strip $(PIP_FIND_LINKS)),)
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
else
export UV_TORCH_BACKEND ?= cpu
endif
# compiled at set-up, not by the first run, which would spend half a minute on it
export UV_COMPILE_BYTECODE := 1
export HF_HUB_OFFLINE := 1
export DO_NOT_TRACK := 1
export BENTOML_DO_NOT_TRACK := True
export GX_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: help run up test e2e check format setup setup-dev lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: setup  ## the whole platform once, for real: every DAG, serving, sample calls, reports/run.json
	$(BIN)/tripo run

up: setup  ## the platform left running: Airflow, MLflow, serving; Ctrl-C ends all of it
	$(BIN)/tripo up

test: setup-dev  ## the test suite with branch coverage, two files at a time
	$(BIN)/pytest -n 2 --dist loadfile -m "not e2e" --cov --cov-report=term:skip-covered

e2e: setup-dev  ## the platform killed, run again and once more, on the tiny profile (minutes)
	$(BIN)/pytest -m e2e

check: setup-dev  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.installed-bench  ## the benchmarks beside their peers; hours; adds to reports/bench.json
	$(BIN)/tripo bench text
	$(BIN)/tripo bench text --recipe full --only banking77 --only clinc150
	$(BIN)/tripo bench serving
	$(BIN)/tripo bench matching
	$(BIN)/tripo bench qualification

format: setup-dev  ## put the code into the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: .venv/.installed  ## a virtual environment with what `make run` needs
setup-dev: .venv/.installed-dev  ## ... and what tests and checks need

.venv/bin/uv:
	$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11), f"expected Python 3.11, got {sys.version}; set PYTHON=/path/to/python3.11"'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet 'uv>=0.9'

.venv/.installed: requirements.lock pyproject.toml | .venv/bin/uv
	$(UV) pip install --quiet --python $(BIN)/python -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	$(UV) pip install --quiet --python $(BIN)/python -r requirements-dev.lock
	touch $@

.venv/.installed-bench: requirements-bench.lock .venv/.installed-dev
	$(UV) pip install --quiet --python $(BIN)/python -r requirements-bench.lock
	touch $@

lock: setup  ## resolve the lock files again after a change of pyproject.toml
	@# the plain version of torch in an old lock would be preferred to a build without CUDA
	sed -i '/^torch==/d' requirements.lock requirements-dev.lock requirements-bench.lock
	$(UV) pip compile pyproject.toml $(LOCK) -o requirements.lock
	$(UV) pip compile pyproject.toml --extra dev -c requirements.lock $(LOCK) -o requirements-dev.lock
	$(UV) pip compile pyproject.toml --extra bench -c requirements-dev.lock $(LOCK) -o requirements-bench.lock
	sed -i 's/+cpu$$//' requirements.lock requirements-dev.lock requirements-bench.lock
LOCK := -q --no-header --no-annotate --no-emit-find-links --no-emit-index-url

clean:  ## remove what the platform wrote (lake, stores, logs); the environment stays
	rm -rf .tripo reports
