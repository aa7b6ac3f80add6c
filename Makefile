# TradingFarm: everything works from a bare clone on a machine with Python 3.11 or newer.
# scripts/bootstrap.py makes what is missing and says so on stderr; a second call repeats none of it.

MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.PHONY: run test lint campaign bench lock clean help

# The Python that installs: the one given, else that of .venv, else the first one that serves.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for python in .venv/bin/python python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && exit; \
	done; echo python3)
endif

BOOTSTRAP = @command -v "$(PYTHON)" >/dev/null || { \
	echo "There is no $(PYTHON). Install Python 3.11 or newer, or name it: make $@ PYTHON=/path/to/python3" >&2; \
	exit 1; }; $(PYTHON) -m scripts.bootstrap
RUN = .venv/bin/python
HOME_OF_FARM = $(if $(FARM_HOME),$(FARM_HOME),$(CURDIR)/.farm)

# What can be started in a folder: the modules that do something when they are run.
startable = $(sort $(patsubst $(1)/%.py,%,$(shell grep -sl '__name__ == "__main__"' $(1)/*.py)))
require_name = $(if $(filter $(NAME),$(call startable,$(1))),,@echo 'Say which: make $@ NAME=... with one of: \
	$(or $(call startable,$(1)),(there are none yet))' >&2; exit 1)

run: ## Start the farm. ARGS are its own: make run ARGS="--for 60 --json"
	$(BOOTSTRAP) runtime front-end
	@exec $(RUN) manage.py farm $(ARGS)

test: ## Run the tests. With ARGS, which go to pytest, coverage of domain/ is not asked for
	$(BOOTSTRAP) dev front-end
	@rm -f .coverage .coverage.*
	@$(RUN) $(if $(ARGS),,-m coverage run) -m pytest -n 3 $(ARGS)
	@$(if $(ARGS),,$(RUN) -m coverage combine -q && $(RUN) -m coverage report --include='*/domain/*' --fail-under=100)

# mypy's Django plugin reads the settings, and these insist on knowing where they are; nothing is opened.
lint: export SECRET_KEY = only-for-lint
lint: export DATABASE_URL = postgresql:///lint
lint: export REDIS_URL = redis://localhost/0
lint: ## Check style, types and the direction of imports
	$(BOOTSTRAP) dev
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports

campaign: ## Attack the farm and judge it: make campaign NAME=race ARGS=--short
	$(call require_name,tests/campaigns)
	$(BOOTSTRAP) dev front-end
	@exec $(RUN) -m tests.campaigns.$(NAME) $(ARGS)

bench: ## Measure against public libraries: make bench NAME=...
	$(call require_name,bench)
	$(BOOTSTRAP) dev
	@exec $(RUN) -m bench.$(NAME) $(ARGS)

lock: ## Make the locks from requirements/*.in and package.json. ARGS=--upgrade moves them
	$(BOOTSTRAP) uv
	@$(RUN) -m scripts.lock $(ARGS)

clean: ## Remove all that make made. The farm's data stays
	@rm -rf .venv .node node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis .coverage .coverage.* htmlcov
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	@echo "The farm's data stays in $(HOME_OF_FARM). Delete that folder to start over." >&2

help: ## Show this
	@grep -hE '^[a-z]+: ## ' Makefile | sed -E 's/^([a-z]+): ## /  make \1\t/' | expand -t 18
