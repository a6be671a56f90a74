"""A hybrid as it was predicted, next to how it was measured."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from tests.made_up.records import call_on
from tests.made_up.routed import CHOOSING_J, by_score
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.routing.prediction_check import prediction_checks
from wattbench_reports.sections.hybrids import hybrids_section
from wattbench_reports.wording.prediction import prediction_figures, prediction_rows, prediction_sentences

ROUTE = by_score(0.3)


def predicting(routed: Any, **block: Any) -> Any:
    """The run's analysis, with a prediction in its suite."""
    known = {"run": "earlier", "items": 40, "single": "c", "figures": {}, "over_single": {}} | block
    systems = routed.run.header.suite["systems"]
    suite = {**routed.run.header.suite, "systems": {**systems, "mixed": {**systems["mixed"], "predicted": known}}}
    return analyse(dataclasses.replace(routed.run, header=dataclasses.replace(routed.run.header, suite=suite)))


def test_measured_figures_are_those_of_the_run(compose) -> None:
    routed = compose(ROUTE)
    table = routed.table.groupby(["system", "task", "doc_id"])[["correct", "energy_j"]].mean().reset_index()
    means = table.groupby("system")[["correct", "energy_j"]].mean()
    every = {"accuracy": [0.5, 0.4, 0.6], "joules": [5.0, 4.0, 6.0], "grams": [1.0, 1.0, 1.0], "money": [1.0, 1.0, 1.0]}
    [check] = call_on(prediction_checks, predicting(routed, figures=every, over_single={"joules": [-3.0, -4.0, -2.0]}))
    assert [each.name for each in check.figures] == ["accuracy", "joules"]  # the others are not measured here
    accuracy, joules = check.figures
    assert accuracy.measured.estimate == pytest.approx(means.loc["mixed", "correct"])
    assert joules.measured.estimate == pytest.approx(means.loc["mixed", "energy_j"])
    [gap] = check.over_single
    assert gap.measured.estimate == pytest.approx(means.loc["mixed", "energy_j"] - means.loc["c", "energy_j"])
    assert accuracy.measured.low < accuracy.measured.estimate < accuracy.measured.high
    assert accuracy.difference.estimate == pytest.approx(accuracy.measured.estimate - 0.5)
    halves = (0.1, accuracy.measured.estimate - accuracy.measured.low)
    assert accuracy.difference.estimate - accuracy.difference.low == pytest.approx(np.hypot(*halves))


def test_it_agrees_with_the_truth_and_not_with_another_figure(compose) -> None:
    routed = compose(ROUTE)
    own = routed.table[routed.table["system"] == "mixed"]
    joules = own["energy_j"].mean()
    truth = {"accuracy": [own["correct"].mean()] * 3, "joules": [joules - CHOOSING_J] * 3}
    [check] = call_on(prediction_checks, predicting(routed, figures=truth))
    assert all(each.agrees for each in check.figures)
    assert prediction_sentences(check) == (
        "mixed was predicted from 40 items of earlier that its router was not trained on, and came out as predicted: "
        "every difference is within its interval.",
    )
    [check] = call_on(
        prediction_checks,
        predicting(routed, figures={"joules": [3 * joules] * 3}, over_single={"accuracy": [0.0, -1.0, 1.0]}),
    )
    assert [each.agrees for each in (*check.figures, *check.over_single)] == [False, True]
    [sentence] = prediction_sentences(check)
    assert sentence.endswith(" that its router was not trained on. Not as predicted: joules per request.")
    [figures] = prediction_figures(check)
    assert figures.startswith("Joules per request: ")
    assert "; accuracy − that of c: 0.0 points [−100.0, 100.0] predicted, " in figures
    rows = prediction_rows(check, "")
    assert [row[0] for row in rows] == ["joules per request", "accuracy − that of c"]
    assert [row[-1] for row in rows] == ["no", "yes"]


def test_what_moved_as_the_best_single_system_did_is_another_session(compose) -> None:
    routed = compose(ROUTE)
    means = routed.table.groupby("system")["energy_j"].mean()
    gap = means["mixed"] - means["c"]
    moved = {"joules": [3 * means["mixed"]] * 3}
    [check] = call_on(
        prediction_checks, predicting(routed, figures=moved, over_single={"joules": [gap, gap - 1, gap + 1]})
    )
    assert prediction_sentences(check) == (
        "mixed was predicted from 40 items of earlier that its router was not trained on, and came out as predicted in "
        "comparison with c.",
        "Its joules per request differ from the prediction, and those of c by as much, within the interval: this is "
        "another session of the machine.",
    )
    [check] = call_on(prediction_checks, predicting(routed, figures=moved, over_single={"joules": [3 * gap] * 3}))
    assert len(prediction_sentences(check)) == 1


def test_the_section_has_it_as_a_passage(compose) -> None:
    routed = compose(ROUTE)
    analysis = predicting(routed, figures={"accuracy": [0.5, 0.4, 0.6]})
    section = call_on(hybrids_section, analysis)
    [passage] = [each for each in section.passages if each.heading == "mixed: prediction"]
    assert [len(row) for row in passage.tables[0].rows] == [5]
    assert not call_on(prediction_checks, routed.analysis)


@pytest.mark.parametrize(
    "block",
    [
        {"items": 0}, {"run": None}, {"single": 3}, {"figures": "0.5"}, {"figures": {"accuracy": [0.5, 0.6, 0.4]}},
        {"figures": {"accuracy": [0.5, 0.4]}}, {"figures": {"accuracy": [float("nan")] * 3}}, {"figures": {"speed": 1}},
    ],
)  # fmt: skip
def test_a_damaged_prediction_is_none(compose, block: dict[str, Any]) -> None:
    block = {"figures": {"accuracy": [0.5, 0.4, 0.6]}} | block
    assert call_on(prediction_checks, predicting(compose(ROUTE), **block)) == ()


def test_a_single_system_that_is_not_in_the_run_leaves_its_differences_out(compose) -> None:
    figures = {"accuracy": [0.5, 0.4, 0.6]}
    [check] = call_on(
        prediction_checks, predicting(compose(ROUTE), single="gone", figures=figures, over_single=figures)
    )
    assert len(check.figures) == 1
    assert check.over_single == ()
