"""Reports of inference-perf, small and after its source (`summarize_requests`, `RequestLifecycleMetric`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RATES = (2.0, 4.0)
REQUESTS = 4
"""Of each stage; the last one of each fails."""


def distribution(mean: float) -> dict[str, float]:
    return {"mean": mean, "min": mean / 2, "median": mean, "p99.9": mean * 2, "max": mean * 2}


def lifecycle(rate: float | None, latency_s: float, delay_s: float = 0.001) -> dict[str, Any]:
    """Return the client's figures of a stage, or of all stages where no rate is given."""
    answered = REQUESTS - 1
    sent = {"count": REQUESTS, "schedule_delay": distribution(delay_s)}
    return {
        "load_summary": sent if rate is None else sent | {"requested_rate": rate, "achieved_rate": rate * 0.9},
        "successes": {
            "count": answered,
            "latency": {
                "request_latency": distribution(latency_s),
                "time_to_first_token": distribution(0.25),
                "normalized_time_per_output_token": distribution(0.5),
            },
            "throughput": {"requests_per_sec": 1.5, "output_tokens_per_sec": 4.5},
            "prompt_len": distribution(20.0),
            "output_len": distribution(3.0),
            "audio": {"count": None},
        },
        "failures": {"count": 1, "by_label": {"500 - Internal Server Error": {"messages": [{"message": "oh"}]}}},
    }


def prometheus() -> dict[str, Any]:
    return {
        "load_summary": {},
        "successes": {"count": 7, "rate": 1.5, "queue_len": {"mean": 3}, "request_latency": {"mean": 0.9, "p99": 1.5}},
        "failures": {},
    }


def request(stage: int, place: int) -> dict[str, Any]:
    """Return a request of `latency_of` seconds, in the body of OpenAI's chat API and streamed."""
    start_s = 5000.0 + 100 * stage + place
    failed = place == REQUESTS - 1
    times = [start_s + 0.25, start_s + 0.5, start_s + latency_of(stage)]
    return {
        "start_time": start_s,
        "end_time": start_s + latency_of(stage),
        "request": json.dumps({"model": "m", "messages": [{"role": "user", "content": f"prompt {place}"}]}),
        "response": None if failed else 'data: {"choices": [{"delta": {"content": "an "}}]}\n\ndata: [DONE]\n',
        "info": {
            "request_metrics": {"text": {"input_tokens": 20}},
            "response_metrics": None if failed else {"output_tokens": 3, "output_token_times": times},
            "input_tokens": 20,
        },
        "error": {"error_type": "HTTP Error 500", "error_msg": "oh"} if failed else None,
    }


def latency_of(stage: int) -> float:
    return 1.0 + stage


def write_run(folder: Path, *, delay_s: float = 0.001, requests: bool = True) -> Path:
    """Write the folder of a run of two stages."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage, rate in enumerate(RATES):
        report = lifecycle(rate, latency_of(stage), delay_s)
        (folder / f"stage_{stage}_lifecycle_metrics.json").write_text(json.dumps(report))
    (folder / "stage_0_prometheus_metrics.json").write_text(json.dumps(prometheus()))
    (folder / "summary_lifecycle_metrics.json").write_text(json.dumps(lifecycle(None, 1.5, delay_s)))
    (folder / "config.yaml").write_text(
        "server: {type: vllm, model_name: org/model, base_url: 'http://u:hush@gpu:8000', api_key: hush}\n"
    )
    if requests:
        listed = [request(stage, place) for place in reversed(range(REQUESTS)) for stage in range(len(RATES))]
        (folder / "per_request_lifecycle_metrics.json").write_text(json.dumps(listed))
    return folder
