"""Results of ``vllm bench serve`` (0.33) and SGLang's ``bench_serving`` (0.5.23), small and after their sources."""

from __future__ import annotations

from typing import Any

TTFTS_S = [0.05, 0.06, 0.07, 0.0]
GAPS_S = [[0.01, 0.02], [0.01, 0.01], [0.02, 0.02], []]
"""The fourth request failed."""


def lists() -> dict[str, Any]:
    return {
        "input_lens": [100, 101, 102, 103],
        "output_lens": [3, 3, 3, 0],
        "ttfts": TTFTS_S,
        "itls": GAPS_S,
        "generated_texts": ["a b c", "d e f", "g h i", ""],
        "errors": ["", "", "", "Service Unavailable"],
    }


def vllm_result(*, detailed: bool = True, **changes: Any) -> dict[str, Any]:
    totals = {
        "duration": 2.0, "completed": 3, "failed": 1, "total_input_tokens": 303, "total_output_tokens": 9,
        "request_throughput": 1.5, "request_goodput": None, "output_throughput": 4.5, "total_token_throughput": 156.0,
    }  # fmt: skip
    more = {"start_times": [1000.5, 1000.0, 1001.0, 0.0], "queue_times": [0.25, 0.0, 0.5, 0.0]}
    return {
        "date": "20261128-092711", "endpoint_type": "openai-chat", "backend": "openai-chat", "label": None,
        "model_id": "org/model", "tokenizer_id": "org/model", "num_prompts": 4, "gpu": "4xL40S",
        "request_rate": 10.0, "burstiness": 1.0, "max_concurrency": 4,
        **totals,
        **(lists() | {"latencies": [0.08, 0.08, 0.11, 0.0]} | more if detailed else {}),
        "max_output_tokens_per_s": 9.0, "max_concurrent_requests": 2, "spec_decode_acceptance_rate": 71.5,
        "mean_ttft_ms": 60.0, "median_ttft_ms": 60.0, "std_ttft_ms": 8.2, "p99_ttft_ms": 69.8, "p99.9_e2el_ms": 109.9,
        **changes,
    }  # fmt: skip


def sglang_result(*, detailed: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "tag": None, "backend": "sglang", "dataset_name": "random", "request_rate": float("inf"), "max_concurrency": 4,
        "sharegpt_output_len": None, "random_input_len": 20, "random_output_len": 10, "random_range_ratio": 0.0,
        "server_info": {"version": "0.5.23", "model_path": "org/model", "tp_size": 8, "api_key": "hush"},
        "duration": 2.0, "completed": 3, "total_input_tokens": 303, "total_output_tokens": 9,
        "request_throughput": 1.5, "input_throughput": 151.5, "output_throughput": 4.5, "total_throughput": 156.0,
        "mean_e2e_latency_ms": 90.0, "mean_ttft_ms": 60.0, "max_itl_ms": 20.0, "concurrency": 1.25,
        "accept_length": None,
        **(lists() if detailed else {}),
        **changes,
    }  # fmt: skip
