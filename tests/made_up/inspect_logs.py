"""A log of inspect_ai, small and after its `EvalLog` (version 2), in JSON and as an ``.eval``."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

MODEL = "openai/gpt-4o-mini"
CREATED = "2025-05-12T20:28:13-04:00"


def usage(tokens: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "input_tokens": 64,
        "output_tokens": tokens,
        "total_tokens": 64 + tokens,
        "input_tokens_cache_read": 5,
    } | changes


def sample(place: int, *, epoch: int = 1, calls: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a sample; every third answer is wrong, and two calls have the tokens of both in `model_usage`."""
    answer = {"role": "assistant", "content": "Yes", "source": "generate", "model": MODEL}
    asked = {"role": "user", "content": f"Is it {place}?"}
    return {
        "id": place,
        "epoch": epoch,
        "input": [asked],
        "target": " Yes",
        "messages": [asked, *([answer] * calls)],
        "output": {
            "model": MODEL,
            "choices": [{"message": answer, "stop_reason": "stop"}],
            "usage": usage(),
            "time": 0.5 + place / 10,
        },
        "scores": {"match": {"value": "I" if place % 3 == 0 else "C", "answer": "Yes", "explanation": "Yes"}},
        "metadata": {},
        "store": {},
        "events": [],
        "model_usage": {MODEL: usage(2 * calls), "openai/judge": usage(999)},
        "attachments": {},
        **changes,
    }


def log(samples: list[dict[str, Any]], *, generation: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a log with settings of all calls (`generation`) and of the evaluation (`changes`)."""
    evaluation = {
        "eval_id": "e1", "run_id": "r1", "created": CREATED, "task": "popularity", "task_id": "t1", "task_version": 3,
        "task_attribs": {}, "task_args": {}, "dataset": {"name": "popularity", "samples": len(samples)},
        "model": MODEL, "model_base_url": "https://user:hush@api.example.com/v1", "model_args": {}, "config": {},
        "packages": {"inspect_ai": "0.3.95"},
    }  # fmt: skip
    return {
        "version": 2,
        "status": "success",
        "eval": evaluation | changes,
        "plan": {"name": "plan", "steps": [], "config": generation or {}},
        "results": {"total_samples": len(samples), "completed_samples": len(samples), "scores": []},
        "stats": {"started_at": CREATED, "completed_at": CREATED, "model_usage": {}},
        "samples": samples,
    }


def write_log(path: Path, samples: list[dict[str, Any]], **changes: Any) -> Path:
    """Write a log, in the form of the path's suffix."""
    whole = log(samples, **changes)
    if path.suffix == ".json":
        path.write_text(json.dumps(whole))
        return path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({key: whole[key] for key in ("version", "eval", "plan")}))
        for each in samples:
            archive.writestr(f"samples/{each['id']}_epoch_{each['epoch']}.json", json.dumps(each))
        archive.writestr("header.json", json.dumps({key: value for key, value in whole.items() if key != "samples"}))
    return path
