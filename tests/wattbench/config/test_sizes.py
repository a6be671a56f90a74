"""Infinite and absurd sizes in a suite are refused with the key, before anything is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from wattbench.config import Suite

SUITE: Mapping[str, Any] = {
    "name": "s",
    "tasks": {"select": [{"task": "t", "domain": "d"}]},
    "systems": {"include": ["catalogue.yaml"]},
}
LOAD = {"rates_per_s": [1.0], "min_duration_s": 60.0, "deadline_s": 1.0}
INFINITE, HUGE = float("inf"), 10**30


@pytest.mark.parametrize(
    ("key", "size"),
    [
        *[
            (f"measure.{key}", size)
            for key in ("batch", "idle_s", "warmup", "min_window_s", "window_s", "repeats", "blocks", "seed")
            for size in (INFINITE, float("nan"), HUGE, 1e308)
        ],
        *[
            (f"measure.load.{key}", size)
            for key in ("min_duration_s", "min_queries", "deadline_s", "ttft_deadline_s", "max_in_flight")
            for size in (INFINITE, HUGE)
        ],
        ("carbon.pue", INFINITE),
        ("carbon.intensity_g_per_kwh", INFINITE),
        ("workload.requests_per_year", INFINITE),
        ("workload.price_per_kwh", float("nan")),
        ("workload.mix", {"d": INFINITE}),
        ("gate.max_items", HUGE),
        ("gate.max_joules", INFINITE),
        ("gate.reloads", HUGE),
        ("gate.block", HUGE),
    ],
)
def test_an_absurd_size_is_refused_with_its_key(key: str, size: object) -> None:
    """Documents and layers too; nothing is made of it first, as a list of that length would be."""
    suite: dict[str, Any] = dict(SUITE)
    *parts, last = key.split(".")
    if "load" in parts:
        suite["measure"] = {"scenario": "load", "load": {**LOAD, last: size}}
    else:
        suite[parts[0]] = {"scenario": "throughput", last: size} if last == "batch" else {last: size}
    with pytest.raises(ValidationError, match=last):
        Suite.model_validate(suite)


def test_a_load_of_more_requests_than_memory_holds_is_refused() -> None:
    load = {**LOAD, "rates_per_s": [10_000.0], "min_duration_s": 1e6}
    with pytest.raises(ValidationError, match="are 10,000,000,000, and a rate may have 100,000,000"):
        Suite.model_validate({**SUITE, "measure": {"scenario": "load", "load": load}})


@pytest.mark.parametrize("choice", [{"documents": [0, HUGE]}, {"limit": HUGE}])
def test_no_document_has_an_absurd_number(choice: dict[str, object]) -> None:
    task = {"task": "t", "domain": "d", **choice}
    with pytest.raises(ValidationError, match=r"documents|limit"):
        Suite.model_validate({**SUITE, "tasks": {"select": [task]}})
