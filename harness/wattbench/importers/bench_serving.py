"""Read what ``vllm bench serve`` and SGLang's ``bench_serving`` write: two formats of one origin.

Both have totals, and with ``--save-detailed`` (vLLM) or ``--output-details`` (SGLang) lists of equal length with an
entry per request, in the order of the data set; no accuracy, no joules, no prompts. A file has one result, or one per
line. Two results of one data set and seed have the same prompts in the same order.

Traps: times are in seconds, and 0 for a request that failed or was not streamed; start times are of a clock without a
date, so that requests are placed after the first one's start; of SGLang's ``server_info`` and vLLM's ``--metadata``
only what names model, version and settings is kept, as the rest may hold keys.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import NAME_LENGTH, Answer, number
from wattbench.importers.fields import MS, REQUESTS, chunk_ends, count, figure, gaps, listed, read_fields, words
from wattbench.importers.files import digest, head, mapping, read_object, read_objects, text
from wattbench.importers.imported import AT_ONCE, RATE, Format, ImportDraft
from wattbench.importers.stated import Total, Totals
from wattbench.records.rows.schema import LARGEST_NUMBER

REQUEST = {
    "first_token_seconds": figure("ttfts", zero=False, name="ttft"),
    "seconds": figure("latencies", zero=False, name="latency"),
    "prompt_tokens": count("input_lens", name="input_len"),
    "cached_tokens": count("cached_tokens"),
    "output_tokens": count("output_lens", name="output_len"),
    "answer": words("generated_texts"),
}
"""Field of an answer to the list that has it."""
WAITED = figure("queue_times", name="queue time")
LISTS = (
    "input_lens", "output_lens", "ttfts", "itls", "latencies", "start_times", "queue_times", "generated_texts",
    "errors", "cached_tokens",
)  # fmt: skip
"""Any may be missing; without `ttfts` and `output_lens` the result has totals alone."""
TOTALS = {
    "duration": Total("duration"),
    "completed": Total("requests"),
    "failed": Total("failed_requests"),
    "total_input_tokens": Total("prompt_tokens"),
    "total_output_tokens": Total("output_tokens"),
    "request_throughput": Total("requests_per_s", "mean"),
    "input_throughput": Total("prompt_tokens_per_s", "mean"),
    "output_throughput": Total("output_tokens_per_s", "mean"),
    "total_throughput": Total("tokens_per_s", "mean"),
    "total_token_throughput": Total("tokens_per_s", "mean"),
    "max_output_tokens_per_s": Total("output_tokens_per_s", "maximum"),
    "concurrency": Total("in_flight", "mean"),
    # No requests in flight: both tools count each request that was under way in some part of a whole second.
    "max_concurrent_requests": Total("max_concurrent_requests", "maximum"),
    "*_ttft_ms": Total("first_token", scale=MS),
    "*_tpot_ms": Total("token", scale=MS),
    "*_itl_ms": Total("token_gap", scale=MS),
    "*_e2el_ms": Total("latency", scale=MS),
    "*_e2e_latency_ms": Total("latency", scale=MS),
}
UNITS = {
    "_ms": "ms", "goodput": "requests/s", "_tokens": "tokens", "_pct": "%", "_rate": "share", "_length": "tokens",
    "_requests": "requests",
}  # fmt: skip

OF_VLLM = (
    "date", "backend", "endpoint_type", "label", "model_id", "tokenizer_id", "num_prompts", "best_of",
    "use_beam_search", "request_rate", "burstiness", "max_concurrency", "ramp_up_strategy", "ramp_up_start_rps",
    "ramp_up_end_rps", "rps_change_events",
)  # fmt: skip
"""Settings of a result of vLLM (before 0.9 ``benchmarks/benchmark_serving.py``). Other texts are ``--metadata``."""
LOAD_OF_VLLM = {
    "request_rate": RATE, "burstiness": "burstiness", "max_concurrency": AT_ONCE, "ramp_up_strategy": "ramp-up",
    "ramp_up_start_rps": "ramp-up from", "ramp_up_end_rps": "ramp-up to",
}  # fmt: skip
LENGTHS = ("sharegpt_output_len", "random_input_len", "random_output_len", "random_range_ratio")
OF_SGLANG = (
    "tag", "backend", "dataset_name", "request_rate", "max_concurrency", *LENGTHS, "server_info",
    "cached_tokens_details",
)  # fmt: skip
"""Settings of a result of SGLang (`sglang.benchmark.serving`)."""
LOAD_OF_SGLANG = {"request_rate": RATE, "max_concurrency": AT_ONCE, "dataset_name": "data"}
SERVER = (
    "model_path", "version", "tp_size", "dp_size", "ep_size", "pp_size", "dtype", "quantization", "kv_cache_dtype",
    "attention_backend", "speculative_algorithm", "max_running_requests", "context_length", "device",
)  # fmt: skip
"""What is kept of SGLang's ``server_info``."""


@dataclass(frozen=True)
class _Result:
    """The differences between the two formats, for one of them."""

    name: str
    marks: tuple[str, ...]
    """Keys by which a result is recognised."""
    settings: tuple[str, ...]
    load: Mapping[str, str]
    config: Callable[[Mapping[str, Any]], dict[str, Any]]
    version: Callable[[Mapping[str, Any]], Any]

    @property
    def needs(self) -> str:
        """Return what a result is recognised by."""
        return f"a .json or .jsonl with {', '.join(self.marks)}"

    def looks_like(self, source: Path) -> bool:
        """Return whether a file is a result."""
        if source.suffix not in (".json", ".jsonl") or not source.is_file():
            return False
        start = head(source)
        return all(f'"{key}"' in start for key in self.marks)

    def read(self, sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
        """Read every result of some files. Each is a system, because each has its load."""
        totals = Totals(TOTALS, UNITS, (*self.settings, *LISTS))
        for path in sources:
            draft.files.append(path)
            for where, result in _results(path):
                if "request_throughput" not in result:
                    raise UserError(f"{where}: no request_throughput; this is no result of {self.name}")
                load, config = _plain(result, self.load), self.config(result)
                model = config["model"]
                name = draft.system_name(model if isinstance(model, str) and model else path.stem, load)
                system = draft.add_system(name, load, **config)
                draft.add_version(self.version(result))
                figures = {key: value for key, value in result.items() if not isinstance(value, list | dict)}
                draft.stated.add_all(system, totals, figures, where, result.get("completed"))
                if result.get("ttfts") is not None and result.get("output_lens") is not None:
                    yield from _answers(system, result, where)


def _config_of_vllm(result: Mapping[str, Any]) -> dict[str, Any]:
    known = (*OF_VLLM, *LISTS)
    return {
        "engine": str(result.get("backend") or result.get("endpoint_type") or "vllm"),
        "model": result.get("model_id"),
        "tokenizer": result.get("tokenizer_id"),
        "label": result.get("label"),
        "metadata": {k: v for k, v in result.items() if k not in known and isinstance(v, str)} or None,
    }


def _config_of_sglang(result: Mapping[str, Any]) -> dict[str, Any]:
    server = mapping(result.get("server_info"))
    return {
        "engine": str(result.get("backend") or "sglang"),
        "model": server.get("served_model_name") or server.get("model_path"),
        "tag": result.get("tag"),
        "lengths": _plain(result, dict(zip(LENGTHS, LENGTHS, strict=True))) or None,
        "server": _plain(server, dict(zip(SERVER, SERVER, strict=True))) or None,
    }


def _plain(result: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """Return short texts and numbers of a result under new names. Infinity becomes "inf"."""
    plain: dict[str, Any] = {}
    for key, label in keys.items():
        value = result.get(key)
        if isinstance(value, float) and not math.isfinite(value):
            value = "inf" if value > 0 else None
        if isinstance(value, str | int | float) and len(str(value)) <= NAME_LENGTH:
            plain[label] = value
    return plain


def _results(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each result of a file: one per line, or one over several lines."""
    first = True
    try:
        for where, result in read_objects(path):
            yield where, result
            first = False
    except UserError:
        if not first:
            raise
        yield str(path), read_object(path)
        return
    if first:
        raise UserError(f"{path}: it is empty")


def _answers(system: str, result: Mapping[str, Any], where: str) -> Iterator[Answer]:
    lists = {name: listed(result[name], name, where) for name in LISTS if result.get(name) is not None}
    rate, requests = result.get("request_rate"), len(lists["ttfts"])
    if not isinstance(rate, int | float) or not 0 <= rate <= LARGEST_NUMBER:
        lists.pop("queue_times", None)  # nothing is due at a time: each request is sent once another ends
    for name, values in lists.items():
        if len(values) != requests:
            raise UserError(f"{where}: {name} has {len(values):,} entries and ttfts {requests:,}; the file is damaged")
    starts = [number(each, "a start time", where) or None for each in lists.get("start_times", [None] * requests)]
    first_s = min((each for each in starts if each is not None), default=0.0)
    for position, start_s in enumerate(starts):
        each = {name: values[position] for name, values in lists.items()}
        started_s = None if start_s is None else start_s - first_s
        yield _answer(system, position, each, started_s, f"{where}: request {position}")


def _answer(system: str, position: int, each: Mapping[str, Any], started_s: float | None, where: str) -> Answer:
    fields = read_fields(REQUEST, each, where)
    first, seconds = fields["first_token_seconds"], fields["seconds"]
    gaps_s = [] if each.get("itls") is None else gaps(each["itls"], "its itl", where)
    if seconds is None and first is not None:
        seconds = first + sum(gaps_s)
    waited_s = WAITED.of(each, where)
    error = text(each.get("errors"))
    failed = bool(error) or (seconds is None and not fields["output_tokens"])
    if failed:
        fields |= {"first_token_seconds": None, "output_tokens": None, "failure": error or "failed"}
    return Answer(
        where=where,
        system=system,
        task=REQUESTS,
        item=str(position),
        scheduled_s=None if waited_s is None or started_s is None else started_s - waited_s,
        started_s=started_s,
        token_seconds=() if first is None or failed else chunk_ends(first, gaps_s, seconds),
        doc_hash=digest(str(position), str(fields["prompt_tokens"])),
        **fields | {"seconds": None if failed else seconds},
    )


_VLLM = _Result(
    "vllm", ("model_id", "tokenizer_id", "request_throughput"), OF_VLLM, LOAD_OF_VLLM, _config_of_vllm, lambda _: None
)
_SGLANG = _Result(
    "sglang", ("backend", "dataset_name", "random_range_ratio"), OF_SGLANG, LOAD_OF_SGLANG, _config_of_sglang,
    lambda result: mapping(result.get("server_info")).get("version"),
)  # fmt: skip
VLLM = Format("vllm", _VLLM.looks_like, _VLLM.read, needs=_VLLM.needs)
SGLANG = Format("sglang", _SGLANG.looks_like, _SGLANG.read, needs=_SGLANG.needs)
