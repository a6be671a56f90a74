"""Decisions as the engine makes them, put together by hand: what words and formats are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wattbench_reports.decision.model import (
    Between,
    Check,
    Decision,
    HullStep,
    Leader,
    OtherPrices,
    Qualifies,
    SystemDecision,
    WhichRun,
)
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement, Worth
from wattbench_reports.stats import Interval


def around(value: float | None, share: float = 0.1) -> Interval | None:
    """Return an interval of 10% to each side."""
    return None if value is None else Interval(value, value * (1 - share), value * (1 + share))


def check(
    bound: float, estimate: float | None, low: float | None, high: float | None, *, quantity: Any = "accuracy",
    domain: str | None = None, items: int | None = None, reason: str = "", within: float | None = None,
) -> Check:  # fmt: skip
    """Return the check of a system against one requirement."""
    machine = WhichRun.THIS_RUN if quantity in ("joules", "grams", "p95") else WhichRun.NONE
    made = Check(Requirement(quantity, bound, domain), estimate, low, high, None, reason, items, machine, within)
    risks = {Qualifies.YES: 0.01, Qualifies.MAY: 0.3, Qualifies.NO: 0.99}
    return made if low is None else replace(made, least_risk=risks[made.outcome])


def system(
    name: str, accuracy: float | None, cost: float | None, *checks: Check, kind: str = "generalist", **changes: Any
) -> SystemDecision:
    """Return a system with an accuracy and a cost per request."""
    outcomes = [each.outcome for each in checks]
    qualifies = next((each for each in (Qualifies.NO, Qualifies.MAY) if each in outcomes), Qualifies.YES)
    per_correct = None if not accuracy or cost is None else cost / accuracy
    made = SystemDecision(
        system=name, kind=kind, checks=checks, qualifies=qualifies, counted=qualifies is Qualifies.YES,
        counted_bounds=tuple(each.low if each.is_least else each.high for each in checks), useless="", apart="",
        accuracy=around(accuracy, 0.05), cost_per_request=around(cost), cost_per_correct=around(per_correct),
        tail_latency_s=0.25, benefit=None, not_excluded_from_front=None,
    )  # fmt: skip
    return replace(made, **changes)


def decision(systems: Sequence[SystemDecision], **changes: Any) -> Decision:
    """Return a decision about joules, with the requirements of its first system."""
    requirements = tuple(each.requirement for each in systems[0].checks)
    made = Decision(
        unit=CostUnit.JOULES, label="J", objective="cost" if requirements else "prices",
        settings=DecisionSettings(requirements), systems=tuple(systems), choice_of=len(systems), chosen=None,
        between=None, surest=None, best=(), items_to_decide=None, hull=(), leaders=(), tail_share=0.95, why_none="",
    )  # fmt: skip
    return replace(made, **changes)


def step(cheaper: str, dearer: str, price: float, low: float, high: float) -> HullStep:
    """Return the price of a further right answer from one system to the next."""
    return HullStep(cheaper, dearer, Interval(price, low, high), Interval(0.5, 0.4, 0.6))


def quick(*, at_least: float | None = None) -> Decision:
    """Return the decision on the shipped suite: rules, a hybrid, and two models that it dominates."""
    gap = "answers no item of text correctly (0 of 32)"

    def checks(accuracy: float, low: float, high: float) -> tuple[Check, ...]:
        if at_least is None:
            return ()
        return (check(at_least, accuracy, low, high, items=1_240 if low < at_least <= high else None),)

    hybrid = system("hybrid", 0.813, 4.67, *checks(0.813, 0.761, 0.857), kind="hybrid")
    rules = system("rules-arithmetic", 0.25, 0.0012, *checks(0.25, 0.21, 0.3), kind="specialist", useless=gap)
    small = system("smollm2", 0.283, 12.1, *checks(0.283, 0.24, 0.33))
    tuned = system("smollm2-tuned", 0.55, 8.2, *checks(0.55, 0.49, 0.61))
    if at_least is not None:
        advised = {"chosen": "hybrid", "best": ("hybrid",)} if at_least <= 0.761 else {"surest": "hybrid"}
        return decision([hybrid, tuned, small, rules], choice_of=3, items_to_decide=1_240, **advised)
    return decision(
        [hybrid, rules, tuned, small],
        choice_of=3,
        chosen="hybrid",
        best=("hybrid",),
        hull=(step("rules-arithmetic", "hybrid", 5.74, 4.93, 6.81),),
        leaders=(Leader(0.0, "hybrid"),),
    )


def cheap_but_useless() -> Decision:
    """Return a decision whose cheapest system, rules, is in doubt."""
    gap = "answers no item of logic correctly (0 of 16)"
    systems = [system("distilled", 0.297, 1.01), system("hybrid", 0.813, 5.07),
               system("rules", 0.25, 0.0002, useless=gap), system("specialist", 0.234, 5.5, useless=gap)]  # fmt: skip
    price = Interval(7.87, 6.96, 8.8)
    return decision(
        systems,
        choice_of=2,
        between=Between("distilled", "hybrid", price, price),
        hull=(step("rules", "hybrid", 9.01, 6.96, 12.8),),
        leaders=(Leader(0.0, "distilled"), Leader(7.87, "hybrid")),
    )


def priced(*, worth: Worth | None = None, **changes: Any) -> Decision:
    """Return a decision on three systems of an imported table, with money."""
    benefits = {"gpt": 0.0041, "claude": 0.0038, "llama": 0.0021} if worth else {}
    rows = (("gpt", 0.9, 0.0049), ("claude", 0.86, 0.0048), ("llama", 0.6, 0.0006))
    systems = [system(name, accuracy, cost, benefit=around(benefits.get(name))) for name, accuracy, cost in rows]
    money = {"unit": CostUnit.MONEY, "label": "USD", "tail_share": None}
    if worth is not None:
        return decision(systems, objective="benefit", settings=DecisionSettings((), worth), chosen="gpt", best=("gpt",),
                        **money, **changes)  # fmt: skip
    price = step("llama", "gpt", 0.0143, 0.0121, 0.0169)
    others = (OtherPrices(CostUnit.JOULES, "J", 12.0, 12.0), OtherPrices(CostUnit.GRAMS, "g", 0.0011, 0.0011))
    pair = Between("llama", "gpt", price.price, price.price, others)
    return decision(systems, between=pair, hull=(price,), **money, **changes)
