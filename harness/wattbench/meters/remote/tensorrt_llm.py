"""Read what `trtllm-serve` says of its own energy.

Source: TensorRT-LLM, `tensorrt_llm/serve/openai_server.py`, `get_energy_metrics` (since March 2026, with
`enable_energy_metrics: true`): ``{"total_energy_j": 1234.5, "query_time": 99.1}``. The joules are those of NVML's
counters of the server's GPUs since the server began; of a server on several machines, those of its own machine's GPUs
in proportion. `query_time` is a monotonic clock. Without the option, and if NVML fails, it answers 503.
"""

from __future__ import annotations

import json
import math

from wattbench.meters.base import COUNTER
from wattbench.meters.remote.figures import Figure, PageError, PageFigures

PART = "gpus"
"""All GPUs of the server together: their number is not in the answer."""


class TensorRtLlmPage:
    """Reads the answer of `/energy_metrics`."""

    accept = "application/json"
    reads = "joules that TensorRT-LLM counts of its GPUs"
    shared = COUNTER

    def __call__(self, body: bytes, content_type: str) -> PageFigures:
        """Read a page.

        Raises:
            PageError: it has no joules.
        """
        try:
            answer = json.loads(body)
            total_j = answer["total_energy_j"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise PageError("an answer without total_energy_j") from None
        if isinstance(total_j, bool) or not isinstance(total_j, int | float):
            raise PageError("a total_energy_j that is no number")
        try:
            energy_j = float(total_j)
        except OverflowError:
            energy_j = math.inf
        if not math.isfinite(energy_j) or energy_j < 0.0:
            return PageFigures({}, {PART: "total_energy_j is no valid figure"})
        return PageFigures({PART: Figure(energy_j)})
