# Keyforge, from a fresh clone: how it is tested, shown and measured. CI runs the same targets as a person.

SHELL := /bin/sh
.DEFAULT_GOAL := help
# Two builds at once are slower than one after the other, and cargo's own lock would make them wait anyway.
.NOTPARALLEL:

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/keyforge
TARGET := $(or $(CARGO_TARGET_DIR),target)
DENY := $(CACHE)/cargo-deny-0.20.2/bin/cargo-deny
FUZZ := $(CACHE)/cargo-fuzz-0.13.1/bin/cargo-fuzz
# The most packages that Cargo.lock may hold. Raise it together with the reason for the new crate: `pgp` and `ssh-key`,
# which verify the signatures of commits, brought a hundred, `rcgen`, which makes certificates for tests, twenty, and `age`,
# which seals passwords, forty. `lettre`, which sends mails, brought four.
CEILING := 625

# What `make faults` and `make nightly` break; `make test` has three seeds of its own.
FAULTS := 1..50

.PHONY: help setup frontend test check fmt lint docs licences ceiling sqlx sqlx-check suite devcluster demo dev large fuzz \
	faults bench test-skew test-upgrade nightly clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing where that is allowed, else name it
	@.ci/setup

test: ## Everything that CI runs, on real parts
	@start=$$(date +%s) && $(MAKE) --no-print-directory setup frontend check suite devcluster && \
	$(MAKE) --no-print-directory demo ONCE=1 && \
	echo "make test: all passed in $$(( $$(date +%s) - start )) s"

check: sqlx-check docs licences ceiling ## What is found without running anything

frontend: ## The dashboard: checked, and built for the program to take in
	.ci/frontend check build

fmt: ## Format the Rust code
	cargo fmt

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

docs:
	RUSTDOCFLAGS='--deny warnings' cargo doc --locked --no-deps --document-private-items

licences: $(DENY) ## Licences, banned crates and sources of all dependencies
	$(DENY) check licenses bans sources

$(DENY):
	cargo install cargo-deny --version 0.20.2 --locked --root $(CACHE)/cargo-deny-0.20.2

ceiling:
	@locked=$$(grep -c '^name = ' Cargo.lock); echo "Cargo.lock: $$locked packages, $(CEILING) allowed"; \
	test $$locked -le $(CEILING)

sqlx: ## Renew .sqlx, what the compiler knows of the database
	.ci/sqlx

sqlx-check: ## Lint, with every query tried on a database
	.ci/sqlx --check

suite: ## The Rust tests, on PostgreSQL, the dev cluster and Git
	cargo test --locked --no-run
	tests/devcluster/build.sh
	.ci/schemathesis --version
	INSTA_SNAPSHOT_REFERENCES_FILE=$(abspath $(TARGET))/snapshots .ci/suite

devcluster: ## The dev cluster's own tests
	tests/devcluster/test.sh

demo: ## The story, in front of your eyes; ONCE=1 checks every step, walks through the dashboard and exits
	@.ci/setup
	@.ci/frontend build
	cargo build --locked --bin keyforge --example vaultwarden --example demo
	@$(TARGET)/debug/examples/demo $(if $(ONCE),once,story)

dev: ## The parts of the demo without its story; page and daemon follow their sources
	@.ci/frontend build
	cargo build --locked --bin keyforge --example vaultwarden --example demo
	@$(TARGET)/debug/examples/demo dev

large: ## The dashboard of 10,000 unions: what weighs, when it is painted, how long the browser is busy at a time
	@.ci/frontend build
	cargo build --locked --bin keyforge --example demo
	@$(TARGET)/debug/examples/demo large

fuzz: $(FUZZ) ## Fuzz the loader for SECONDS (300); its instrumented build is too long for CI
	.ci/fuzz $(or $(SECONDS),300) $(FUZZ)

$(FUZZ):
	cargo install cargo-fuzz --version 0.13.1 --locked --root $(CACHE)/cargo-fuzz-0.13.1

faults: ## Break what a running fleet needs, by seeds: SEEDS="3 17" or SEEDS=1..50
	tests/devcluster/build.sh >/dev/null
	KEYFORGE_FAULT_SEEDS="$(or $(SEEDS),$(FAULTS))" cargo test --locked --test faults -- --nocapture

bench: ## The table of design.md §10; UNIONS (100) a turn, or one part of it: UNIONS=api
	cargo build --release --locked --example vaultwarden
	cargo bench --locked --bench fleet -- $(UNIONS)

test-skew: ## The suite against the next Kubernetes version
	KEYFORGE_CONTROL_PLANE=$$(tests/devcluster/build.sh --skew) cargo test --locked
	DEVCLUSTER_CONTROL_PLANE=$$(tests/devcluster/build.sh --skew) tests/devcluster/test.sh

test-upgrade: ## Replicas of the version before the newest migration, or FROM=<revision>, replaced by this one
	tests/devcluster/build.sh >/dev/null
	cargo build --locked --example vaultwarden
	KEYFORGE_FORMER=$$(.ci/former $(FROM)) cargo test --locked --test daemon upgrade::

nightly: test test-skew test-upgrade fuzz bench large faults ## What takes longer than CI may

clean: ## Remove what was built here; what is in ~/.cache/keyforge stays
	cargo clean
