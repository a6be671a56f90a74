"""AIQ: worked by hand, and the hull against all mixtures of two points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.records import call_on
from tests.made_up.routed import CHOOSING_J, by_score, cascading, score_of
from wattbench_reports.routing.answers.answer_matrix import hybrid_answers, matrix_of
from wattbench_reports.routing.hybrids.frontier import aiq, curve_of, hull_of
from wattbench_reports.routing.hybrids.hybrid_and_members import bench_of
from wattbench_reports.routing.hybrids.study import studies

points = st.lists(
    st.tuples(st.floats(0.1, 100.0), st.floats(0.0, 1.0)), min_size=1, max_size=12, unique_by=lambda pair: pair[0]
)
CLASSIFIER = {"type": "classifier", "min_score": 0.3}
CASCADE = {"type": "cascade", "order": ["label-0", "label-1"], "min_confidence": 0.5}


def test_a_worked_example() -> None:
    # Corners (1, .2), (2, .6), (4, .8): (3, .5) lies below, (5, .7) is dearer and worse.
    cost, quality = np.array([3.0, 1.0, 4.0, 5.0, 2.0]), np.array([0.5, 0.2, 0.8, 0.7, 0.6])
    corners, heights = hull_of(cost, quality)
    assert corners.tolist() == [1.0, 2.0, 4.0]
    assert heights.tolist() == [0.2, 0.6, 0.8]
    # From 1 to 6: (.2 + .6) / 2 * 1 + (.6 + .8) / 2 * 2 + .8 * 2 = .4 + 1.4 + 1.6 = 3.4, over 5.
    assert aiq(cost, quality, 1.0, 6.0) == pytest.approx(0.68)
    # From 0.5, half way to nothing at .1: (.1 + .2) / 2 * .5 = .075 more, over 5.5.
    assert aiq(cost, quality, 0.5, 6.0) == pytest.approx((3.4 + 0.075) / 5.5)
    # Within one edge: the mean of .6 and .7.
    assert aiq(cost, quality, 2.0, 3.0) == pytest.approx(0.65)


def test_one_point_is_level_from_there_on() -> None:
    assert aiq(np.array([2.0]), np.array([0.5]), 2.0, 10.0) == pytest.approx(0.5)


@given(points)
def test_the_hull_is_the_best_mixture_that_a_budget_buys(pairs: list[tuple[float, float]]) -> None:
    cost, quality = np.array(pairs).T
    corners, heights = hull_of(cost, quality)
    assert (np.diff(corners) > 0).all() and (np.diff(heights) > 0).all()
    for budget in np.linspace(cost.min(), cost.max(), 7):
        best = max(quality[cost <= budget])
        for cheap, low in pairs:
            for dear, high in pairs:
                if cheap <= budget < dear:
                    best = max(best, low + (high - low) * (budget - cheap) / (dear - cheap))
        assert np.interp(budget, corners, heights) == pytest.approx(best, abs=1e-9)


@given(points)
def test_aiq_is_a_mean_height(pairs: list[tuple[float, float]]) -> None:
    cost, quality = np.array(pairs).T
    low, high = float(cost.min()), float(cost.max()) + 1.0
    value = aiq(cost, quality, low, high)
    assert quality[cost.argmin()] - 1e-9 <= value <= quality.max() + 1e-9
    corners, heights = hull_of(cost, quality)
    grid = np.linspace(low, high, 4001)
    assert value == pytest.approx(np.interp(grid, corners, heights).mean(), abs=2e-3)


def curve(routed):
    matrix = call_on(matrix_of, routed.analysis)
    (hybrid,) = hybrid_answers(routed.analysis.measured, matrix)
    return curve_of(routed.analysis.measured, call_on(bench_of, routed.analysis, matrix, hybrid))


def recounted(routed, threshold: float, *, cascade: bool) -> tuple[float, float, float]:
    """Share kept, accuracy and joules per request at a threshold, from the table."""
    own = routed.table[routed.table["system"] == "mixed"]
    cells = routed.cells()
    kept, score, energy_j = [], [], []
    for _, row in own.iterrows():
        sure = row["route_score"] >= threshold
        if cascade:
            asked = ["a"] if sure else ["a", "c"]
        else:
            asked = [row["route"]] if sure else ["c"]
            sure = sure and row["route_score"] >= CLASSIFIER["min_score"]
        answers = [cells[name, row["task"], row["doc_id"]] for name in asked]
        kept.append(sure)
        score.append(answers[-1]["correct"])
        energy_j.append(sum(each["energy_j"] for each in answers) + (0.0 if cascade else CHOOSING_J))
    return float(np.mean(kept)), float(np.mean(score)), float(np.mean(energy_j))


@pytest.mark.slow
@pytest.mark.parametrize("repeats", [1, 2])
@pytest.mark.parametrize("cascade", [False, True], ids=["classifier", "cascade"])
def test_every_setting_is_recounted(compose, cascade: bool, repeats: int) -> None:
    options = {"items": 20, "repeats": repeats}
    if cascade:
        routed = compose(cascading(0.5), router=CASCADE, order=("a", "c"), **options)
    else:
        routed = compose(by_score(0.3), router=CLASSIFIER, **options)
    found = curve(routed)
    scores = {score_of(task, doc, r) for task in ("chain_sum", "spell_backward") for doc in range(20)
              for r in range(repeats)}  # fmt: skip
    wanted = sorted(score for score in scores if cascade or score >= 0.3)
    assert found.threshold.tolist() == [*wanted, np.inf]
    for place, threshold in enumerate(found.threshold):
        expected = recounted(routed, threshold, cascade=cascade)
        got = (found.kept[place], found.accuracy[place], found.energy_j[place])
        assert got == pytest.approx(expected), threshold


def test_the_setting_that_it_ran_with_is_its_own_replay(compose) -> None:
    routed = compose(by_score(0.3), router=CLASSIFIER)
    (found,) = call_on(studies, routed.analysis).hybrids
    assert found.frontier.curve is not None
    assert found.frontier.curve.upwards
    assert found.frontier.curve.accuracy[0] == pytest.approx(found.bench.replayed.accuracy)
    assert found.frontier.curve.energy_j[0] == pytest.approx(found.bench.replayed.j_per_request)
    assert found.frontier.curve.kept[-1] == 0.0


def test_a_threshold_of_nothing_leaves_all_settings_known(compose) -> None:
    found = curve(compose(by_score(-1.0), router={"type": "llm", "min_score": 0.0}))
    assert (found.upwards, found.kept[0]) == (False, pytest.approx(1.0))


def test_an_answer_without_a_score_is_never_sure(compose) -> None:
    routed = compose(cascading(0.5), router=CASCADE, order=("a", "c"))
    place = np.flatnonzero((routed.table["system"] == "mixed") & (routed.table["route"] == "c"))[:8]
    routed.table.loc[place, "route_score"] = np.nan
    found = curve(type(routed)(routed.run, routed.again(), routed.table))
    assert found.kept[0] == pytest.approx(72 / 80)


@pytest.mark.parametrize(
    ("router", "options", "why"),
    [
        ({"type": "random"}, {}, ""),
        ({"type": "oracle"}, {}, ""),
        (CLASSIFIER, {"fallback": None}, "it has no fallback"),
        ({"type": "cascade", "order": ["label-0", "label-1", "label-2"]}, {}, "with more than two members"),
        ({"type": "cascade", "order": ["label-0", "elsewhere"]}, {}, " is not in this run"),
    ],
)
def test_what_cannot_be_moved_is_said(compose, router, options, why: str) -> None:
    found = curve(compose(by_score(0.3), router=router, **options))
    assert isinstance(found, str)
    assert why in found
    assert bool(found) == bool(why)


def test_without_scores_nothing_is_moved(compose) -> None:
    routed = compose(by_score(0.3), router=CLASSIFIER)
    routed.table["route_score"] = np.nan
    assert curve(type(routed)(routed.run, routed.again(), routed.table)) == "no scores of its router are recorded"


def test_a_few_settings_are_spread_over_what_is_kept(compose) -> None:
    found = curve(compose(by_score(0.3), router=CLASSIFIER))
    some = found.chosen(5)
    assert 3 <= len(some) <= 5
    assert {0, len(found.kept) - 1} <= set(some.tolist())


def test_one_range_of_joules_for_all_routers(compose, fake) -> None:
    routed = compose(by_score(0.3), router=CLASSIFIER)
    found = call_on(studies, routed.analysis)
    quality, (hybrid,) = found.quality, found.hybrids
    means = routed.table[routed.table["system"] != "mixed"].groupby("system")["energy_j"].mean()
    assert quality.low_j == pytest.approx(means.min())
    assert quality.high_j == pytest.approx(max(means.max(), hybrid.frontier.curve.energy_j.max()))
    # The members' own hull, by the table.
    accuracy = routed.table[routed.table["system"] != "mixed"].groupby("system")["correct"].mean()
    grid = np.linspace(quality.low_j, quality.high_j, 2001)
    best = []
    for budget in grid:
        reach = [accuracy[name] for name in means.index if means[name] <= budget]
        for cheap in means.index:
            for dear in means.index:
                if means[cheap] <= budget < means[dear]:
                    share = (budget - means[cheap]) / (means[dear] - means[cheap])
                    reach.append(accuracy[cheap] + share * (accuracy[dear] - accuracy[cheap]))
        best.append(max(reach))
    assert quality.mixes["mixed"] == pytest.approx(np.mean(best), abs=1e-3)


@pytest.mark.parametrize("margin", [0.3, 0.0])
def test_a_margin_of_predicted_scores_is_a_threshold_below_which_nothing_is_known(compose, margin: float) -> None:
    routed = compose(by_score(margin), router={"type": "predicted", "margin": margin})
    found = curve(routed)
    assert (found.setting, found.instead, found.at, found.upwards) == ("margin", "c", margin, True)
    assert found.threshold[0] == margin
    assert found.accuracy[0] == pytest.approx(call_on(studies, routed.analysis).hybrids[0].bench.replayed.accuracy)
