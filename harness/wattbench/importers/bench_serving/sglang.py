"""Read the results of SGLang's ``bench_serving``: totals, and with ``--output-details`` times and tokens of every
request; no accuracy, no joules.

A file (``--output-file``, JSON lines) has one result per line (`sglang.benchmark.serving`). It has no start times: only
durations are known. Of ``server_info`` what names model, version and parallelism is kept: the rest may hold keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.importers.bench_serving.requests import LISTS
from wattbench.importers.bench_serving.results import Form, plain, read_results
from wattbench.importers.files import head, mapping
from wattbench.importers.imported import Imported
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


def looks_like(source: Path) -> bool:
    """Return whether a file is a result."""
    if source.suffix not in (".json", ".jsonl") or not source.is_file():
        return False
    start = head(source)
    return all(f'"{key}"' in start for key in ("backend", "dataset_name", "random_range_ratio"))


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read every result of some files.

    Args:
        sources: files of results.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is damaged, or has no result.
    """
    return read_results(sources, Form("sglang", SETTINGS, _described, _version), scratch)


def _described(result: Mapping[str, Any], path: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
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
    model = config["model"]
    named = model if isinstance(model, str) and model else path.stem
    return named, plain(result, keys), {key: value for key, value in config.items() if value is not None}


def _version(result: Mapping[str, Any]) -> str | None:
    version = mapping(result.get("server_info")).get("version")
    return str(version) if isinstance(version, str) and version else None
