"""Which answers are drawn for labels: at random, with the chances that are stated, on the same items of all systems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.api.labelling.draws import DrawnAnswer, draw, shown_first
from wattbench.api.labelling.sheet import AnswerToLabel, LabelSheet
from wattbench.config.label_scale import LabelScale
from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.label_order import draw_position, verdict_stratum
from wattbench.records.layout import RunLayout
from wattbench.records.rows.judgements import Drawn, JudgeRow, LabelRow

TASK = "letters"


def made_up(
    run: str, *, systems: int = 2, items: int = 30, labels: Sequence[LabelRow] = (), passed: float = 0.5
) -> LabelSheet:
    """A sheet without a run on disk; the first answers of each system pass."""
    answers = {}
    for system in range(systems):
        for item in range(items):
            key = (item, 0, None, None)
            verdict = float(item < passed * items)
            row = system * items + item
            answer = AnswerToLabel(f"s{system}", TASK, key, verdict, row, draw_position(run, TASK, key), "0", "d")
            answers[answer.name] = answer
    judge = JudgeRow(judge="j", task=TASK, scale="pass", rubric="r", prompt_version="1")
    records = Mock(spec=RunRecords, layout=RunLayout(Path(run)), header=Mock(run=run))
    rows = {name: each.row for name, each in answers.items()}
    return LabelSheet(records, {TASK: judge}, {TASK: LabelScale.of("pass")}, answers, rows, tuple(labels))


def labelled(
    sheet: LabelSheet, drawn: Sequence[DrawnAnswer], person: str = "ann", score: float | None = 1.0
) -> LabelSheet:
    """A sheet with these answers labelled, too."""
    rows = [
        LabelRow(
            system=each.answer.system, task=each.answer.task, doc_id=each.answer.key[0], repeat=0, answer_sha256="0",
            score=score, person=person, drawn=each.drawn, labelled_utc="2026-01-01",
        )
        for each in drawn
    ]  # fmt: skip
    return replace(sheet, labels=(*sheet.labels, *rows))


def names(drawn: Sequence[DrawnAnswer]) -> list[tuple[str, int]]:
    return [(each.answer.system, each.answer.key[0]) for each in drawn]


def drawn_ways(drawn: Sequence[DrawnAnswer]) -> set[Drawn]:
    return {each.drawn for each in drawn}


def test_systems_get_labels_on_the_same_items_in_random_order() -> None:
    drawn = names(draw(made_up("r", systems=3), "ann", 18))
    levels = [drawn[first : first + 3] for first in range(0, 18, 3)]
    assert all(len({item for _, item in level}) == 1 for level in levels)
    assert all({system for system, _ in level} == {"s0", "s1", "s2"} for level in levels)
    assert len({tuple(system for system, _ in level) for level in levels}) > 1, "the order gives no system away"


@given(st.integers(0, 60), st.integers(0, 60))
def test_fewer_labels_are_the_first_of_more(few: int, more: int) -> None:
    few, more = sorted((few, more))
    sheet = made_up("r")
    assert names(draw(sheet, "ann", more))[:few] == names(draw(sheet, "ann", few))


@given(st.integers(0, 59), st.sampled_from([0.0, 1.0, None]))
def test_resumption_changes_nothing(done: int, score: float | None) -> None:
    sheet = made_up("r")
    whole = draw(sheet, "ann", 60)
    assert names(draw(labelled(sheet, whole[:done], score=score), "ann", 60)) == names(whole)[done:]


@pytest.mark.slow
def test_each_answer_has_the_same_chance() -> None:
    runs, wanted, items = 2000, 6, 12
    times = Counter(
        item for run in range(runs) for system, item in names(draw(made_up(f"r{run}", items=items), "a", 2 * wanted))
        if system == "s0"
    )  # fmt: skip
    shares = np.array([times[item] / runs for item in range(items)])
    assert abs(shares - wanted / items).max() < 4 * np.sqrt(0.25 / runs)


@pytest.mark.slow
def test_each_answer_of_a_stratum_has_the_same_chance_where_labels_tell_most() -> None:
    runs, items = 800, 40
    times = np.zeros(items)
    counts = np.zeros((2, runs))
    for run in range(runs):
        sheet = made_up(f"r{run}", systems=1, items=items, passed=0.25)
        sheet = labelled(sheet, draw(sheet, "ann", 20))
        further = draw(sheet, "ann", 8, telling_most=True)
        assert drawn_ways(further) == {"by verdict"}
        chosen = [item for _, item in names(further)] + [row.doc_id for row in sheet.labels]
        times[chosen] += 1
        counts[:, run] = sum(item < 10 for item in chosen), sum(item >= 10 for item in chosen)
    for stratum, size, part in ((0, 10, slice(0, 10)), (1, 30, slice(10, 40))):
        chance = (counts[stratum] / size).mean()
        assert abs(times[part] / runs - chance).max() < 4 * np.sqrt(0.25 / runs), "n_h / N_h, for each of them"


def test_labels_go_where_they_tell_most() -> None:
    """People contradict the judge on what it fails, and never on what it passes."""
    sheet = made_up("r", systems=2, items=200)
    pilot = draw(sheet, "ann", 40)
    failed = [each for each in pilot if each.answer.verdict == 0.0]
    sheet = labelled(sheet, [each for each in pilot if each.answer.verdict == 1.0])
    sheet = labelled(labelled(sheet, failed[::2], score=0.0), failed[1::2], score=1.0)
    further = draw(sheet, "ann", 60, telling_most=True)
    of_failed = sum(each.answer.verdict == 0.0 for each in further)
    assert of_failed > 45
    assert len(further) == 60
    assert {system for system, _ in names(further)} == {"s0", "s1"}


def test_where_labels_tell_most_takes_a_first_sample() -> None:
    sheet = made_up("r")
    with pytest.raises(UserError, match="20 labels of each system and task, drawn evenly: s0 has 0 of letters"):
        draw(sheet, "ann", 10, telling_most=True)
    with pytest.raises(UserError, match="s0 has 0 of letters"):
        draw(labelled(sheet, draw(sheet, "ann", 40), score=None), "ann", 10, telling_most=True)


def test_a_session_brings_every_system_to_the_next_20() -> None:
    sheet = made_up("r", items=100)
    first = draw(sheet, "ann")
    assert Counter(system for system, _ in names(first)) == {"s0": 20, "s1": 20}
    sheet = labelled(sheet, first[:7])
    assert len(draw(sheet, "ann")) == 33
    sheet = labelled(sheet, first[7:])
    assert len(draw(sheet, "ann")) == 40
    unsure = labelled(made_up("r", items=100), first[:1], score=None)
    assert len(draw(unsure, "ann")) == 40, "what a person cannot tell is no label"


def test_a_small_task_ends() -> None:
    sheet = made_up("r", items=5)
    drawn = draw(sheet, "ann")
    assert len(drawn) == 10
    assert draw(labelled(sheet, drawn), "ann") == []


def test_a_second_person_labels_the_same_answers_first_in_her_own_order() -> None:
    sheet = made_up("r")
    first = draw(sheet, "ann", 20)
    second = draw(labelled(sheet, first), "bea", 30)
    assert set(names(second[:20])) == set(names(first))
    assert names(second[:20]) != names(first)
    assert set(names(second[20:])).isdisjoint(names(first))
    assert names(draw(labelled(sheet, first), "cem", 20)) != names(second[:20])


@pytest.mark.parametrize(
    ("verdict", "stratum"),
    [(None, None), (0.0, 0), (0.25, 1), (0.5, 2), (0.75, 3), (1.0, 4), (0.1, 0), (0.999, 4)],
)
def test_strata_are_fifths_of_the_scale(verdict: float | None, stratum: int | None) -> None:
    assert verdict_stratum(verdict) == stratum


def test_sides_of_pairs_are_a_fair_coin_that_falls_the_same_way_again() -> None:
    sheet = made_up("r", systems=1, items=1000)
    sides = [shown_first("r", each) for each in sheet.answers.values()]
    assert 430 < sum(sides) < 570
    assert sides == [shown_first("r", each) for each in sheet.answers.values()]
