# What one does daily. `make test` installs what it needs under .tools/ and target/, and nothing elsewhere.

TARGET := $(or $(CARGO_TARGET_DIR),target)
VENV   := .tools/venv
TOOLS  := $(VENV)/.installed
# Real servers to test against: an authoritative DNS server, and a registry's RDAP server.
NSD      := .tools/nsd/usr/sbin/nsd
RDAP_SRV := .tools/rdap/bin/rdap-srv
PYTHON := $(CURDIR)/$(VENV)/bin/python -B
# The whole workspace with all features, always: each dependency is compiled once, whatever is built from it.
WHOLE  := --workspace --all-features $(CARGO_FLAGS)

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# `sam validate` wants a region and asks nobody.
export AWS_DEFAULT_REGION ?= us-east-1

.PHONY: help demo tools tools-upgrade servers rdap-bootstrap lint lint-rust lint-stack test functions build deploy-local bench protection clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## The main job on this machine, with stand-ins for Fastly and a registry
	cargo run --release -- demo

# ------------------------------------------------------------------------------------------------ Tools
tools: $(TOOLS) ## The pinned Python tools, in .tools/venv

$(TOOLS): infra/requirements.txt
	test -x $(VENV)/bin/python || python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

tools-upgrade: ## Writes requirements.txt anew from requirements.in
	rm -rf $(VENV)-new && python3 -m venv $(VENV)-new
	$(VENV)-new/bin/python -m pip install --quiet --disable-pip-version-check --requirement infra/requirements.in
	{ echo "# What requirements.in asks for and all that follows from it; written by \`make tools-upgrade\`, not by hand."; \
	  $(VENV)-new/bin/python -m pip freeze; } > infra/requirements.txt
	rm -rf $(VENV)-new

servers: $(NSD) $(RDAP_SRV) ## The pinned servers that tests run against, in .tools

$(NSD):
	infra/install_debian.sh .tools/nsd nsd=4.6.1-1 libprotobuf-c1 libfstrm0 libevent-2.1-7

$(RDAP_SRV):
	CARGO_TARGET_DIR=$(abspath $(TARGET))/rdap-srv cargo install --quiet --locked --root .tools/rdap --bin rdap-srv icann-rdap-srv@0.0.30
	rm -rf $(abspath $(TARGET))/rdap-srv

rdap-bootstrap: ## IANA's list of RDAP servers as it is now, in shared/sources/data
	curl --fail --silent --show-error https://data.iana.org/rdap/dns.json --output shared/sources/data/rdap-dns.json

# ------------------------------------------------------------------------------------------------ Checks
lint: lint-rust lint-stack ## Everything that can be said without running it

lint-rust: $(TOOLS)
	cargo fmt --all --check
	cargo clippy $(WHOLE) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(WHOLE) --no-deps --document-private-items --quiet
	cargo deny --log-level error check bans licenses sources
	$(PYTHON) infra/check_one_stack.py

lint-stack: $(TOOLS)
	sam validate --lint
	cfn-lint template.yaml
	checkov --config-file infra/checkov.yaml --quiet --compact

# ------------------------------------------------------------------------------------------------ Tests
test: $(TOOLS) $(NSD) $(RDAP_SRV) functions ## Everything, the end-to-end on the local stack included
	cargo test $(WHOLE) --doc --quiet
	LAPSEWATCH_FUNCTIONS=$(abspath $(TARGET))/debug LAPSEWATCH_NSD=$(abspath $(NSD)) LAPSEWATCH_RDAP_SRV=$(abspath $(RDAP_SRV)) \
	  $(PYTHON) infra/local_stack.py run cargo nextest run $(WHOLE) $(NEXTEST_FLAGS)

functions: ## The functions as the tests use them: no optimisation, this machine's architecture
	cargo build $(WHOLE) --all-targets

bench: ## The measurements: tests that are ignored because they take a whole machine
	cargo test --release --package lapsewatch --test measure -- --ignored --nocapture --test-threads 1

protection: ## The simulated study: the tables of docs/protection.md, and its chart. About 20 minutes
	cargo run --release $(CARGO_FLAGS) --package lapsewatch-simulator --bin protection -- $(STUDY)

# ------------------------------------------------------------------------------------------------ The stack
build: $(TOOLS) ## The functions as they are shipped, in .aws-sam/build
	sam build --beta-features

deploy-local: $(TOOLS) functions ## The stack in the emulator, until Ctrl-C. PARAMETERS="FastlyUrl=http://127.0.0.1:9000"
	$(PYTHON) infra/local_stack.py run sh -c 'export AWS_ENDPOINT_URL=$$LAPSEWATCH_LOCAL_STACK; \
	  $(PYTHON) infra/deploy_local.py --functions $(TARGET)/debug $(PARAMETERS) | $(PYTHON) -m json.tool && \
	  echo "export AWS_ENDPOINT_URL=$$AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1" && \
	  exec sleep infinity'

clean: ## Removes what the other targets made
	cargo clean
	rm -rf .aws-sam .tools
