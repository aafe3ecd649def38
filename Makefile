# Two commands set everything up: `make demo` and `make test`. They need Rust, Python >= 3.10 and a C compiler,
# and make their own virtual environment (.venv). Stamps in .venv/stamps keep later calls from installing again.

VENV   := .venv
PY     := $(VENV)/bin/python
STAMPS := $(VENV)/stamps
FLOWER := .venv-flower
CARGO  ?= cargo
JOBS   ?= 2
# The profile of the extension module: `dist` is fat LTO, `release` builds faster.
PROFILE ?= dist

# Absolute, so that a build script of any crate finds it: the Python that PyO3 builds for.
export PYO3_PYTHON := $(CURDIR)/$(PY)

RUST_SOURCES := $(shell find crates -name '*.rs' -o -name 'Cargo.toml' 2>/dev/null) Cargo.toml Cargo.lock .cargo/config.toml

.PHONY: demo federated test test-rust test-python test-flower test-portable test-frozen fuzz-graphs bench lint docs reference wheel verifier clean help

help:
	@echo "make demo   train two small models, prove, verify, and see forgeries refused"
	@echo "make federated   four hospitals train one model, each proves its updates, and cheats are refused"
	@echo "make test   all Rust and Python tests"
	@echo "make test-flower   the tests of tacit.flower, in an environment of their own (.venv-flower; Python >= 3.11)"
	@echo "make test-portable   the Rust tests without vector instructions, as in the portable wheel"
	@echo "make test-frozen   the gate of the Fiat-Shamir transcript: frozen challenges (a part of make test)"
	@echo "make fuzz-graphs   random ONNX graphs against onnxruntime (SECONDS=60 SEED=.. JOBS=2; out/fuzz-graphs)"
	@echo "make lint   formatting, clippy, ruff, mypy, arrows between crates and modules, no import circles"
	@echo "make bench  tables and charts of time, memory and bytes (out/bench)"
	@echo "make docs   the documentation as a site (site/): the gallery is run, and a stale reference refused"
	@echo "make reference   write what docs/reference takes from the code"
	@echo "make wheel  two portable wheels: tacit (baseline, x86-64-v3 and v4 in one) and tacit-verifier (dist/)"
	@echo "make verifier   the command tacit-verify alone, without Python (target/dist/tacit-verify)"
	@echo "make clean  remove everything that the above made"

demo: $(STAMPS)/native $(STAMPS)/sklearn
	$(VENV)/bin/tacit demo

# Training across nodes: about half a minute.
federated: $(STAMPS)/native $(STAMPS)/sklearn $(STAMPS)/network
	$(VENV)/bin/tacit demo federated

test: test-rust test-python

# The extension modules have no tests of their own and would need libpython to link them: pytest drives them.
test-rust: $(STAMPS)/venv
	$(CARGO) test --release --workspace --exclude tacit-py --exclude tacit-py-verifier

# What a processor without vector instructions runs: the wheel's baseline (docs/adr/0001).
test-portable:
	RUSTFLAGS="-C target-cpu=x86-64" CARGO_TARGET_DIR=target/portable \
		$(CARGO) test --release -p tacit-algebra -p tacit-pcs -p tacit-prover

test-python: $(STAMPS)/native $(STAMPS)/dev
	$(PY) -m pytest -n $(JOBS) -q

# Flower asks for older releases of some packages than others here take, so it has an environment of its own.
test-flower: $(STAMPS)/native $(FLOWER)/installed
	PYTHONPATH=python FLWR_TELEMETRY_ENABLED=0 $(FLOWER)/bin/python -m pytest -q tests/flower

# Fiat-Shamir: one guard of the transcript is taken away, and a false statement is accepted; with it, it is refused.
test-frozen: $(STAMPS)/native $(STAMPS)/dev
	$(CARGO) test --release -p tacit-prover -p tacit-pcs --test frozen
	$(PY) -m pytest -n $(JOBS) -q tests/reference/test_frozen.py tests/reference/test_frozen_guards.py \
		tests/reference/test_frozen_opening.py

# Random ONNX graphs: what the compiler makes of them against onnxruntime. Failures, made small, lie in out/fuzz-graphs.
SECONDS ?= 60
fuzz-graphs: $(STAMPS)/native $(STAMPS)/dev
	$(PY) scripts/fuzz_graphs.py --seconds $(SECONDS) --jobs $(JOBS) $(if $(SEED),--seed $(SEED))

lint: $(STAMPS)/dev
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	$(PY) scripts/check_arrows.py
	$(PY) scripts/check_circles.py
	$(PY) scripts/check_features.py
	$(VENV)/bin/ruff check python crates/py-verifier tests scripts examples benches
	$(VENV)/bin/ruff format --check python crates/py-verifier tests scripts examples benches
	$(VENV)/bin/mypy
	PYTHONPATH=python $(VENV)/bin/lint-imports --no-cache

bench: $(STAMPS)/native $(STAMPS)/bench
	$(PY) benches/run.py --out out/bench $(BENCH)
	$(PY) benches/training.py $(CASES)

# The reference must be what the code says; the gallery is run anew (under a minute on two free cores).
docs: $(STAMPS)/native $(STAMPS)/docs
	PYTHONPATH=python $(PY) scripts/make_reference.py --check
	PYTHONPATH=python $(PY) scripts/make_gallery.py
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict
	@echo "site/index.html"

# After a change of operators, errors, commands or docstrings: writes the blocks of docs/reference, for you to read.
reference: $(STAMPS)/native $(STAMPS)/docs
	PYTHONPATH=python $(PY) scripts/make_reference.py

wheel: $(STAMPS)/wheel
	$(PY) scripts/wheel.py --out dist

verifier:
	$(CARGO) build --profile dist -p tacit-verify-cli
	@echo "target/dist/tacit-verify: $$(($$(wc -c < target/dist/tacit-verify) / 1024)) KiB"

clean:
	rm -rf target .venv .venv-flower build dist site out docs/gallery .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find python tests -name '__pycache__' -prune -exec rm -rf {} +
	rm -f python/tacit/_native*.so

# --- stamps -----------------------------------------------------------------------------------------------------------

$(STAMPS)/venv: scripts/check_tools.sh
	@python=$$(PYTHON="$(PYTHON)" bash scripts/check_tools.sh) || exit 1; \
	test -x $(PY) || "$$python" -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# What pyproject.toml asks for; the package itself comes with the extension module, editable.
$(STAMPS)/base: $(STAMPS)/venv pyproject.toml scripts/install.py
	@echo "installing the Python dependencies into $(VENV)"
	@$(PY) scripts/install.py
	@$(PY) -m pip install --quiet --disable-pip-version-check "maturin>=1.9.4,<2"
	@touch $@

$(STAMPS)/native: $(STAMPS)/base $(RUST_SOURCES)
	@echo "building the extension module (profile $(PROFILE); the first time takes some minutes)"
	@PIP_QUIET=1 $(VENV)/bin/maturin develop --quiet --profile $(PROFILE)
	@touch $@

$(STAMPS)/sklearn $(STAMPS)/network $(STAMPS)/dev $(STAMPS)/docs $(STAMPS)/wheel: $(STAMPS)/%: $(STAMPS)/base
	@echo "installing what pyproject.toml lists under $* into $(VENV)"
	@$(PY) scripts/install.py $*
	@touch $@

$(FLOWER)/installed: pyproject.toml scripts/install.py $(STAMPS)/venv
	@echo "installing Flower into $(FLOWER)"
	@$(PY) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Flower needs Python 3.11: PYTHON=python3.11 make ..')"
	@test -x $(FLOWER)/bin/python || $(PY) -m venv $(FLOWER)
	@$(FLOWER)/bin/python scripts/install.py flower
	@$(FLOWER)/bin/python -m pip install --quiet --disable-pip-version-check "pytest>=8,<10" "hypothesis>=6.100,<7"
	@touch $@

# ezkl is only compared with: without it the benchmark still runs.
$(STAMPS)/bench: $(STAMPS)/dev
	$(PY) scripts/install.py bench || echo "ezkl cannot be installed here: the comparison is left out" >&2
	@touch $@
