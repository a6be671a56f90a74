"""Results of other tools: lm-eval's made by lm-eval itself, the others small and after their published schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

TASKS = Path(__file__).parents[1] / "data" / "tasks"
START_S = 1_759_813_207.5
"""When the made-up profiles began."""


def evaluate(output: Path, model: str, wrong: int, limit: int = 12) -> None:
    """Have lm-eval evaluate a made-up model on the test tasks and write its results, as its command line does."""
    from lm_eval import simple_evaluate
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    class Model(LM):
        def generate_until(self, requests, disable_tqdm=False):
            return [self._sum(request, place) for place, request in enumerate(requests)]

        def _sum(self, request, place):
            first, second = map(int, re.findall(r"\d+", request.args[0])[-2:])
            return f"{first + second + (place % wrong == 0)}"

        def loglikelihood(self, requests, disable_tqdm=False):
            # The first choice is right, and every `wrong`-th document likes the second better.
            return [(-1.0 if r.idx == (r.doc_id % wrong == 0) else -2.0, False) for r in requests]

        def loglikelihood_rolling(self, requests, disable_tqdm=False):
            raise NotImplementedError

    tracker = EvaluationTracker(output_path=str(output))
    results = simple_evaluate(
        model=Model(),
        model_args=f"pretrained={model}",
        tasks=["sums", "choices"],
        task_manager=TaskManager(include_path=str(TASKS), include_defaults=False),
        limit=limit,
        log_samples=True,
        bootstrap_iters=0,
        fewshot_as_multiturn=False,
        evaluation_tracker=tracker,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for task in results["configs"]:
        tracker.save_results_samples(task_name=task, samples=samples[task])


def guidellm_request(place: int, **changes: object) -> dict[str, object]:
    """Return a `GenerativeRequestStats` of GuideLLM 0.6.0, as `model_dump(mode="json")` writes it."""
    started_s = START_S + place
    return {
        "type_": "generative_request_stats",
        "request_id": f"0000-{place}",
        "response_id": None,
        "request_args": json.dumps(
            {
                "headers": {"Authorization": "Bearer hush"},
                "body": {"model": "m", "messages": [{"role": "user", "content": f"{place}?"}]},
            }
        ),
        "output": f"answer {place}",
        "info": {
            "request_id": f"0000-{place}",
            "status": "completed",
            "timings": {"request_start": started_s, "request_end": started_s + 0.5},
            "error": None,
        },
        "input_metrics": {"text_tokens": 20},
        "output_metrics": {"text_tokens": 10},
        "request_start_time": started_s,
        "request_end_time": started_s + 0.5 + place / 100,
        "request_latency": 0.5 + place / 100,
        "prompt_tokens": 20,
        "output_tokens": 10,
        "total_tokens": 30,
        "time_to_first_token_ms": 125.0,
        "time_per_output_token_ms": 50.0,
        "inter_token_latency_ms": 41.7,
        "tokens_per_second": 60.0,
        "output_tokens_per_second": 20.0,
        **changes,
    }


def guidellm_benchmark(strategy: dict[str, object], requests: int = 8) -> dict[str, object]:
    """Return a `GenerativeBenchmark` of GuideLLM 0.6.0, without its totals."""
    failed = guidellm_request(90, output=None, output_tokens=None, time_to_first_token_ms=None)
    failed["info"] = {"status": "errored", "error": "Server error '503 Service Unavailable'"}
    return {
        "type_": "generative_benchmark",
        "config": {
            "run_id": "r",
            "run_index": 0,
            "strategy": strategy,
            "backend": {"target": "http://user:hush@gpu-7:8000/v1?key=hush", "model": "org/model", "api_key": "hush"},
        },
        "requests": {
            "successful": [guidellm_request(place) for place in range(requests)],
            "incomplete": [guidellm_request(80)],
            "errored": [failed],
            "total": None,
        },
        "start_time": START_S,
        "end_time": START_S + 100,
        "duration": 100.0,
    }


def guidellm_report() -> dict[str, object]:
    """Return a report of GuideLLM 0.6.0 with two loads."""
    return {
        "metadata": {"version": 1, "guidellm_version": "0.6.0", "python_version": "3.12.3", "platform": "Linux"},
        "args": {"profile": "sweep", "data": ["prompt_tokens=20,output_tokens=10"]},
        "benchmarks": [
            guidellm_benchmark({"type_": "synchronous"}),
            guidellm_benchmark({"type_": "constant", "rate": 2.5}),
        ],
    }


def aiperf_record(place: int, phase: str = "profiling", **changes: object) -> dict[str, object]:
    """Return a `MetricRecordInfo` of AIPerf 0.13.0."""
    started_ns = int((START_S + place) * 1e9)
    return {
        "metadata": {
            "session_num": place, "x_request_id": f"x-{place}", "x_correlation_id": f"c-{place}",
            "conversation_id": f"conversation-{place % 4}", "turn_index": 0, "request_start_ns": started_ns,
            "request_ack_ns": None, "request_end_ns": started_ns + 700_000_000, "worker_id": "w",
            "record_processor_id": "p", "benchmark_phase": phase, "was_cancelled": False, "cancellation_time_ns": None,
        },
        "metrics": {
            "input_sequence_length": {"value": 550, "unit": "tokens"},
            "time_to_first_token": {"value": 255.5, "unit": "ms"},
            "request_latency": {"value": 500.0 + place, "unit": "ms"},
            "output_token_count": {"value": 9, "unit": "tokens"},
            "inter_chunk_latency": {"value": [4.9, 5.3], "unit": "ms"},
            "output_sequence_length": {"value": 12, "unit": "tokens"},
        },
        "error": None,
        **changes,
    }  # fmt: skip


def aiperf_profile(
    folder: Path, concurrency: int, requests: int = 20, *, url: str = "http://localhost:8000", slower: float = 1.0
) -> Path:
    """Write a profile of AIPerf 0.13, whose settings are in its phases: requests of 0.7 s, `concurrency` at a time.

    Args:
        folder: is made.
        concurrency: as the settings have it.
        requests: how many.
        url: of the server.
        slower: what the latency of each request is multiplied by.
    """
    folder.mkdir(parents=True)
    records = []
    for place in range(requests):
        record = aiperf_record(place)
        started_ns = int((START_S + 0.7 * (place // concurrency)) * 1e9)
        record["metadata"] |= {
            "credit_issued_ns": started_ns - 2_000_000, "request_start_ns": started_ns,
            "request_end_ns": started_ns + 700_000_000, "conversation_id": f"conversation-{place}",
        }  # fmt: skip
        record["metrics"] |= {
            "request_latency": {"value": 700.0 * slower + place % 3, "unit": "ms"},
            "inter_chunk_latency": {"value": [4.5, 5.5], "unit": "ms"},
        }
        records.append(json.dumps(record))
    (folder / "profile_export.jsonl").write_text("\n".join(records))
    settings = {
        "models": {"items": [{"name": "org/model"}]},
        "endpoint": {"urls": [url], "type": "chat", "streaming": True, "api_key": "hush"},
        "phases": [
            {"name": "warmup", "kind": "warmup", "type": "concurrency", "concurrency": 9},
            {"name": "profiling", "kind": "profiling", "type": "concurrency", "concurrency": concurrency},
        ],
    }
    totals = {
        "schema_version": "1.4", "aiperf_version": "0.13.0", "input_config": settings,
        "request_latency": {"unit": "ms", "avg": 700.0, "p99": 700.0, "count": requests},
        "nvidia_total_gpu_energy": {"unit": "J", "avg": 650.0},
    }  # fmt: skip
    (folder / "profile_export_aiperf.json").write_text(json.dumps(totals))
    sessions = [
        {"session_id": f"conversation-{place}", "payloads": [{"messages": [{"role": "user", "content": f"{place}?"}]}]}
        for place in range(requests)
    ]
    (folder / "inputs.json").write_text(json.dumps({"data": sessions}))
    return folder
