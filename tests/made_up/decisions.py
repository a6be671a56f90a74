"""Decisions as the engine makes them, put together by hand: what words and formats are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wattbench_reports.decision.model import (
    Acceptability,
    Check,
    Decision,
    HullStep,
    Leader,
    Qualifies,
    SystemDecision,
    WhichRun,
    outcome_of,
)
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement, Worth
from wattbench_reports.stats import Interval


def around(value: float | None, share: float = 0.1) -> Interval | None:
    """An interval of 10% to each side."""
    return None if value is None else Interval(value, value * (1 - share), value * (1 + share))


def check(
    bound: float, estimate: float | None, p_met: float | None, *, quantity: Any = "accuracy", domain: str | None = None,
    items: int | None = None, reason: str = "",
) -> Check:  # fmt: skip
    """A system against one requirement."""
    machine = WhichRun.THIS_RUN if quantity in ("joules", "grams", "p95") else WhichRun.NONE
    return Check(Requirement(quantity, bound, domain), estimate, p_met, reason, items, machine)


def system(
    name: str, accuracy: float | None, cost: float | None, *checks: Check, kind: str = "generalist", **changes: Any
) -> SystemDecision:
    """One system: its accuracy and what a request costs."""
    probabilities = [each.p_met for each in checks]
    known = [each for each in probabilities if each is not None]
    p_qualifies = None if len(known) < len(probabilities) else min(known, default=1.0)
    per_correct = None if not accuracy or cost is None else cost / accuracy
    made = SystemDecision(
        system=name, kind=kind, checks=checks, p_qualifies=p_qualifies,
        qualifies=outcome_of(p_qualifies) if checks else Qualifies.YES, useless="", apart="",
        accuracy=around(accuracy, 0.05), cost_per_request=around(cost), cost_per_correct=around(per_correct),
        tail_latency_s=0.25, benefit=None, p_best=None, regret=None, not_excluded_from_front=None,
    )  # fmt: skip
    return replace(made, **changes)


def decision(systems: Sequence[SystemDecision], **changes: Any) -> Decision:
    """A decision about joules; what it requires is what its first system is checked by."""
    requirements = tuple(each.requirement for each in systems[0].checks)
    made = Decision(
        unit=CostUnit.JOULES, label="J", objective="cost" if requirements else "prices",
        settings=DecisionSettings(requirements), systems=tuple(systems), chosen=None, best=(), items_to_decide=None,
        hull=(), acceptability=None, tail_share=0.95, why_none="",
    )  # fmt: skip
    return replace(made, **changes)


def step(cheaper: str, dearer: str, price: float, low: float, high: float) -> HullStep:
    """What a further right answer costs from one system to the next."""
    return HullStep(cheaper, dearer, Interval(price, low, high), Interval(0.5, 0.4, 0.6))


def quick(*, at_least: float | None = None) -> Decision:
    """The suite that wattbench ships: rules that answer a quarter, a hybrid, and two models that it dominates."""
    gap = "answers no item of text correctly (0 of 32)"

    def checks(accuracy: float, p_met: float) -> tuple[Check, ...]:
        return (
            ()
            if at_least is None
            else (check(at_least, accuracy, p_met, items=1_240 if 0.05 < p_met < 0.95 else None),)
        )

    hybrid = system("hybrid", 0.813, 4.67, *checks(0.813, 0.58), kind="hybrid", p_best=0.97, regret=0.02)
    rules = system("rules-arithmetic", 0.25, 0.0012, *checks(0.25, 0.0), kind="specialist", useless=gap)
    small = system("smollm2", 0.283, 12.1, *checks(0.283, 0.0))
    tuned = system("smollm2-tuned", 0.55, 8.2, *checks(0.55, 0.0))
    if at_least is not None:
        return decision([hybrid, tuned, small, rules], chosen="hybrid", best=("hybrid",))
    return decision(
        [hybrid, rules, tuned, small],
        hull=(step("rules-arithmetic", "hybrid", 5.74, 4.93, 6.81),),
        acceptability=Acceptability(
            (0.0, 5.0, 10.0),
            {
                "hybrid": (0.0, 0.1, 1.0),
                "rules-arithmetic": (1.0, 0.9, 0.0),
                "smollm2": (0.0,) * 3,
                "smollm2-tuned": (0.0,) * 3,
            },
            (Leader(0.0, "rules-arithmetic"), Leader(5.74, "hybrid")),
        ),
    )


def cheap_but_useless() -> Decision:
    """Rules that cost the least are useless; of the others a small model is best where an answer is worth little."""
    gap = "answers no item of logic correctly (0 of 16)"
    systems = [system("distilled", 0.297, 3.01), system("hybrid", 0.813, 5.07),
               system("rules", 0.25, 0.0002, useless=gap), system("specialist", 0.234, 5.5, useless=gap)]  # fmt: skip
    return decision(
        systems,
        hull=(step("rules", "hybrid", 9.01, 6.96, 12.8),),
        acceptability=Acceptability(
            (0.0, 10.0),
            {"distilled": (1.0, 0.0), "hybrid": (0.0, 1.0)},
            (Leader(0.0, "distilled"), Leader(3.99, "hybrid")),
        ),
    )


def priced(*, worth: Worth | None = None, **changes: Any) -> Decision:
    """Three systems of an imported table, with money."""
    benefits = {"gpt": 0.0041, "claude": 0.0038, "llama": 0.0021} if worth else {}
    rows = (
        ("gpt", 0.9, 0.0049, 0.93, 0.00001),
        ("claude", 0.86, 0.0048, 0.07, 0.0003),
        ("llama", 0.6, 0.0006, 0.0, 0.002),
    )
    systems = [
        system(name, accuracy, cost, benefit=around(benefits.get(name)), p_best=p_best, regret=regret)
        for name, accuracy, cost, p_best, regret in rows
    ]
    money = {"unit": CostUnit.MONEY, "label": "USD", "tail_share": None}
    if worth is not None:
        return decision(systems, objective="benefit", settings=DecisionSettings((), worth), chosen="gpt", best=("gpt",),
                        **money, **changes)  # fmt: skip
    return decision(systems, hull=(step("llama", "gpt", 0.0143, 0.0121, 0.0169),), **money, **changes)
