# `make refresh` and `make test` set up whatever they need; a second call finds it done.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# No part reports usage to anybody.
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export DAGSTER_DISABLE_TELEMETRY := yes
# Where it is set, as in many containers, every start compiles 100,000 lines of dbt and Dagster anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
RUN := .venv/.run
DEV := .venv/.dev
PORT := 3000
SQL := models tests/data

.PHONY: help refresh status dev test check fast lint python-lint sql-lint format bench simulate synthetic readme docs lock setup clean

help: ## Show what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: $(DEV) ## Install everything into .venv without running anything

$(RUN): requirements-setup.txt requirements.txt pyproject.toml .ci/setup
	@.ci/setup run
	@touch $@

$(DEV): $(RUN) requirements-dev.txt
	@.ci/setup dev
	@touch $@

refresh: $(RUN) ## Run the whole road: raw waves in, published marts out
	@$(BIN)/helsemonitor refresh

status: $(RUN) ## Say what is published and what is running
	@$(BIN)/helsemonitor status

# dagster-dbt looks for `dbt` on the path. The superseded command is the one that needs no project tool beside Dagster.
dev: $(RUN) ## Start Dagster on 127.0.0.1:3000; runs and schedules are kept in build/dagster
	@export PATH="$(CURDIR)/$(BIN):$$PATH"; \
	export DAGSTER_HOME="$$($(BIN)/python -m orchestration.home)"; \
	export PYTHONWARNINGS='ignore:Function `dev_command` is superseded'; \
	exec $(BIN)/dagster dev -h 127.0.0.1 -p $(PORT)

test: $(DEV) ## Run every test, two files at a time
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEV) ## Lint, structure and the fast tests, in under a minute
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint fast

lint: python-lint sql-lint ## ruff and sqlfluff

fast: $(DEV)
	@$(BIN)/python -m pytest -q tests/unit

python-lint: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

sql-lint: $(DEV)
	@$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 $(SQL)

format: $(DEV) ## Let ruff and sqlfluff mend what they can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar $(SQL)

bench: $(DEV) ## Measure against stock dbt, scripts and others (ARGS="--scale 10 --only marts cube")
	@$(BIN)/python -m benchmarks.run $(ARGS)

synthetic: $(RUN) ## Make the synthetic raw waves anew from the codebook and the published results
	@$(BIN)/python -m synthetic

readme: $(RUN) ## Put the present output of its queries into README.md
	@$(BIN)/python -m tests.integration.readme_queries

waves: $(RUN) ## Write what dbt derives from the codebook anew: macros/waves.sql and the properties of its seeds
	@$(BIN)/python -m helsemonitor.codebook

docs: $(RUN) ## Write docs/comparability.md anew from the current release, docs/checks.md and docs/codebook.md from the code
	@$(BIN)/python -m helsemonitor.documents.comparability
	@$(BIN)/python -m helsemonitor.documents.codebook
	@$(BIN)/python -m orchestration.checks_document

simulate: $(DEV) ## Write the simulated levels and coverage into docs/statistics.md anew
	@$(BIN)/python -m tests.integration.simulated_inference

lock: $(RUN) ## Resolve requirements*.in into hash-locked requirements*.txt (UPGRADE=--upgrade for newer versions)
	@for name in requirements-setup requirements requirements-dev; do \
	    UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras \
	        --generate-hashes --no-emit-index-url --no-annotate $(UPGRADE) $$name.in -o $$name.txt || exit; \
	done

clean: ## Empty build/ but for releases, run history and the secret of the record keys; .venv stays
	@find build -mindepth 1 -maxdepth 1 ! -name .gitkeep ! -name published ! -name dagster ! -name record_key.secret -exec rm -rf {} +
	@rm -rf target logs .pytest_cache .ruff_cache .hypothesis *.egg-info
