"""A submission to MLPerf Inference with power, small and after the logs of LoadGen 5.1 and of the power server."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

BEGIN = datetime(2025, 8, 1, 0, 6, 38, 791_000)
SECONDS = 60
STAMP = "%m-%d-%Y %H:%M:%S.%f"
ACCURACY = """Loading the samples...
{'rouge1': '38.4099', 'rougeL': 24.2984, 'gen_num': 13368}

hash=f6ee6fc8338b9e55a284f7819371b142b7e9bd06eb0f2394ea2858f79c7b6169
"""


def stamp(seconds: float) -> str:
    """Return the time some seconds after the start, to the millisecond."""
    return (BEGIN + timedelta(seconds=seconds)).strftime(STAMP)[:-3]


def detail(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "loadgen_version": "5.1.0 @ b9ed3c7fec",
        "effective_scenario": "Server",
        "effective_target_qps": 10,
        "generated_query_count": 600,
        "generated_samples_per_query": 1,
        "generated_query_duration": 59_900_000_000,
        "power_begin": stamp(0),
        "power_end": stamp(SECONDS),
        "result_validity": "VALID",
        "result_completed_samples_per_sec": 9.98,
        "result_completed_tokens_per_second": 1286.89,
        "result_token_throughput": 4.05976e-08,
        "result_mean_latency_ns": 3_177_531_000,
        "result_99.90_percentile_latency_ns": 4_165_260_101,
        "result_first_token_50.00_percentile_latency_ns": 73_941_862,
        "result_time_per_output_token_99.00_percentile_ns": 27_141_001,
        "result_time_to_output_token_mean": 23_888_819,
        "num_errors": 0,
        **changes,
    }
    lines = [
        f":::MLLOG {json.dumps({'key': key, 'value': value})}" for key, value in values.items() if value is not None
    ]
    return "\n".join(["a line of another program", *lines, ""]).encode()


def meter(begin_s: int = -20, end_s: int = SECONDS + 20, watts: float = 1000.0) -> bytes:
    """Return a reading per second: 200 W before and after the run, and 1,000 and 1,100 W by turns within it."""
    lines = []
    for second in range(begin_s, end_s):
        inside = 0 <= second < SECONDS
        drawn = watts + 100 * (second % 2) if inside else 200.0
        lines.append(f"Time,{stamp(second + 0.25)},Watts,{drawn:.6f},Volts,241.2,Amps,3.5,PF,0.96,Mark,testing")
    return "\n".join([*lines, ""]).encode()


def write_result(folder: Path, benchmark: str = "llama3.1-8b", scenario: str = "Server") -> Path:
    """Write a result under the folder of a submitter, and return its own."""
    result = folder / "results" / "8xB200" / benchmark / scenario
    run = result / "performance" / "run_1"
    run.mkdir(parents=True)
    (result / "accuracy").mkdir()
    (run / "mlperf_log_detail.txt").write_bytes(detail(effective_scenario=scenario))
    (run / "spl.txt").write_bytes(meter())
    (result / "accuracy" / "accuracy.txt").write_text(ACCURACY)
    (folder / "systems").mkdir(exist_ok=True)
    hardware = {
        "accelerator_model_name": "NVIDIA B200",
        "accelerators_per_node": 8,
        "framework": "TensorRT",
        "cooling": "",
    }
    (folder / "systems" / "8xB200.json").write_text(json.dumps(hardware))
    return result
