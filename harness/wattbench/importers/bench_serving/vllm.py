"""Read the results of ``vllm bench serve --save-result``: totals, and with ``--save-detailed`` times and tokens of
every request; no accuracy, no joules.

A file has one result, or with ``--append-result`` one per line (`vllm.benchmarks.serve`; before vLLM 0.9
``benchmarks/benchmark_serving.py``). Keys of ``--metadata`` are among the others: texts are kept as settings. The clock
of its start times has no date: requests are placed after the first one's start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.importers.bench_serving.requests import LISTS
from wattbench.importers.bench_serving.results import Form, plain, read_results
from wattbench.importers.files import head
from wattbench.importers.imported import Imported
from wattbench.importers.system_names import AT_ONCE, RATE

SETTINGS = frozenset(
    {
        "date", "backend", "endpoint_type", "label", "model_id", "tokenizer_id", "num_prompts", "best_of",
        "use_beam_search", "request_rate", "burstiness", "max_concurrency", "ramp_up_strategy", "ramp_up_start_rps",
        "ramp_up_end_rps", "rps_change_events", *LISTS,
    }
)  # fmt: skip


def looks_like(source: Path) -> bool:
    """Return whether a file is a result."""
    if source.suffix not in (".json", ".jsonl") or not source.is_file():
        return False
    start = head(source)
    return all(f'"{key}"' in start for key in ("model_id", "tokenizer_id", "request_throughput"))


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read every result of some files.

    Args:
        sources: files of results.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is damaged, or has no result.
    """
    return read_results(sources, Form("vllm", SETTINGS, _described, lambda result: None), scratch)


def _described(result: Mapping[str, Any], path: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
    model = result.get("model_id")
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
        "model": model,
        "tokenizer": result.get("tokenizer_id"),
        "label": result.get("label"),
        "metadata": texts or None,
    }
    named = model if isinstance(model, str) and model else path.stem
    return named, plain(result, keys), {key: value for key, value in config.items() if value is not None}
