"""The sentence of a gate: at most 30 words, with what to do first and nothing that its metrics refute."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.gate_results import ACCURACY, GATES, KNOWN, LATENCY, SPENT, inconclusive, passed, waived
from wattbench_reports.gate.decision.explain import MOST_WORDS, headline
from wattbench_reports.gate.result import MetricVerdict, Verdict
from wattbench_reports.metrics.registry import METRICS

NAMES = [*METRICS, "accuracy · law", *(f"tests/test_io.py::test_read[{place}] · latency_p50" for place in range(20))]
JUDGED = [each for each in Verdict if each is not Verdict.ERROR]
OF_GATE = {
    Verdict.REGRESSED: "Keep old",
    Verdict.INCONCLUSIVE: "Keep old for now",
    Verdict.NOT_COMPARABLE: "Repeat on equal terms",
    Verdict.IMPROVED: "Take new",
    Verdict.PASS: "Take new",
}


@st.composite
def verdicts(draw: st.DrawFn) -> tuple[MetricVerdict, ...]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=24, unique=True))
    return tuple(
        replace(
            ACCURACY,
            metric=name,
            verdict=draw(st.sampled_from(JUDGED)),
            blocks=draw(st.booleans()),
            change=draw(st.one_of(st.none(), st.floats(-2, 2))),
            more_items=draw(st.one_of(st.none(), st.integers(1, 10**7))),
            waived=draw(st.sampled_from([None, KNOWN])),
            allowed_by=draw(st.sampled_from([None, SPENT])),
        )
        for name in names
    )


@given(verdicts(), st.sampled_from(JUDGED), st.sampled_from([0, 400, 10**7]))
def test_it_has_at_most_thirty_words_and_says_first_what_to_do(metrics, verdict, most) -> None:
    text = headline(verdict, metrics, "old", "new", no_verdict_in=most)
    assert len(text.split()) <= MOST_WORDS
    assert text.startswith(OF_GATE.get(verdict, ("Measure ", "Let a measured metric block")))
    assert text.endswith(".")
    assert text.count(". ") == 0


@pytest.mark.parametrize("name", sorted(set(GATES) - {"error", "unchanged"}))
def test_those_of_made_up_gates_are_the_judges(name: str) -> None:
    result = GATES[name]()
    most = result.cap_items if result.futile else 0
    said = headline(result.verdict, result.metrics, result.baseline, result.candidate, no_verdict_in=most)
    assert result.headline == said
    assert len(said.split()) <= MOST_WORDS


def test_a_metric_that_is_waived_is_not_among_those_without_a_regression() -> None:
    assert waived().headline == (
        "Take specialist-next: no regression beyond the margin in accuracy and joules per correct answer; waived: "
        "worse latency p50."
    )


def test_where_there_is_no_room_the_others_are_counted() -> None:
    slower = [
        replace(LATENCY, metric=f"test_{place} · latency_p50", verdict=Verdict.REGRESSED, change=0.2)
        for place in range(9)
    ]
    assert headline(Verdict.REGRESSED, slower, "old", "new") == (
        "Keep old: with new, latency p50 of test_0 is 20.0% higher, latency p50 of test_1 is 20.0% higher, "
        "latency p50 of test_2 is 20.0% higher and 6 others are worse."
    )


def test_how_many_more_items_is_said_where_it_is_known_of_all() -> None:
    (accuracy, *_) = inconclusive().metrics
    assert "about 140 more items should decide it" in headline(Verdict.INCONCLUSIVE, [accuracy], "old", "new")
    unknown = replace(LATENCY, verdict=Verdict.INCONCLUSIVE, more_items=None)
    assert "more items" not in headline(Verdict.INCONCLUSIVE, [accuracy, unknown], "old", "new")


def test_where_no_verdict_is_likely_it_says_how_many_items_it_takes() -> None:
    assert GATES["futile"]().headline == (
        "Keep specialist for now: no verdict on accuracy is likely in 400 items; it takes about 3,100."
    )
    (accuracy, *_) = inconclusive().metrics
    unknown = replace(accuracy, more_items=None)
    assert headline(Verdict.INCONCLUSIVE, [unknown], "old", "new", no_verdict_in=400).endswith("more would not help.")


def test_nothing_that_blocks_and_nothing_that_is_worse() -> None:
    shown = [replace(each, blocks=False) for each in passed().metrics]
    assert headline(Verdict.NOT_MEASURED, shown, "old", "new").startswith("Let a measured metric block")
