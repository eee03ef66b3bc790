# Two commands matter: `make demo` and `make test`. Both set everything up themselves.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
MEMBERS := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml deploy/*/pyproject.toml)

.PHONY: setup
setup: .venv/.ready

.venv/.ready: requirements.lock $(MEMBERS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "evermodel needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation $(foreach m,$(MEMBERS),-e $(dir $(m)))
	touch $@

.PHONY: lock
lock: setup  ## Resolve requirements.in anew, for every platform, with hashes and no host.
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' -o requirements.lock requirements.in

.PHONY: lint
lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy libs services cli deploy tests
	$(BIN)/lint-imports

.PHONY: format
format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
