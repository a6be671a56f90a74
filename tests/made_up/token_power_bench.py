"""Results of TokenPowerBench. Its repository has no licence: these are written after its format, with other figures.

The format is that of github.com/chenxuniu/TokenPowerBench at commit 29ed987 (`run_single_node.py`), and of its first
version, whose batch objects hold settings and figures side by side.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIRST = {
    "batch_256": {
        "model": "/data/models/Model-14B", "engine": "vllm", "dataset": "alpaca", "batch_size": 256,
        "num_samples": 1024, "output_tokens": 500, "tensor_parallel_size": 2, "duration_s": 45.25,
        "total_output_tokens": 473128, "num_responses": 1024, "gpu_avg_power_w": 944.0, "gpu_energy_j": 42694.0,
        "gpu_mj_per_token": 90.25, "per_gpu_power_w": {"0": 472.5, "1": 471.5}, "gpus_included_for_energy": [0, 1],
        "cpu_avg_power_w": 0.0, "cpu_energy_j": 0.0, "system_energy_j": 0.0, "total_energy_j": 42694.0,
    }
}  # fmt: skip


def batch_energy(**changes: Any) -> dict[str, Any]:
    return {
        "duration": 12.5, "total_output_tokens": 300, "num_responses": 3, "gpu_avg_power_w": 200.0,
        "gpu_energy_j": 2500.0, "per_gpu_power_w": {"0": 200.0}, "cpu_avg_power_w": None, "cpu_energy_j": None,
        "system_avg_power_w": 480.0, "system_energy_j": 6000.0, "energy_scope": "selected_gpus", "start_time": 100.0,
        "end_time": 112.5, "capabilities": {"gpu": {"available": True, "sampling_interval_s": 0.1}}, "warnings": [],
        "sample_counts": {"gpu:0": 125}, "total_energy_j": 6000.0, "energy_per_token_j": 20.0, **changes,
    }  # fmt: skip


def profiled_phase(place: int, **changes: Any) -> dict[str, Any]:
    submitted_s = 100.0 + 4 * place
    return {
        "request_id": str(place), "submitted_s": submitted_s, "first_token_s": submitted_s + 1.5,
        "finished_s": submitted_s + 3.5, "input_tokens": 20, "output_tokens": 100, "ttft_s": 1.5,
        "request_latency_s": 3.5, "clock": "time.perf_counter", "prefill_proxy_energy": {"gpu_energy_j": 300.0},
        "decode_energy": {"gpu_energy_j": 400.0}, **changes,
    }  # fmt: skip


def write_token_power_bench(folder: Path, **changes: Any) -> Path:
    """A run's folder: one request whose first token came too soon for the sensor, and one of a single token."""
    folder.mkdir(parents=True, exist_ok=True)
    phases = [
        profiled_phase(0),
        profiled_phase(1, prefill_proxy_energy={"gpu_energy_j": None}),
        profiled_phase(2, decode_energy={"duration": 0.0, "status": "empty_window", "gpu_energy_j": None}),
    ]
    result = {
        "batch_size": 1, "start_s": 100.0, "end_s": 112.5, "total_output_tokens": 300, "num_responses": 3,
        "output_tokens_per_s": 24.0, "energy": batch_energy(), "phases": phases,
        "phase_status": "serial_host_boundaries", **changes,
    }  # fmt: skip
    for name, content in {
        "results": {"batch_1": result},
        "config": {"model": "org/model", "engine": "vllm", "dataset": "alpaca", "monitor": "auto", "seed": 42},
        "capabilities": {"gpu": {"devices": [{"index": 0, "uuid": "GPU-1", "name": "NVIDIA H100"}]}},
        "environment": {"packages": {"tokenpowerbench": "0.2.0", "vllm": "0.10.0"}},
        "prompts": ["one?", "two?", "three?"],
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder
