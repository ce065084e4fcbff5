# One image: Dataflow's worker, the launcher of its Flex Template, and a worker pool beside Flink.
#   docker build -t IMAGE .
# A worker:           docker run IMAGE (Dataflow gives boot its arguments)
# Flink's workers:    docker run --entrypoint python IMAGE -m runners.flink.pool
# The launcher:       Dataflow starts /opt/google/dataflow/python_template_launcher
# The command line:   docker run --entrypoint netbeam IMAGE run ...
ARG PYTHON_VERSION=3.11
ARG BEAM_VERSION=2.77.0
ARG LAUNCHER_TAG=latest

FROM apache/beam_python${PYTHON_VERSION}_sdk:${BEAM_VERSION} AS beam
FROM gcr.io/dataflow-templates-base/python311-template-launcher-base:${LAUNCHER_TAG} AS launcher

FROM python:${PYTHON_VERSION}-slim-bookworm AS builder
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
WORKDIR /source
COPY pyproject.toml setup.py README.md LICENSE ./
COPY netbeam netbeam
COPY transforms transforms
COPY pipeline pipeline
COPY runners runners
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON_VERSION}-slim-bookworm
ARG BEAM_VERSION
COPY --from=builder /wheels /wheels
RUN pip install --no-cache-dir "$(echo /wheels/netbeam-*.whl)[gcp]" "apache-beam==${BEAM_VERSION}" && pip check
# A kernel that was not compiled is fifty times slower: no image is better than that one.
RUN python -c "from netbeam.kernel import compiled; assert compiled()"
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY --from=launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/
COPY runners/dataflow/main.py /template/main.py
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/main.py
ENTRYPOINT ["/opt/apache/beam/boot"]
