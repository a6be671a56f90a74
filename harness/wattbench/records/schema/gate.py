"""The policy of a gate: the `gate:` section of a suite, or `[tool.wattbench.gate]` of a `pyproject.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    model_validator,
)

from wattbench.records.fingerprint_parts import IdentityPart
from wattbench.records.metric_names import MetricName
from wattbench.records.schema.base import Day, Items, Name, RelativePath, Strict

GATE_FALSE_ALARM_RATE = 0.05
"""`alpha`: how often the whole gate may fail a candidate that is no worse."""
GATE_MISS_RATE = 0.10
"""`beta`: how often it may pass a candidate that is worse by a whole margin."""
GATE_ROUND_ITEMS = 8
"""`block`: items of a long round, in which joules are measured."""
GATE_SHORT_ROUND_ITEMS = 1
"""Items of a short round: a latency needs no window of a meter, so that one item is one figure."""
GATE_SHORT_PAIRS = 12
"""Pairs of short rounds that come first. Eight are enough to find a slowdown."""
GATE_RELOADS: Literal["auto"] = "auto"
"""`reloads`: both systems are loaded again where that is cheap."""
GATE_LOADS = (4, 16)
"""The fewest and the most loads that a gate plans with `reloads: auto`: a look at a quarter of many items has four."""
GATE_LOAD_ITEMS = 24
"""Items of a load in between: three rounds."""
GATE_DRIFT: Literal["measured"] = "measured"
"""`drift`: how much the machine itself changes between two separate runs is measured, not assumed."""


def gate_loads(items: int) -> int:
    """Return how often a gate with this many items plans to load both systems, if loading is cheap."""
    least, most = GATE_LOADS
    return min(max(items // GATE_LOAD_ITEMS, least), most)


@dataclass(frozen=True)
class GateMargin:
    """How a gate judges a metric by default."""

    margin: float | Literal["auto"]
    """Of accuracy in points (0.05 is 5 points), of all others as a share; `auto`: by the number of items."""
    only_if_measured: bool = False
    """The metric blocks only where it was measured."""
    blocks: bool = True
    """Whether it blocks at all."""


GATE_MARGINS: Mapping[MetricName, GateMargin] = {
    "accuracy": GateMargin("auto"),
    "latency_mean": GateMargin(0.05),
    "joules_per_request": GateMargin(0.05, only_if_measured=True),
    "latency_p50": GateMargin(0.05, blocks=False),
    "latency_p95": GateMargin(0.10, blocks=False),
    "joules_per_correct": GateMargin(0.10, blocks=False),
    "cost_per_correct": GateMargin(0.10, blocks=False),
}
"""What a gate judges if no metrics are named; money only where both systems have a price."""

GATE_ACCURACY_MARGIN = 0.05
"""The margin of `auto` where there is no number of items: between two nights."""
GATE_ACCURACY_MARGINS = (0.01, 0.02, 0.03, 0.05, 0.10, 0.15, 0.20)
"""The margins of `auto`: the smallest is taken that an unchanged candidate passes in most gates."""


def gate_weight(metric: str) -> float:
    """Return a metric's default weight in dividing the false-alarm rate among the blocking metrics.

    Few rounds are enough to tell seconds and joules apart; for accuracy items are scarce.
    """
    return 4.0 if metric == "accuracy" else 1.0


_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%|points?)\s*")


def _share(given: Any) -> Any:
    """Read ``10%`` and ``5 points`` as the numbers 0.1 and 0.05."""
    match = _SHARE.fullmatch(given) if isinstance(given, str) else None
    return float(match[1]) / 100 if match else given


def _unit(given: Any) -> str | None:
    match = _SHARE.fullmatch(given) if isinstance(given, str) else None
    return match[2][0] if match else None


def _below_one(given: float) -> float:
    if given >= 1:
        raise ValueError(f"{given:g} is {given:.0%}: write 0.05, 5% or, for accuracy, 5 points")
    return given


Share = Annotated[PositiveFloat, AfterValidator(_below_one), BeforeValidator(_share)]
"""A number between 0 and 1, or one in words: ``10%``, ``5 points``."""


def _check_unit(metric: str, given: Any, what: str) -> None:
    """Refuse an ambiguous unit: accuracy in per cent could mean points or a share of it; seconds have no points."""
    unit = _unit(given)
    if metric == "accuracy" and unit == "%":
        raise ValueError(f"{what} of accuracy is in points: write '5 points', or 0.05")
    if metric != "accuracy" and unit == "p":
        raise ValueError(f"{what} of {metric} is a share of the baseline's: write '10%', or 0.1")


class MetricPolicy(Strict):
    """One metric of a gate."""

    margin: Share | Literal["auto"]
    """The worsening that fails: of accuracy in points, of all other metrics as a share. `auto`, for accuracy: the
    smallest of 1, 2, 3, 5, 10, 15 and 20 points that an unchanged candidate passes in 80% of gates of as many items, if
    one item in ten is answered rightly by only one of the two."""
    direction: Literal["worse", "either"] = "worse"
    """`worse`: only a worsening fails. `either`: an improvement fails too, for a figure that must not change."""
    blocks: bool | Literal["if_measured"] = True
    """Whether a regression fails the gate, and a missing figure makes it `not_measured`. `if_measured`: only where the
    metric was measured; modelled joules are shown and do not block."""
    weight: PositiveFloat | None = None
    """Its part of `alpha`, relative to the other blocking metrics. None: 4 for accuracy, for which items are scarce,
    and 1 for all others."""
    each_domain: Share | None = None
    """For accuracy: the drop in any one domain that fails, in points. None: a gain in one domain may pay for a loss in
    another."""


class Trade(Strict):
    """A trade-off that is accepted: written down before the measurement, or it is a regression."""

    give: Annotated[dict[MetricName, Share], Field(min_length=1, max_length=1)]
    """The metric that may get worse, and by how much at most: ``{accuracy: 1 point}``."""
    get: Annotated[dict[MetricName, Share], Field(min_length=1, max_length=1)]
    """The metric that must get better for it, and by how much at least: ``{joules_per_correct: 20%}``."""
    reason: str | None = None
    """Why it is accepted; the verdict shows it."""

    @model_validator(mode="before")
    @classmethod
    def _units(cls, given: Any) -> Any:
        for side in ("give", "get"):
            shares = given.get(side) if isinstance(given, dict) else None
            for metric, share in shares.items() if isinstance(shares, dict) else ():
                _check_unit(str(metric), share, side)
        return given

    @model_validator(mode="after")
    def _two_metrics(self) -> Self:
        if set(self.give) == set(self.get):
            raise ValueError(f"give and get are both {next(iter(self.give))}")
        return self


class Waiver(Strict):
    """A known regression that is accepted until a date."""

    metric: MetricName
    """The metric that does not block until then."""
    reason: Annotated[str, Field(min_length=1)]
    """Why; the verdict shows it."""
    until: Day
    """The last day on which it is valid."""


def _default_metrics() -> dict[MetricName, MetricPolicy]:
    return {
        metric: MetricPolicy(margin=each.margin, blocks="if_measured" if each.only_if_measured else each.blocks)
        for metric, each in GATE_MARGINS.items()
    }


class GatePolicy(Strict):
    """The metrics that a gate judges, its error rates, and the exceptions that it accepts."""

    metrics: Annotated[dict[MetricName, MetricPolicy], Field(min_length=1)] = Field(default_factory=_default_metrics)
    """The metrics that are judged, by name; at least one blocks. Without this key: `accuracy` with `margin: auto`,
    `latency_mean` and measured `joules_per_request` with 5%; shown, not blocking: `latency_p50`, `latency_p95`,
    `joules_per_correct` and `cost_per_correct`."""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = GATE_FALSE_ALARM_RATE
    """The false-alarm rate: how often the whole gate may fail a candidate that is no worse."""
    beta: Annotated[float, Field(gt=0, lt=0.5)] = GATE_MISS_RATE
    """The miss rate: how often it may pass a candidate that is worse by a whole margin."""
    block: Items = GATE_ROUND_ITEMS
    """Items of a long round: both systems are asked them, one system after the other. The first rounds have one item
    each; long ones follow where joules are judged, as a meter needs longer windows than a clock."""
    reloads: Literal["auto"] | NonNegativeInt = GATE_RELOADS
    """How often both systems are closed and loaded again, in random order, while the gate runs: what differs between
    two loads of one system is then no difference of the systems. `auto`: so often that there are 4 to 16 loads, one for
    every 24 items, where loading takes little of the gate's time; else never."""
    max_items: Items | None = None
    """Items after which it stops as inconclusive. None: all items of the suite."""
    max_joules: PositiveFloat | None = None
    """Joules of both systems together after which it stops as inconclusive."""
    drift: Literal["measured"] | Annotated[float, Field(ge=0, lt=1), BeforeValidator(_share)] = GATE_DRIFT
    """For two separate runs: how much seconds and joules differ between two runs of one system. `measured`: by the
    sessions that `wattbench dev calibrate SUITE --sessions K` or a history recorded; without them seconds and joules
    are not judged. A number: a share that is assumed instead; a regression must be larger than it, and a pass must
    leave this much of the margin."""
    sessions: RelativePath | None = None
    """For two separate runs: what `wattbench dev calibrate SUITE --sessions K` wrote on this machine, or a folder of
    runs. None: what is next to the runs."""
    judge_modelled: bool = False
    """Judge joules that are modelled from seconds and load. They add little to what the seconds show."""
    may_differ: list[IdentityPart] = []
    """For two runs of one system: the parts that the change is about, such as `weights`. If anything else differs, the
    verdict is `not_comparable`."""
    trades: list[Trade] = []
    """Trade-offs that are accepted."""
    waivers: list[Waiver] = []
    """Regressions that are accepted until a date."""
    calibration: RelativePath | None = None
    """What `wattbench dev calibrate` wrote on this machine: margins below its noise floor are refused."""
    suite: RelativePath | None = None
    """For `gate --base`, outside of a suite: the suite that is run if the command names none."""
    system: Name | None = None
    """For `gate --base`: the system of the suite that is compared with itself as it is in the base. None: the only
    one."""

    @model_validator(mode="before")
    @classmethod
    def _units(cls, given: Any) -> Any:
        metrics = given.get("metrics") if isinstance(given, dict) else None
        for metric, rule in metrics.items() if isinstance(metrics, dict) else ():
            if isinstance(rule, dict):
                _check_unit(str(metric), rule.get("margin"), "the margin")
                _check_unit(str(metric), rule.get("each_domain"), "each_domain")
        return given

    @model_validator(mode="after")
    def _settings_of_accuracy(self) -> Self:
        for metric, rule in self.metrics.items():
            if rule.each_domain is not None and metric != "accuracy":
                raise ValueError(f"metrics.{metric}: each_domain goes with accuracy only")
            if rule.margin == "auto" and metric != "accuracy":
                raise ValueError(f"metrics.{metric}: margin: auto goes with accuracy only; write 5%, or 0.05")
        return self

    @model_validator(mode="after")
    def _something_blocks(self) -> Self:
        if not any(each.blocks for each in self.metrics.values()):
            raise ValueError("metrics: at least one must block; otherwise the gate cannot fail")
        return self

    @model_validator(mode="after")
    def _judged_metrics(self) -> Self:
        named = [(f"trades.{n}", m) for n, t in enumerate(self.trades) for m in (*t.give, *t.get)]
        named += [(f"waivers.{n}", waiver.metric) for n, waiver in enumerate(self.waivers)]
        for where, metric in named:
            if metric not in self.metrics:
                raise ValueError(f"{where}: {metric} is not among the metrics: {', '.join(self.metrics)}")
        return self
