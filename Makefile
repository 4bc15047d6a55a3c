# A fresh machine needs Python 3.11 and make: every target sets up .venv from the lock file by itself.
PYTHON ?= python3
BIN := .venv/bin

# Otherwise each of the hundred programs that the tests start compiles all of Jimei again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-nightly coverage check bench pictures catalogue clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

# The stamp is written last: an install cut off half-way is done again.
.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Jimei needs Python 3.11 or newer; set PYTHON=python3.x")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

demo: .venv/installed  ## a township and a year of its life, then the kiosk
	@$(BIN)/jimei demo

WORKERS ?= auto
test: .venv/installed  ## everything the tests prove (ARGS="-k name" to narrow, WORKERS=0 for one process)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

test-nightly: export JIMEI_TEST_PROFILE := nightly
test-nightly: .venv/installed  ## the same with ten times the examples, more power cuts and a whole day at the till
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --timeout 7200 $(ARGS)

coverage: .venv/installed  ## what of the code the tests run, by branches; modules in full, then what is left out
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --cov --cov-report term $(ARGS)

check: .venv/installed  ## lint, format, types, import rules, SQL, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/squawk alembic/current/*/*.sql alembic/versions/*/*.sql
	@# Of the code alone, whatever a demo has left in the usual folder.
	JIMEI_DATABASE_URL= JIMEI_DATABASE_OWNER_URL= JIMEI_DATA=.venv/none $(BIN)/jimei migrate --check

bench: .venv/installed  ## what is measured, as ratios in one run (ONLY=name for one); results in bench/results
	@$(BIN)/python -m bench $(ONLY)

pictures: .venv/installed  ## the pictures of README and docs, from the demo's own township (wants chromium)
	@$(BIN)/python docs/pictures.py

CATALOGUE := kiosk/locale/en/LC_MESSAGES/kiosk.po
catalogue: .venv/installed  ## bring the till's English catalogue up to the sentences in the code
	@template=$$(mktemp) && trap 'rm -f "$$template"' EXIT && \
	$(BIN)/pybabel -q extract -k N_ -k NP_:1c,2 --add-location=file --no-wrap -o "$$template" kiosk && \
	$(BIN)/pybabel -q update -l en -i "$$template" -o $(CATALOGUE) \
		--no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

clean:  ## remove the demo's data (asks the database to stop first)
	@test ! -x $(BIN)/jimei || $(BIN)/jimei clean
