# Two commands matter: `make demo` and `make test`. Both set everything up themselves.
PYTHON ?= python3
BIN := .venv/bin
MEMBERS := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml deploy/*/pyproject.toml)

.PHONY: setup
setup: .venv/.ready

.venv/.ready: requirements.lock installer.lock $(MEMBERS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "evermodel needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r installer.lock
	# Compiled once, here: where PYTHONDONTWRITEBYTECODE is set every process would compile TensorFlow
	# and MLflow anew, which more than doubles the time of their imports.
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation $(foreach m,$(MEMBERS),-e $(dir $(m)))
	touch $@

.PHONY: lock
lock: setup  ## Resolve each *.in anew, for every platform, with hashes and no host.
	for name in installer requirements deploy/docker/mlflow-requirements; do \
		$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
			--custom-compile-command 'make lock' -o $$name.lock $$name.in || exit 1; \
	done

# Processes that share the test files; each starts the broker and the servers that its files need.
WORKERS ?= 2

.PHONY: test
test: lint  ## Everything that must hold: format, types, import rules, then every test but the long ones.
	$(BIN)/python -m pytest tests -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: test-unit
test-unit: setup  ## The quick part: no broker, no server.
	$(BIN)/python -m pytest tests/unit

.PHONY: test-faults
test-faults: setup  ## Every cell of docs/guarantees.md, proved anew (40 minutes at most).
	rm -rf runs/certificate
	# What is red is written down as well; then the whole fails.
	$(BIN)/python -m pytest tests -m "guarantee or whole" -n $(WORKERS) --dist loadfile --no-loadscope-reorder --certificate runs/certificate; \
	tests=$$?; $(BIN)/python -m docs.build.certificate runs/certificate; cells=$$?; \
	$(BIN)/python -m docs.build && exit $$((tests + cells))

.PHONY: demo
demo: setup  ## Play the story on a real broker; see runs/demo/ afterwards.
	$(BIN)/evermodel demo

.PHONY: up
up: setup  ## Start the whole system on this machine.
	$(BIN)/evermodel up

.PHONY: lint
lint: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy libs services cli deploy docs benchmarks tests
	$(BIN)/lint-imports

.PHONY: format
format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: docs
docs: setup  ## Write the pages and schemas that are made from code.
	$(BIN)/python -m docs.build

.PHONY: sbom
sbom: setup  ## What evermodel is made of, with licences, as CycloneDX JSON.
	$(BIN)/python -m docs.build.sbom sbom.json

.PHONY: bench
bench: setup  ## Run every benchmark (QUICK=--quick: the small forms) and rewrite RESULTS.md.
	for name in $$($(BIN)/python -m benchmarks list); do $(BIN)/python -m benchmarks $$name $(QUICK) --json benchmarks/results/$$name.json || exit 1; done
	$(BIN)/python -m benchmarks results

.PHONY: clean
clean:  ## Remove what is made again. Not .evermodel: 'evermodel up' keeps its log, lake and models there.
	rm -rf .venv runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
