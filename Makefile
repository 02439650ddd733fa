# One command for each thing one does here: `make help`.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run env demo test check coverage bench bench-economics bench-quality bench-reports screenshots test-postgres test-live test-clients fuzz attack sbom lock

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
# A lock is installed once: its stamp carries the hash of its content.
INSTALLED := .venv/installed-$(shell git hash-object requirements.txt)
INSTALLED_DEV := .venv/installed-dev-$(shell git hash-object requirements-dev.txt)
PIP := $(BIN)/python -m pip install --disable-pip-version-check --require-hashes
# Some shells export a HOST of their own: from there only a plain address is meant.
SERVE_ON = $(strip $(if $(filter command,$(firstword $(origin HOST))),$(HOST),\
	$(filter 127.0.0.1 0.0.0.0 localhost :: ::1,$(HOST))))
# Each process takes a run of neighbours, so that what they share is set up once.
PYTEST = $(BIN)/python -m pytest -q -n auto --dist worksteal
TEST_MANAGE := DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' \
		| while IFS="$$(printf '\t')" read -r name text; do \
			printf '  make %-15s %s\n' "$$name" "$$text"; done

run: $(INSTALLED)  ## set up what is missing and serve (HOST= PORT= WORKERS= LIVE=1)
	@exec $(BIN)/python -m cascadeproxy.bootstrap --live "$(LIVE)" \
		$(if $(SERVE_ON),--host "$(SERVE_ON)") $(if $(PORT),--port "$(PORT)") \
		$(if $(WORKERS),--workers "$(WORKERS)")

env: $(INSTALLED)  ## write .env with fresh secrets, and no more
	@$(BIN)/python -m cascadeproxy.bootstrap --only-env

demo: env  ## fill the database with 30 days of simulated traffic
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo
	@echo "To see it: open /reports/ (make run serves it)."

test: $(INSTALLED_DEV)  ## run the tests
	$(PYTEST)

check: $(INSTALLED_DEV)  ## format, lint, types, contracts, migrations, deployment, then make test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/python -m mypy
	$(BIN)/lint-imports
	$(TEST_MANAGE) makemigrations --check --dry-run
	BEHIND_TLS=true $(TEST_MANAGE) check --deploy --fail-level WARNING
	$(MAKE) test

coverage: $(INSTALLED_DEV)  ## run the tests and say which lines none of them reaches
	$(PYTEST) --cov

bench: $(INSTALLED_DEV)  ## print latency, throughput and memory beside the bare floor
	$(BIN)/python -m bench

bench-economics: $(INSTALLED_DEV)  ## reckon what the cascade saves on long conversations
	$(BIN)/python -m bench.economics

bench-quality: $(INSTALLED_DEV)  ## kept and saved on recorded pairs (DEV=folder DATA=folder)
	$(BIN)/python -m bench.quality --dev $(DEV) --data $(DATA)

bench-reports: $(INSTALLED_DEV)  ## pages and loading at 2,000,000 decisions (ROWS=)
	$(BIN)/python -m bench.reports $(if $(ROWS),--rows $(ROWS))

test-postgres: $(INSTALLED_DEV)  ## the tests of the account and routing on PostgreSQL
	$(BIN)/python -m bench.postgres --if-available \
		$(PYTEST) tests/metrics tests/routing

screenshots: $(INSTALLED_DEV)  ## take those of docs/ anew, in headless Chromium
	$(BIN)/python -m tests.browser.shots docs/screenshots

test-live: $(INSTALLED_DEV)  ## run against real model inference on this machine
	$(BIN)/python -m pytest -m live tests/live

test-clients: $(INSTALLED_DEV)  ## run real client programs against the proxy
	$(PYTEST) -m clients tests/clients

fuzz: $(INSTALLED_DEV)  ## look for input that breaks a parser (FUZZ_S= seconds)
	@FUZZ_S="$(or $(FUZZ_S),60)" $(BIN)/python -m tests.fuzz

attack: $(INSTALLED_DEV)  ## attack a proxy on loopback (ATTACK_S= seconds, 60)
	@ATTACK_S="$(or $(ATTACK_S),60)" $(BIN)/python -m tests.security

sbom: $(INSTALLED)  ## write sbom.json: what is installed, as CycloneDX
	@$(BIN)/python .ci/sbom.py requirements.txt > sbom.json && echo "Wrote sbom.json."

UV_COMPILE = $(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 \
	--universal --no-strip-extras --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock"

lock: $(INSTALLED_DEV)  ## pin the newest allowed versions with hashes
	$(UV_COMPILE) --upgrade pyproject.toml -o requirements.txt
	$(UV_COMPILE) --upgrade --extra dev pyproject.toml -o requirements-dev.txt

$(INSTALLED): | .venv/created
	$(PIP) -r requirements.txt
	@rm -f .venv/installed-[!d]* && touch $@

$(INSTALLED_DEV): | .venv/created
	$(PIP) -r requirements-dev.txt
	@rm -f .venv/installed-dev-* && touch $@

.venv/created:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@
