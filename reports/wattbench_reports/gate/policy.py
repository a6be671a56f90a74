"""The policy of a gate, read from a record, where `wattbench.config` has checked it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from wattbench.errors import UserError
from wattbench.records.suite_defaults import (
    GATE_ACCURACY_MARGIN,
    GATE_DRIFT,
    GATE_FALSE_ALARM_RATE,
    GATE_MARGINS,
    GATE_MISS_RATE,
    GATE_RELOADS,
    GATE_ROUND_ITEMS,
    gate_weight,
)
from wattbench_reports.metrics.registry import ACCURACY, LATENCY_P50, METRICS


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
class Waiver:
    """A regression that is allowed until a day."""

    metric: str
    reason: str
    until: date


@dataclass(frozen=True)
class Policy:
    """Metrics, error rates and exceptions of a gate. The keys of `wattbench.config.GatePolicy`."""

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


def policy_of(record: Mapping[str, Any], where: str = "the record") -> Policy:
    """Read a policy from its JSON.

    Args:
        record: `GatePolicy.model_dump(mode="json")`.
        where: for messages.

    Raises:
        UserError: it is damaged.
    """
    try:
        return Policy(
            rules=tuple(_rule(metric, each) for metric, each in record["metrics"].items()),
            alpha=float(record["alpha"]),
            beta=float(record["beta"]),
            block=int(record["block"]),
            max_items=record.get("max_items"),
            max_joules=record.get("max_joules"),
            reloads=None if record.get("reloads", GATE_RELOADS) == GATE_RELOADS else int(record["reloads"]),
            drift=None if record["drift"] == GATE_DRIFT else float(record["drift"]),
            judge_modelled=bool(record["judge_modelled"]),
            may_differ=tuple(record["may_differ"]),
            trades=tuple(_trade(each) for each in record["trades"]),
            waivers=tuple(
                Waiver(each["metric"], each["reason"], date.fromisoformat(each["until"])) for each in record["waivers"]
            ),
            record=dict(record),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise UserError(f"{where}: the gate's policy cannot be read ({error!r}); the record is damaged") from error


def _rule(metric: str, recorded: Mapping[str, Any]) -> Rule:
    if metric not in METRICS:
        raise ValueError(f"no metric {metric!r}")
    weight = recorded.get("weight")
    if weight is None:
        weight = gate_weight(metric)
    each_domain = recorded.get("each_domain")
    auto = recorded["margin"] == "auto"
    return Rule(
        metric=metric,
        margin=GATE_ACCURACY_MARGIN if auto else float(recorded["margin"]),
        auto=auto,
        either=recorded["direction"] == "either",
        blocks=bool(recorded["blocks"]),
        only_if_measured=recorded["blocks"] == "if_measured",
        weight=float(weight),
        each_domain=None if each_domain is None else float(each_domain),
    )


def _trade(recorded: Mapping[str, Any]) -> DeclaredTrade:
    [(give, up_to)] = recorded["give"].items()
    [(get, at_least)] = recorded["get"].items()
    return DeclaredTrade(give, float(up_to), get, float(at_least), recorded.get("reason"))
