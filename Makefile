# Every command of the project. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Where builds go; the same variable that cargo honours.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
TARGET := $(abspath $(CARGO_TARGET_DIR))
TOOLS := $(TARGET)/tools/bin
LINT_TARGET := $(TARGET)
# Built with the test targets, so that one build serves tests, generated files and the README.
DEV_PROGRAM := $(TARGET)/debug/custodian
PROGRAM := $(TARGET)/release/custodian

DATA_DIR ?= .custodian
ARGS ?=

export DEV_PROGRAM

.PHONY: help
help: ## list every command
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: compiler postgres ## set everything up and serve on 127.0.0.1:8080 (DATA_DIR=.custodian, ARGS="--bind ADDR:PORT --empty")
	@cargo build --release --locked --package custodian-api --bin custodian
	@exec "$(PROGRAM)" dev --data-dir "$(DATA_DIR)" $(ARGS)

.PHONY: test
test: compiler postgres dev-build ## set everything up and run all tests (ARGS="name" picks some)
	cargo test --workspace --locked --no-fail-fast -- $(ARGS)

.PHONY: ci
ci: ## everything a change has to pass
	@$(MAKE) --no-print-directory fmt-check
	@$(MAKE) --no-print-directory deny
	@# One crate after the other keeps one core busy: what is checked and what is built stand in folders of their own, so that neither waits.
	@$(MAKE) --no-print-directory --jobs=2 LINT_TARGET="$(TARGET)/lint" lint dev-build
	@$(MAKE) --no-print-directory generated-fresh
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory readme-check

.PHONY: fmt
fmt: ## format the code
	cargo fmt --all

.PHONY: fmt-check
fmt-check: ## fail if the code is not formatted
	cargo fmt --all --check

.PHONY: lint
lint: compiler ## clippy on every target; a warning fails
	CARGO_TARGET_DIR="$(LINT_TARGET)" cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: deny
deny: ## check licences, banned crates, version floors and sources
	@scripts/ensure-tools.sh deny
	PATH="$(TOOLS):$$PATH" cargo deny --locked check --hide-inclusion-graph licenses bans sources

.PHONY: generated
generated: dev-build ## write the generated files anew (openapi/v1.json)
	@scripts/generated.sh write

.PHONY: generated-fresh
generated-fresh: dev-build ## fail if a generated file is not what the code generates
	@scripts/generated.sh check

.PHONY: readme-check
readme-check: compiler postgres dev-build ## run the README's commands against a server of their own
	@scripts/ensure-tools.sh shell
	@scripts/readme-check.sh

.PHONY: bench
bench: compiler postgres ## measure against pgbench on a temporary cluster, into target/bench.json
	cargo build --release --locked --package custodian-api --bin custodian
	"$(PROGRAM)" bench $(ARGS)

.PHONY: docs
docs: compiler ## build the code's documentation, into target/doc
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

.PHONY: build
build: compiler ## build the program for production, into target/release/custodian
	cargo build --release --locked --package custodian-api --bin custodian

.PHONY: clean
clean: ## remove what was built; data stay
	cargo clean

.PHONY: postgres
postgres:
	@scripts/ensure-postgres.sh

.PHONY: compiler
compiler:
	@scripts/ensure-tools.sh compiler

.PHONY: dev-build
dev-build: compiler
	cargo build --workspace --locked --bins --tests
