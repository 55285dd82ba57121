# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Requires make, python3 (3.11 or newer) and a package index. Everything that it creates is in .build/.
# Two environments are for the ends of the support range: .build/old and .build/new. The second also has the tools.
# The ansible-core versions between the ends have environments for "make between" only, such as .build/2.18.
# Programs that are tested with the local endpoint, such as the AWS CLI, have environments of their own.

SHELL := bash
PYTHON ?= python3
NEW := .build/new/bin
COLLECTION := ansible_collections/incident_manager/aws

LINT := ruff mypy reuse ansible-lint plugin-docs changelog importer floors
ENDS := old new
UNIT := $(ENDS:%=unit-%)
MATRIX := $(ENDS:%=matrix-%)
SANITY := $(ENDS:%=sanity-%)
INTEGRATION := $(ENDS:%=integration-%)
BETWEEN := 2.17 2.18 2.19 2.20
BETWEEN_UNIT := $(BETWEEN:%=unit-%)
BETWEEN_INTEGRATION := $(BETWEEN:%=integration-%)

XDIST := --numprocesses=auto --dist=worksteal

SOURCES := $(shell find $(CURDIR) -mindepth 1 \( -name ".?*" -o -name __pycache__ -o -path $(CURDIR)/tests/output \) -prune -o -type f -print)

# Except for "make live", no target calls AWS, regardless of the account that the user works with.
LIVE_CONFIG_FILE := $(or $(AWS_CONFIG_FILE),$(HOME)/.aws/config)
LIVE_CREDENTIALS_FILE := $(or $(AWS_SHARED_CREDENTIALS_FILE),$(HOME)/.aws/credentials)
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL
unexport AWS_REGION AWS_DEFAULT_REGION AWS_CA_BUNDLE ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH
export AWS_CONFIG_FILE := /dev/null
export AWS_SHARED_CREDENTIALS_FILE := /dev/null
export AWS_EC2_METADATA_DISABLED := true
export ANSIBLE_HOME := $(CURDIR)/.build/ansible
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.build/hypothesis

.DELETE_ON_ERROR:
.PHONY: help demo test unit integration sanity lint format docs picture bench simulation conformance live endpoint build clean lock environments browser
# These targets look for ansible and other commands on the PATH.
ansible-lint plugin-docs importer docs picture demo bench conformance: export PATH := $(CURDIR)/$(NEW):$(PATH)
# antsibull-docs writes a log to the home directory.
plugin-docs docs: export HOME := $(CURDIR)/.build

.PHONY: $(LINT) $(TIMED) $(UNIT) $(SANITY) $(INTEGRATION) between devel matrix $(MATRIX) $(BETWEEN_UNIT) $(BETWEEN_INTEGRATION)

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

demo: .build/new/installed ## Show what the collection does, on the local endpoint
	@$(NEW)/python tests/tools/with_endpoint.py tests/demo/run

# The longest checks come first. Files that are edited during a run don't change the artifact, which several checks use.
CHECKS := $(UNIT) $(INTEGRATION) $(SANITY) $(LINT) docs
TIMED := $(CHECKS:%=timed-%)
PARALLEL = --jobs=$(shell getconf _NPROCESSORS_ONLN) --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
test: environments ## Run all tests and checks, at both ends of the support range
	@rm -f .build/seconds
	@set -o pipefail; $(MAKE) --no-print-directory $(PARALLEL) $(TIMED) 2>&1 | tee .build/test.log; \
	    status=$$?; \
	    printf '\n===== Seconds of each check\n'; sort -rn .build/seconds; \
	    printf '\n===== Summary\n'; \
	    grep -E '^=+ .*[0-9]+ (passed|failed|error)|^FAILED|^ERROR|^make.* \*\*\* ' .build/test.log; \
	    test $$status != 0 || echo 'All checks passed.'; \
	    $(NEW)/python tests/tools/browser.py > /dev/null || echo 'The tests in a browser were skipped.'; \
	    exit $$status

$(TIMED): timed-%:
	@SECONDS=0; $(MAKE) --no-print-directory --old-file=.build/artifact/built $*; status=$$?; \
	    printf '%5d  %s\n' $$SECONDS $* >> .build/seconds; exit $$status

unit: .build/new/ready .build/root ## Run the quick unit tests (unit-new, unit-old: slow ones too, at one end)
	$(NEW)/python -m pytest $(XDIST) -m "not slow and not repeat" tests/unit

integration: $(INTEGRATION) ## Run the integration tests on the local endpoint, with ansible-test
sanity: $(SANITY) ## Run the sanity tests of ansible-test
lint: $(LINT) ## Run the static checks: the code, the documentation, the artifact

# Each end runs the sample of a test that repeats a case, and few generated inputs. The scheduled workflow runs them all.
# What is left out at the other ends does not depend on the versions, or has the tests of the modules beside it.
CHOICE := -m "not repeat"
matrix-old: OTHER := $(addprefix --ignore=tests/unit/,endpoint live simulation)
$(filter-out unit-new,$(UNIT) $(BETWEEN_UNIT)): OTHER := $(addprefix --ignore=tests/unit/,endpoint live simulation test_demo.py) \
    $(addprefix --ignore-glob=*/unit/,docs/test_[bgip]* plugins/plugin_utils/_audit/test_page.py)
$(UNIT) $(BETWEEN_UNIT): unit-%: .build/%/ready .build/root .build/awscli/ready
	.build/$*/bin/python -m pytest $(XDIST) $(CHOICE) $(OTHER) tests/unit

matrix: $(MATRIX) ## Run the unit tests with all values, all responses and callbacks, and many generated inputs
$(MATRIX): export HYPOTHESIS_PROFILE := thorough
$(MATRIX): matrix-%: .build/%/ready .build/root .build/awscli/ready
	.build/$*/bin/python -m pytest $(XDIST) $(OTHER) tests/unit

# These tests do not depend on the version of ansible-core, except that newer ones have more rules.
sanity-old: SKIPPED := --skip-test pylint --skip-test pep8 --skip-test yamllint
$(SANITY): sanity-%: .build/%/installed
	.build/$*/bin/python tests/tools/run_ansible_test.py sanity --allow-disabled $(SKIPPED)

$(INTEGRATION) $(BETWEEN_INTEGRATION): integration-%: .build/%/installed
	.build/$*/bin/python tests/tools/with_endpoint.py .build/$*/bin/python tests/tools/run_ansible_test.py integration --allow-destructive

between: $(BETWEEN_UNIT) $(BETWEEN_INTEGRATION) ## Run the unit and integration tests with each ansible-core between the ends

# These versions are not locked, so the environment is made anew each time.
devel: .build/uv/ready .build/root .build/awscli/ready ## Run the unit tests with the newest pre-releases of ansible-core and amazon.aws. They may fail
	@$(PYTHON) tests/tools/prepare_environment.py devel
	.build/devel/bin/python -m pytest $(XDIST) $(CHOICE) tests/unit || { echo "A pre-release may break what its final" \
	    "version does not. Look at what failed before you change anything: it blocks no change and no release." >&2; exit 1; }

ruff: .build/new/ready
	$(NEW)/ruff check
	$(NEW)/ruff format --check

mypy: .build/new/ready .build/root
	$(NEW)/mypy

reuse: .build/new/ready
	$(NEW)/reuse lint --lines

ansible-lint: .build/new/installed
	cd .build/new/site-packages/$(COLLECTION) && $(CURDIR)/$(NEW)/ansible-lint --offline --strict --nocolor --config-file $(CURDIR)/.ansible-lint

plugin-docs: .build/new/installed
	cd .build/new/site-packages/$(COLLECTION) && $(CURDIR)/$(NEW)/antsibull-docs lint-collection-docs \
	    --plugin-docs --validate-collection-refs dependent --disallow-unknown-collection-refs --check-extra-docs-refs .

changelog: .build/new/ready
	$(NEW)/antsibull-changelog lint
	$(NEW)/antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml

importer: .build/artifact/built .build/new/installed
	$(NEW)/python tests/tools/import_artifact.py .build/artifact/*.tar.gz

floors: .build/old/ready
	.build/old/bin/python tests/tools/check_floors.py

# No other target installs a system package. On Ubuntu, chromium is a snap, which containers can't run. Chrome works too.
browser: .build/new/ready ## Install Chromium, for the tests of the audit's page, with apt-get as root
	@$(NEW)/python tests/tools/browser.py > /dev/null 2>&1 || { apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium; } > /dev/null || true
	@$(NEW)/python tests/tools/browser.py

format: .build/new/ready ## Format the code as "make lint" requires
	$(NEW)/ruff check --fix
	$(NEW)/ruff format

docs: .build/new/installed ## Build the reference and the guides as HTML in .build/docs/html
	$(NEW)/python tests/tools/build_docs.py

picture: .build/new/installed ## Update the README's picture of an audit's page
	@$(NEW)/python tests/tools/with_endpoint.py tests/demo/audit > /dev/null
	"$$($(NEW)/python tests/tools/browser.py)" --headless --no-sandbox '--host-resolver-rules=MAP * ~NOTFOUND' --hide-scrollbars \
	    --window-size=1280,1000 --force-device-scale-factor=2 --screenshot=docs/images/audit.png file://$(CURDIR)/.build/demo/audit.html

bench: .build/new/installed ## Measure the time and memory of the modules, the audit, the inventory and the export
	@$(NEW)/python tests/tools/with_endpoint.py $(NEW)/python tests/bench/module_cost.py
	@$(NEW)/python tests/tools/with_endpoint.py $(NEW)/python tests/bench/audit_cost.py
	@$(NEW)/python tests/tools/with_endpoint.py $(NEW)/python tests/bench/inventory_cost.py
	@$(NEW)/python tests/tools/with_endpoint.py $(NEW)/python tests/bench/export_cost.py

WORLDS ?= 10000
SEED ?= 1
simulation: .build/new/ready .build/root ## Change replication sets in 10,000 simulations with faults: WORLDS=number SEED=number
	@$(NEW)/python tests/simulation --worlds $(WORLDS) --seed $(SEED)

conformance: .build/new/installed .build/prowler/ready .build/javascript/ready ## Test the endpoint with Prowler and the AWS SDK for JavaScript
	@NODE_PATH=$(CURDIR)/.build/javascript/node_modules $(NEW)/python tests/tools/with_endpoint.py node --test --test-reporter spec tests/conformance/replication_sets.test.cjs
	@$(NEW)/python tests/tools/with_endpoint.py $(NEW)/python tests/conformance/check_prowler.py

# Only values on the command line of make count, not those in the environment.
LIVE_PROFILE = $(if $(findstring command,$(origin PROFILE)),$(PROFILE))
LIVE_REGION = $(if $(findstring command,$(origin REGION)),$(REGION))
live: AWS_CONFIG_FILE := $(LIVE_CONFIG_FILE)
live: AWS_SHARED_CREDENTIALS_FILE := $(LIVE_CREDENTIALS_FILE)
live: OUTPUT ?= .build/live/facts.json
live: .build/new/ready ## Check what is known about the service in your account, read-only: PROFILE=name REGION=eu-west-1
	@$(if $(and $(LIVE_PROFILE),$(LIVE_REGION)),,echo 'make live needs a profile and a Region: make live PROFILE=name REGION=eu-west-1' >&2; exit 2)
	@$(NEW)/python tests/live --profile '$(LIVE_PROFILE)' --region '$(LIVE_REGION)' --output '$(OUTPUT)'

endpoint: .build/new/installed ## Start the local endpoint, for your own tests: PORT=number EMPTY=1. Ctrl-C stops it
	@$(NEW)/python tests/endpoint $(PORT:%=--port '%') $(EMPTY:%=--empty) --environment .build/endpoint$(PORT:%=-%).sh

build: .build/artifact/built ## Build the artifact that ansible-galaxy installs
	@ls .build/artifact/*.tar.gz

clean: ## Remove everything that make has created
	rm -rf .build

lock: .build/uv/ready ## Update the locked versions of everything that the tests use
	$(PYTHON) tests/tools/run_uv.py pip compile $(LOCK_OPTIONS) tests/requirements/new.in --output-file tests/requirements/new.txt
	$(PYTHON) tests/tools/run_uv.py pip compile $(LOCK_OPTIONS) --resolution lowest-direct --override tests/requirements/old.override \
	    requirements.txt tests/requirements/old.in --output-file tests/requirements/old.txt
	for name in $(BETWEEN) awscli prowler; do \
	    override=tests/requirements/$$name.override; \
	    $(PYTHON) tests/tools/run_uv.py pip compile $(LOCK_OPTIONS) $$(test ! -e $$override || echo --override $$override) \
	        tests/requirements/$$name.in --output-file tests/requirements/$$name.txt || exit; \
	done

LOCK_OPTIONS := --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

environments: .build/root $(ENDS:%=.build/%/installed) .build/awscli/ready ## Install what the tests need in .build

.build/uv/ready: tests/requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 is too old: Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv --clear .build/uv || { echo "$(PYTHON) can't make a virtual environment. On Debian and Ubuntu:" \
	    "apt install python3-venv" >&2; exit 1; }
	@.build/uv/bin/pip install -qq --disable-pip-version-check --requirement $<
	@touch $@

ENVIRONMENTS := $(ENDS) $(BETWEEN) awscli prowler
$(ENVIRONMENTS:%=.build/%/ready): .build/%/ready: tests/requirements/%.txt .build/uv/ready
	@$(PYTHON) tests/tools/prepare_environment.py $*
	@touch $@

.build/javascript/ready: tests/conformance/package.json tests/conformance/package-lock.json
	@command -v node npm > /dev/null || { echo "Node.js is missing. On Debian and Ubuntu: apt install nodejs npm" >&2; exit 1; }
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# The unit tests and mypy find this checkout here, as an installed collection.
.build/root:
	@mkdir -p $(dir $@/$(COLLECTION))
	@ln -sfn $(CURDIR) $@/$(COLLECTION)

# Changes when a file is added or removed.
.build/sources: FORCE
	@mkdir -p .build
	@printf '%s\n' $(SOURCES) | cmp --quiet - $@ || printf '%s\n' $(SOURCES) > $@
FORCE:

.build/artifact/built: $(SOURCES) .build/sources .build/new/ready
	@rm -rf $(@D)
	@$(NEW)/ansible-galaxy collection build --output-path $(@D) > /dev/null
	@touch $@

# ansible-test requires a real directory next to amazon.aws. ansible-test and antsibull-docs ask the nearest Git repository
# for the files. The repository of this checkout ignores .build, so site-packages has a repository of its own.
$(foreach name,$(ENDS) $(BETWEEN),.build/$(name)/installed): .build/%/installed: .build/artifact/built .build/%/ready
	@ANSIBLE_COLLECTIONS_PATH=.build/$*/site-packages .build/$*/bin/ansible-galaxy collection install \
	    --no-deps --offline --force --collections-path .build/$*/site-packages .build/artifact/*.tar.gz > /dev/null
	@! git rev-parse --git-dir > /dev/null 2>&1 || git -c init.defaultBranch=main init --quiet .build/$*/site-packages
	@touch $@
