# wattbench in a container. One file, two images:
#
#     docker build --tag wattbench .
#     docker build --tag wattbench:cuda --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 .
#
# PyTorch's wheels bring CUDA with them, so both have the same base; the driver is the host's. docs/container.md says how to
# run them, and what was not tried.
#
# The base is pinned by version and not by digest: a digest that is never renewed keeps every fault that its distribution has
# mended since, and nothing here renews it. Who builds for others pins it: --build-arg BASE=python:3.11-slim-bookworm@sha256:...
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY harness harness
COPY reports reports
COPY benchmarks benchmarks
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM ${BASE} AS wattbench
ARG EXTRAS=hf,llamacpp,router,history
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY --from=wheel /wheels /wheels
# The wheel has one version, and says which versions of others it takes:
# hadolint ignore=DL3013
RUN wheel="$(echo /wheels/wattbench-*.whl)" \
    && python -m pip install --no-cache-dir --extra-index-url "${TORCH_INDEX}" "${wheel}[${EXTRAS}]" \
    && rm -r /wheels \
    && useradd --create-home --uid 10001 wattbench \
    && install --directory --mode 1777 /cache /runs

# Any user may write to /cache, as `--user` names any; it is its home, too. `utility` makes a GPU's counter readable, and
# does nothing without one.
ENV HF_HOME=/cache/huggingface \
    HOME=/cache \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    NVIDIA_VISIBLE_DEVICES=all \
    PYTHONUNBUFFERED=1 \
    WATTBENCH_CACHE=/cache/wattbench
USER 10001
WORKDIR /runs
VOLUME ["/cache"]
ENTRYPOINT ["wattbench"]
CMD ["--help"]
