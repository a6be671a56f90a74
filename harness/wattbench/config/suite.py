"""The suite: tasks × systems, with how they are measured. One YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    SerializeAsAny,
    Tag,
    model_validator,
)

from wattbench.config.apis import MaxCost
from wattbench.config.file_task import FileTask, TaskChoice
from wattbench.config.inspect_task import InspectTask
from wattbench.config.meters.meter import AutoSettings, MeterEntry
from wattbench.config.open_loop import Load
from wattbench.config.systems.system import System
from wattbench.records.schema.base import Name, PauseSeconds, RelativePath, Seed, Strict, Times
from wattbench.records.schema.carbon import Carbon
from wattbench.records.schema.decide import Decide, Stop
from wattbench.records.schema.gate import GatePolicy
from wattbench.records.schema.impacts import Impacts
from wattbench.records.schema.workload import Workload


def _kind_of_task(given: Any) -> str:
    """Return the name of the model for an entry of `tasks.select`: by the key `file` or `inspect`, if it has one."""
    if not isinstance(given, Mapping):
        return type(given).__name__
    kinds = {"file": FileTask, "inspect": InspectTask}
    return next((kind.__name__ for key, kind in kinds.items() if key in given), TaskChoice.__name__)


SelectedTask = Annotated[
    Annotated[TaskChoice, Tag(TaskChoice.__name__)]
    | Annotated[FileTask, Tag(FileTask.__name__)]
    | Annotated[InspectTask, Tag(InspectTask.__name__)],
    Discriminator(_kind_of_task),
]
"""An lm-eval task by its name, a file of one's own by the key `file`, or a task of inspect_ai by `inspect`."""


class Tasks(Strict):
    """The folders of tasks, and the tasks that are asked."""

    include: list[RelativePath] = []
    """Folders of lm-eval task YAML, relative to this file. A task file can run code: include only folders that you
    trust."""
    select: Annotated[list[SelectedTask], Field(min_length=1)]
    """The tasks: lm-eval's by `task`, files of one's own by `file`, inspect_ai's by `inspect`."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [choice.task for choice in self.select]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"task {name!r} is selected twice")
        return self


class Systems(Strict):
    """Which systems are compared."""

    include: list[RelativePath] = []
    """Catalogues: YAML files with a `systems:` mapping, relative to this file."""
    select: list[Name] | None = None
    """Systems to take from the catalogues; None takes them all. Systems under `define` always take part."""
    define: dict[Name, SerializeAsAny[System]] = {}
    """Systems by name, each with its settings."""


def _form_of_stop(given: Any) -> str:
    return Stop.__name__ if isinstance(given, Stop | Mapping) else bool.__name__


_StopOrNot = Annotated[Stop, Tag(Stop.__name__)] | Annotated[bool, Tag(bool.__name__)]


class Measure(Strict):
    """How every cell is measured. Systems are compared only under the same settings."""

    scenario: Literal["single-stream", "throughput", "load"] = "single-stream"
    """`single-stream`: one item at a time. `throughput`: a fixed batch (to a server: this many concurrent requests).
    `load`: requests arrive independently of the answers, at the rates or as in the trace under `load`."""
    batch: Times = 1
    """Items in flight together. single-stream is batch 1."""
    load: Load | None = None
    """For the scenario `load`, and only for it."""
    effort: Literal["quick", "normal", "thorough"] = "normal"
    """How much time may go into intervals and joules, beyond the answering itself: how many blocks there are, how long
    windows last, and whether a disturbed block is asked again. `normal` ends within twice the answering time plus two
    minutes, loading not counted."""
    energy: bool = True
    """`off` measures accuracy and latency alone: no meter is read, no window is filled, and any number of such runs
    may go on side by side."""
    idle_s: Literal["auto"] | PauseSeconds = "auto"
    """Seconds of idle, with the system loaded, before its first measured window; 0 measures none. `auto`: by the effort
    where a sensor is read; 1 where joules are modelled."""
    warmup: Annotated[int, Field(ge=0, le=10**6)] = 3
    """Items asked before anything is measured, in every cell."""
    min_window_s: Literal["auto"] | PauseSeconds = "auto"
    """The shortest measured window that is valid. A cell that ends sooner asks its items again until then. `auto`: what
    the sensors need, and by the effort; without a sensor no item is asked again to make a window longer."""
    window_s: PauseSeconds = 30.0
    """A longer cell is divided into windows of about this length, so that a disturbance makes only one of them
    invalid."""
    repeats: Literal["auto"] | Times = "auto"
    """How often every item is asked and recorded. `auto`: 3 times of an endpoint whose `request` has a `temperature`
    above 0 (and of a hybrid with such a member), each time with another seed; once of all other systems."""
    blocks: Literal["auto"] | Times = "auto"
    """Into how many blocks the items of all tasks are dealt at random. In each block all systems are asked, in a random
    order. `auto` chooses by what switching costs, as measured. 1: one system after another, so that no interval holds
    time. The scenario `load` has no blocks: its rates are its own design."""
    resident: Literal["auto", "all", "one"] = "auto"
    """Who stays loaded between blocks: `all` systems, or `one` at a time, loaded anew in every block. `auto` keeps all
    loaded where memory allows."""
    busy: Literal["retry", "mark", "refuse"] = "retry"
    """What follows when other work ran on the machine: `retry` asks such a block again, as far as the effort allows;
    `mark` marks its windows; `refuse` does not start on a busy machine, and ends the run at such a block. Without
    blocks windows are marked."""
    stop: Annotated[_StopOrNot, Discriminator(_form_of_stop)] | None = None
    """Stop asking systems that cannot be chosen, from the fifth block on, by requirements, worth and what is minimised.
    `true`: by those of `decide`. None: only where a system has a `grid`."""
    seed: Seed = 1234
    """Of few-shot examples, of what tasks and systems draw, and of arrivals under load."""
    require_measured: bool = False
    """Refuse to run if a component's joules would come from a formula or a recording, and not from a sensor."""

    @property
    def stop_rule(self) -> Stop | None:
        """Return when the run stops asking a system; None: it asks all to the end. Of a suite that was loaded."""
        return self.stop if isinstance(self.stop, Stop) else None

    @property
    def in_blocks(self) -> bool:
        """Return whether items are dealt into blocks."""
        return self.load is None and self.blocks != 1

    @property
    def least_window_s(self) -> float:
        """Return the seconds that the suite requires of a measured window; 0 without a requirement or meters."""
        return 0.0 if self.min_window_s == "auto" or not self.energy else self.min_window_s

    @model_validator(mode="after")
    def _single_stream_is_one(self) -> Self:
        if self.scenario == "single-stream" and self.batch != 1:
            raise ValueError(
                f"single-stream is batch 1 (here: {self.batch}); for a larger batch set scenario: throughput"
            )
        return self

    @model_validator(mode="after")
    def _load_has_its_own_keys(self) -> Self:
        if (self.load is not None) != (self.scenario == "load"):
            raise ValueError(
                "scenario: load needs the rates or the trace under load:"
                if self.load is None
                else f"load: belongs to scenario: load (here: {self.scenario})"
            )
        if self.load is None:
            return self
        if self.blocks not in ("auto", 1):
            raise ValueError(f"scenario: load has no blocks (here: {self.blocks}); its rates are its own design")
        if self.batch != 1 or self.repeats not in ("auto", 1):
            raise ValueError(
                "scenario: load takes no batch and no repeats; requests arrive at load.rates_per_s, or as in load.trace"
            )
        least_s = self.least_window_s
        if self.load.rates_per_s is not None and self.load.min_duration_s < least_s:
            raise ValueError(
                f"load.min_duration_s is {self.load.min_duration_s:g}, and windows shorter than min_window_s = "
                f"{least_s:g} are not valid: raise the former, or lower the latter"
            )
        return self

    @model_validator(mode="after")
    def _required_joules_are_metered(self) -> Self:
        if self.require_measured and not self.energy:
            raise ValueError(
                "energy is off, so that no joules can be measured: remove require_measured, or energy: off"
            )
        return self


class Suite(Strict):
    """Tasks × systems, with how they are measured."""

    name: Name
    """The name of the suite, and a part of the names of its runs."""
    description: str | None = None
    """A text for readers of the report."""
    tasks: Tasks
    """What is asked."""
    systems: Systems
    """Who answers."""
    judges: dict[Name, SerializeAsAny[System]] = {}
    """Systems that score free answers and answer nothing themselves, by name, each with its settings."""
    measure: Measure = Measure()
    """How they are measured."""
    carbon: Carbon = Carbon()
    """From joules to grams of CO2."""
    impacts: Impacts | None = None
    """Water, abiotic depletion and primary energy. None: they are not stated."""
    workload: Workload = Workload()
    """The work for which a system is chosen."""
    decide: Decide = Decide()
    """What a system must meet to be advised, and what is minimised."""
    max_cost: MaxCost | None = None
    """The most that a run may spend on tokens and requests, such as `5 USD`. It stops before a request that could
    exceed it, and can be resumed with another. All prices must be in its currency."""
    gate: GatePolicy | None = None
    """The policy of `wattbench gate`. None: that of the `pyproject.toml` in the current folder, or the defaults."""
    meters: Annotated[list[SerializeAsAny[MeterEntry]], Field(min_length=1)] = [AutoSettings(use="auto")]
    """The meters: bare names, or mappings with `use: <name>` and the settings of that meter."""

    @model_validator(mode="after")
    def _gate_of_this_suite(self) -> Self:
        if self.gate is not None and self.gate.suite is not None:
            raise ValueError("gate.suite: this suite is the one; the key belongs into pyproject.toml or a policy file")
        return self

    @model_validator(mode="after")
    def _some_system(self) -> Self:
        if not self.systems.define and not self.systems.include:
            raise ValueError("systems: name a catalogue under include or a system under define")
        return self


class Catalogue(Strict):
    """A file of systems. Top-level keys that start with `x-` are ignored: a place for YAML anchors."""

    systems: Annotated[dict[Name, System], Field(min_length=1)]
