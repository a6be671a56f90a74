"""Studies of routers before they are built, made by hand for tests of words and formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wattbench_reports.decision.model import Qualifies
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement, Worth
from wattbench_reports.routing.model import (
    Cascade,
    Ceiling,
    Misrouting,
    RequirementMet,
    Residents,
    ResidentSet,
    RoutingChoice,
    RoutingCurve,
    RoutingStudy,
    RoutingVerdict,
    Tolerance,
    Way,
    WorthBuilding,
)
from wattbench_reports.stats import Interval

BEST, CHEAP = "gpt-4", "haiku"
ACCURACY = {BEST: 0.706, CHEAP: 0.551, "sonnet": 0.67, "llama": 0.48}
COST = {BEST: 0.0123, CHEAP: 0.0011, "sonnet": 0.0061, "llama": 0.0014}


def within(estimate: float, half: float) -> Interval:
    """Return an interval of the same width to both sides."""
    return Interval(estimate, estimate - half, estimate + half)


def choice(
    kind: Any, accuracy: float, cost: float, *, setting: str = "", name: str = "",
    members: Sequence[str] = (BEST, CHEAP), to_best: float | None = None, gain: Interval | None = None,
    best: tuple[float, float] = (0.706, 0.0123),
    **changes: Any,
) -> RoutingChoice:  # fmt: skip
    """Return a choice of systems; its gain, unless given, is its accuracy over the best single system's."""
    shares = {members[0]: 1.0} if to_best is None else {members[0]: to_best, members[1]: 1 - to_best}
    above = within(accuracy - best[0], 0.009)
    made = RoutingChoice(
        kind=kind, name=name, setting=setting, members=tuple(members), shares=shares, accuracy=within(accuracy, 0.03),
        cost=within(cost, cost / 20), amounts={"money": within(cost, cost / 20), "seconds": within(1.3, 0.1)},
        accuracy_gain=above, cost_gain=within(cost - best[1], cost / 20), amount_gains={},
        above_mix=within(accuracy - best[0] + 0.06, 0.012), gain=gain or above, p95_s=None, met=(),
        qualifies=Qualifies.YES,
    )  # fmt: skip
    return replace(made, **changes)


def single(system: str, accuracy: float | None = None, cost: float | None = None, **changes: Any) -> RoutingChoice:
    """Return the choice that is always the same system."""
    return choice(
        "single", ACCURACY[system] if accuracy is None else accuracy, COST[system] if cost is None else cost,
        name=system, members=(system,), gain=Interval(0.0, 0.0, 0.0), **changes,
    )  # fmt: skip


def cascade(first: str, then: str, **changes: Any) -> Cascade:
    """Return a cascade: one system first, and another where a check rejects its answer."""
    qualities = (0.5, 0.75, 1.0)
    made = Cascade(
        first=first, then=then, qualities=qualities,
        accuracies=tuple(within(0.55 + 0.24 * (each - 0.5) * 2, 0.03) for each in qualities),
        costs=tuple(within(0.0072 - 0.002 * (each - 0.5), 0.0003) for each in qualities), amounts={},
        equals=Interval(0.76, 0.72, 0.80), cost_at_equal=within(0.0061, 0.0002), pays=Interval(0.61, 0.58, 0.64),
        break_even_escalation=0.91, escalation_at_equal=0.44,
    )  # fmt: skip
    return replace(made, **changes)


def ceiling(**changes: Any) -> Ceiling:
    """Return the ceiling: perfect routers of four systems, of the best two and of the best three."""
    made = Ceiling(
        best=choice("item", 0.794, 0.0026, to_best=0.12, gain=Interval(0.21, 0.19, 0.23)), cross_fitted=None,
        why_not_cross_fitted="", pair=choice("pair", 0.762, 0.0031, to_best=0.2, gain=Interval(0.18, 0.16, 0.2)),
        triple=choice("triple", 0.781, 0.0028, members=(BEST, CHEAP, "sonnet"), gain=Interval(0.2, 0.18, 0.22)),
    )  # fmt: skip
    return replace(made, **changes)


def by_domain(gain: float = 0.002, half: float = 0.007, **changes: Any) -> RoutingChoice:
    """Return the choice by domain, which is hardly better than the best system alone."""
    above = within(gain, half)
    return choice("domain", 0.706 + gain, 0.0121, to_best=0.97, setting="accurate",
                  **{"gain": above, "accuracy_gain": above, **changes})  # fmt: skip


def by_words(
    gain: float | Interval = 0.027, half: float = 0.016, setting: str = "0.5", kind: str = "classifier", **changes: Any
) -> RoutingChoice:
    """Return a classifier of texts that asks the best system half of the time; a gain in money costs accuracy."""
    if isinstance(gain, Interval):
        return choice(kind, 0.672, 0.0067, to_best=0.48, gain=gain, setting=setting, **changes)
    above = within(gain, half)
    return choice(kind, 0.706 + gain, 0.0067, to_best=0.48, setting=setting,
                  **{"gain": above, "accuracy_gain": above, **changes})  # fmt: skip


def verdict(
    answer: WorthBuilding, recommended: RoutingChoice | None, *, least: float = 0.01, items_to_tell: int | None = None,
    ceiling_gain: Interval | None = None, judged: int = 5, way: Way = "accurate", priced: bool = True,
) -> RoutingVerdict:  # fmt: skip
    """Return a verdict with the bounds of the recommended choice."""
    made = RoutingVerdict(
        answer, recommended, None, ceiling_gain or Interval(0.21, 0.19, 0.23), least, judged, items_to_tell,
        way=way if answer is WorthBuilding.YES else "",
    )  # fmt: skip
    if recommended is None:
        return made
    cost = recommended.cost_gain
    saving = Interval(-cost.estimate, -cost.high, -cost.low) if priced else None
    return replace(
        made, gain=recommended.gain, accuracy=recommended.accuracy_gain, saving=saving,
        least_saving=0.05 * COST[BEST] if priced else None,
        above_mix=recommended.above_mix if priced and way != "benefit" else None,
    )  # fmt: skip


def study(*choices: RoutingChoice, answer: WorthBuilding = WorthBuilding.NO, **changes: Any) -> RoutingStudy:
    """Return a study of four systems with dollars, whose first choice is recommended."""
    names = tuple(ACCURACY)
    made = RoutingStudy(
        systems=names, left_out={"hybrid": "it is a hybrid of others"}, items=713, blocks=None, unit=CostUnit.MONEY,
        label="USD", aim="accuracy", settings=DecisionSettings(), best_single=BEST,
        singles=tuple(single(name) for name in names), hull=(CHEAP, "sonnet", BEST), ceiling=ceiling(),
        choices=choices, control=None, curves=(), cascades=(), residents=None,
        why_no_residents="the answers are those of an API", tolerance=None,
        router_own={"joules": 0.1, "seconds": 0.001, "money": 2.8e-8},
        router_own_from={"joules": "assumed", "seconds": "assumed", "money": "assumed"}, not_judged={},
        verdict=verdict(answer, choices[0] if choices else None),
    )  # fmt: skip
    return replace(made, **changes)


def not_worth_it(**changes: Any) -> RoutingStudy:
    """Return a study without prompts: choosing by domain gains nothing, and a cascade halves the cost."""
    return study(
        by_domain(), by_domain(0.001, 0.008, members=(CHEAP, BEST)),
        cascades=(cascade(CHEAP, BEST), cascade("sonnet", BEST, cost_at_equal=within(0.0089, 0.0004), pays=None,
                                                equals=Interval(0.83, 0.79, 0.88))),
        not_judged={"nearest": "the prompts are not on record", "classifier": "the prompts are not on record"},
        tolerance=tolerance(), **changes,
    )  # fmt: skip


def worth_building(**changes: Any) -> RoutingStudy:
    """Return a study whose classifier of texts gains accuracy; a control fitted to shuffled answers does not."""
    return study(
        by_words(), by_words(0.018, 0.012, "accurate"), choice("nearest", 0.668, 0.0066, to_best=0.47, setting="0.5",
                                                              gain=within(0.022, 0.015)), by_domain(),
        answer=WorthBuilding.YES, control=by_words(-0.001, 0.008, kind="shuffled"),
        curves=(RoutingCurve("classifier", (0.002, 0.0067), (within(0.6, 0.03), within(0.672, 0.03)),
                             (within(0.01, 0.012), within(0.027, 0.016))),),
        router_own={"joules": 0.12, "seconds": 0.003, "money": 0.0001},
        router_own_from={"joules": "measured", "seconds": "measured", "money": "named"}, **changes,
    )  # fmt: skip


def not_known(**changes: Any) -> RoutingStudy:
    """Return a study with too few items to tell whether a classifier of texts gains."""
    best = by_words(0.021, 0.03)
    made = study(best, by_domain(), answer=WorthBuilding.UNKNOWN,
                 verdict=verdict(WorthBuilding.UNKNOWN, best, items_to_tell=2_410), items=120)  # fmt: skip
    return replace(made, **changes)


def tolerance(**changes: Any) -> Tolerance:
    """Return the tolerance of two domains, of which one is given to the cheap system."""
    made = Tolerance(
        domains=("code", "text"), assigned=(BEST, CHEAP), losses=((0.0, 0.12), (0.02, 0.0)),
        needed=Interval(0.83, 0.7, 0.91), worst=(Misrouting("code", "text", 0.12), Misrouting("text", "code", 0.02)),
        own_cost=within(0.0004, 0.0001),
    )  # fmt: skip
    return replace(made, **changes)


def residents(gain: float = 3.1, per_w: float = 3600.0, rate: float = 50_000.0) -> Residents:
    """Return sets of loaded systems: one is best at low rates, then two, then three."""
    more = 1.07 * gain
    two = ResidentSet((CHEAP, BEST), gain, 12.0, per_w * 12 / gain, within(gain, 0.7 * gain))
    three = (CHEAP, "sonnet", BEST), more, 25.0, per_w * 13 / (more - gain), within(more, 0.8 * gain)
    sets = (ResidentSet((BEST,), 0.0, 0.0, 0.0), two, ResidentSet(*three))
    return Residents(rate, sets[1], sets, 15, per_w, base_w=18.4)


def in_joules(**changes: Any) -> RoutingStudy:
    """Return a study of local systems, with joules, blocks and residents."""
    scale = {"best": (0.706, 12.3), "amounts": {"joules": within(6.1, 0.3), "seconds": within(0.4, 0.02)}}
    words = choice("classifier", 0.726, 6.1, to_best=0.4, gain=within(0.02, 0.008), setting="value", **scale)
    singles = tuple(single(name, cost=1000 * COST[name], best=(0.706, 12.3)) for name in ACCURACY)
    best = choice("item", 0.794, 2.6, to_best=0.12, **scale)
    given = {
        "unit": CostUnit.JOULES, "label": "J", "blocks": 16, "singles": singles, "residents": residents(),
        "why_no_residents": "", "ceiling": ceiling(best=best, pair=None, triple=None), "tolerance": None,
    }  # fmt: skip
    return study(words, answer=WorthBuilding.YES, **{**given, **changes})


def in_dollars() -> Ceiling:
    """Return the ceiling with savings as gains."""
    made = ceiling(gain=Interval(0.0103, 0.0097, 0.0109))
    few = (made.best, made.pair, made.triple)
    best, pair, triple = (None if each is None else replace(each, gain=within(0.0123 - each.cost.estimate, 0.0006))
                          for each in few)  # fmt: skip
    assert best is not None
    return replace(made, best=best, pair=pair, triple=triple)


def saving(answer: WorthBuilding = WorthBuilding.YES, **changes: Any) -> RoutingStudy:
    """Return a study in which an accuracy is required and money is gained."""
    requirement = Requirement("accuracy", 0.68)
    best = by_words(setting="value", gain=Interval(0.0056, 0.0049, 0.0063),
                    met=(RequirementMet(requirement, 0.702, 0.684, 0.719),))  # fmt: skip
    may = by_words(setting="0.5", gain=Interval(0.0066, 0.0059, 0.0073), qualifies=Qualifies.MAY,
                   met=(RequirementMet(requirement, 0.672, 0.653, 0.69),))  # fmt: skip
    shown = best if answer is WorthBuilding.YES else may
    return study(
        shown, best if shown is may else may, aim="cost", settings=DecisionSettings((requirement,)),
        verdict=verdict(answer, shown, way="cheaper", least=0.05 * COST[BEST],
                        ceiling_gain=Interval(0.0097, 0.009, 0.0103)),
        cascades=(cascade(CHEAP, BEST),), ceiling=in_dollars(),
        tolerance=tolerance(losses=((0.0, 0.004), (0.001, 0.0)), worst=(
            Misrouting("code", "text", 0.004),)), **changes,
    )  # fmt: skip


def with_worth(answer: WorthBuilding = WorthBuilding.YES, gain: float = 0.004, **changes: Any) -> RoutingStudy:
    """Return a study in which a correct answer is worth 5 cents and net benefit is gained."""
    best = by_words(gain, 0.0011, setting="value")
    return study(
        best, by_domain(0.0001, 0.0003), aim="benefit", settings=DecisionSettings((), Worth(0.05)),
        verdict=verdict(answer, best, way="benefit", least=0.0005,
                        ceiling_gain=Interval(0.009, 0.008, 0.01)), **changes,
    )  # fmt: skip


def without_costs(**changes: Any) -> RoutingStudy:
    """Return a study without costs: the share of requests to the better system stands for them."""
    shares = {"best": (0.842, 1.0), "amounts": {}, "members": ("gpt-4-1106-preview", "mixtral")}
    by = [choice("nearest", 0.842 + gain, at, to_best=at, setting=setting, gain=within(gain, 0.012), **shares)
          for at, setting, gain in ((0.5, "0.5", 0.027), (0.25, "0.25", 0.014))]  # fmt: skip
    singles = tuple(
        single(name, accuracy, cost, best=(0.842, 1.0), amounts={})
        for name, accuracy, cost in (("gpt-4-1106-preview", 0.842, 1.0), ("mixtral", 0.638, 0.0))
    )
    given = {
        "systems": ("gpt-4-1106-preview", "mixtral"), "unit": None, "label": "", "best_single": "gpt-4-1106-preview",
        "singles": singles, "hull": ("mixtral", "gpt-4-1106-preview"), "left_out": {}, "items": 1319,
        "ceiling": ceiling(best=choice("item", 0.929, 0.29, to_best=0.29, **shares), pair=None, triple=None),
        "verdict": verdict(WorthBuilding.YES, by[0], priced=False),
    }  # fmt: skip
    return study(*by, **{**given, **changes})


def cheaper(**changes: Any) -> RoutingStudy:
    """Return a study whose classifier of texts is as accurate as the best system at half its cost."""
    best = by_words(-0.002, 0.006, setting="value")
    return study(best, by_domain(), verdict=verdict(WorthBuilding.YES, best, way="cheaper"),
                 ceiling=ceiling(saving=within(0.0101, 0.0004)), **changes)  # fmt: skip


def no_router_judged() -> RoutingStudy:
    """Return a study with one domain and no prompts: only the ceiling is known."""
    clause = "the prompts are not on record"
    return study(
        answer=WorthBuilding.UNKNOWN,
        not_judged={"domain": "there is one domain", "nearest": clause, "classifier": clause},
        cascades=(cascade(CHEAP, BEST),),
    )


def perfect_gains_nothing() -> RoutingStudy:
    """Return a study in which even a perfect router gains too little."""
    least = ceiling(best=choice("item", 0.709, 0.012, to_best=0.97, gain=within(0.004, 0.003)), pair=None, triple=None)
    return study(
        by_domain(), ceiling=least, verdict=verdict(WorthBuilding.NO, by_domain(), ceiling_gain=least.best.gain)
    )


def many(number: int = 37) -> RoutingStudy:
    """Systems of a public table with long names, routers of a file, and five cascades."""
    names = tuple(f"vendor/a-rather-long-name-of-a-model-v{index}" for index in range(number))
    singles = tuple(single(name, 0.4 + index / 200, 0.0001 * 1.1**index) for index, name in enumerate(names))
    files = [
        choice("file", 0.6 - index / 100, 0.002, name=f"router-{index}", members=names[-2:], to_best=0.6,
               gain=within(0.004 - index / 1000, 0.004))
        for index in range(14)
    ]  # fmt: skip
    best = names[-1]
    return study(
        *files, systems=names, singles=singles, hull=(names[0], names[20], best), best_single=best,
        left_out={f"hybrid-{index}": "it is a hybrid of others" for index in range(8)},
        ceiling=ceiling(best=choice("item", 0.794, 0.0026, members=names),
                        pair=choice("pair", 0.7, 0.0026, members=names[:2]),
                        triple=choice("triple", 0.72, 0.0026, members=names[:3])),
        cascades=tuple(cascade(name, best) for name in names[:5]),
    )  # fmt: skip
