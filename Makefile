# Every target installs what it needs, once, into $(VENV), unless another checkout did so: installing
# again would re-point the other's commands to this code.
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2

BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOWEST := $(VENV)-lowest

.PHONY: help owner demo test test-slow test-lowest floors lint bench smoke-gpu docs figures-simulate clean

help:
	@echo "make demo       simulate a small survey, find its clumps, show the result in demo/"
	@echo "make test       check the code, run the tests"
	@echo "make test-slow  run the tests that take long, those of the lowest versions included"
	@echo "make test-lowest  run tests with the lowest versions that pyproject.toml allows"
	@echo "make lint       check the code: ruff, mypy, import-linter"
	@echo "make bench      run the benchmarks"
	@echo "make smoke-gpu  try the benchmark of a GPU's training, tiny, without a GPU"
	@echo "make docs       build the documentation in docs/_build/html"
	@echo "make figures-simulate  draw simulated beside real galaxies in figures/"
	@echo "make clean      remove what was made, but not $(VENV)"

owner:
	@test ! -x $(BIN)/python || $(BIN)/python -I -c "$$WHOSE"

define WHOSE
import importlib.util, os, sys
found = importlib.util.find_spec("clumpscope")
here = os.path.realpath("src/clumpscope/__init__.py")
if found and os.path.realpath(found.origin or "") != here:
    sys.exit(f"{sys.prefix} has the clumpscope of {found.origin}, not this one: make VENV=ANOTHER")
endef
export WHOSE

$(READY): pyproject.toml constraints.txt | owner
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "clumpscope needs Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "Installing into $(VENV); the first time takes some minutes ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)
	rm -rf demo
	$(BIN)/clumpscope demo demo

test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n $(WORKERS) -m "not slow"
	-$(BIN)/python benchmarks/bench_run.py --galaxies 96 --timed 64  # ratios for the log

test-slow: $(READY)
	$(BIN)/pytest -q -m slow
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n $(WORKERS) -m "not slow" --hypothesis-profile=default
	$(MAKE) smoke-gpu
	$(MAKE) test-lowest

# What is not of clumpscope's own choice is as new as can be, and says what will go: no error here.
test-lowest: $(LOWEST)/.ready
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -q -n $(WORKERS) -m "not slow" \
		-o filterwarnings=default tests/cli tests/config tests/core tests/jobs tests/store

$(LOWEST)/.ready: pyproject.toml
	$(PYTHON) -m venv --clear $(LOWEST)
	@$(PYTHON) -c "$$FLOORS" > $(LOWEST)/floors.txt
	@echo "Installing the lowest versions into $(LOWEST) ..."
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c $(LOWEST)/floors.txt -e . hypothesis pytest pytest-xdist
	@touch $@

floors:  # those versions
	@$(PYTHON) -c "$$FLOORS"

define FLOORS
import re, tomllib
with open("pyproject.toml", "rb") as stream:
    project = tomllib.load(stream)["project"]
for line in project["dependencies"] + project["optional-dependencies"]["dev"]:
    if found := re.fullmatch(r"([\w.-]+)>=([\w.]+)", line):
        print("==".join(found.groups()))
endef
export FLOORS

lint: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo > $(VENV)/layers.txt || (cat $(VENV)/layers.txt; exit 1)
	@echo "lint: ruff, mypy and the layers are clean"

bench: $(READY)
	@set -e; for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

smoke-gpu: $(READY)
	$(BIN)/python benchmarks/gpu_train.py --smoke

docs: $(READY)
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

figures-simulate: $(READY)
	$(BIN)/python benchmarks/bench_realism.py --out figures

clean:
	rm -rf demo figures build dist docs/_build docs/cli.md docs/data_model.md docs/recipes.md \
	  docs/survey_profiles.md docs/api
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
