"""Results of OpenJarvis, LLenergyMeasure and the ML.ENERGY leaderboard, small and after their sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def jarvis_line(place: int, **changes: Any) -> dict[str, Any]:
    """Return a line of `EvalRunner`: every third answer is wrong, and some joules and first tokens are 0."""
    return {
        "record_id": f"gsm8k-{place}", "benchmark": "gsm8k", "model": "qwen3:8b", "backend": "jarvis-direct",
        "model_answer": str(place), "is_correct": place % 3 != 0, "score": 0.5, "latency_seconds": 1.0 + place,
        "prompt_tokens": 100, "completion_tokens": 20, "cost_usd": 0.0, "error": None, "scoring_metadata": {},
        "ttft": 0.25 if place < 3 else 0.0, "energy_joules": 50.0 * place, "power_watts": 200.0, "mean_itl_ms": 0.0,
        **changes,
    }  # fmt: skip


JARVIS_SUMMARY = {
    "benchmark": "gsm8k", "model": "qwen3:8b", "backend": "jarvis-direct", "total_samples": 4, "errors": 0,
    "accuracy": 0.5, "mean_latency_seconds": 2.5, "total_energy_joules": 300.0, "energy_method": "hw_counter",
    "latency_stats": {"mean": 2.5, "p99": 3.97}, "itl_stats": {"mean": 12.5}, "ttft_stats": None,
    "total_cost_usd": 0.0, "avg_power_watts": 200.0, "started_at": 1.0,
    "hardware_info": {"gpu": {"vendor": "nvidia", "name": "NVIDIA L40S", "count": 2}},
}  # fmt: skip


def write_jarvis(folder: Path) -> Path:
    """Write an evaluation, and return its lines."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "gsm8k_qwen3-8b.jsonl"
    path.write_text("".join(json.dumps(jarvis_line(place)) + "\n" for place in range(4)))
    (folder / "gsm8k_qwen3-8b.summary.json").write_text(json.dumps(JARVIS_SUMMARY))
    return path


def write_hybrid(folder: Path) -> Path:
    """Write a hybrid's cell, and return its folder."""
    folder.mkdir(parents=True)
    config = {
        "name": "minions-gaia",
        "method": "minions",
        "bench": "gaia",
        "local": {"model": "qwen"},
        "cloud": {"model": "opus"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    rows = [
        {
            "task_id": f"t{place}", "answer": "a", "tokens_local": 900, "tokens_cloud": 90, "cost_usd": 0.25,
            "latency_s": 30.0, "tool_calls": 2, "error": None, "score": {"success": place == 0, "score": 0.5},
        }
        for place in range(2)
    ]  # fmt: skip
    rows.append(rows[0] | {"task_id": "t2", "error": "TaskTimeout", "score": None})
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary = {"cell": "minions-gaia", "n_done": 3, "n_err": 1, "wall_time_s": 90.0, "energy_j_total": 8100.0}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def trace_line(**changes: Any) -> dict[str, Any]:
    turn = {
        "turn_index": 0,
        "input_tokens": 10,
        "output_tokens": 5,
        "gpu_energy_joules": 40.0,
        "cpu_energy_joules": 2.5,
    }
    return {
        "query_id": "q1", "workload_type": "agentic", "query_text": "q", "response_text": "r", "turns": [turn, turn],
        "total_wall_clock_s": 4.0, "completed": True, "query_gpu_energy_joules": 1.0, "is_resolved": True,
        "error": None, "error_kind": None, **changes,
    }  # fmt: skip


def experiment(**changes: Any) -> dict[str, Any]:
    """Return an `ExperimentResult` of LLenergyMeasure, schema 2."""
    return {
        "schema_version": "2.0", "experiment_id": "gpt2-pytorch", "measurement_config_hash": "0123456789abcdef",
        "backend": "pytorch", "measurement_methodology": "total", "total_tokens": 12_000, "total_energy_j": 847.25,
        "total_inference_time_sec": 38.5, "avg_tokens_per_second": 311.7, "avg_energy_per_token_j": 0.0706,
        "baseline_power_w": 12.3, "energy_adjusted_j": 373.7, "measurement_warnings": ["short run"],
        "environment_snapshot": {
            "hardware": {"gpu": {"name": "NVIDIA A100"}, "thermal": {"power_limit_w": 400.0}}, "tool_version": "0.8.0",
        },
        "timeseries": "../../timeseries.parquet", "process_results": [],
        "effective_config": {"model": "gpt2", "precision": "bf16", "token": "hush"},
        "latency_stats": {"ttft_mean_ms": 25.0, "ttft_p99_ms": 80.0, "ttft_samples": 9, "itl_full_mean_ms": 7.0},
        **changes,
    }  # fmt: skip


def write_power_series(folder: Path, watts: Sequence[float | None], gpu: int = 0, **changes: Any) -> Path:
    """Write a `timeseries.parquet` of LLenergyMeasure with its eight columns, a row per second."""
    of = len(watts)
    columns: dict[str, Any] = {
        "timestamp_s": pa.array([float(second) for second in range(of)], pa.float64()),
        "gpu_index": pa.array([gpu] * of, pa.int32()),
        "power_w": pa.array(watts, pa.float32()),
        "temperature_c": pa.array([50.0] * of, pa.float32()),
        "memory_used_mb": pa.array([1.0] * of, pa.float32()),
        "memory_total_mb": pa.array([2.0] * of, pa.float32()),
        "sm_utilisation_pct": pa.array([None] * of, pa.float32()),
        "throttle_reasons": pa.array([0] * of, pa.int64()),
    }
    path = folder / "timeseries.parquet"
    pq.write_table(pa.table(columns | changes), path)
    return path


def leaderboard(**changes: Any) -> dict[str, Any]:
    """Return a model's file of the ML.ENERGY leaderboard."""
    one = {
        "gpu_model": "B200", "num_gpus": 2, "max_num_seqs": 8, "avg_batch_size": 7.5, "avg_output_len": 387.5,
        "avg_power_watts": 639.5, "energy_per_request_joules": 151.5, "energy_per_token_joules": 0.390625,
        "median_itl_ms": 4.0, "p99_itl_ms": 15.0, "output_throughput_tokens_per_sec": 1637.25,
        "parallelization": {"tensor_parallel": 2}, "output_length_distribution": {"bins": [0, 1], "counts": [5]},
    }  # fmt: skip
    head = {"activated_params_billions": 8.0, "architecture": "Dense Transformer"}
    tail = {"model_id": "org/model", "task": "gpqa", "weight_precision": "fp8"}
    return head | {"configurations": [one | changes, one | {"max_num_seqs": 16}]} | tail


def logged_request(index: int, **changes: Any) -> dict[str, Any]:
    """Return a row of LLenergyMeasure's log: due every half second, sent 0.01 s later, 3 pieces of output."""
    due_s = 1000.0 + 0.5 * index
    times = [due_s + 0.11 + 0.01 * index, due_s + 0.16 + 0.01 * index, due_s + 0.26 + 0.01 * index]
    return {
        "request_index": index, "issued_at": due_s, "dispatched_at": due_s + 0.01, "first_token_at": times[0],
        "completed_at": times[-1] + 0.01, "ttft_ms": 1e3 * (times[0] - due_s),
        "e2e_latency_ms": 1e3 * (times[-1] + 0.01 - due_s), "client_output_tokens": 3, "server_prompt_tokens": 40,
        "server_completion_tokens": 4, "status": "ok", "finish_reason": "stop", "level_index": 0, "window_index": 0,
        "in_measurement_window": True, "is_ramp": False, "completed_in_drain": False, "output_token_times": times,
        **changes,
    }  # fmt: skip


def write_request_log(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write a `requests.parquet` of LLenergyMeasure with its eighteen columns, a row per request."""
    kinds: dict[str, Any] = dict.fromkeys(logged_request(0), pa.float64())
    counts = ("request_index", "client_output_tokens", "server_prompt_tokens", "server_completion_tokens")
    kinds |= dict.fromkeys(counts, pa.int64()) | dict.fromkeys(("level_index", "window_index"), pa.int32())
    kinds |= dict.fromkeys(("status", "finish_reason"), pa.string()) | {"output_token_times": pa.list_(pa.float64())}
    kinds |= dict.fromkeys(("in_measurement_window", "is_ramp", "completed_in_drain"), pa.bool_())
    path = folder / "requests.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows), pa.schema(kinds)), path)
    return path
