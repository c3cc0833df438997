# One command each: demo, test, lint, bench, docs. Every target sets up what is missing.
SHELL := /bin/bash
.DELETE_ON_ERROR:
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NUMBA_CACHE_DIR ?= $(CURDIR)/.cache/numba

.PHONY: setup demo test test-long lint bench docs clean apt peers

setup: $(VENV)/.ready

# Debian splits ensurepip into python3-venv; where it is absent, pip outside makes the environment's pip.
$(VENV)/.ready: requirements.lock pyproject.toml
	python3 -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); python3 -m venv --without-pip $(VENV) && python3 -m pip --python $(PY) install -q pip; }
	$(PY) -m pip install -q --require-hashes -r requirements.lock
	$(PY) -m pip install -q --no-deps --no-build-isolation -e .
	$(PY) -m gigasite._core.warm
	touch $@

demo: setup
	@$(BIN)/gigasite demo --out demo

# Programs that some tests drive (a browser). Installed only by root and only if missing; else those tests skip.
apt:
	@bash scripts/apt.sh

# Programs that results are compared with (ANDES, EPANET, pandapipes), in their own environment; without them those tests skip and say so.
peers: .venv-peer/.ready

.venv-peer/.ready: requirements-peer.lock
	@python3 -m venv .venv-peer 2>/dev/null || { rm -rf .venv-peer; python3 -m venv --without-pip .venv-peer && python3 -m pip --python .venv-peer/bin/python install -q pip; }
	@.venv-peer/bin/python -m pip install -q --require-hashes -r requirements-peer.lock && touch $@ || echo "peers could not be installed: their tests will skip"

test: setup apt peers
	$(PY) -m pytest -q -n 2 --dist worksteal

test-long: setup apt peers
	GIGASITE_RANDOM=1 $(PY) -m pytest -q -m long

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/ty check
	$(BIN)/lint-imports --no-cache

bench: setup peers
	$(PY) -m pytest -q -m bench tests/bench

docs: setup
	$(PY) scripts/reference.py
	$(BIN)/mkdocs build --strict -q

clean:
	rm -rf $(VENV) .venv-peer .cache demo site
