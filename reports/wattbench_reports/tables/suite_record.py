"""Read the suite of a run by type: its settings and those of its systems.

Settings that describe are None where the record lacks them or holds another type. Those that a figure depends on
(carbon, the workload, the decision and the gate's policy) are a named error where they are of another type, raised when
they are first asked for: not every reading of a run needs them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import PurePath
from typing import Any

from wattbench.records.suite_defaults import CURRENCY
from wattbench_reports.tables.json_values import (
    mapping,
    mapping_or_error,
    number,
    number_or_error,
    objects,
    text,
    text_or_error,
    texts,
    whole_number,
)
from wattbench_reports.tables.prediction_record import PredictionRecord
from wattbench_reports.tables.price_record import PriceRecord

_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True)
class MeasureSettings:
    """How the items were put to the systems."""

    scenario: str | None = None
    batch: int | None = None
    energy: bool = True
    """Whether joules were to be metered."""
    as_recorded: Mapping[str, Any] = field(default_factory=dict)
    """Every setting of the block ``measure``, for comparing runs."""

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> MeasureSettings:
        """Read the block ``measure``."""
        metered = recorded.get("energy") is not False
        return cls(text(recorded.get("scenario")), whole_number(recorded.get("batch")), metered, recorded)

    @property
    def compared(self) -> Mapping[str, Any]:
        """Return the settings by which runs are compared.

        A trace is in them by its name, as its folder is a machine's own.
        """
        load = self.as_recorded.get("load")
        if not isinstance(load, Mapping) or not isinstance(load.get("trace"), str):
            return self.as_recorded
        return {**self.as_recorded, "load": {**load, "trace": PurePath(load["trace"]).name}}


@dataclass(frozen=True)
class CarbonSettings:
    """The block ``carbon``. Ranges are checked where grams are made."""

    region: str | None = None
    intensity_g_per_kwh: float | None = None
    intensity_csv: str | None = None
    pue: float | None = None
    embodied: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, recorded: Mapping[str, Any], where: str = "carbon") -> CarbonSettings:
        """Read the block ``carbon``.

        Raises:
            UserError: a value is of another type.
        """
        return cls(
            region=text_or_error(f"{where}.region", recorded.get("region")),
            intensity_g_per_kwh=number_or_error(f"{where}.intensity_g_per_kwh", recorded.get("intensity_g_per_kwh")),
            intensity_csv=text_or_error(f"{where}.intensity_csv", recorded.get("intensity_csv")),
            pue=number_or_error(f"{where}.pue", recorded.get("pue")),
            embodied=mapping_or_error(f"{where}.embodied", recorded.get("embodied")),
        )


@dataclass(frozen=True)
class WorkloadSettings:
    """The block ``workload``. Ranges are checked where a year is computed."""

    mix: Mapping[str, float] | None = None
    """Domain to weight; None: every item counts the same."""
    requests_per_year: float | None = None
    price_per_kwh: float | None = None
    currency: str = CURRENCY

    @classmethod
    def of(cls, recorded: Mapping[str, Any], where: str = "workload") -> WorkloadSettings:
        """Read the block ``workload``.

        Raises:
            UserError: a value is of another type.
        """
        mix = mapping_or_error(f"{where}.mix", recorded.get("mix")) or _EMPTY
        weights = {name: number_or_error(f"{where}.mix.{name}", weight) or 0.0 for name, weight in mix.items()}
        return cls(
            mix=weights or None,
            requests_per_year=number_or_error(f"{where}.requests_per_year", recorded.get("requests_per_year")),
            price_per_kwh=number_or_error(f"{where}.price_per_kwh", recorded.get("price_per_kwh")),
            currency=text_or_error(f"{where}.currency", recorded.get("currency")) or CURRENCY,
        )


@dataclass(frozen=True)
class DecideSettings:
    """The block ``decide``. Ranges and domains are checked where a decision is made."""

    min_accuracy: Mapping[str, float] = field(default_factory=dict)
    """Domain to the least share of correct answers; ``all``: over all domains."""
    max_p95_s: float | None = None
    max_cost_per_request: float | None = None
    max_joules_per_request: float | None = None
    max_grams_per_request: float | None = None
    max_memory_gib: float | None = None
    worth_right: float | None = None
    cost_wrong: float | None = None
    carbon_price_per_tonne: float | None = None
    cost_per_second: float | None = None
    risk: float | None = None
    minimise: str | None = None

    @classmethod
    def of(cls, recorded: Mapping[str, Any], where: str = "decide") -> DecideSettings:
        """Read the block ``decide``.

        Raises:
            UserError: a value is of another type.
        """
        least = recorded.get("min_accuracy")
        by_domain = least if isinstance(least, Mapping) else {"all": least}
        accuracy = {name: number_or_error(f"{where}.min_accuracy.{name}", share) for name, share in by_domain.items()}
        numbers = {
            key.name: number_or_error(f"{where}.{key.name}", recorded.get(key.name))
            for key in fields(cls)
            if key.name not in ("min_accuracy", "minimise")
        }
        return cls(
            min_accuracy={name: share for name, share in accuracy.items() if share is not None},
            minimise=text_or_error(f"{where}.minimise", recorded.get("minimise")),
            **numbers,
        )


@dataclass(frozen=True)
class RouterSettings:
    """How a hybrid chooses a member."""

    type: str | None = None
    min_score: float | None = None
    """Below it the fallback answers."""
    min_confidence: float | None = None
    """Of a cascade: below it the next member is asked."""
    order: tuple[str, ...] = ()
    """Of a cascade: the labels of its members."""
    margin: float | None = None
    """Of a router of predicted scores: the fallback answers unless a member's advantage is above it."""

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> RouterSettings:
        """Read a system's block ``router``."""
        return cls(
            type=text(recorded.get("type")),
            min_score=number(recorded.get("min_score", 0.0)),
            min_confidence=_confidence(recorded),
            margin=number(recorded.get("margin")),
            order=texts(recorded.get("order")),
        )


def _confidence(recorded: Mapping[str, Any]) -> float | None:
    """Return a cascade's threshold as a logarithm, which may be on record as a probability."""
    probability = number(recorded.get("min_probability"))
    if probability is not None:
        return math.log(probability) if 0 < probability <= 1 else None
    return number(recorded.get("min_confidence"))


@dataclass(frozen=True)
class SystemSettings:
    """One system's part of the suite."""

    router: RouterSettings | None = None
    """None for what is not a hybrid."""
    members: Mapping[str, str] | None = None
    """Of a hybrid: label to system."""
    fallback: str | None = None
    """Of a hybrid: the label of the member that answers where the router is not sure."""
    base_url: str | None = None
    """Of a system behind a server."""
    served_by_wattbench: bool = False
    """wattbench started that server."""
    pool: Mapping[str, SystemSettings] = field(default_factory=dict)
    """Of a hybrid: every system that it asks, by name."""
    reader: str | None = None
    """Of a hybrid: the system that its router asks."""
    predicted: PredictionRecord | None = None
    """Of a hybrid: what was predicted of it before it ran."""
    as_recorded: Mapping[str, Any] = field(default_factory=dict)
    """Every setting, for comparing systems."""

    @property
    def asks(self) -> tuple[str, ...]:
        """Return the systems that a hybrid may ask: its members and its router's reader. Empty for other systems."""
        reader = () if self.reader is None else (self.reader,)
        return tuple(dict.fromkeys([*self.pool, *(self.members or {}).values(), *reader]))

    @classmethod
    def of(cls, recorded: Mapping[str, Any], *, with_pool: bool = True) -> SystemSettings:
        """Read a system; those of its pool have no pool of their own."""
        router, members = mapping(recorded.get("router")), mapping(recorded.get("members"))
        pool = (mapping(recorded.get("pool")) or _EMPTY).items() if with_pool else ()
        fallback = recorded.get("fallback")
        return cls(
            router=None if router is None else RouterSettings.of(router),
            members=None if members is None else {label: str(name) for label, name in members.items()},
            fallback=None if fallback is None else str(fallback),
            base_url=text(recorded.get("base_url")),
            served_by_wattbench=bool(recorded.get("serve")),
            pool={
                name: cls.of(member, with_pool=False) for name, each in pool if (member := mapping(each)) is not None
            },
            reader=None if router is None else text(router.get("reader")),
            predicted=PredictionRecord.of(recorded.get("predicted")),
            as_recorded=recorded,
        )


@dataclass(frozen=True)
class SuiteRecord:
    """The resolved suite."""

    name: str
    """The run's, where the suite has none."""
    description: str | None
    measure: MeasureSettings
    metrics: Mapping[str, str]
    """Task to the metric that is correctness, where the suite names one."""
    systems: Mapping[str, SystemSettings]
    where: str
    """The file, for messages."""
    _suite: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, recorded: Mapping[str, Any], run: str, where: str) -> SuiteRecord:
        """Read the suite.

        Args:
            recorded: of the run's header.
            run: its name.
            where: its file, for messages.
        """
        suite = mapping(recorded.get("suite")) or _EMPTY
        tasks = mapping(suite.get("tasks")) or _EMPTY
        systems = mapping(recorded.get("systems")) or _EMPTY
        named = [(text(choice.get("task")), text(choice.get("metric"))) for choice in objects(tasks.get("select"))]
        return cls(
            name=text(suite.get("name")) or run,
            description=text(suite.get("description")),
            measure=MeasureSettings.of(mapping(suite.get("measure")) or _EMPTY),
            metrics={task: metric for task, metric in named if task is not None and metric is not None},
            systems={
                name: SystemSettings.of(config)
                for name, each in systems.items()
                if (config := mapping(each)) is not None
            },
            where=where,
            _suite=suite,
        )

    @property
    def canaries(self) -> tuple[str, ...]:
        """Return the systems that never change: if they do on a night, the machine changed."""
        return tuple(name for name, each in self.systems.items() if each.as_recorded.get("canary") is True)

    @cached_property
    def gate(self) -> Mapping[str, Any] | None:
        """Return the block ``gate``, for `wattbench_reports.gate.policy.policy_of`; None if it is missing.

        Raises:
            UserError: it is of another type.
        """
        return mapping_or_error(f"{self.where}: suite.gate", self._suite.get("gate"))

    @cached_property
    def prices(self) -> Mapping[str, PriceRecord]:
        """Return the price of each system that has one, those that only a hybrid asks included.

        Raises:
            UserError: a value is of another type or out of range.
        """
        pools = [(owner, name, one) for owner, each in self.systems.items() for name, one in each.pool.items()]
        everyone = [*((f"systems.{name}", name, one) for name, one in self.systems.items())]
        everyone += [(f"systems.{owner}.pool.{name}", name, one) for owner, name, one in pools]
        read = (
            (name, PriceRecord.of(one.as_recorded.get("price"), f"{self.where}: {at}.price"))
            for at, name, one in everyone
        )
        return {name: price for name, price in read if price is not None}

    @property
    def impacts(self) -> Mapping[str, Any] | None:
        """Return the block ``impacts``; None where there is none. It is checked where impacts are computed.

        Raises:
            UserError: it is not a mapping.
        """
        return mapping_or_error(f"{self.where}: impacts", self._suite.get("impacts"))

    @cached_property
    def carbon(self) -> CarbonSettings:
        """Return the block ``carbon``.

        Raises:
            UserError: a value is of another type.
        """
        return CarbonSettings.of(mapping(self._suite.get("carbon")) or _EMPTY, f"{self.where}: carbon")

    @cached_property
    def workload(self) -> WorkloadSettings:
        """Return the block ``workload``.

        Raises:
            UserError: a value is of another type.
        """
        return WorkloadSettings.of(mapping(self._suite.get("workload")) or _EMPTY, f"{self.where}: workload")

    @cached_property
    def decide(self) -> DecideSettings:
        """Return the block ``decide``.

        Raises:
            UserError: a value is of another type.
        """
        return DecideSettings.of(mapping(self._suite.get("decide")) or _EMPTY, f"{self.where}: decide")
