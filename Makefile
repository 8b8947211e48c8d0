# `make demo` and `make test` do all the set-up there is; both are quick when repeated.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLDEST := build/oldest
CODE := ablate analysis benchmarks docs hydra_plugins notebooks tests  # and not what a user keeps beside it
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo install test test-integration test-faults test-oldest notebooks lint docs clean
.DELETE_ON_ERROR:
.NOTPARALLEL:  # one pip at a time in a virtual environment

demo: $(VENV)/.installed
	$(BIN)/ablate train study=quickstart
	$(BIN)/ablate report outputs/quickstart

install: $(VENV)/.installed  # what `demo` does first

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest  # one thread each for two workers

test-integration: $(VENV)/.developed  # a real Slurm and Chromium (installed by apt when this is root), a real Ray, and what takes long
	$(PIP) --editable ".[dev,cluster]"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --dist loadfile -m integration  # a file in one worker: Slurm is there once

test-faults: $(VENV)/.developed  # kills, full disks and damaged files by the hundred: docs/reliability.md
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m faults

test-oldest: $(OLDEST)/.developed  # the quick tests with the oldest versions that pyproject.toml admits (CONTRIBUTING.md)
	OMP_NUM_THREADS=1 $(OLDEST)/bin/python -m pytest

$(OLDEST)/.developed: pyproject.toml tests/oldest.py
	@echo "Installing PyTorch's oldest supported version into $(OLDEST) (6 GB) ..."
	rm -rf $(OLDEST)
	$(PYTHON) -m venv $(OLDEST)
	$(PYTHON) tests/oldest.py > $(OLDEST)/oldest.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(OLDEST)/oldest.txt --editable ".[dev]"
	@touch $@

notebooks: $(VENV)/.developed  # runs notebooks/*.ipynb again, and keeps what they show
	$(BIN)/python -m tests.notebooks

lint: $(VENV)/.developed
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

docs: $(VENV)/.documented  # the site, in build/site/index.html; a broken link or reference ends it
	$(BIN)/python -m docs.reference.generate
	$(BIN)/zensical build --strict

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another with make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv"; exit 1; }

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV) (PyTorch is large: this can take minutes) ..."
	$(PIP) --editable .
	@touch $@

$(VENV)/.developed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV), with what development needs (this can take minutes) ..."
	$(PIP) --editable ".[dev]"
	@touch $(VENV)/.installed $(VENV)/.documented $@

$(VENV)/.documented: $(VENV)/.installed
	$(PIP) --editable ".[docs]"
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache
