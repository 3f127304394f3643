# Striate. On a machine with Python 3.11 and make, two commands do all the set-up:
#
#   make demo     install, train on the embedded digits, say where the report is
#   make test     install with the test extras, run everything that CI runs
#
# Nothing outside this folder is changed, and nothing needs root. A step that is done is not
# done again: each leaves a stamp in .venv, which goes stale when pyproject.toml or
# constraints.txt change.
#
# torch has two builds. Its CPU build (about 200 MB) does for everything here; on Linux, PyPI
# serves the CUDA build, which brings several GB along. constraints.txt pins torch by exact
# version, so that the CPU build is taken wherever pip is set up to find it; where it is not,
# name torch's CPU index:
#
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
#
# PIP_FLAGS are handed to every `pip install`, for example PIP_FLAGS=--no-index; BENCH_FLAGS to
# every benchmark, for example BENCH_FLAGS=--quick; TEST_FLAGS to pytest, for example
# TEST_FLAGS=--seed=4711, which tests in the order of the run that printed that seed. Tests run in
# two processes side by side, of at most 1 GiB each; PROCESSES=0 runs them in one, which takes
# half as long again.

PYTHON ?=
TORCH_INDEX ?=
PIP_FLAGS ?=
BENCH_FLAGS ?=
TEST_FLAGS ?=
PROCESSES ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TORCH_FLAGS := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
SIDE_BY_SIDE := -n $(PROCESSES) --dist loadfile
# two processes with two threads each wait for each other; `make test-all` keeps torch's number
ONE_THREAD := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1}
# compute threads that spin while they wait for each other take the cores from other processes
export OMP_WAIT_POLICY ?= PASSIVE
NEEDS := pyproject.toml constraints.txt
PEERS := .venv-bench

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint types format figure drawings ideas experiments notebook table clean install install-test \
  bench-install bench-mnist bench-transfer bench-throughput bench-predict bench-growth \
  bench-backbones bench-learning bench-evidence bench-maps bench-shortcut bench-health bench-explain \
  bench-zipcodes bench-duplicates bench-copies bench-sealed bench-studio bench-labelling
.DELETE_ON_ERROR:
.NOTPARALLEL:

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{ printf "%-23s %s\n", $$1, $$2 }'

demo: install  ## install, train on the embedded digits, say where the report is
	$(BIN)/striate train digits
	@echo "The report: $$(ls -t runs/digits*/report.html | head -n 1) (open it in a browser)"
	@echo "Next, for images of your own: . $(BIN)/activate, then: striate train photos/"

test: lint  ## lint, type-check, test, build and start the wheel: what CI runs, in minutes
	$(BIN)/mypy & types=$$!; \
	$(ONE_THREAD) $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(TEST_FLAGS); tests=$$?; \
	wait $$types && exit $$tests

test-all: lint types  ## the same with every test: all networks, more random ones, the benchmarks
	THOROUGH=1 $(BIN)/python -m pytest -m 'slow or not slow' $(SIDE_BY_SIDE) $(TEST_FLAGS)

lint: install-test  ## check the formatting and the lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install-test  ## check the types
	$(BIN)/mypy

format: install-test  ## format, and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

figure: install-test  ## draw docs/report.png from the newest report of the digits
	$(BIN)/python docs/report_figure.py

drawings: install-test  ## draw the networks of docs/describe.md anew
	$(BIN)/python docs/describe_figure.py

ideas: install-test  ## draw the images of docs/ideas anew
	$(BIN)/python docs/ideas/draw.py

notebook: install-test  ## run docs/ten-minutes.ipynb and keep its outputs in it
	$(BIN)/python docs/run_notebook.py

experiments: install-test  ## carry out the experiments and write docs/ideas/experiments.md
	$(BIN)/python docs/ideas/draw_experiments.py

bench-mnist: install-test bench-install  ## time to 99 % on MNIST, beside Keras (benchmarks/README.md)
	$(BIN)/python -m benchmarks.mnist $(BENCH_FLAGS)

bench-transfer: install-test bench-install  ## transfer on ants and bees and on hot dogs, beside fastai
	$(BIN)/python -m benchmarks.transfer $(BENCH_FLAGS)

bench-throughput: install-test bench-install  ## training of a ResNet-18 from JPEG files, beside Keras and torch
	$(BIN)/python -m benchmarks.throughput $(BENCH_FLAGS)

bench-predict: install-test bench-install  ## a folder of photographs classified, beside Keras and torch
	$(BIN)/python -m benchmarks.predict $(BENCH_FLAGS)

bench-sealed: install-test bench-install  ## an exported file beside ONNX Runtime alone, torch and Keras
	$(BIN)/python -m benchmarks.sealed $(BENCH_FLAGS)

bench-duplicates: install-test bench-install  ## near duplicates of a folder, beside imagededup's PHash
	$(BIN)/python -m benchmarks.duplicates $(BENCH_FLAGS)

bench-copies: install-test  ## whether planted copies of images are found, and nothing else is named
	$(BIN)/python -m benchmarks.copies $(BENCH_FLAGS)

bench-growth: install-test  ## time and memory for 1, 4 and 16 times the images
	$(BIN)/python -m benchmarks.growth $(BENCH_FLAGS)

bench-backbones: install-test  ## a head on each of three trained backbones, on several sets of photographs
	$(BIN)/python -m benchmarks.backbones $(BENCH_FLAGS)

bench-learning: install-test  ## accuracy by the number of images, from scratch and from trained backbones
	$(BIN)/python -m benchmarks.learning --figure docs/transfer/learning.png $(BENCH_FLAGS)

bench-evidence: install-test  ## what maps are worth: pointing game, deletion and insertion, beside chance
	$(BIN)/python -m benchmarks.evidence $(BENCH_FLAGS)

bench-maps: install-test  ## where maps lie: pointing game and alignment, laid and stretched
	$(BIN)/python -m benchmarks.maps $(BENCH_FLAGS)

bench-shortcut: install-test  ## whether a planted shortcut is caught, and a clean classifier left alone
	$(BIN)/python -m benchmarks.shortcut $(BENCH_FLAGS)

bench-explain: install-test  ## what explanations take, beside a plain pass, captum and evaluating
	$(BIN)/python -m benchmarks.explain $(BENCH_FLAGS)

bench-health: install-test  ## whether planted faults of training are named, and sound runs left alone
	$(BIN)/python -m benchmarks.health $(BENCH_FLAGS)

bench-labelling: install-test  ## answers until a head is worth as much as one of all labels
	$(BIN)/python -m benchmarks.labelling $(BENCH_FLAGS)

bench-zipcodes: install-test  ## zip codes of MNIST's and USPS's test digits, read whole
	$(BIN)/python -m benchmarks.zipcodes $(BENCH_FLAGS)

bench-studio: install-test  ## hover, stroke, camera, first paint, memory and long tasks of the live page
	$(BIN)/python -m benchmarks.studio $(BENCH_FLAGS)

bench-install: $(PEERS)/.installed  ## make .venv-bench with the peers of the benchmarks

install: $(VENV)/.striate  ## make .venv and install Striate into it

table: install-test  ## write the parse table of the notation anew, after a change of its grammar
	$(BIN)/python -m striate.architecture.notation.parser

install-test: $(VENV)/.striate-test  ## the same, with the test extras

clean:  ## remove .venv, .venv-bench and everything built; runs/ stays
	rm -rf $(VENV) $(PEERS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python of 3.11 or newer that runs is taken; PYTHON=... names another.
$(BIN)/python:
	@for python in $(or $(PYTHON),python3.11 python3 python3.12 python3.13 python); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "$$python -m venv $(VENV)"; \
	    "$$python" -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	done; \
	found=$$( ($(or $(PYTHON),python3) --version || python --version) 2>/dev/null || echo none); \
	echo "Striate needs Python 3.11 or newer and found: $$found. Install it from python.org or your system's packages, or name one: make demo PYTHON=/path/to/python3.11" >&2; \
	exit 1

$(VENV)/.striate: $(NEEDS) | $(BIN)/python
	$(PIP) install $(PIP_FLAGS) $(TORCH_FLAGS) -c constraints.txt -e .
	@touch $@

$(VENV)/.striate-test: $(NEEDS) | $(BIN)/python
	$(PIP) install $(PIP_FLAGS) $(TORCH_FLAGS) -c constraints.txt -e '.[test,heic,tiff]'
	@touch $(VENV)/.striate $@

$(PEERS)/.installed: benchmarks/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check install $(PIP_FLAGS) $(TORCH_FLAGS) -r $<
	@touch $@
