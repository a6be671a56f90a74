"""Say before a run which fields the suite adds to requests, and whose answers are sampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from wattbench.config import EndpointSystem, Resolved, repeats_of, sampling_of
from wattbench.measure.code_to_run import with_members
from wattbench.redaction import hide_settings
from wattbench.tasks.loading import LoadedTask
from wattbench.tasks.samples import temperature_that_counts
from wattbench_reports.formatting.units import plural


@dataclass(frozen=True)
class Sampled:
    """How answers of a system are sampled."""

    system: str
    task: str | None
    """The task whose own settings say so; None: the system's requests do, for every task."""
    temperatures: tuple[float, ...]
    repeats: int
    seeds: tuple[int, ...]
    """Sent with each repeat; empty where none is sent, or where it goes up with each request."""

    def as_record(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"temperatures": list(self.temperatures), "seeds": list(self.seeds)}

    def in_words(self) -> str:
        """Return a clause on it."""
        of_task = "" if self.task is None else f" on {self.task}, by the task's settings"
        degrees = ", ".join(f"{each:g}" for each in self.temperatures)
        seeds = f" with seeds {', '.join(map(str, self.seeds))}" if self.seeds else ""
        return f"{self.system}{of_task}: temperature {degrees}, {plural(self.repeats, 'repeat')}{seeds}"


def requests_of(resolved: Resolved) -> dict[str, Mapping[str, Any]]:
    """Return the fields that a suite adds to the requests of each endpoint, without secrets; members included."""
    endpoints = with_members(resolved.systems).items()
    fields = {name: each.request for name, each in endpoints if isinstance(each, EndpointSystem) and each.request}
    hidden: dict[str, Mapping[str, Any]] = hide_settings(fields)
    return hidden


def sampled(resolved: Resolved, tasks: Sequence[LoadedTask]) -> list[Sampled]:
    """Return whose answers are sampled.

    Args:
        resolved: the suite.
        tasks: those that were read: whether others sample is not known.
    """
    every, measure = [], resolved.suite.measure
    for name, config in resolved.systems.items():
        repeats, by_system = repeats_of(config, measure), sampling_of(config, measure)
        if by_system is not None:
            every.append(Sampled(name, None, by_system.temperatures, repeats, by_system.seeds))
        for task in tasks:
            degrees = temperature_that_counts(config, task.generation)
            if degrees is not None:
                every.append(Sampled(name, task.choice.task, (degrees,), repeats, ()))
    return every


def sampled_in_words(sampling: Sequence[Sampled], listed: Callable[[Sequence[str]], str] = ", ".join) -> list[str]:
    """Word how answers are sampled; systems that are alike in it share a line, in which `listed` lists them."""
    alike: dict[Sampled, list[str]] = {}
    for each in sampling:
        alike.setdefault(replace(each, system=""), []).append(each.system)
    return [replace(each, system=listed(systems)).in_words() for each, systems in alike.items()]
