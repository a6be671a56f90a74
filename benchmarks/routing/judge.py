"""Judge one simulated run as `wattbench route` does, and keep what it said next to the truth."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.routing.worlds import World, made_up
from wattbench_reports.routing.ceiling import bounded, ceiling
from wattbench_reports.routing.learned import learned_choices
from wattbench_reports.routing.model import Aim, RoutingChoice
from wattbench_reports.routing.verdict import verdict
from wattbench_reports.stats import Interval

ROUNDING = 1e-9


@dataclass(frozen=True)
class Judged:
    """What one run said."""

    answer: str
    """Of `WorthBuilding`."""
    kind: str
    """Of the recommended router."""
    gain: float
    """Its estimate."""
    low: float
    """Its bound from below, which holds for all routers that were judged."""
    choices: int
    """How many routers were judged."""
    above_ceiling: int
    """How many of them were above the ceiling, in accuracy or in gain."""


def judged(world: World, number: int) -> Judged:
    """Simulate a run of a number, which is its seed, and judge it."""
    run = made_up(world, number)
    context, texts = run.context, run.texts
    learned = learned_choices(context, lambda items: None if texts is None else [texts[each] for each in items])
    highest = bounded(ceiling(context), learned.choices)
    said = verdict(context, learned.choices, highest, learned.not_judged)
    most = highest.best.gain if highest.gain is None else highest.gain
    above = [each for each in learned.choices if _is_above(each, highest.best, most, context.baseline.aim)]
    assert said.choice is not None
    assert said.gain is not None
    return Judged(
        answer=said.answer.value,
        kind=f"{said.choice.kind} {said.choice.setting}",
        gain=round(said.gain.estimate, 9),
        low=round(said.gain.low, 9),
        choices=len(learned.choices),
        above_ceiling=len(above),
    )


def _is_above(choice: RoutingChoice, best: RoutingChoice, most: Interval, aim: Aim) -> bool:
    """Return whether a router is above the ceiling: in accuracy, or in gain where its own gain is bounded by one.

    Under the aim ``cost`` the ceiling's gain is that of the choices that are as accurate as is required.
    """
    by_gain = aim != "cost" and choice.gain.estimate > most.estimate + ROUNDING
    return by_gain or choice.accuracy.estimate > best.accuracy.estimate + ROUNDING
