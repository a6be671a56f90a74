"""Read the suite of a run by the models of its blocks.

Settings that describe are None where the record lacks them or holds another type. Those that a figure depends on
(carbon, the workload, the decision, prices and the gate's policy) are a named error where they are of another type,
raised when they are first asked for: not every reading of a run needs them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, StrictBool

from wattbench.records.schema.base import Strict
from wattbench.records.schema.carbon import Carbon
from wattbench.records.schema.decide import Decide, Stop
from wattbench.records.schema.gate import GatePolicy
from wattbench.records.schema.impacts import Impacts
from wattbench.records.schema.prediction import Prediction
from wattbench.records.schema.price import Price
from wattbench.records.schema.recorded import (
    AsText,
    Described,
    DescribedWhole,
    Number,
    Text,
    Texts,
    ThoseValid,
    Whole,
    recorded,
)
from wattbench.records.schema.workload import Workload

_Block = TypeVar("_Block", bound=Strict)


class MeasureSettings(DescribedWhole):
    """How the items were put to the systems."""

    scenario: Text | None = None
    batch: Whole | None = None
    energy: StrictBool = True
    """Whether joules were to be metered."""

    @property
    def compared(self) -> Mapping[str, Any]:
        """Return the settings by which runs are compared.

        A trace is in them by its name, as its folder is a machine's own. When systems were dropped is not: those that
        were asked to the end answered the same items either way.
        """
        compared = {name: value for name, value in self.as_recorded.items() if name != "stop"}
        load = compared.get("load")
        if not isinstance(load, Mapping) or not isinstance(load.get("trace"), str):
            return compared
        return {**compared, "load": {**load, "trace": PurePath(load["trace"]).name}}


class RouterSettings(Described):
    """How a hybrid chooses a member."""

    type: Text | None = None
    min_score: Number | None = 0.0
    """Below it the fallback answers."""
    min_confidence: Number | None = None
    """Of a cascade: below it the next member is asked."""
    min_probability: Number | None = None
    order: Texts = ()
    """Of a cascade: the labels of its members."""
    margin: Number | None = None
    """Of a router of predicted scores: the fallback answers unless a member's advantage is above it."""
    reader: Text | None = None
    """The system that it asks."""

    @property
    def threshold(self) -> float | None:
        """Return a cascade's threshold as a logarithm, which may be on record as a probability."""
        if self.min_probability is None:
            return self.min_confidence
        return math.log(self.min_probability) if 0 < self.min_probability <= 1 else None


class MemberSettings(DescribedWhole):
    """The part of the suite of a system that is no hybrid."""

    base_url: Text | None = None
    """Of a system behind a server."""
    served_by_wattbench: Annotated[bool, BeforeValidator(bool)] = Field(default=False, alias="serve")
    """wattbench started that server."""
    prompt: dict[str, Any] = {}
    """The form in which it is asked."""
    power_limit_w: Number | None = None
    """Watts that each GPU might draw while it was asked. None: the GPUs kept their limit."""
    request: dict[str, Any] = {}
    """Fields that the suite adds to the body of each request to a server."""


class ArmSettings(Described):
    """A system's place in a grid."""

    grid: Text
    """The system whose `grid` it was made from."""
    labels: dict[str, AsText] = {}
    """Axis to the label of its value."""


class SystemSettings(MemberSettings):
    """One system's part of the suite."""

    arm: ArmSettings | None = None
    """None for what is of no grid."""

    router: RouterSettings | None = None
    """None for what is not a hybrid."""
    members: dict[str, AsText] | None = None
    """Of a hybrid: label to system."""
    fallback: AsText | None = None
    """Of a hybrid: the label of the member that answers where the router is not sure."""
    pool: ThoseValid[dict[str, MemberSettings]] = {}
    """Of a hybrid: every system that it asks, by name."""
    predicted: Prediction | None = None
    """Of a hybrid: what was predicted of it before it ran."""
    server_name: Text | None = Field(default=None, alias="asks")
    """Of an agent: the system whose server it asks; None where that server runs by itself."""

    @property
    def limited_to_w(self) -> float | None:
        """Return the power limit under which it was asked: its own, or that of a hybrid's members. None without one."""
        limits = [self.power_limit_w, *(member.power_limit_w for member in self.pool.values())]
        return next((limit_w for limit_w in limits if limit_w is not None), None)

    @property
    def reader(self) -> str | None:
        """Return the system that a hybrid's router asks."""
        return None if self.router is None else self.router.reader

    @property
    def asks(self) -> tuple[str, ...]:
        """Return the systems that a hybrid may ask: its members and its router's reader. Empty for other systems."""
        reader = () if self.reader is None else (self.reader,)
        return tuple(dict.fromkeys([*self.pool, *(self.members or {}).values(), *reader]))


class _JudgedBy(Described):
    judge: Text


class _TaskChoice(Described):
    task: Text
    metric: Text | None = None
    score: _JudgedBy | None = None
    """None for what no judge scores."""


class _Tasks(Described):
    select: ThoseValid[tuple[_TaskChoice, ...]] = ()


class _Suite(DescribedWhole):
    """The file, without its systems."""

    name: Text | None = None
    description: Text | None = None
    measure: MeasureSettings = MeasureSettings()
    tasks: _Tasks = _Tasks()


class _Resolved(Described):
    suite: _Suite = _Suite()
    systems: ThoseValid[dict[str, SystemSettings]] = {}
    judges: ThoseValid[dict[str, MemberSettings]] = {}


@dataclass(frozen=True)
class SuiteRecord:
    """The resolved suite."""

    name: str
    """The run's, where the suite has none."""
    description: str | None
    measure: MeasureSettings
    metrics: Mapping[str, str]
    """Task to the metric that is correctness, where the suite names one."""
    judge_of: Mapping[str, str]
    """Task to the system that scores its answers, where a judge does."""
    systems: Mapping[str, SystemSettings]
    judges: Mapping[str, MemberSettings]
    """Every judge that a task names: some may be among `systems`, too."""
    where: str
    """The file, for messages."""
    _suite: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, header: Mapping[str, Any], run: str, where: str) -> SuiteRecord:
        """Read the suite.

        Args:
            header: its block ``suite``.
            run: its name.
            where: its file, for messages.
        """
        resolved = _Resolved.of(header) or _Resolved()
        suite = resolved.suite
        return cls(
            name=suite.name or run,
            description=suite.description,
            measure=suite.measure,
            metrics={choice.task: choice.metric for choice in suite.tasks.select if choice.metric is not None},
            judge_of={choice.task: choice.score.judge for choice in suite.tasks.select if choice.score is not None},
            systems=resolved.systems,
            judges=resolved.judges,
            where=where,
            _suite=suite.as_recorded,
        )

    @property
    def requests(self) -> Mapping[str, Mapping[str, Any]]:
        """Map each system to the fields that the suite adds to its requests, if there are any.

        A member that only a hybrid asks has the name of the hybrid before its own.
        """
        everyone = dict(self.systems.items())
        pools = {
            f"{owner}: {name}": one
            for owner, each in self.systems.items()
            for name, one in each.pool.items()
            if name not in everyone
        }
        return {name: each.request for name, each in {**everyone, **pools}.items() if each.request}

    @property
    def canaries(self) -> tuple[str, ...]:
        """Return the systems that never change: if they do on a night, the machine changed."""
        return tuple(name for name, each in self.systems.items() if each.as_recorded.get("canary") is True)

    @cached_property
    def gate(self) -> GatePolicy | None:
        """Return the block ``gate``; None if it is missing.

        Raises:
            UserError: a value is of another type or out of range.
        """
        block = self._suite.get("gate")
        return None if block is None else recorded(GatePolicy, block, f"{self.where}: suite.gate")

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        """Return the price of each system that has one, those that only a hybrid or an agent asks, and judges,
        included.

        Raises:
            UserError: a value is of another type or out of range.
        """
        everyone = [(f"systems.{name}", name, each.as_recorded) for name, each in self.systems.items()]
        everyone += [(f"judges.{name}", name, each.as_recorded) for name, each in self.judges.items()]
        everyone += [
            (f"systems.{owner}.pool.{name}", name, one.as_recorded)
            for owner, each in self.systems.items()
            for name, one in each.pool.items()
        ]
        everyone += [
            (f"systems.{agent}.server", each.server_name, server)
            for agent, each in self.systems.items()
            if each.server_name is not None and each.server_name not in self.systems
            and isinstance(server := each.as_recorded.get("server"), Mapping)
        ]  # fmt: skip
        return {
            name: recorded(Price, settings["price"], f"{self.where}: {at}.price")
            for at, name, settings in everyone
            if settings.get("price") is not None
        }

    @cached_property
    def impacts(self) -> Impacts | None:
        """Return the block ``impacts``; None where there is none.

        Raises:
            UserError: a value is of another type or out of range.
        """
        return self._block(Impacts, "impacts") if self._suite.get("impacts") else None

    @cached_property
    def carbon(self) -> Carbon:
        """Return the block ``carbon``.

        Raises:
            UserError: a value is of another type or out of range.
        """
        return self._block(Carbon, "carbon")

    @cached_property
    def workload(self) -> Workload:
        """Return the block ``workload``.

        Raises:
            UserError: a value is of another type or out of range.
        """
        return self._block(Workload, "workload")

    @cached_property
    def decide(self) -> Decide:
        """Return the block ``decide``.

        Raises:
            UserError: a value is of another type or out of range.
        """
        return self._block(Decide, "decide")

    @cached_property
    def stop(self) -> Stop | None:
        """Return the block ``measure.stop``; None where all systems were to be asked to the end.

        Raises:
            UserError: a value is of another type or out of range.
        """
        block = self.measure.as_recorded.get("stop")
        if block is True:
            return Stop()
        return recorded(Stop, block, f"{self.where}: measure.stop") if block else None

    def _block(self, model: type[_Block], name: str) -> _Block:
        return recorded(model, self._suite.get(name) or {}, f"{self.where}: {name}")
