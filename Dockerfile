# wattbench in a container. One file; EXTRAS says what the image can run:
#
#     docker build --tag wattbench .
#     docker build --tag wattbench:models --build-arg EXTRAS=hf,llamacpp,router .
#
# PyTorch's wheels bring CUDA with them, so all images have the same base; the driver is the host's. docs/container.md says how
# to build one with CUDA, how to run them, and what was not tried.
#
# The base is pinned by version and not by digest: a digest that is never renewed keeps every fault that its distribution has
# mended since, and nothing here renews it. Who builds for others pins it: --build-arg BASE=python:3.11-slim-bookworm@sha256:...
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG EXTRAS=""
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /source
COPY pyproject.toml uv.lock tox.ini README.md LICENSE ./
COPY .ci/install .ci/install
COPY harness harness
COPY reports reports
COPY benchmarks benchmarks
RUN python -m venv /opt/wattbench \
    && PATH="/opt/wattbench/bin:${PATH}" TORCH_INDEX="${TORCH_INDEX}" bash .ci/install "${EXTRAS}"

FROM ${BASE} AS wattbench
COPY --from=build /opt/wattbench /opt/wattbench
RUN useradd --create-home --uid 10001 wattbench \
    && install --directory --mode 1777 /cache /runs

# Any user may write to /cache, as `--user` names any; it is its home, too. `utility` makes a GPU's counter readable, and
# does nothing without one.
ENV HF_HOME=/cache/huggingface \
    HOME=/cache \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    NVIDIA_VISIBLE_DEVICES=all \
    PATH="/opt/wattbench/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    WATTBENCH_CACHE=/cache/wattbench
USER 10001
WORKDIR /runs
VOLUME ["/cache"]
ENTRYPOINT ["wattbench"]
CMD ["--help"]
