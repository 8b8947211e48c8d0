# `make demo` and `make test` set up everything they need; repeated calls skip the installation.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLDEST := build/oldest
WHEELS := build/wheels
WHEELS_PYTHON ?= 3.12
CARRIED := hydra-core omegaconf msgspec filelock rich
CODE := ablate analysis benchmarks docs hydra_plugins notebooks tests  # excludes other folders of the user
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo install test test-integration test-faults test-oldest wheels notebooks results lint docs clean
.DELETE_ON_ERROR:
.NOTPARALLEL:  # pip must not run twice at once in one virtual environment

demo: $(VENV)/.installed
	$(BIN)/ablate train study=quickstart
	$(BIN)/ablate report outputs/quickstart

install: $(VENV)/.installed  # install only

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest  # one thread per pytest worker

test-integration: $(VENV)/.developed  # slow tests and tests with Slurm, Chromium (both installed with apt as root) and Ray
	$(PIP) --editable ".[dev,cluster]"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --dist loadfile -m integration  # one worker per file, because all tests share one Slurm

test-faults: $(VENV)/.developed  # fault injection: kills, full disks, damaged files (docs/reliability.md)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m faults

test-oldest: $(OLDEST)/.developed  # the quick tests with the oldest versions that pyproject.toml allows (CONTRIBUTING.md)
	OMP_NUM_THREADS=1 $(OLDEST)/bin/python -m pytest

wheels: $(BIN)/python  # what training needs besides PyTorch and NumPy, for a machine without a package index (docs/performance.md)
	$(BIN)/python -m pip wheel --quiet --no-deps --constraint constraints.txt --wheel-dir $(WHEELS) antlr4-python3-runtime
	$(BIN)/python -m pip download --quiet --constraint constraints.txt --find-links $(WHEELS) --dest $(WHEELS) --only-binary=:all: --python-version $(WHEELS_PYTHON) --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 $(CARRIED)

notebooks: $(VENV)/.developed  # run notebooks/*.ipynb and save their output
	$(BIN)/python -m tests.notebooks

results: $(VENV)/.developed  # make the results and pictures of docs/ again: make results IMAGES=FOLDER [PARTS="tutorial assignment"]
	$(BIN)/python -m docs.results.generate --images "$(IMAGES)" $(PARTS)

lint: $(VENV)/.developed
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

docs: $(VENV)/.documented  # build the site in build/site; fails on a broken link or reference
	$(BIN)/python -m docs.reference.generate
	$(BIN)/zensical build --strict

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is required; this is " + sys.version.split()[0] + ". Select another with make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot create a virtual environment; on Debian: apt install python3-venv"; exit 1; }

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV) (PyTorch is large; this can take a few minutes) ..."
	$(PIP) --editable .
	@touch $@

$(VENV)/.developed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV) with development dependencies (this can take a few minutes) ..."
	$(PIP) --editable ".[dev]"
	@touch $(VENV)/.installed $(VENV)/.documented $@

$(VENV)/.documented: $(VENV)/.installed
	$(PIP) --editable ".[docs]"
	@touch $@

$(OLDEST)/.developed: pyproject.toml tests/oldest.py
	@echo "Installing the oldest supported PyTorch into $(OLDEST) (6 GB) ..."
	rm -rf $(OLDEST)
	$(PYTHON) -m venv $(OLDEST)
	$(PYTHON) tests/oldest.py > $(OLDEST)/oldest.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(OLDEST)/oldest.txt --editable ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache
