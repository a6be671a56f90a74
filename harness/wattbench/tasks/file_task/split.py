"""Divide rows into those that are asked, worked examples, and those for training: no input is in two of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattbench.errors import UserError

_SHOWN = 3
_CHARACTERS = 60


@dataclass(frozen=True)
class Item:
    """A row as a document."""

    where: str
    """The file and the row."""
    key: str
    """Its input, normalised: equal keys are one question."""
    target: str
    doc: dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """The rows of a task, each part in the order of its file."""

    test: tuple[Item, ...]
    fewshot: tuple[Item, ...] = ()
    train: tuple[Item, ...] = ()
    dropped: int = 0
    """Rows that were left out because a worked example has their input."""


def key_of(text: str) -> str:
    """Normalise an input: capitals, blanks and Unicode's compatible forms do not count."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().split())


def split(items: Sequence[Item], share: float, seed: int) -> Parts:
    """Divide items by chance into test and training; items with the same key stay together.

    Each target has the same share on both sides, as far as whole items allow.

    Args:
        items: of one file.
        share: of the items that is asked.
        seed: of the choice.

    Raises:
        UserError: one side would have no items.
    """
    by_key: dict[str, list[Item]] = {}
    for item in items:
        by_key.setdefault(item.key, []).append(item)
    keys = [*by_key]
    by_target: dict[str, list[str]] = {}
    for key in (keys[at] for at in _order(len(keys), seed)):
        by_target.setdefault(by_key[key][0].target, []).append(key)
    shuffled = [key for of_target in by_target.values() for key in of_target]
    chosen: set[str] = set()
    seen = taken = 0
    for key in shuffled:  # target by target, so that after each as many were taken as its share says
        size = len(by_key[key])
        seen += size
        if taken + size <= round(share * seen):
            chosen.add(key)
            taken += size
    chosen = chosen or {shuffled[0]}
    test = tuple(item for item in items if item.key in chosen)
    train = tuple(item for item in items if item.key not in chosen)
    if not train:
        raise UserError(f"split: {len(items)} rows with {len(keys)} distinct inputs leave none for training")
    return Parts(test, train=train)


def _order(number: int, seed: int) -> list[int]:
    order: list[int] = np.random.default_rng(seed).permutation(number).tolist()
    return order


def take_examples(parts: Parts, number: int, seed: int) -> Parts:
    """Take worked examples out of the training rows; without any, out of the rows that are asked.

    The targets take turns, so that few examples show as many of them as they can. Rows with an example's input leave
    with it.

    Raises:
        UserError: there are too few rows.
    """
    pool = parts.train or parts.test
    turns: dict[str, list[int]] = {}
    for at in _order(len(pool), seed):
        turns.setdefault(pool[at].target, []).append(at)
    chosen: list[int] = []
    keys: set[str] = set()
    while len(chosen) < number and any(turns.values()):
        for of_target in turns.values():
            while of_target and pool[of_target[0]].key in keys:
                of_target.pop(0)
            if of_target and len(chosen) < number:
                chosen.append(of_target.pop(0))
                keys.add(pool[chosen[-1]].key)
    fewshot = tuple(pool[at] for at in sorted(chosen))
    test, train = (tuple(item for item in part if item.key not in keys) for part in (parts.test, parts.train))
    if len(fewshot) < number or not test:
        raise UserError(
            f"fewshot: {number} worked examples of {len(pool)} rows with {len({item.key for item in pool})} distinct "
            "inputs leave none to ask; take fewer, or name a file of examples"
        )
    return Parts(test, fewshot, train)


def without_leaks(parts: Parts, *, drop: bool) -> Parts:
    """Check that no worked example has the input of a row that is asked or trained on.

    Args:
        parts: the rows.
        drop: leave out such rows of test and training.

    Raises:
        UserError: there is one, and `drop` is not set; the rows are named.
    """
    examples = {item.key: item for item in parts.fewshot}
    leaks = [(examples[item.key], item) for item in (*parts.test, *parts.train) if item.key in examples]
    if not leaks:
        return parts
    if not drop:
        shown = "; ".join(f"{example.where} and {item.where}" for example, item in leaks[:_SHOWN])
        more = f"; {len(leaks) - _SHOWN:,} more" if len(leaks) > _SHOWN else ""
        text = leaks[0][1].key
        quoted = text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."
        raise UserError(
            f"worked examples are also among the rows that are asked or trained on: {shown}{more} (the first: "
            f"{quoted!r}). Take them out of one of the files, or set leakage: drop, which leaves those rows out"
        )
    test, train = (tuple(item for item in part if item.key not in examples) for part in (parts.test, parts.train))
    if not test:
        raise UserError("leakage: drop: every row has the input of a worked example, so that none is left to ask")
    return Parts(test, parts.fewshot, train, len(leaks))
