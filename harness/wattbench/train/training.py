"""Train one member, with its progress, joules and counts: common to all methods with a training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wattbench.train.recipe import Schedule
from wattbench.train.shop import Shop
from wattbench.train.trainer import Counts, Loss, train
from wattbench.train.watch import Watch


def train_member(
    shop: Shop,
    model: Any,
    examples: Sequence[dict[str, Any]],
    collator: Callable[[Any], dict[str, Any]],
    loss: Loss,
    schedule: Schedule,
) -> Counts:
    """Train all parameters that require a gradient, in the member's work folder, with `train`.

    Returns:
        What this session worked through.
    """
    counts = Counts()
    watch = Watch(shop.work, shop.meter, shop.progress, counts, schedule.batch)
    train(model, examples, collator, loss, schedule, seed=shop.seed, folder=shop.work, watch=watch, counts=counts)
    return counts
