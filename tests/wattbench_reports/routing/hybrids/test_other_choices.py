"""Other choices: oracles, chance and the shuffled control, each recounted."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from tests.made_up.records import call_on
from tests.made_up.routed import by_score, members
from wattbench_reports.routing.answers.answer_matrix import matrix_of
from wattbench_reports.routing.hybrids.other_choices import always_each, best_of_item, item_oracle, shuffled_router
from wattbench_reports.routing.hybrids.replay import Plan
from wattbench_reports.routing.hybrids.study import studies
from wattbench_reports.sections.hybrids import hybrids_section


def wide(routed) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each item's mean score and joules, by system."""
    table = routed.table
    return tuple(
        table.pivot_table(index=["task", "doc_id"], columns="system", values=name, aggfunc="mean")
        for name in ("correct", "energy_j")
    )  # type: ignore[return-value]


def found_in(routed) -> dict[str, object]:
    (study,) = call_on(studies, routed.analysis).hybrids
    return {choice.kind: choice for choice in study.choices}


def test_every_choice_is_recounted(compose) -> None:
    routed = compose(by_score(0.3))
    found = found_in(routed)
    score, joules = wide(routed)
    names = ["a", "b", "c"]
    domain = {task: score.loc[task, names].mean().idxmax() for task in ("chain_sum", "spell_backward")}
    single = score[names].mean().idxmax()
    picks = {
        "domain": [domain[task] for task, _ in score.index],
        "single": [single] * len(score),
        "item": [
            min((name for name in names if row[name] == max(row[names])), key=lambda name: joules.loc[key, name])
            for key, row in score.iterrows()
        ],
    }
    replayed = found["replayed"].outcome
    for kind, chosen in picks.items():
        choice = found[kind]
        scores = np.array([score.loc[key, name] for key, name in zip(score.index, chosen, strict=True)])
        energy = np.array([joules.loc[key, name] for key, name in zip(score.index, chosen, strict=True)])
        assert choice.outcome.accuracy == pytest.approx(scores.mean()), kind
        assert choice.outcome.j_per_request == pytest.approx(energy.mean()), kind
        assert choice.outcome.j_per_correct == pytest.approx(energy.sum() / scores.sum()), kind
        assert choice.better.estimate == pytest.approx(scores.mean() - replayed.accuracy), kind
        assert choice.saved_j.estimate == pytest.approx(replayed.j_per_request - energy.mean()), kind
    assert found["chance"].outcome.accuracy == pytest.approx(score[names].to_numpy().mean())
    assert found["chance"].outcome.j_per_request == pytest.approx(joules[names].to_numpy().mean())
    assert found["single"].name == single
    assert found["item"].draws == 0
    ranked = [found[kind].outcome.accuracy for kind in ("item", "domain", "single", "chance")]
    assert ranked == sorted(ranked, reverse=True)


def test_of_equally_good_members_the_thriftiest_is_the_oracles() -> None:
    scores = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    joules = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, np.nan, 9.0], [np.nan, np.nan, np.nan]])
    assert best_of_item(scores, joules).tolist() == [1, 2, 2, 0]


def test_with_repeats_the_oracle_is_judged_by_those_that_did_not_choose_it(compose) -> None:
    routed = compose(by_score(0.3), repeats=4)
    # Scores that are nothing but luck: an oracle that is judged by what it was chosen by looks far better than 50%.
    routed.table["correct"] = np.random.default_rng(5).integers(0, 2, len(routed.table)).astype(float)
    routed = type(routed)(routed.run, routed.again(), routed.table)
    (study,) = call_on(studies, routed.analysis).hybrids
    found = item_oracle(routed.analysis.measured, study.bench)
    assert found.draws == 2
    table = routed.table.assign(half=routed.table["repeat"] % 2)
    total = []
    for half in (0, 1):
        choose, judge = (
            table[table["half"] == part].pivot_table(index=["task", "doc_id"], columns="system", values="correct")
            for part in (half, 1 - half)
        )
        joules = table[table["half"] == half].pivot_table(index=["task", "doc_id"], columns="system", values="energy_j")
        for key, row in choose[["a", "b", "c"]].iterrows():
            right = [name for name in row.index if row[name] == row.max()]
            total.append(judge.loc[key, min(right, key=lambda name: joules.loc[key, name])])
    assert found.outcome.accuracy == pytest.approx(np.mean(total))
    score, _ = wide(routed)
    assert found.outcome.accuracy < 0.57 < 0.64 < score[["a", "b", "c"]].max(axis=1).mean()
    # As no member is better on any item, some other choice is luckier: an oracle below it would contradict it.
    assert "item" not in found_in(routed)
    assert "their answers vary too much from repeat to repeat" in study.other.why_no_item_oracle


def test_shuffling_is_expected_exactly_and_counted_honestly(compose) -> None:
    """Six items, so that every order of their routes can be tried."""
    routed = compose(by_score(0.3))
    matrix = call_on(matrix_of, routed.analysis)
    rows = np.array([0, 1, 2, 40, 41, 42])
    members = ("a", "b", "c")
    route = np.array([0, 0, 2, 1, 1, 2])
    answered = np.eye(3)[route]
    plan = Plan(rows, members, answered, answered, np.zeros(6), np.full(6, 0.5))
    found = shuffled_router(matrix, plan)
    cells = matrix.score[np.ix_(rows, matrix.columns(members))]
    energy = matrix.energy_j[np.ix_(rows, matrix.columns(members))]
    orders = list(itertools.permutations(range(6)))
    sums = np.array([cells[np.arange(6), route[list(order)]].sum() for order in orders])
    joules = np.array([energy[np.arange(6), route[list(order)]].sum() for order in orders])
    assert found.outcome.score.sum() == pytest.approx(sums.mean())
    assert found.outcome.energy_j.sum() == pytest.approx(joules.mean() + 6 * 0.5)
    real = cells[np.arange(6), route].sum()
    assert found.shufflings == 1999
    assert found.p_value == pytest.approx((sums >= real - 1e-9).mean(), abs=0.05)
    assert shuffled_router(matrix, plan).p_value == found.p_value


def test_routes_that_know_nothing_do_not_beat_their_shuffling(compose) -> None:
    routed = compose(lambda task, doc, repeat: ("abc"[(doc * 31 + len(task)) % 7 % 3],))
    assert found_in(routed)["shuffled"].p > 0.05
    knowing = compose(by_score(-1.0), id="fff999")
    assert found_in(knowing)["shuffled"].p < 0.01


def test_what_a_detour_cost(compose) -> None:
    routed = compose(by_score(0.3))
    (study,) = call_on(studies, routed.analysis).hybrids
    score, _ = wide(routed)
    own = routed.table[routed.table["system"] == "mixed"]
    found = study.misroutes
    for row, domain in enumerate(found.domains):
        for column, member in enumerate(found.members):
            here = own[(own["domain"] == domain) & (own["route"] == member)]
            assert found.counts[row, column] == len(here)
    assert found.counts.sum() == len(own)
    assert found.best == ("a", "b")
    assert found.shares.sum(axis=1) == pytest.approx(1.0)
    assert {(one.domain, one.member) for one in found.detours} == {("arithmetic", "c"), ("text", "c")}
    for one in found.detours:
        here = own[(own["domain"] == one.domain) & (own["route"] == one.member)]
        keys = list(zip(here["task"], here["doc_id"], strict=True))
        assert one.answers == len(here)
        assert one.accuracy == pytest.approx(score.loc[keys, one.member].mean())
        assert one.best_accuracy == pytest.approx(score.loc[keys, one.best].mean())
        lost = score.loc[keys, one.best].sum() - score.loc[keys, one.member].sum()
        assert one.cost == pytest.approx(lost / len(own))


def test_idle_of_resident_members_is_what_the_hybrid_draws_beyond_them(compose) -> None:
    routed = compose(by_score(0.3))
    (study,) = call_on(studies, routed.analysis).hybrids
    windows = [row for row in routed.run.windows() if row.purpose == "measured"]

    def idle(name: str) -> float:
        own = [row for row in windows if row.system == name]
        return sum(sum(row.idle_w.values()) * row.duration_s for row in own) / sum(row.duration_s for row in own)

    mine = routed.table[routed.table["system"] == "mixed"]
    answering = sum((mine["route"] == name).mean() * idle(name) for name in ("a", "b", "c"))
    found = study.resident
    assert found.hybrid_w == pytest.approx(idle("mixed"))
    assert found.alone_w == {name: pytest.approx(idle(name)) for name in ("a", "b", "c")}
    assert found.others_w == pytest.approx(idle("mixed") - answering)
    seconds = sum(row.duration_s for row in windows if row.system == "mixed")
    assert found.j_per_request == pytest.approx((idle("mixed") - answering) * seconds / len(mine))


def said_of_choices(routed) -> str:
    return " ".join(call_on(hybrids_section, routed.analysis).passages[2].sentences)


def test_members_that_are_not_in_the_run_leave_nothing_to_bound_the_hybrid(compose) -> None:
    """Items that go to a strong member elsewhere put the hybrid above each member here, and above their oracle."""
    routed = compose(by_score(0.3), systems=members()[:2])
    routed.table.loc[(routed.table["system"] == "mixed") & (routed.table["route"] == "c"), "correct"] = 1.0
    routed = type(routed)(routed.run, routed.again(), routed.table)
    (study,) = call_on(studies, routed.analysis).hybrids
    assert study.bench.missing == ("c",)
    assert {one.kind for one in study.choices} <= {"live", "replayed"}
    assert [one.name for one in always_each(study.bench)] == ["a", "b"]
    assert study.routing.against == () and study.misroutes.best == (None, None) and not study.misroutes.detours
    assert all(one.best is None for one in study.routing.domains)
    assert "No oracle, best single member or random member is listed: c is not a system of its own in this run" in (
        said_of_choices(routed)
    )


def test_answers_better_than_any_members_leave_out_the_oracle(compose) -> None:
    routed = compose(by_score(0.3))
    routed.table.loc[routed.table["system"] == "mixed", "correct"] = 1.0
    routed = type(routed)(routed.run, routed.again(), routed.table)
    (study,) = call_on(studies, routed.analysis).hybrids
    kinds = {one.kind for one in study.choices}
    assert "item" not in kinds and {"live", "domain", "single", "chance"} <= kinds
    assert "The per-item oracle is left out: as it ran, the hybrid is more accurate" in said_of_choices(routed)
