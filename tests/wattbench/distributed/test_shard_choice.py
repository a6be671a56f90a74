"""Which blocks a run asks, as they are typed."""

from __future__ import annotations

import pytest

from wattbench.distributed.shard_choice import shard_choice
from wattbench.errors import UserError


@pytest.mark.parametrize(
    ("text", "blocks", "words"),
    [
        ("3/16", (2,), "block 3 of 16"),
        ("1-4/16", (0, 1, 2, 3), "blocks 1-4 of 16"),
        ("16/16", (15,), "block 16 of 16"),
        ("1/1", (0,), "block 1 of 1"),
    ],
)
def test_blocks_are_counted_from_one(text: str, blocks: tuple[int, ...], words: str) -> None:
    choice = shard_choice(text)
    assert (choice.blocks, choice.in_words) == (blocks, words)


def test_the_seed_is_that_of_the_suite_where_none_is_given() -> None:
    assert shard_choice("1/2", 7).as_record("ff" * 32)["seed"] == 7
    assert shard_choice("1/2", 0).as_record("ff" * 32)["seed"] == 0
    assert shard_choice("1/2").as_record("0123abcd" + "0" * 56)["seed"] == 0x0123ABCD


@pytest.mark.parametrize(
    "text",
    ["", "3", "0/4", "5/4", "3-2/4", "1-5/4", "-1/4", "1/0", "a/b", "1.5/4", "1/4/8", " 1/4", "1/4 ", "\u0661/4",
     "9" * 400 + "/1"],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="block "):
        shard_choice(text)


@pytest.mark.parametrize("seed", [-1, 10**15 + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(UserError, match="seed "):
        shard_choice("1/2", seed)
