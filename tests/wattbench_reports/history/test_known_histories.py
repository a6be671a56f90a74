"""Histories of which it is known what happened: what their nights say, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.made_up.history_of_figures import history_of, judged
from wattbench_reports.export.night import as_text
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import NightChange
from wattbench_reports.history.night_verdict import NightVerdict

SECONDS = ("a", "", "latency_p50")
QUIET = np.array([734, 770, 783, 750, 741, 760, 775, 748, 739, 766, 752]) * 1e-6
SLOW = np.array([1225, 1210, 1230, 1219, 1222, 1215]) * 1e-6


def scattered(seed: int, nights: int, sd: float = 0.01, level: float = 0.5) -> np.ndarray:
    return level * np.exp(np.random.default_rng(seed).normal(0.0, sd, nights))


def night(figures: Mapping[tuple[str, str, str], np.ndarray], number: int, **given: Any) -> NightVerdict:
    """The verdict on the night of a number, counted from 1."""
    return judged(history_of({key: own[:number] for key, own in figures.items()}, **given))


def row(verdict: NightVerdict, against: str = "four_weeks", system: str = "a") -> NightChange:
    (one,) = [
        each for each in verdict.changes if (each.against, each.system, each.metric) == (against, system, "latency_p50")
    ]
    return one


@pytest.fixture(scope="module")
def stepped() -> dict[tuple[str, str, str], np.ndarray]:
    """Eleven nights of 734 to 783 us, then 1.2 ms; next to it a noisy system and a score that stays."""
    return {
        SECONDS: np.concatenate([QUIET, SLOW]),
        ("b", "", "latency_p50"): scattered(0, 17, 0.1, 2e-3),
        ("a", "", "accuracy"): np.full(17, 0.9),
    }


def test_a_step_of_58_percent_does_not_pass_alarms_the_next_night_and_stays_regressed(stepped: Any) -> None:
    first = night(stepped, 12)
    assert first.result.verdict is Verdict.INCONCLUSIVE
    assert row(first).state == "worse"
    assert row(first).note == "an alarm takes 2 such nights"
    second = night(stepped, 13)
    assert second.result.verdict is Verdict.REGRESSED
    (alarm,) = second.alarms
    assert alarm.text == (
        "a: latency p50 rose by 61.0% on 2026-01-12, from 756 µs to 1.22 ms (2 nights beyond the limit of 10.2%)"
    )
    for number in range(14, 18):
        later = night(stepped, number)
        assert later.result.verdict is Verdict.REGRESSED
        assert not later.alarms
        assert row(later, "best").state == "still_regressed"


@pytest.mark.parametrize("pinned", [1, 10, 11, 13])
def test_only_a_reference_of_a_later_night_accepts_a_step(stepped: Any, pinned: int) -> None:
    verdict = night(stepped, 17, reference=pinned)
    accepted = pinned >= 11
    assert (verdict.result.verdict is Verdict.REGRESSED) is not accepted
    assert ("still_regressed" in {each.state for each in verdict.changes}) is not accepted
    against = row(verdict, "reference")
    assert against.state in (("within", "open") if accepted else ("still_regressed",))


def test_1_22_to_1_22_ms_is_neither_better_nor_beyond_anything(stepped: Any) -> None:
    now = row(night(stepped, 17))
    assert (now.state, now.change) == ("within", pytest.approx(-0.006, abs=0.001))
    assert now.low is not None
    assert now.high is not None
    assert now.low < 0 < now.high


def test_a_doubled_night_does_not_hide_three_slow_ones() -> None:
    own = scattered(0, 20)
    own[12] *= 2
    own[14:17] *= 1.3
    figures = {SECONDS: own}
    verdicts = {number: night(figures, number).result.verdict for number in range(12, 18)}
    assert verdicts[12] is verdicts[14] is Verdict.PASS
    assert verdicts[13] is verdicts[15] is Verdict.INCONCLUSIVE
    raised = [number for number in range(13, 18) if night(figures, number).alarms]
    assert raised == [16]
    after = night(figures, 18)
    assert after.result.verdict is not Verdict.REGRESSED
    assert row(after, "best").state == "within"


def test_a_fall_of_accuracy_alarms_and_a_rise_does_not() -> None:
    rng = np.random.default_rng(1)
    right = rng.binomial(400, 0.8, 16) / 400
    fell, rose = right.copy(), right.copy()
    fell[12:] -= 0.3
    rose[12:] += 0.15
    alarmed = {
        name: [number for number in range(12, 17) if night({("a", "", "accuracy"): own}, number, items=400).alarms]
        for name, own in (("fell", fell), ("rose", rose))
    }
    assert alarmed == {"fell": [14], "rose": []}


def slowed(by: Sequence[float], nights: int = 18, at: int = 14) -> dict[tuple[str, str, str], np.ndarray]:
    """Systems of which each is slower by a factor of its own from one night on."""
    figures = {(name, "", "latency_p50"): scattered(seed, nights) for seed, name in enumerate("abc"[: len(by)])}
    for own, factor in zip(figures.values(), by, strict=True):
        own[at:] *= factor
    return figures


def alarming(figures: Mapping[tuple[str, str, str], np.ndarray], **given: Any) -> set[str]:
    return {alarm.system for number in range(14, 19) for alarm in night(figures, number, **given).alarms}


def test_without_a_canary_what_slows_together_is_inconclusive_and_says_why() -> None:
    figures = slowed([1.4, 1.4])
    assert alarming(figures) == set()
    for number in range(15, 19):
        verdict = night(figures, number)
        assert verdict.result.verdict is Verdict.INCONCLUSIVE
        assert verdict.result.headline.endswith("; others on this machine moved with it.")
        assert {each.note for each in verdict.changes if each.state == "worse" and each.against == "four_weeks"} == {
            "others on this machine moved with it"
        }


def test_a_canary_that_stays_tells_a_change_from_the_machine() -> None:
    figures = slowed([1.4, 1.4, 1.0])
    assert alarming(figures, canaries=("c",)) == {"a", "b"}
    assert alarming(figures) == set()


def test_with_a_canary_that_slows_too_nothing_alarms_and_nothing_passes() -> None:
    figures = slowed([1.4, 1.4, 1.4])
    assert alarming(figures, canaries=("c",)) == set()
    verdict = night(figures, 16, canaries=("c",))
    assert verdict.result.verdict is Verdict.INCONCLUSIVE
    assert row(verdict, system="c").note == "it never changes, so the machine does"


def test_a_canary_alone_raises_no_alarm() -> None:
    figures = slowed([1.0, 1.4])
    assert alarming(figures, canaries=("b",)) == set()
    assert night(figures, 16, canaries=("b",)).result.verdict is Verdict.INCONCLUSIVE
    assert alarming(figures) == {"b"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_creep_of_a_tenth_in_a_year_is_called_one(seed: int) -> None:
    own = scattered(seed, 365) * np.exp(np.linspace(0.0, np.log(1.1), 365))
    verdict = judged(history_of({SECONDS: own}))
    best = row(verdict, "best")
    assert best.note.startswith("it creeps: +")
    assert best.note in " ".join(as_text(verdict).split())


@pytest.mark.parametrize("seed", range(5))
def test_a_step_within_the_limit_is_called_one_where_it_was(seed: int) -> None:
    own = scattered(seed, 120)
    own[80:] *= 1.08
    verdict = judged(history_of({SECONDS: own}))
    best = row(verdict, "best")
    assert not verdict.alarms
    assert best.note.startswith("a step of +")
    assert best.note[-10:] in {"2026-03-21", "2026-03-22", "2026-03-23"}


def test_a_figure_that_is_gone_keeps_the_night_from_passing() -> None:
    figures = {SECONDS: scattered(1, 14), ("a", "", "accuracy"): np.full(14, 0.9)}
    assert night(figures, 14).result.verdict is Verdict.PASS
    figures["a", "", "accuracy"][-1] = np.nan
    verdict = night(figures, 14)
    assert verdict.result.verdict is Verdict.INCONCLUSIVE
    assert verdict.result.headline == (
        "The night of 2026-01-14 does not pass: a accuracy was measured on 2026-01-13, and not this night."
    )
    (gone,) = [each for each in verdict.changes if each.metric == "accuracy"]
    assert (gone.state, gone.now, gone.before) == ("not_measured", None, 0.9)


def gone_since(metric: str, since: int, nights: int = 16) -> NightVerdict:
    """Nights of a system and another one, of which one figure of the first is gone since a night."""
    figures = {SECONDS: scattered(1, nights), ("b", "", "latency_p50"): scattered(2, nights)}
    figures["a", "", metric] = figures.get(("a", "", metric), np.full(nights, 0.9))
    figures["a", "", metric][since:] = np.nan
    return judged(history_of(figures, provenance="rapl" if metric.startswith("joules") else ""))


def test_of_a_system_that_answers_the_judged_figures_stay_due() -> None:
    """Joules block only where they are measured; so does a system that is no longer in the suite."""
    for since in (15, 12, 5):
        assert gone_since("accuracy", since).result.verdict is Verdict.INCONCLUSIVE
    assert gone_since("joules_per_request", 15).result.verdict is Verdict.INCONCLUSIVE
    assert gone_since("joules_per_request", 12).result.verdict is Verdict.PASS
    assert gone_since("latency_p50", 15).result.verdict is Verdict.INCONCLUSIVE
    assert gone_since("latency_p50", 12).result.verdict is Verdict.PASS


def test_another_system_of_fewer_items_leaves_a_systems_accuracy_as_it_is() -> None:
    accuracy = np.full(12, 0.8)
    figures = {("a", "", "accuracy"): accuracy, ("b", "", "accuracy"): accuracy}
    alone = judged(history_of({("a", "", "accuracy"): accuracy}, items=1000)).changes
    together = judged(history_of(figures, items={"a": 1000, "b": 10})).changes
    assert [replace(each) for each in together if each.system == "a"] == list(alone)
