"""Read the results of ``vllm bench serve --save-result``: totals, and with ``--save-detailed`` times and tokens of
every request; no accuracy, no joules.

A file has one result, or with ``--append-result`` one per line (`vllm.benchmarks.serve`; before vLLM 0.9
``benchmarks/benchmark_serving.py``). Keys of ``--metadata`` are among the others: texts are kept as settings. The clock
of its start times has no date: requests are placed after the first one's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.importers.bench_serving.requests import LISTS
from wattbench.importers.bench_serving.results import Form, plain
from wattbench.importers.system_names import AT_ONCE, RATE

SETTINGS = frozenset(
    {
        "date", "backend", "endpoint_type", "label", "model_id", "tokenizer_id", "num_prompts", "best_of",
        "use_beam_search", "request_rate", "burstiness", "max_concurrency", "ramp_up_strategy", "ramp_up_start_rps",
        "ramp_up_end_rps", "rps_change_events", *LISTS,
    }
)  # fmt: skip


def _described(result: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = {
        "request_rate": RATE,
        "burstiness": "burstiness",
        "max_concurrency": AT_ONCE,
        "ramp_up_strategy": "ramp-up",
        "ramp_up_start_rps": "ramp-up from",
        "ramp_up_end_rps": "ramp-up to",
    }
    texts = {key: value for key, value in result.items() if key not in SETTINGS and isinstance(value, str)}
    config = {
        "engine": str(result.get("backend") or result.get("endpoint_type") or "vllm"),
        "model": result.get("model_id"),
        "tokenizer": result.get("tokenizer_id"),
        "label": result.get("label"),
        "metadata": texts or None,
    }
    return plain(result, keys), config


VLLM = Form("vllm", ("model_id", "tokenizer_id", "request_throughput"), SETTINGS, _described, lambda result: None)
