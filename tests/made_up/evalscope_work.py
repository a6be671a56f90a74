"""Work folders of evalscope, small and after the models in its source (`ReviewResult`, `ModelResult`, `db_util`)."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

CONFIG = """\
api_url: https://user:hush@api.example.com/v1?key=hush
api_key: hush
datasets: [arc, arc_easy]
eval_batch_size: 8
evalscope_version: 1.14.1
generation_config: {stream: true, temperature: 0.7}
model: org/model
"""


def message(role: str, content: Any, perf: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": "a", "role": role, "content": content, "perf_metrics": perf}


def perf_metrics(place: int) -> dict[str, Any]:
    """Return evalscope's figures of a request: 1.0, 1.1 ... s, the first token after 0.25 s."""
    return {
        "latency": 1.0 + place / 10, "ttft": 0.25, "input_tokens": 20 + place, "output_tokens": 11, "tpot": 0.075,
    }  # fmt: skip


def review(place: int, **score: Any) -> dict[str, Any]:
    """Return a `ReviewResult`; every third answer is wrong."""
    right = float(place % 3 != 0)
    return {
        "index": place,
        "target": "4",
        "messages": [
            message("user", f"{place} + 1?"),
            message("assistant", f"It is {place + 1}.", perf_metrics(place)),
        ],
        "sample_score": {
            "score": {
                "value": {"acc": right, "length": 12.0},
                "extracted_prediction": str(place + 1),
                "prediction": f"It is {place + 1}.",
                "metadata": {},
                "main_score_name": None,
                **score,
            },
            "sample_id": place,
            "group_id": place,
            "sample_metadata": {},
        },
    }


def prediction(place: int, **output: Any) -> dict[str, Any]:
    """Return a `ModelResult`."""
    return {
        "index": place,
        "model": "org/model",
        "model_output": {
            "id": "c",
            "choices": [{"message": message("assistant", "x", perf_metrics(place)), "stop_reason": "stop"}],
            "usage": {
                "input_tokens": 20 + place, "output_tokens": 11, "total_tokens": 31 + place,
                "input_tokens_cache_write": None, "input_tokens_cache_read": 4, "reasoning_tokens": 3,
            },
            "time": 1.0 + place / 10,
            "error": None,
            "perf_metrics": perf_metrics(place),
            **output,
        },
        "messages": [message("user", f"{place} + 1?"), message("assistant", "x", perf_metrics(place))],
    }  # fmt: skip


def write_lines(path: Path, entries: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in entries))
    return path


def write_evaluation(folder: Path, model: str = "model", task: str = "arc_easy_test", samples: int = 6) -> Path:
    """Write a work folder of one benchmark, whose samples are in the order in which they ended."""
    order = [*range(1, samples), 0]
    write_lines(folder / "reviews" / model / f"{task}.jsonl", [review(place) for place in order])
    write_lines(folder / "predictions" / model / f"{task}.jsonl", [prediction(place) for place in reversed(order)])
    (folder / "configs").mkdir(exist_ok=True)
    (folder / "configs" / "task_config.yaml").write_text(CONFIG)
    return folder


COLUMNS = (
    "request TEXT, start_time REAL, inter_token_latencies TEXT, success INTEGER, response_messages TEXT, "
    "completed_time REAL, latency REAL, first_chunk_latency REAL, prompt_tokens INTEGER, completion_tokens INTEGER, "
    "max_gpu_memory_cost REAL, time_per_output_token REAL, request_id TEXT, is_stream INTEGER"
)


def write_requests(path: Path, requests: int = 6) -> Path:
    """Write a table of requests: three prompts in turn, written in the order of their ends; the last one failed."""
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE result({COLUMNS})")
        for place in reversed(range(requests)):
            body = json.dumps({"messages": [{"role": "user", "content": f"prompt {place % 3}"}], "model": "m"})
            row: list[Any] = [body, 5000.0 + place, "[0.1, 0.2]", 1, "cGlja2xl", 5001.0 + place]
            row += [0.75, 0.25, 7, 3, 0, 0.25, None, 1]
            if place == requests - 1:
                row[2:4], row[6:11] = ["[]", 0], [None] * 5
            database.execute(f"INSERT INTO result VALUES ({', '.join('?' * len(row))})", row)
    database.close()
    return path


def write_perf(folder: Path, at_once: int = 4) -> Path:
    """Write the folder of a run of ``evalscope perf``."""
    folder.mkdir(parents=True)
    arguments = {"model_id": "org/model", "url": "http://user:hush@gpu:8000/v1", "api_key": "hush", "rate": -1.0}
    (folder / "benchmark_args.json").write_text(json.dumps(arguments | {"parallel": at_once}))
    summary = {
        "Test Duration (s)": 5.75, "Concurrency": at_once, "Request Rate (req/s)": -1.0, "Success Requests": 5,
        "Failed Requests": 1, "Avg Latency (s)": 0.75, "Avg TTFT (ms)": 250.0, "KV Cache Hit Rate (%)": 12.5,
    }  # fmt: skip
    (folder / "benchmark_summary.json").write_text(json.dumps(summary))
    rows = [
        {"Percentiles": "min", "Latency (s)": 0.75, "TTFT (ms)": 250.0},
        {"Percentiles": "99%", "Latency (s)": 0.75, "TTFT (ms)": 250.0, "Decode (tok/s)": 4.0},
    ]
    (folder / "benchmark_percentile.json").write_text(json.dumps(rows))
    write_requests(folder / "benchmark_data.db")
    return folder
