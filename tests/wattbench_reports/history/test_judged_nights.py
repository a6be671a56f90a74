"""Nights whose answers a judge scores: corrected figures where they are labelled, and none where they are not."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import read_run
from wattbench_reports.gate.policy import NIGHT_POLICY
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import load_history
from wattbench_reports.history.model import History
from wattbench_reports.history.night_verdict import night_verdict
from wattbench_reports.history.sql import query
from wattbench_reports.tables.run_tables import load_frames

BOTH = (("sums", "arithmetic"), ("replies", "writing"))
ONLY = BOTH[1:]

Nights = Callable[..., Path]


@pytest.fixture
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Write judged nights, each with some labels of each system."""

    def write(*labels: int, tasks: tuple[tuple[str, str], ...] = BOTH) -> Path:
        folder = tmp_path_factory.mktemp("nights")
        for number, of_night in enumerate(labels):
            fake = FakeRun(
                systems=(FakeSystem("big", accuracy=0.8), FakeSystem("small")),
                tasks=tasks,
                items=60,
                id=f"night{number:02}",
                judges={"replies": FakeJudge(wrong=0.5, seed=number)},
            )
            root = write_run(folder / "runs", fake)
            path = root / "run.json"
            date = datetime.date(2026, 1, 2) + datetime.timedelta(days=number)
            night = {"date": str(date), "commit": "0" * 40, "backfilled": False}
            path.write_text(json.dumps(json.loads(path.read_text()) | {"night": night}))
            add_labels(root, of_night, seed=number)
        return folder

    return write


def figures(history: History, night: int, system: str = "big", domain: str = "") -> pd.Series:
    values = history.values
    of_night = values[(values["run"] == history.nights[night].run) & (values["system"] == system)]
    return of_night[of_night["domain"] == domain].set_index("metric")["value"]


@pytest.mark.parametrize("labels", [30, 0])
def test_a_night_has_the_figures_that_its_comparison_has(nights: Nights, labels: int) -> None:
    history = load_history(nights(labels))
    items = load_frames(read_run(history.nights[0].root)).items
    own = items[items["system"] == "big"]
    found = figures(history, 0)
    assert found["accuracy"] == pytest.approx(own["correct"].mean())
    assert found["joules_per_correct"] == pytest.approx(own["energy_j"].sum() / own["correct"].sum())
    assert len(own) == (120 if labels else 60)
    assert ("writing" in set(history.values["domain"])) == bool(labels)
    scores = own["correct"].to_numpy()
    errors = history.values.set_index(["system", "domain", "metric"])["standard_error"]
    assert errors["big", "", "accuracy"] == pytest.approx(scores.std(ddof=1) / np.sqrt(len(scores)))


def test_an_opinion_is_in_no_figure_and_named(nights: Nights) -> None:
    history = load_history(nights(0, 0, 0, tasks=ONLY))
    assert not {"accuracy", "joules_per_correct"} & set(history.values["metric"])
    items = load_frames(read_run(history.nights[2].root)).items
    joules = items.loc[items["system"] == "big", "energy_j"].mean()
    assert figures(history, 2)["joules_per_request"] == pytest.approx(joules)
    root = history.nights[2].root
    assert history.notes == (
        "the last night has a judge's opinion of replies alone, which is in no figure: it lacks 20 labels of big and "
        f"20 labels of small (wattbench label {root})",
        "2 earlier nights have such opinions, too",
    )


def test_labels_that_are_added_later_count_though_the_night_is_in_the_index(nights: Nights) -> None:
    root = nights(0, tasks=ONLY)
    before = load_history(root)
    add_labels(before.nights[0].root, 30)
    after = load_history(root)
    assert "accuracy" not in figures(before, 0)
    assert "accuracy" in figures(after, 0)
    assert after.notes == ()
    assert load_history(root).values.equals(after.values)


def test_a_night_with_nothing_but_opinions_never_passes(nights: Nights) -> None:
    history = load_history(nights(*[0] * 8, tasks=ONLY))
    verdict = night_verdict(history)
    missing = [change for change in verdict.changes if change.metric == "accuracy"]
    assert [(change.system, change.state, change.blocks) for change in missing] == [
        ("big", "not_measured", True), ("small", "not_measured", True),
    ]  # fmt: skip
    assert verdict.result.verdict is Verdict.INCONCLUSIVE
    assert verdict.result.headline == (
        "The night of 2026-01-09 does not pass: big accuracy (and 1 more) is not measured: this night has a judge's "
        "opinion of replies alone."
    )
    assert history.notes[0] in verdict.result.notes


def test_a_night_without_labels_is_not_held_against_labelled_ones(nights: Nights) -> None:
    verdict = night_verdict(load_history(nights(*[30] * 6, 0, tasks=ONLY)))
    missing = {change.note for change in verdict.changes if change.metric == "accuracy"}
    assert missing == {"an earlier night has this figure, and this night has a judge's opinion of replies alone"}
    assert verdict.result.verdict is Verdict.INCONCLUSIVE
    mixed = night_verdict(load_history(nights(*[30] * 6, 0)))
    accuracy = [change for change in mixed.changes if change.metric == "accuracy"]
    assert {change.state for change in accuracy} == {"not_comparable"}


def test_nights_that_are_all_labelled_are_compared_by_corrected_scores(nights: Nights) -> None:
    verdict = night_verdict(load_history(nights(*[40] * 8)), NIGHT_POLICY)
    accuracy = [change for change in verdict.changes if change.metric == "accuracy"]
    assert accuracy
    assert all(change.low is not None for change in accuracy)


def test_sql_shows_the_opinion_in_its_own_column(nights: Nights) -> None:
    root = nights(30)
    found = query(root, "SELECT count(correct), count(judged) FROM items WHERE task = 'replies'")
    assert found.rows == ((0, 120),)
    assert query(root, "SELECT count(*) FROM cells WHERE domain = 'writing' AND metric = 'accuracy'").rows == ((2,),)
