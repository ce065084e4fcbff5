# One line a target; pyproject.toml has the settings of every tool. `make help` lists the targets.
PYTHON ?= python3
CAPTURE ?= sample/office.pcap
BIN := .venv/bin
SETUP := .venv/.complete
# Tests of where and when the job runs, for which it makes no difference how the kernel does.
PLACES := dataflow flink flink_k8s incremental killed metrics remote schedule

.PHONY: help setup airflow run test test-all test-flink check format schema golden bench bench-runners asan \
  flink dataflow clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: $(SETUP) ## make .venv with .venv/bin/netbeam, its kernel compiled where there is a C compiler

$(SETUP): pyproject.toml setup.py $(wildcard netbeam/kernel/*.py netbeam/kernel/*.pxd)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group test --group dev
	@$(BIN)/python -c "from netbeam.kernel import compiled; print('kernel: compiled' if compiled() else \
	  'kernel: interpreted, about fifty times slower: install a C compiler and run make setup again')"
	@touch $@

airflow: $(SETUP) ## Airflow in .venv/airflow, for the test of the example that is its DAG
	$(PYTHON) -m venv .venv/airflow
	.venv/airflow/bin/python -m pip install --quiet "apache-airflow==3.3.*"

run: $(SETUP) sample/office.pcap ## run the main job on a sample capture (or CAPTURE=file)
	$(BIN)/netbeam run $(CAPTURE) -o sample/out --overwrite

sample/office.pcap: benchmarks/traffic.py | $(SETUP)
	$(BIN)/python -m benchmarks.traffic $@

test: $(SETUP) ## the tests, with the compiled kernel and with the interpreted one
	$(BIN)/python -m pytest -q
	NETBEAM_PURE=1 $(BIN)/python -m pytest -q $(PLACES:%=--ignore=tests/test_%.py)

test-all: test asan ## the tests, slow ones and long random searches too, and the kernel under AddressSanitizer
	$(BIN)/python -m pytest -q -m slow
	$(BIN)/python -m pytest -q --hypothesis-profile=long

dataflow: ## the tests of Dataflow with Google's libraries, in an environment of their own: 800 MB
	$(PYTHON) -m venv .venv-dataflow
	.venv-dataflow/bin/python -m pip install --quiet --upgrade pip
	.venv-dataflow/bin/python -m pip install --quiet --editable '.[gcp]' --group test --group dataflow
	.venv-dataflow/bin/python -m pytest -q tests/test_dataflow.py tests/test_dataflow_service.py

test-flink: $(SETUP) flink ## the tests on Flink, embedded and on a cluster of two TaskManagers
	NETBEAM_FLINK_TESTS=1 $(BIN)/python -m pytest -q -m flink

check: $(SETUP) ## style, types, generated files up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m netbeam.derive --check
	$(BIN)/python -m runners.dataflow.template --check

format: $(SETUP) ## put the code in its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(SETUP) ## write schema/ anew from the declarations, and the Flex Template's metadata from the options
	$(BIN)/python -m netbeam.derive
	$(BIN)/python -m runners.dataflow.template

golden: $(SETUP) ## write the expected records of tests/golden anew: review the difference
	$(BIN)/python tests/golden_records.py

bench: $(SETUP) ## measure; writes benchmarks/results.json (BENCH="--peers" adds other programs)
	$(BIN)/python -m benchmarks.run $(BENCH)

bench-runners: $(SETUP) flink ## measure local, embedded Flink, a Flink cluster
	$(BIN)/python -m benchmarks.runners

flink: $(SETUP) ## fetch the jars for --runner flink (needs Java 17 and Maven)
	@$(BIN)/python -m runners.flink.fetch

asan: $(SETUP) ## the hostile tests with the kernel under AddressSanitizer
	$(BIN)/python -m tests.asan

clean: ## remove what the targets made
	rm -rf .venv .venv-dataflow .flink build *.egg-info sample netbeam/kernel/*.c netbeam/kernel/*.so
