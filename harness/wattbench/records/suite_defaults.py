"""Define the defaults of settings that both the suite file and reports need.

A run's record states every setting of its suite. A report falls back on these where a record was made before a setting
existed, or where a suite has no such section; `wattbench.config` takes its defaults from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wattbench.records.metric_names import MetricName

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


PUE = 1.0
"""Power usage effectiveness: no power of the building is added."""
REQUESTS_PER_YEAR = 1_000_000.0
"""A round number, about two a minute."""
CURRENCY = "EUR"
"""ISO 4217."""
PRICES = (
    "input_per_million", "cached_input_per_million", "cache_write_per_million", "output_per_million", "per_request",
    "per_gpu_hour", "per_machine_hour",
)  # fmt: skip
"""The keys of a system's `price` that are prices; at least one is named."""


@dataclass(frozen=True)
class EmbodiedForm:
    """The keys of one form of `carbon.embodied`, in the order in which messages list them."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


EMBODIED_FORMS: Mapping[str, EmbodiedForm] = {
    "use": EmbodiedForm(optional=("gpus",)),
    "g_per_device_hour": EmbodiedForm(
        required=("source", "year"),
        optional=("devices", "adpe_kg_sb_per_device_hour", "primary_energy_mj_per_device_hour"),
    ),
    "kg_per_device": EmbodiedForm(
        required=("lifetime_years", "source", "year"),
        optional=("devices", "utilisation", "adpe_kg_sb_per_device", "primary_energy_mj_per_device"),
    ),
}
"""The key that makes a form, and the keys that go with it."""

IMPACTS_PER_KWH = ("water_l_per_kwh", "adpe_kg_sb_per_kwh", "primary_energy_mj_per_kwh")
"""The figures of `impacts.electricity`; at least one is declared, or all are those of a table."""
WORLD = "WOR"
"""The code of the whole world in tables of electricity; no country has it in ISO 3166."""
