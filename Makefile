# Two commands: `make run` and `make test`. All of it is in bin/plumbline (Python's standard library only).
# Settings go behind the word: make run PORT=8001, make test ARGS="tests/kpis -k rounding".
PYTHON ?= $(shell command -v python3 || command -v python3.11 || echo python3)

.DEFAULT_GOAL := help
.PHONY: help run test stop reset logs check fmt bench shell lock

help:
	@echo "make run     install what is missing and start Plumbline (Ctrl-C stops it)"
	@echo "make test    install what is missing and run all tests"
	@echo "make stop | reset | logs     stop it, delete its data, follow its logs"
	@echo "make check | fmt | bench | shell | lock     for those who change it"

run test stop reset logs check fmt bench shell lock:
	@command -v $(PYTHON) >/dev/null || { echo "Plumbline needs Python 3.11 or newer: install python3 and type this again." >&2; exit 1; }
	@exec $(PYTHON) bin/plumbline $@
