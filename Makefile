# `make demo` and `make test` need python3 (3.11 or later) and make; everything else they install into .venv.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# One thread a process: on few cores two OpenMP threads cost many times the CPU of one (docs/performance.md).
export OMP_NUM_THREADS ?= 1

.PHONY: demo test test-spark lint bench bench-audit bench-labels bench-gate bench-scale bench-train bench-statistics bench-gpu axe test-pipelines clean

demo: .venv/installed
	$(BIN)/assay demo -o build/demo --force
	@command -v assay >/dev/null || echo 'assay is in $(BIN): `. $(BIN)/activate` puts it on your path'

test: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal tests

test-pipelines: .venv/installed-dev $(addprefix .venv-pipelines/,$(addsuffix /installed,airflow dvc prefect))
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/pipelines

# pyspark is 400 MB, so only these tests install it; they need Java too.
test-spark: .venv/installed-dev
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,spark]'
	$(BIN)/python -m pytest -m spark tests/audit/gx

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

# What the accessibility tests run in the pages (MPL-2.0, for tests only): fetched, never shipped.
AXE := axe-core@4.14.1
axe:
	npm install --silent --no-fund --no-audit --no-save --prefix build/axe $(AXE)

clean:
	rm -rf .venv .venv-pipelines build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("assay needs Python 3.11 or later, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[review]'
	touch $@

.venv/installed-dev: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	touch $@ .venv/installed

# Airflow and Prefect want other versions than constraints.txt has, and DVC brings sixty packages: each gets an
# environment without assay, and finds the command `assay` on its path, as it would in production.
.venv-pipelines/%/installed: tests/pipelines/%.txt
	$(PYTHON) -m venv .venv-pipelines/$*
	.venv-pipelines/$*/bin/python -m pip install -q -r $<
	touch $@
