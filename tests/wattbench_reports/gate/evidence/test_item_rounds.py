"""The random order of the items of two runs keeps the error rate of accuracy, however tasks moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.made_up.gates import gate_policy
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import looks
from wattbench_reports.gate.evidence.item_rounds import FIGURES, item_rounds, seed_of
from wattbench_reports.gate.evidence.model import Evidence

GATES = 150
POLICY = gate_policy(metrics={"accuracy": {"margin": 0.05}})


def paired_items(rng: np.random.Generator, moved: float) -> pd.DataFrame:
    """Eight tasks of forty items: the candidate gains in the first four what it loses in the others."""
    tasks = np.repeat(np.arange(8), 40)
    gain = np.where(tasks < 4, moved, -moved)
    columns = {name: np.ones(len(tasks)) for figure in FIGURES for name in (figure, f"{figure}_2")}
    columns["correct"] = (rng.random(len(tasks)) < 0.5).astype(float)
    columns["correct_2"] = (rng.random(len(tasks)) < 0.5 + gain).astype(float)
    return pd.DataFrame({"task": [f"task-{number}" for number in tasks], **columns})


def fails(both: pd.DataFrame, seed: int, *, mixed: bool) -> bool:
    """Whether a gate of these items fails; `mixed`: in the order of two runs, else task by task, losses first."""
    rounds = item_rounds(both, {}, seed)
    if not mixed:
        rounds = tuple(sorted(rounds, key=lambda one: one.tasks, reverse=True))
    evidence = Evidence("a", "b", rounds, False)
    found = looks(cases(evidence, POLICY), POLICY)
    at = found.first_known()
    return at is not None and found[at].fails


@pytest.mark.simulation
def test_tasks_that_moved_without_a_net_change_are_no_alarm() -> None:
    rng = np.random.default_rng(1)
    alarms = {True: 0, False: 0}
    for number in range(GATES):
        both = paired_items(rng, 0.4)
        for mixed in alarms:
            alarms[mixed] += fails(both, seed_of([f"a-{number}", f"b-{number}"]), mixed=mixed)
    assert alarms[True] / GATES <= 0.05
    assert alarms[False] / GATES > 0.5, "task by task the same items raise alarms: the test can see one"


def test_the_seed_is_of_both_names_in_their_order() -> None:
    assert seed_of(["a", "b"]) == seed_of(["a", "b"])
    assert len({seed_of(["a", "b"]), seed_of(["b", "a"]), seed_of(["ab", ""]), seed_of(["a", "c"])}) == 4


def test_no_items_are_no_rounds() -> None:
    assert item_rounds(paired_items(np.random.default_rng(1), 0.0).iloc[:0], {}, 1) == ()
