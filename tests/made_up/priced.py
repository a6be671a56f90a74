"""Runs whose systems have prices."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from wattbench.records import RunRecords


def priced(
    run: RunRecords,
    systems: Mapping[str, Mapping[str, Any]],
    workload: Mapping[str, Any] | None = None,
    change: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> RunRecords:
    """Return a run with settings of systems added, its workload replaced, and its items changed."""
    if change is not None:
        change(pd.read_parquet(run.layout.items_table)).to_parquet(run.layout.items_table)
    header = run.header
    known = header.suite["systems"]
    suite = {
        **header.suite,
        "suite": {**header.suite["suite"], "workload": dict(workload or {})},
        "systems": known | {name: {**known.get(name, {}), **settings} for name, settings in systems.items()},
    }
    return dataclasses.replace(run, header=dataclasses.replace(header, suite=suite))


def used(system: str, prompt: int, output: int, cached: int | None = None, seconds: float = 0.0) -> dict[str, Any]:
    """Return what a hybrid records of one system that it asked."""
    return {
        "system": system, "prompt_tokens": prompt, "cached_tokens": cached, "output_tokens": output, "seconds": seconds,
    }  # fmt: skip


def with_usage(*usage: Sequence[dict[str, Any]], system: str = "mixed") -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a change that gives a hybrid's answers usage, in turns."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        own = (table["system"] == system).cumsum() - 1
        lists = [
            list(usage[place % len(usage)]) if name == system else []
            for name, place in zip(table["system"], own, strict=True)
        ]
        return table.assign(usage=lists)

    return change
