"""Hybrids whose answers are their members', so that a replay has to give the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from tests.made_up.runs import FakeRun, FakeSystem
from wattbench.records import RunRecords
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions

CHOOSING_J, CHOOSING_S = 0.125, 0.01
_ROUTED = (
    "route", "route_asked", "route_score", "prompt", "router_s", "router_energy_j", "correct", "energy_j", "finished_s",
)  # fmt: skip
"""The columns of a hybrid's answers that depend on its members'."""


@dataclass
class Routed:
    """A run: its analysis, and the table behind it."""

    run: object
    analysis: object
    table: pd.DataFrame

    def again(self, assumptions: Assumptions = AS_IN_SUITE) -> object:
        """Return the analysis of the table as it is now."""
        self.table.to_parquet(self.run.layout.items_table)
        return analyse(self.run, assumptions)

    def cells(self) -> dict[tuple[str, str, int], dict[str, float]]:
        """Return the mean of each system's answers to each item of a task."""
        return _by_item(self.table, "system", "task", "doc_id")


def _by_item(table: pd.DataFrame, *keys: str) -> dict[tuple, dict[str, float]]:
    return table.groupby([*keys])[["correct", "energy_j", "started_s", "finished_s"]].mean().to_dict("index")


def members() -> tuple[FakeSystem, ...]:
    """Return two specialists and a generalist."""
    return (
        FakeSystem("a", "specialist", accuracy=0.2, by_domain={"arithmetic": 0.8}, energy_j=3.0),
        FakeSystem("b", "specialist", accuracy=0.2, by_domain={"text": 0.9}, energy_j=5.0),
        FakeSystem("c", accuracy=0.5, energy_j=12.0, latency_s=1.5),
    )


def score_of(task: str, doc_id: int, repeat: int) -> float:
    """Return a router's score of an item, from 0 to 1; many are equal."""
    return ((doc_id * 7 + len(task) + 3 * repeat) % 20) / 20


def routed_run(
    make_run: Callable[[FakeRun], RunRecords],
    route: Callable[[str, int, int], Sequence[str]],
    *,
    router: dict | None = None,
    order: Sequence[str] = ("a", "b", "c"),
    others: Sequence = (),
    fallback: str | None = "label-2",
    extra_j: float = 0.0,
    systems: Sequence | None = None,
    **run_options: object,
) -> Routed:
    """Return a run whose hybrid gives its members' recorded answers, and draws `extra_j` more for each."""
    hybrid = FakeSystem("mixed", "hybrid", members=tuple(order), router="classifier",
                         routes={domain: tuple(order) for domain in ("arithmetic", "text")})  # fmt: skip
    alone = members() if systems is None else tuple(systems)
    run = make_run(FakeRun((*alone, *others, hybrid), **run_options))
    table = pd.read_parquet(run.layout.items_table)
    own = _by_item(table, "system", "task", "doc_id", "repeat")
    mixed = table["system"] == "mixed"
    rows = table[mixed].to_dict("records")
    for row in rows:
        key = (row["task"], row["doc_id"], row["repeat"])
        asked = list(route(*key))
        answers = [own[name, *key] for name in asked if (name, *key) in own]
        row["route"], row["route_asked"], row["route_score"] = asked[-1], asked, score_of(*key)
        row["prompt"] = f"{row['domain']} question, number {row['doc_id']}"
        row["router_s"], row["router_energy_j"] = (CHOOSING_S, CHOOSING_J) if len(asked) == 1 else (1.0, 1.0)
        if len(answers) < len(asked):
            continue
        choosing_j, choosing_s = (CHOOSING_J, CHOOSING_S) if len(asked) == 1 else (0.0, 0.0)
        seconds = sum(answer["finished_s"] - answer["started_s"] for answer in answers)
        row["correct"] = answers[-1]["correct"]
        row["energy_j"] = sum(answer["energy_j"] for answer in answers) + choosing_j + extra_j
        row["finished_s"] = row["started_s"] + seconds + choosing_s
    for name in _ROUTED:
        column = table[name].astype(object)
        column[mixed] = pd.Series([row[name] for row in rows], column.index[mixed], object)
        table[name] = column if name == "route_asked" else column.astype(table[name].dtype)
    table.to_parquet(run.layout.items_table)
    config = {
        "kind": "hybrid",
        "members": {f"label-{place}": name for place, name in enumerate(order)},
        "router": router or {"type": "classifier", "min_score": 0.0},
    }
    if fallback is not None:
        config["fallback"] = fallback
    suite = {**run.header.suite, "systems": {**run.header.suite["systems"], "mixed": config}}
    run = dataclasses.replace(run, header=dataclasses.replace(run.header, suite=suite))
    return Routed(run, analyse(run), table)


def by_score(threshold: float) -> Callable[[str, int, int], Sequence[str]]:
    """Return a classifier's route: `a` or `b` by the item, `c` where the score is too low."""
    return lambda task, doc_id, repeat: (
        ("c",) if score_of(task, doc_id, repeat) < threshold else ("a" if task == "chain_sum" else "b",)
    )


def cascading(threshold: float) -> Callable[[str, int, int], Sequence[str]]:
    """Return a cascade's route: `a`, and `c` after it where the score is too low."""
    return lambda task, doc_id, repeat: ("a",) if score_of(task, doc_id, repeat) >= threshold else ("a", "c")
