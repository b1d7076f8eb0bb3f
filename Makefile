# Needs Python >= 3.11 and make. Everything else is installed into .venv, when it is missing or when
# pyproject.toml has changed since. `make PYTHON=/path/to/python …` chooses the Python.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11 python,\
    $(if $(shell $(python) -c '$(NEW_ENOUGH)' 2>/dev/null && echo yes),$(python))) python3)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
ARGS ?=
EXTRAS = $(if $(PEERS),peers,dev)

.DELETE_ON_ERROR:
.PHONY: demo test soak versions coverage lint format bench clean venv

demo: $(VENV)/with-demos
	$(PY) -m demos averaging
	$(PY) -m demos digits --out out
	$(PY) -m demos graph --out out

test: $(VENV)/with-dev
	$(PY) -m pytest --numprocesses auto $(ARGS)

# The long part of the tests, forty minutes or more: every mutant, every kill, ten thousand steps and
# programs. docs/trust.md names its parts, and how long each takes.
soak: $(VENV)/with-dev
	$(PY) -m pytest -m soak $(ARGS)

# The tests once more, from the wheel: on the oldest and the newest versions of all that is needed,
# and with each part missing. An hour, and 2 GB of packages; ARGS=oldest runs that alone.
versions: $(VENV)/with-dev
	$(PY) .ci/versions.py $(ARGS)

# Which branches the tests take: ten minutes. Not in tests of mutants, whose lines are others, nor where
# a program may write too little, as then what was seen of it can't be written either.
coverage: $(VENV)/with-dev
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest --ignore tests/mutants \
	    --deselect tests/test_faults_disks.py::test_files_that_may_not_grow_as_large \
	    --deselect tests/test_faults_disks.py::test_what_may_not_be_written_to \
	    --deselect tests/test_faults.py::test_ctrl_c_at_any_moment $(ARGS)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report
	$(PY) -m coverage json --quiet --fail-under=0 -o - | $(PY) .ci/branches.py

lint: $(VENV)/with-dev
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

format: $(VENV)/with-dev
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: $(VENV)/with-$(EXTRAS)
	$(PY) -m pytest tests/benchmarks --benchmark-quiet $(ARGS)

clean:
	rm -rf $(VENV) out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment ------------------------------------------------------------------------------

USABLE := import pip, sys; sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (3, 11))

# A .venv that was left half-made, or whose Python has gone, is made anew; any other is kept.
ifneq ($(shell $(PY) -c '$(USABLE)' 2>/dev/null && echo yes),yes)
.PHONY: $(VENV)/made
endif

$(VENV)/made:
	@{ $(PY) -c '$(USABLE)' && $(PY) -m pip --version; } >/dev/null 2>&1 \
	    || $(MAKE) --no-print-directory venv
	@touch $@

venv:
	@$(PYTHON) -c '$(NEW_ENOUGH)' 2>/dev/null || { echo; \
	    echo 'napkingrad needs Python 3.11 or newer, but $(PYTHON) is' \
	        "$$($(PYTHON) --version 2>/dev/null || echo missing)."; \
	    echo 'Name another one: make PYTHON=/path/to/python3.11'; echo; exit 1; } >&2
	@echo 'Making $(VENV) with $(PYTHON) ...'
	@$(PYTHON) -m venv --clear $(VENV) || { echo; \
	    echo '$(PYTHON) can make no virtual environment.' \
	        'On Debian and Ubuntu: apt-get install python3-venv'; echo; exit 1; } >&2

$(VENV)/with-demos: extras := demos
$(VENV)/with-dev: extras := demos,dev
$(VENV)/with-peers: extras := demos,dev,peers
$(VENV)/with-%: $(VENV)/made pyproject.toml
	@echo 'Installing napkingrad[$(extras)] into $(VENV) ...'
	@$(PY) -m pip install -qq --disable-pip-version-check --editable '.[$(extras)]'
	@touch $@
