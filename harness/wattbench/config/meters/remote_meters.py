"""The entries of a suite's `meters:` that read another machine over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wattbench.config.meters.meter_base import Component, Host, MeterSettings


class RemoteSettings(MeterSettings):
    """What the meters of another machine have in common: they ask an exporter there over HTTP."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]", max_length=2000)]
    """The whole address of the page, such as `http://gpu-box:9400/metrics`."""
    host: Host | None = None
    """The machine that it measures, as the `base_url` of the systems there has it. None takes the host of `url`.
    `localhost` is this machine."""
    components: Annotated[list[Component], Field(min_length=1)] | None = None
    """Which parts of the machine: `[gpu0, gpu1]`. None takes all of the page."""
    every_s: Annotated[float, Field(ge=0.1, le=3600)] = 1.0
    """How often it is asked."""
    updates_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    """How often the exporter looks at its sensors. None takes its default."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """An answer that is not complete by then is a gap."""
    token_env: str | None = None
    """The environment variable that holds a bearer token. The token itself is never recorded."""


class PrometheusSettings(RemoteSettings):
    """An exporter on the machine that serves, in Prometheus' text format."""

    use: Literal["prometheus"]
    exporter: Literal["dcgm", "amd", "kepler"]
    """`dcgm` (dcgm-exporter), `amd` (AMD's device-metrics-exporter) or `kepler`."""
    prefix: Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", max_length=100)] | Literal[""] = ""
    """What the exporter was set to put before the names of its metrics."""


class TensorRtLlmSettings(RemoteSettings):
    """TensorRT-LLM's own count of its GPUs: `/energy_metrics` of `trtllm-serve`."""

    use: Literal["tensorrt_llm"]
