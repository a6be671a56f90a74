"""Read the results of SGLang's ``bench_serving``: totals, and with ``--output-details`` times and tokens of every
request; no accuracy, no joules.

A file (``--output-file``, JSON lines) has one result per line (`sglang.benchmark.serving`). It has no start times: only
durations are known. Of ``server_info`` what names model, version and parallelism is kept: the rest may hold keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.importers.bench_serving.requests import LISTS
from wattbench.importers.bench_serving.results import Form, plain
from wattbench.importers.files import mapping
from wattbench.importers.system_names import AT_ONCE, RATE

SETTINGS = frozenset(
    {
        "tag", "backend", "dataset_name", "request_rate", "max_concurrency", "sharegpt_output_len",
        "random_input_len", "random_output_len", "random_range_ratio", "server_info", "cached_tokens_details", *LISTS,
    }
)  # fmt: skip
SERVER = (
    "model_path", "version", "tp_size", "dp_size", "ep_size", "pp_size", "dtype", "quantization", "kv_cache_dtype",
    "attention_backend", "speculative_algorithm", "max_running_requests", "context_length", "device",
)  # fmt: skip
"""What is kept of ``server_info``."""


def _described(result: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    server = mapping(result.get("server_info"))
    keys = {"request_rate": RATE, "max_concurrency": AT_ONCE, "dataset_name": "data"}
    lengths = ("sharegpt_output_len", "random_input_len", "random_output_len", "random_range_ratio")
    config = {
        "engine": str(result.get("backend") or "sglang"),
        "model": server.get("served_model_name") or server.get("model_path"),
        "tag": result.get("tag"),
        "lengths": plain(result, dict(zip(lengths, lengths, strict=True))) or None,
        "server": plain(server, dict(zip(SERVER, SERVER, strict=True))) or None,
    }
    return plain(result, keys), config


def _version(result: Mapping[str, Any]) -> str | None:
    version = mapping(result.get("server_info")).get("version")
    return str(version) if isinstance(version, str) and version else None


SGLANG = Form("sglang", ("backend", "dataset_name", "random_range_ratio"), SETTINGS, _described, _version)
