"""Which two systems a gate asks, by which policy: what the header of its run says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import ValidationError

from wattbench.config import GatePolicy, HybridSystem, LocalModel, Resolved, SystemBase
from wattbench.errors import UserError, nearest
from wattbench.records import BASELINE, CANDIDATE, RunRecords
from wattbench.scenarios.interleaved.planted_faults import Plant


@dataclass(frozen=True)
class Side:
    """One of the two."""

    name: str
    """What it is called in the record."""
    system: str
    """What it is called in the suite."""

    def as_record(self) -> dict[str, str]:
        """What `run.json` keeps."""
        return {"name": self.name, "system": self.system}


@dataclass(frozen=True)
class Gate:
    """A gate that asks two systems in turns."""

    sides: Mapping[str, Side]
    policy: GatePolicy
    policy_source: str
    seed: int
    plant: Plant | None = None
    """What makes the candidate worse: a drill."""

    def as_record(self) -> dict[str, Any]:
        """What `run.json` keeps: `RunHeader.gate`."""
        return {side: own.as_record() for side, own in self.sides.items()} | {
            "policy": self.policy.model_dump(mode="json"),
            "policy_source": self.policy_source,
            "planted": self.plant.as_record() if self.plant is not None else None,
            "seed": self.seed,
        }

    @classmethod
    def of_records(cls, records: RunRecords) -> Self:
        """From the header of its run.

        Raises:
            UserError: the run is no gate's, or its record is damaged.
        """
        told = records.header.gate
        if told is None:
            raise UserError(f"{records.layout.root}: this is no run of a gate; go on with wattbench run --resume")
        try:
            return cls(
                {side: Side(**told[side]) for side in (BASELINE, CANDIDATE)},
                GatePolicy.model_validate(told["policy"]),
                str(told["policy_source"]),
                int(told["seed"]),
                Plant(**told["planted"]) if told["planted"] else None,
            )
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise UserError(
                f"{records.layout.header}: gate: cannot be read ({error}); the record is damaged"
            ) from error


def choose_sides(resolved: Resolved, baseline: str, candidate: str) -> tuple[Resolved, dict[str, Side]]:
    """The suite with the two systems alone, by the names that they have in the record.

    One system may be both: as the candidate it is then called ``NAME.candidate``.

    Raises:
        UserError: there is no such system, or the two cannot be asked in turns.
    """
    for option, name in (("--baseline", baseline), ("--candidate", candidate)):
        if name not in resolved.systems:
            raise UserError(
                f"{resolved.path}: {option}: no system {name!r} in this suite{nearest(name, resolved.systems)}"
            )
    if resolved.suite.measure.load is not None:
        raise UserError(
            f"{resolved.path}: scenario: load keeps a system busy for minutes at each rate; two cannot be asked in "
            "turns under it. Gate under single-stream or throughput"
        )
    sides = {
        BASELINE: Side(baseline, baseline),
        CANDIDATE: Side(candidate if candidate != baseline else f"{candidate}.candidate", candidate),
    }
    systems = {side.name: resolved.systems[side.system] for side in sides.values()}
    _check_threads(systems)
    return replace(resolved, systems=systems), sides


def _check_threads(systems: Mapping[str, SystemBase]) -> None:
    """PyTorch's threads are the process's, not a model's: the system that was loaded last would set them for both."""
    wanted: dict[str, int | None] = {}
    for name, config in systems.items():
        pool = config.pool.values() if isinstance(config, HybridSystem) else [config]
        wanted |= dict.fromkeys([name], *{one.threads for one in pool if isinstance(one, LocalModel)})
    if len(set(wanted.values())) > 1:
        listed = ", ".join(f"{name}: {threads or 'not set'}" for name, threads in wanted.items())
        raise UserError(
            f"both systems run in one process, and want different threads ({listed}). Run the suite for each, and gate "
            "the two runs"
        )
