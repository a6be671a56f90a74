"""Results of other tools, on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up.other_tools import aiperf_record, evaluate, guidellm_report


@pytest.fixture(scope="session")
def lm_eval_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on two tasks, as lm-eval left them."""
    folder = tmp_path_factory.mktemp("lm-eval")
    evaluate(folder, "org/adder", wrong=4)
    evaluate(folder, "org/other-adder", wrong=2)
    return folder


@pytest.fixture
def guidellm_file(tmp_path: Path) -> Path:
    """A report of GuideLLM 0.6.0 with two loads."""
    path = tmp_path / "benchmarks.json"
    path.write_text(json.dumps(guidellm_report()))
    return path


@pytest.fixture
def aiperf_folder(tmp_path: Path) -> Path:
    """The artifacts of AIPerf 0.13.0: eight requests, one of them failed, and one of the warm-up."""
    folder = tmp_path / "artifacts"
    folder.mkdir()
    failed = aiperf_record(
        7,
        metrics={"error_isl": {"value": 550, "unit": "tokens"}},
        error={"code": 499, "type": "RequestCancellationError", "message": "Request was cancelled after 0.000 seconds"},
    )
    records = [aiperf_record(99, "warmup"), *(aiperf_record(place) for place in range(7)), failed]
    (folder / "profile_export.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    totals = {
        "schema_version": "1.4",
        "aiperf_version": "0.13.0",
        "request_latency": {"unit": "ms", "avg": 503.0},
        "input_config": {
            "endpoint": {"model_names": ["org/model"], "urls": ["http://localhost:8000"], "api_key": "hush"},
            "loadgen": {"concurrency": 4},
        },
    }
    (folder / "profile_export_aiperf.json").write_text(json.dumps(totals))
    sessions = [
        {"session_id": f"conversation-{place}", "payloads": [{"messages": [{"role": "user", "content": f"{place}!"}]}]}
        for place in range(4)
    ]
    (folder / "inputs.json").write_text(json.dumps({"data": sessions}))
    return folder


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Write a table in CSV: a header and its rows."""

    def make(text: str, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make
