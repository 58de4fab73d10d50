# make demo   train, export and run live on a simulated sensor
# make model   learn anew the model in the package: STRESS_PREDICT=folder EEVR=folder
# make firmware   build the sensor's firmware and the emulated board that tests it
# make fuzz   a million random inputs for every decoder: about ten minutes
# make docs   build the site from docs/ into build/site, and run every command on its pages
# make wheel   the sdist and the wheel, built twice and checked, in dist/
# make sbom   what an installation of the edge consists of, as CycloneDX, in dist/
# make audit   known weaknesses of what an installation consists of
# make arm64   the aarch64 wheel, tested in emulation: about an hour, as root
# make test-lowest   the tests of runtime and device on the lowest versions that pyproject.toml allows
# make test   the whole suite: format, lint, types, import arrows, tests
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOWEST := .venv-lowest
BUILD  := .venv-build
READY  := $(VENV)/.ready
# The demo needs less than the tests.
DEV    := $(VENV)/.ready-dev
DOCS   := $(VENV)/.ready-docs
SMALL  := --width 16 --epochs 10
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo model firmware fuzz docs wheel sbom audit arm64 test test-lowest check format clean

help:
	@sed -n 's/^# make/make/p' Makefile

$(READY): pyproject.toml constraints.txt $(wildcard setup.py) $(wildcard runtime/cvxeda/*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "RTCAN needs Python 3.10 or newer; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (torch is large: a few minutes the first time) ..."
	@$(INSTALL) -e '.[train]'
	@touch $@

$(DEV): $(READY)
	@echo "Installing what the tests need ..."
	@$(INSTALL) -e '.[train,dev]'
	@touch $@

$(DOCS): $(DEV)
	@echo "Installing what the site needs ..."
	@$(INSTALL) -e '.[train,dev,docs]'
	@touch $@

demo: $(READY)
	@$(BIN)/python -m benchmarks.demo

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A file's tests share what they build, so a file stays on one core.
test: check
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/pytest -m alone

# A warning, such as a link that leads nowhere, ends it. The tests run what takes longer too.
docs: $(DOCS)
	$(BIN)/python -m sphinx -c docs/site -q -E -W --keep-going docs build/site
	RTCAN_DOCS=1 $(BIN)/pytest tests/test_commands_in_docs.py tests/test_docs.py tests/test_docs_commands.py
	@echo "The site: build/site/index.html"

# The model that the tests use is built with torch, here; what is tested has none.
test-lowest: $(DEV)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -e '.[scipy,web,mqtt,lsl]'
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python pytest pytest-timeout hypothesis psutil cvxopt joblib onnx
	$(BIN)/python -m tests.tiny $(LOWEST)/best.onnx
	RTCAN_TINY_MODEL=$(CURDIR)/$(LOWEST)/best.onnx $(LOWEST)/bin/python -m pytest tests/device tests/runtime tests/rtcan

$(BUILD)/.ready: .ci/tools.txt
	@$(PYTHON) -m venv --clear $(BUILD)
	@$(BUILD)/bin/python -m pip install --quiet --disable-pip-version-check -r .ci/tools.txt
	@touch $@

wheel: $(BUILD)/.ready
	@.ci/wheel $(CURDIR)/$(BUILD)/bin/python

sbom audit: wheel
	@.ci/parts $@ $(CURDIR)/$(BUILD)/bin

arm64: $(BUILD)/.ready $(DEV)
	@.ci/arm64 $(CURDIR)/$(BUILD)/bin/python $(CURDIR)/$(BIN)/python

# The data are not in this tree; docs/datasets.md says where they are.
model: $(READY)
	@test -d "$(STRESS_PREDICT)" -a -d "$(EEVR)" || { echo "Name both data sets' folders: make model STRESS_PREDICT=.../Stress-Predict-Dataset EEVR=.../Data_files"; exit 1; }
	$(BIN)/python -m training.run --dataset stress-predict --data-root $(STRESS_PREDICT) $(SMALL) --loso --ensemble 3 --output save/model/arousal
	$(BIN)/python -m training.run --dataset eevr --data-root $(EEVR) --target valence $(SMALL) --folds 5 --output save/model/valence
	$(BIN)/python -m export.onnx save/model/arousal/best.pt save/model/valence/best.pt --output save/model/people.onnx
	cp save/model/people.onnx runtime/inference/people.onnx

firmware:
	@command -v avr-gcc >/dev/null || { echo "Install the compiler first: sudo apt-get install gcc-avr avr-libc libsimavr-dev"; exit 1; }
	@$(MAKE) --no-print-directory -C device/firmware all emulator

fuzz: $(DEV)
	RTCAN_FUZZ=1000000 $(BIN)/pytest tests/device/protocols/test_fuzz.py tests/device/wireless/test_emotibit_fuzz.py --durations=0

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(LOWEST) $(BUILD) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
