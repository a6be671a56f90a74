# wattbench in a container. One file; EXTRAS says what the image can run:
#
#     docker build --tag wattbench .
#     docker build --tag wattbench:models --build-arg EXTRAS=hf,llamacpp,router .
#
# PyTorch's wheels bring CUDA with them, so all images have the same base; the driver is the host's. docs/container.md says how
# to build one with CUDA, how to run them, and what was not tried.
#
# The base is pinned by digest, and dependabot renews it. Another: --build-context base=docker-image://python:3.12-slim-bookworm
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS base

FROM base AS build
ARG EXTRAS=""
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /source
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY .ci/install .ci/install
COPY .ci/locked .ci/locked
COPY harness harness
COPY reports reports
COPY benchmarks benchmarks
RUN python -m venv /opt/wattbench \
    && PATH="/opt/wattbench/bin:${PATH}" TORCH_INDEX="${TORCH_INDEX}" bash .ci/install "${EXTRAS}"

FROM base AS wattbench
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
