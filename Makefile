# One command each on a machine that has only Python 3.11 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := most of a gigabyte is downloaded, which takes minutes; pip is silent meanwhile

.PHONY: demo test fuzz lint clean
demo: $(VENV)/installed-main
	$(BIN)/danceit demo

test: $(VENV)/installed-dev
	$(BIN)/pytest

fuzz: $(VENV)/installed-dev
	DANCEIT_FUZZ_INPUTS=20000 $(BIN)/pytest tests/fuzz

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(VENV)/installed-main: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): $(PACKAGES)"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[cpu,studio]"
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): $(PACKAGES)"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[cpu,video,dev]"
	touch $@ $(VENV)/installed-main

clean:
	rm -rf $(VENV) build dist *.egg-info
