# Everything from nothing: needs Python 3.11 or later, make and the package registries.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT ?= demo-output
BENCH_OUT ?= bench-output

.PHONY: help test test-arm64 test-interop check demo bench clean

help:
	@echo "make test   all checks and tests, and the base install on each Python that is here"
	@echo "make test-arm64  the edge on emulated 64-bit Arm, a few minutes; needs Debian 12's apt;"
	@echo "            MODELS=FOLDER takes other models than the published, PICTURES=3 more pictures"
	@echo "make test-interop  our files in MediaPipe Tasks and tflite-runtime, a few minutes;"
	@echo "            MODELS=FOLDER takes other models than the published, DATA=FOLDER real pictures"
	@echo "make check  lint, types and import directions only"
	@echo "make demo   train, export, assess and benchmark on drawn pictures; report in $(DEMO_OUT)"
	@echo "            make demo DATA=FOLDER WEIGHTS=FILE does the same on a real set"
	@echo "make bench  every variant beside other software, page in $(BENCH_OUT); goes on after Ctrl-C;"
	@echo "            RUN=FOLDER DATA=FOLDER (MODELS=FOLDER, PUBLISHED=FILE) takes a trained model"
	@echo "make clean  remove the environments and what the demo made"

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Expected Python 3.11 or later. Received: $$($(PYTHON) --version). Use make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group dev
	touch $@

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest
	$(BIN)/python tests/base_install/run.py

test-arm64: $(VENV)/installed
	$(BIN)/python tests/arm64/run.py $(if $(MODELS),"$(MODELS)") $(if $(PICTURES),--pictures $(PICTURES))

test-interop: $(VENV)/installed
	$(BIN)/python tests/interop/run.py $(if $(MODELS),"$(MODELS)") $(if $(DATA),--data "$(DATA)")

demo: $(VENV)/installed
	$(BIN)/python demo/run.py --out $(DEMO_OUT) $(if $(DATA),--data "$(DATA)") $(if $(WEIGHTS),--weights "$(WEIGHTS)")

bench: $(VENV)/installed
	$(BIN)/melanoma-bench everything --out $(BENCH_OUT) $(if $(RUN),--run "$(RUN)") $(if $(DATA),--data "$(DATA)") \
		$(if $(MODELS),--models "$(MODELS)") $(if $(PUBLISHED),--published "$(PUBLISHED)")

clean:
	rm -rf $(VENV) .venv-base-* .venv-interop* .arm64 build *.egg-info $(DEMO_OUT) $(DEMO_OUT).partial $(BENCH_OUT)
