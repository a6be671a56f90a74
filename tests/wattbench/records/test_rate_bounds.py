"""The conclusion from the bounds of a rate, how a record keeps it, and how older records are read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.families.records import LOAD as OLD
from wattbench.records import LoadRow
from wattbench.records.rate_bounds import (
    GROWTH_P,
    LEAST_EFFECTIVE,
    TRANSIENT,
    Held,
    RateBounds,
    effective_needed,
    highest_load,
    why_only_here,
)
from wattbench.records.rows.schema import FieldError
from wattbench.records.upgrade import OLDER_RATE, upgraded_row

SHOWN = RateBounds(cut=250, requests=2250, in_time=0.96, in_time_low=0.92, effective=400, growth_p=0.3)
NEW = OLD | {"here": True, "held": True, "queries": 2500, "in_time": 2400, "bounds": SHOWN.as_record()}
BOUNDS = st.builds(
    RateBounds,
    cut=st.integers(1, 100),
    requests=st.integers(20, 10_000),
    in_time=st.floats(0, 1),
    in_time_low=st.integers(0, 1000).map(lambda each: each / 1000),
    effective=st.integers(1, 1000),
    growth_p=st.integers(0, 1000).map(lambda each: each / 1000),
)


@given(BOUNDS, st.sampled_from([0.5, 0.8, 0.9, 0.99]))
def test_the_conclusion_is_what_the_printed_bounds_say(bounds: RateBounds, share: float) -> None:
    reasons = why_only_here(bounds, share)
    assert (not reasons) == (
        bounds.effective >= LEAST_EFFECTIVE and bounds.in_time_low >= share and bounds.growth_p >= GROWTH_P
    )
    assert ("perhaps only" in " ".join(reasons)) == (round(100 * bounds.in_time_low, 1) < 100 * share)


@given(BOUNDS, st.floats(0.5, 0.99), st.floats(0, 0.4))
def test_a_lower_share_is_held_wherever_a_higher_one_is(bounds: RateBounds, share: float, less: float) -> None:
    assert len(why_only_here(bounds, share - less)) <= len(why_only_here(bounds, share))


def test_no_bounds_show_nothing() -> None:
    assert "too few" in why_only_here(None, 0.5)[0]


@given(st.integers(1, 10_000_000), st.sampled_from([0.5, 0.9, 0.99]))
def test_more_requests_show_more_and_too_few_show_nothing(requests: int, share: float) -> None:
    assert 0 <= highest_load(requests, share) <= highest_load(2 * requests, share) < 1
    assert (highest_load(requests, share) > 0) == ((1 - TRANSIENT) * requests > effective_needed(share))


def test_a_share_near_all_takes_more_requests() -> None:
    assert [effective_needed(share) for share in (0.5, 0.9, 0.99, 0.999)] == [200, 200, 528, 5296]


def test_an_older_record_makes_no_claim_beyond_what_was_seen() -> None:
    row = LoadRow.from_json(upgraded_row(LoadRow, OLD))
    assert (row.state, row.held, row.here, row.lacks) == (Held.HERE, False, True, [OLDER_RATE])
    assert LoadRow.from_json(row.as_json()) == row
    late = LoadRow.from_json(upgraded_row(LoadRow, OLD | {"held": False, "reasons": ["late"]}))
    assert (late.state, late.here, late.lacks, late.reasons) == (Held.NO, False, [], ["late"])


def test_a_rate_of_a_late_client_is_not_known_and_was_not_held_as_seen() -> None:
    late = OLD | {"held": False, "here": False, "client_late": True, "reasons": ["the client lagged"]}
    row = LoadRow.from_json(late)
    assert row.state is Held.NOT_KNOWN
    assert LoadRow.from_json(row.as_json()) == row
    with pytest.raises(FieldError, match="client_late"):
        LoadRow.from_json(late | {"here": True})


def test_a_new_record_keeps_its_bounds() -> None:
    row = LoadRow.from_json(NEW)
    assert (row.state, row.rate_bounds) == (Held.LONG_RUN, SHOWN)
    assert LoadRow.from_json(row.as_json()) == row


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bounds": replace(SHOWN, in_time_low=0.89).as_record()}, "do not show it"),
        ({"bounds": replace(SHOWN, effective=199).as_record()}, "do not show it"),
        ({"bounds": replace(SHOWN, growth_p=0.049).as_record()}, "do not show it"),
        ({"bounds": {}}, "do not show it"),
        ({"here": False}, "do not show it"),
        ({"bounds": {"cut": 250}}, "requests is missing"),
        ({"bounds": replace(SHOWN, cut=249).as_record()}, "contradict"),
        ({"bounds": replace(SHOWN, in_time_low=0.97).as_record()}, "contradict"),
    ],
)
def test_a_conclusion_that_its_bounds_do_not_show_is_a_damaged_record(change, said: str) -> None:
    with pytest.raises(FieldError, match=said):
        LoadRow.from_json(NEW | change)
