"""Time per output token: one rule, and the answers that have none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records.token_times import time_per_output_token_s, times_per_output_token_s

STREAMED = (10.0, [10.0, 10.5, 11.0], 11.2, 5)


def test_it_is_from_the_first_arrival_to_the_last_over_the_tokens_after_the_first() -> None:
    assert time_per_output_token_s(*STREAMED) == 0.25


def test_where_tokens_were_not_counted_each_arrival_is_one() -> None:
    assert time_per_output_token_s(10.0, [10.0, 10.5, 11.0], 11.2, None) == 0.5


def test_where_only_the_first_arrival_is_recorded_the_end_is_the_last() -> None:
    assert time_per_output_token_s(10.0, [], 11.0, 5) == 0.25


@pytest.mark.parametrize(
    ("why", "answer"),
    [
        ("in one chunk", (10.0, [10.0], 10.4, 5)),
        ("in two chunks at one moment", (10.0, [10.0, 10.0], 10.4, 5)),
        ("in one chunk that ends it", (10.0, [], 10.0, 5)),
        ("one token", (10.0, [10.0, 10.5], 10.5, 1)),
        ("no token", (None, [], 10.5, 0)),
        ("arrivals not known", (None, [], 10.5, 5)),
        ("tokens not known", (10.0, [], 10.5, None)),
        ("no end", (10.0, [], None, 5)),
        ("clock went back", (10.0, [10.0, 9.0], 10.5, 5)),
    ],
)
def test_an_answer_without_two_tokens_and_two_moments_has_none(why: str, answer) -> None:
    assert time_per_output_token_s(*answer) is None, why


stamps = st.lists(st.floats(1.7e9, 1.8e9), max_size=6).map(sorted)
answers = st.tuples(stamps, st.floats(1.8e9, 1.9e9) | st.none(), st.integers(0, 50) | st.none())


@given(st.lists(answers, max_size=20))
def test_one_answer_and_many_give_the_same_and_never_0(several) -> None:
    nan = np.nan
    many = times_per_output_token_s(
        np.array([token_s[0] if token_s else nan for token_s, _, _ in several], dtype=np.float64),
        np.array([token_s[-1] if token_s else nan for token_s, _, _ in several], dtype=np.float64),
        np.array([len(token_s) for token_s, _, _ in several], dtype=np.float64),
        np.array([nan if finished_s is None else finished_s for _, finished_s, _ in several], dtype=np.float64),
        np.array([nan if tokens is None else tokens for _, _, tokens in several], dtype=np.float64),
    )
    one_by_one = [
        time_per_output_token_s(token_s[0] if token_s else None, token_s, finished_s, tokens)
        for token_s, finished_s, tokens in several
    ]
    assert [None if np.isnan(each) else each for each in many] == one_by_one
    assert all(each is None or each > 0 for each in one_by_one)
    for each, (token_s, _, tokens) in zip(one_by_one, several, strict=True):
        if len(set(token_s)) < 2 or (tokens is not None and tokens < 2):
            assert each is None
