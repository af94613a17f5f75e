# GNU make 3.81 or newer: Debian, Ubuntu, macOS. `make help` lists what there is.
SHELL = /bin/sh
.DEFAULT_GOAL = help
.PHONY: help run demo-reset test lint bench torture lock env env-test

PORT ?= 8501
HOST ?= 127.0.0.1
TANDEM = .venv/bin/tandem
TEST = .venv-test/bin/python
COMPILE = uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --quiet --custom-compile-command "make lock"

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: env ## Start on http://localhost:8501 (PORT=, HOST=); the first time with the demo city
	@$(TANDEM) run --demo --host "$(HOST)" --port "$(PORT)"

demo-reset: env ## Make the demo city anew; asks first (YES=1 does not)
	@$(TANDEM) demo --reset $(if $(YES),--yes)

test: env-test ## Lint, types and every test (TESTS= names some of them)
	@$(TEST) -m ruff check . && $(TEST) -m ruff format --check --quiet .
	@$(TEST) -m compileall -q db dashboard seed  # once, not by each worker, server and command that a test starts
	@$(TEST) -m pyright --pythonpath $(TEST) & types=$$!; \
	$(TEST) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not torture" $(TESTS); tests=$$?; \
	wait $$types && exit $$tests

lint: env-test ## Lint and types only
	@$(TEST) -m ruff check . && $(TEST) -m ruff format --check --quiet .
	@$(TEST) -m pyright --pythonpath $(TEST)

bench: env-test ## Measure the speed that is promised
	@set -e; for file in tests/bench/bench_*.py; do \
	  echo "— $$file"; $(TEST) -m "$$(echo "$${file%.py}" | tr / .)"; done

torture: env-test ## Kills and floods, at full count
	@$(TEST) -m pytest -m torture

lock: ## Resolve the two lock files anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --extra test -c requirements.lock -o tests/requirements.lock

# An environment is complete when it holds a copy of the lock it was made from; the copy comes last,
# so an interrupted installation starts over.
env: ; @folder=.venv lock=requirements.lock; $(make_environment)
env-test: ; @folder=.venv-test lock=tests/requirements.lock; $(make_environment)

define make_environment
if cmp -s $$lock $$folder/installed.lock && $$folder/bin/python -c '' 2>/dev/null; then exit 0; fi; \
say() { echo "$$*" >&2; exit 1; }; \
for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; done; \
[ -n "$$python" ] || say "Tandem needs Python 3.11 or newer, and there is none here$$(python3 -c \
  'import platform as p; print(" (python3 is " + p.python_version() + ")")' 2>/dev/null). Install one" \
  "(Debian: sudo apt install python3 python3-venv; macOS: brew install python@3.13), or name it: make PYTHON=/path/to/python3.11"; \
$$python -c 'import ensurepip, venv' 2>/dev/null || say "Python's venv module is missing." \
  "Install it and run make again: sudo apt install python3-venv"; \
echo "Installing into $$folder from $$lock: a minute or two, this once."; \
$$python -m venv --clear $$folder || say "Could not make $$folder. The lines above say why."; \
$$folder/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $$lock \
  || say "Installing failed; the lines above say why. Nothing is half-done: run make again when mended."; \
site=$$($$folder/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
echo '../../../..' > "$$site/tandem.pth"; \
printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$0")/python" -P -m dashboard.cli "$$@"' > $$folder/bin/tandem; \
chmod +x $$folder/bin/tandem; \
cp $$lock $$folder/installed.lock
endef
