"""A judge as a row: textbook figures, biases that are there and that are not, and six judges of public pairs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from wattbench_reports.stats import accuracy_interval, wilson_interval
from wattbench_reports.stats.judge_reliability import JudgeReliability, judge_reliability
from wattbench_reports.stats.label_correction import TaskAnswers, corrected_scores

Floats = NDArray[np.float64]

LLMBAR = Path(__file__).parents[2] / "data" / "judges" / "llmbar.csv"
with LLMBAR.open(encoding="utf-8", newline="") as _lines:
    PAIRS = list(csv.DictReader(_lines))
JUDGES = tuple(PAIRS[0])[5:]


def answers_of(verdicts: Floats, labels: Floats, systems: int = 1) -> TaskAnswers:
    number = len(verdicts)
    return TaskAnswers(np.arange(number) % systems, np.arange(number) // systems, verdicts, labels)


def bias(found: JudgeReliability, kind: str) -> float:
    (one,) = (each for each in found.biases if each.kind == kind)
    return one.p_value


def test_figures_of_pass_and_fail_are_those_of_the_textbook() -> None:
    """Cohen's table: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: agreement .7, kappa .4."""
    verdicts = np.repeat([1.0, 1.0, 0.0, 0.0], [20, 5, 10, 15])
    labels = np.repeat([1.0, 0.0, 1.0, 0.0], [20, 5, 10, 15])
    found = judge_reliability(answers_of(verdicts, labels), 1)
    assert found.answers == 50
    assert found.agreement == wilson_interval(0.7, 50)
    assert found.sensitivity == wilson_interval(20 / 30, 30)
    assert found.specificity == wilson_interval(15 / 20, 20)
    assert found.kappa is not None
    assert found.kappa.estimate == pytest.approx(0.4) == cohen_kappa_score(verdicts, labels)
    assert found.kappa.low == pytest.approx(0.4 - 2.01 * 0.128, abs=0.02)  # Fleiss, Cohen and Everitt's error: .128
    assert found.correlation is not None
    assert found.correlation.estimate == pytest.approx(np.corrcoef(verdicts, labels)[0, 1])


def test_weights_undo_a_draw_by_verdict() -> None:
    """Of 100 passed answers 10 are labelled, of 100 failed ones all: sensitivity is of all 200."""
    verdicts = np.repeat([1.0, 0.0], 100)
    labels = np.full(200, np.nan)
    labels[:10], labels[100:] = [*[1.0] * 8, 0.0, 0.0], np.repeat([1.0, 0.0], [20, 80])
    chances = np.repeat([0.1, 1.0], 100)
    answers = TaskAnswers(np.zeros(200, dtype=np.int64), np.arange(200), verdicts, labels, chances)
    found = judge_reliability(answers, 1)
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert found.sensitivity.estimate == pytest.approx(80 / 100)
    assert found.specificity.estimate == pytest.approx(80 / 100)
    assert found.sensitivity.high - found.sensitivity.low > 0.2


def test_a_bias_by_system_and_one_by_length_are_named() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 5, 600) / 4
    lengths = np.exp(rng.normal(5, 1, 600))
    system = np.arange(600) % 3
    noise = rng.normal(0, 0.1, 600)
    fair = judge_reliability(answers_of(labels + noise, labels, 3), 4, lengths)
    assert all(each.p_value > 0.05 for each in fair.biases)
    assert [each.system for each in fair.biases] == [None, 0, 1, 2, None]
    by_system = judge_reliability(answers_of(labels + noise + 0.1 * (system == 1), labels, 3), 4, lengths)
    favoured = {each.system: each for each in by_system.biases if each.kind == "system"}
    assert favoured[1].p_value < 0.001
    assert favoured[1].size.low < 0.1 < favoured[1].size.high
    by_length = judge_reliability(answers_of(labels + noise + 0.05 * np.log2(lengths), labels, 3), 4, lengths)
    (slope,) = (each for each in by_length.biases if each.kind == "length")
    assert slope.p_value < 0.001
    assert slope.size.estimate == pytest.approx(0.05, abs=0.01)


def test_agreement_on_all_answers_has_an_error() -> None:
    verdicts = np.tile([0.0, 1.0], 20)
    found = judge_reliability(answers_of(verdicts, verdicts, 2), 1)
    assert [(each.kind, each.p_value) for each in found.biases] == [("overall", 1.0), ("system", 1.0)]
    assert all(each.size.low < -0.04 < 0.04 < each.size.high for each in found.biases)


def test_without_labels_only_orders_are_known() -> None:
    verdicts = np.array([1.0, 0.5, 0.0, 1.0, np.nan])
    orders = np.array([1.0, 1.0, 0.0, 1.0, 1.0]), np.array([1.0, 0.0, 0.0, 1.0, np.nan])
    found = judge_reliability(answers_of(verdicts, np.full(5, np.nan)), 2, orders=orders)
    assert found.answers == 0
    assert found.agreement is found.kappa is found.correlation is None
    assert found.orders is not None
    assert found.orders.answers == 4
    assert found.orders.contradicting.estimate == pytest.approx(1 / 4)
    assert found.orders.chose_first.estimate == pytest.approx(5 / 8)
    assert [each.kind for each in found.biases] == ["position"]
    assert judge_reliability(answers_of(verdicts, np.full(5, np.nan)), 2).biases == ()


def of_public_judge(judge: str, subset: str) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Verdicts, truth, and verdicts in both orders, of a system that wrote the longer answer of each pair."""
    rows = [row for row in PAIRS if row["subset"] == subset]
    longer = np.array([1 if int(row["length_1"]) >= int(row["length_2"]) else 2 for row in rows])
    given, swapped = (
        np.array([np.nan if row[judge][place] == "-" else float(row[judge][place]) for row in rows]) for place in (0, 1)
    )
    one, other = (np.where(np.isnan(each), np.nan, each == longer) for each in (given, swapped))
    first, second = np.where(longer == 1, one, other), np.where(longer == 1, other, one)
    return (one + other) / 2, np.array([float(row["label"]) for row in rows]) == longer, (first, second)


@pytest.mark.parametrize("subset", ["Natural", "Adversarial/Neighbor"])
@pytest.mark.parametrize("judge", JUDGES)
def test_a_public_judge_contradicts_itself_as_often_as_its_verdicts_do(judge: str, subset: str) -> None:
    verdicts, truth, orders = of_public_judge(judge, subset)
    found = judge_reliability(answers_of(verdicts, truth.astype(float)), 2, orders=orders)
    both = [row[judge] for row in PAIRS if row["subset"] == subset and "-" not in row[judge]]
    assert found.orders is not None
    assert found.orders.answers == len(both)
    assert found.orders.contradicting.estimate == pytest.approx(np.mean([each[0] != each[1] for each in both]))
    if judge == "Falcon":
        assert found.orders.chose_first.low > 0.6
        assert bias(found, "position") < 0.001
    if judge == "GPT-4":
        assert found.orders.contradicting.high < 0.3


@pytest.mark.parametrize("judge", JUDGES)
def test_a_corrected_interval_holds_the_truth_of_public_pairs(judge: str) -> None:
    """Judges think well of the longer answer of a pair, people do not; 20 labels tell."""
    verdicts, truth, _ = of_public_judge(judge, "Adversarial/Neighbor")
    known = np.isfinite(verdicts)
    opinion = accuracy_interval(verdicts[known], np.ones(int(known.sum())))
    assert opinion is not None
    assert opinion.low > truth.mean()
    rng, held = np.random.default_rng(JUDGES.index(judge)), 0
    for _ in range(100):
        labels = np.full(len(truth), np.nan)
        drawn = rng.permutation(len(truth))[:20]
        labels[drawn] = truth[drawn]
        interval = accuracy_interval(corrected_scores(verdicts, labels).scores, np.ones(len(truth)))
        assert interval is not None
        held += interval.low <= truth.mean() <= interval.high
    assert held >= 93
