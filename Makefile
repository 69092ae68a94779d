# `make demo` and `make test` need python3 (3.11 or later) and make; everything else they install into .venv.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# One thread a process: on few cores two OpenMP threads cost many times the CPU of one (docs/performance.md).
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint bench bench-audit bench-labels bench-gate bench-scale bench-train bench-statistics bench-gpu clean

demo: .venv/installed
	$(BIN)/assay demo -o build/demo --force

test: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal tests

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-dev
	$(BIN)/python -m tests.bench

bench-audit: .venv/installed-dev
	$(BIN)/python -m tests.bench audit kernel fingerprint graph

bench-labels: .venv/installed-dev
	$(BIN)/python -m tests.bench labels

bench-gate: .venv/installed-dev
	$(BIN)/python -m tests.bench gate selftest

bench-scale: .venv/installed-dev
	$(BIN)/python -m tests.bench scale

bench-train: .venv/installed-dev
	$(BIN)/python -m tests.bench train pictures repair ray

bench-statistics: .venv/installed-dev
	$(BIN)/python -m tests.bench statistics curves

bench-gpu: .venv/installed-dev
	$(BIN)/python -m tests.bench gpu

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("assay needs Python 3.11 or later, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e .
	touch $@

.venv/installed-dev: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	touch $@ .venv/installed
