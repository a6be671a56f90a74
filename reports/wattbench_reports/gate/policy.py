"""The policy of a gate as it is judged by: a block ``gate`` with its defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wattbench.records.schema.gate import (
    GATE_ACCURACY_MARGIN,
    GATE_DRIFT,
    GATE_FALSE_ALARM_RATE,
    GATE_MARGINS,
    GATE_MISS_RATE,
    GATE_RELOADS,
    GATE_ROUND_ITEMS,
    GatePolicy,
    MetricPolicy,
    Waiver,
    gate_weight,
)
from wattbench_reports.metrics.registry import ACCURACY, LATENCY_P50


@dataclass(frozen=True)
class Rule:
    """How one metric is judged. Shares are 0 to 1; of accuracy they are points."""

    metric: str
    margin: float
    """The worsening that fails."""
    either: bool = False
    """A change for the better fails too."""
    blocks: bool = True
    only_if_measured: bool = False
    """It blocks only where it was measured."""
    weight: float = 1.0
    auto: bool = False
    """Of accuracy: a gate chooses the margin by its number of items."""
    each_domain: float | None = None
    """For accuracy: the margin of each domain, in points; None: domains are not judged one by one."""


@dataclass(frozen=True)
class DeclaredTrade:
    """A declared trade-off: how much of one metric may be given up for how much of another."""

    give: str
    give_up_to: float
    get: str
    get_at_least: float
    reason: str | None = None


@dataclass(frozen=True)
class Policy:
    """Metrics, error rates and exceptions of a gate. The keys of `GatePolicy`."""

    rules: tuple[Rule, ...]
    alpha: float = GATE_FALSE_ALARM_RATE
    beta: float = GATE_MISS_RATE
    block: int = GATE_ROUND_ITEMS
    max_items: int | None = None
    max_joules: float | None = None
    reloads: int | None = None
    """How often both systems are loaded again; None: by the number of items, where it is cheap."""
    drift: float | None = None
    """The share by which seconds and joules of two runs may differ without a change; None: what was measured counts."""
    judge_modelled: bool = False
    may_differ: tuple[str, ...] = ()
    trades: tuple[DeclaredTrade, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """As it was read."""

    def rule(self, metric: str) -> Rule:
        """Return the rule of one metric."""
        return next(rule for rule in self.rules if rule.metric == metric)


DEFAULT_POLICY = Policy(
    rules=tuple(
        Rule(
            metric,
            GATE_ACCURACY_MARGIN if each.margin == "auto" else each.margin,
            auto=each.margin == "auto",
            blocks=each.blocks,
            only_if_measured=each.only_if_measured,
            weight=gate_weight(metric),
        )
        for metric, each in GATE_MARGINS.items()
    )
)
"""The policy of a suite that names none."""

NIGHT_MARGIN = 0.10
"""Of seconds, joules and money from night to night, where no policy names one: machines on which nothing was changed
stray by up to 8% in a year."""

NIGHT_POLICY = replace(
    DEFAULT_POLICY,
    rules=tuple(
        rule
        if rule.metric == ACCURACY
        else replace(rule, margin=NIGHT_MARGIN, blocks=rule.blocks or rule.metric == LATENCY_P50)
        for rule in DEFAULT_POLICY.rules
    ),
)
"""The policy of nights that name none."""


def policy_of(settings: GatePolicy) -> Policy:
    """Return the policy of a block ``gate``, with its defaults by metric filled in."""
    return Policy(
        rules=tuple(_rule(metric, each) for metric, each in settings.metrics.items()),
        alpha=settings.alpha,
        beta=settings.beta,
        block=settings.block,
        max_items=settings.max_items,
        max_joules=settings.max_joules,
        reloads=None if settings.reloads == GATE_RELOADS else settings.reloads,
        drift=None if settings.drift == GATE_DRIFT else settings.drift,
        judge_modelled=settings.judge_modelled,
        may_differ=tuple(settings.may_differ),
        trades=tuple(
            DeclaredTrade(*next(iter(each.give.items())), *next(iter(each.get.items())), each.reason)
            for each in settings.trades
        ),
        waivers=tuple(settings.waivers),
        record=settings.model_dump(mode="json"),
    )


def _rule(metric: str, settings: MetricPolicy) -> Rule:
    return Rule(
        metric=metric,
        margin=GATE_ACCURACY_MARGIN if settings.margin == "auto" else settings.margin,
        auto=settings.margin == "auto",
        either=settings.direction == "either",
        blocks=bool(settings.blocks),
        only_if_measured=settings.blocks == "if_measured",
        weight=gate_weight(metric) if settings.weight is None else settings.weight,
        each_domain=settings.each_domain,
    )
