"""The phases of a window, moment by moment: they fill it, whatever overlaps what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.power_world import ANSWER, START_S, WINDOW
from wattbench.meters.windows.in_flight import alone_s
from wattbench.prefill_decode.timeline import CHOOSING, DECODE, OTHER, PREFILL, timeline, why_phases_unknown

lengths = st.floats(0, 10)
items = st.lists(st.tuples(st.floats(0, 30), lengths, lengths), min_size=1, max_size=20)


def answers_of(spans) -> list:
    rows = []
    for started, prefill, decode in spans:
        first = START_S + started + prefill
        rows.append(replace(ANSWER, started_s=START_S + started, first_token_s=first, finished_s=first + decode))
    return rows


def window_of(seconds: float, **changes: object):
    return replace(WINDOW, finished_s=START_S + seconds, **changes)


@given(spans=items)
def test_phases_fill_the_window_and_agree_with_what_items_are_billed(spans) -> None:
    rows = answers_of(spans)
    phases = timeline(window_of(60.0), rows)
    assert (phases.total_s >= -1e-9).all()
    assert phases.total_s.sum() == pytest.approx(60.0)
    own = alone_s(np.array([r.started_s for r in rows]), np.array([r.finished_s for r in rows]))
    assert phases.total_s[[PREFILL, DECODE]].sum() == pytest.approx(own.sum(), abs=1e-5)
    assert phases.total_s[CHOOSING] == 0


def test_a_moment_is_shared_by_the_items_in_each_phase() -> None:
    # 0-1 prefill alone; 1-2 one decodes while another is in prefill; 2-3 both decode; 3-4 nothing.
    rows = answers_of([(0.0, 1.0, 2.0), (1.0, 1.0, 1.0)])
    phases = timeline(window_of(4.0), rows)
    assert phases.total_s == pytest.approx([1.5, 1.5, 0.0, 1.0])
    moments = START_S + np.array([-0.5, 0.5, 1.5, 2.5, 9.0])
    assert phases.until(moments)[:, PREFILL] == pytest.approx([0.0, 0.5, 1.25, 1.5, 1.5])
    assert phases.until(moments)[:, OTHER] == pytest.approx([-0.5, 0.0, 0.0, 0.0, 1.0])


def test_a_router_that_chooses_is_neither_prefill_nor_decode() -> None:
    (row,) = answers_of([(0.0, 1.0, 1.0)])
    hybrid = replace(row, route="a", router_s=0.25, route_asked=["a"])
    assert timeline(window_of(2.0), [hybrid]).total_s == pytest.approx([0.75, 1.0, 0.25, 0.0])
    # A cascade that chose until the last token: there is no prefill left to see.
    slow = replace(hybrid, router_s=9.0)
    assert timeline(window_of(2.0), [slow]).total_s == pytest.approx([0.0, 1.0, 1.0, 0.0])


def test_likelihoods_are_all_prefill_and_so_is_an_answer_without_a_token() -> None:
    likelihood = replace(ANSWER, request_type="loglikelihood", first_token_s=None, output_tokens=None)
    silent = replace(ANSWER, first_token_s=None, output_tokens=0)
    for row in (likelihood, silent):
        assert timeline(window_of(1.0), [row]).total_s == pytest.approx([1.0, 0.0, 0.0, 0.0])
    assert why_phases_unknown([likelihood]) is None
    assert why_phases_unknown([ANSWER, silent]) is None


def test_of_later_passes_nothing_is_known() -> None:
    phases = timeline(window_of(60.0, passes=7), answers_of([(0.5, 1.0, 2.0)]))
    assert phases.finished_s == pytest.approx(START_S + 3.5)
    assert phases.total_s == pytest.approx([1.0, 2.0, 0.0, 0.5])


def test_stamps_that_cannot_be_are_kept_inside_their_item() -> None:
    early = replace(ANSWER, first_token_s=START_S - 5)
    late = replace(ANSWER, first_token_s=START_S + 50)
    backwards = replace(ANSWER, finished_s=START_S - 9)
    assert timeline(window_of(1.0), [early]).total_s == pytest.approx([0.0, 1.0, 0.0, 0.0])
    assert timeline(window_of(1.0), [late]).total_s == pytest.approx([1.0, 0.0, 0.0, 0.0])
    assert timeline(window_of(1.0), [backwards]).total_s == pytest.approx([0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"first_token_s": None}, "does not report when the first token arrived"),
        ({"first_token_s": None, "output_tokens": None}, "does not report"),
        ({"replies": ["a", "b"]}, "several requests"),
        ({"route": "a", "batch_size": 4}, "one after the other"),
    ],
)
def test_phases_that_cannot_be_known_are_not_made_up(changes, reason) -> None:
    assert reason in (why_phases_unknown([replace(ANSWER, **changes)]) or "")


def test_one_answer_without_its_stamp_is_counted() -> None:
    assert why_phases_unknown([ANSWER, replace(ANSWER, first_token_s=None)]) == (
        "1 of 2 answers have no first-token stamp"
    )
