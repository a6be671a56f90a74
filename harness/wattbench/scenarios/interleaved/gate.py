"""Define which two systems a gate asks, by which policy, and how the header of its run records it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from wattbench.config import GatePolicy, HybridSystem, LocalModel, Resolved, Suite, SystemBase
from wattbench.errors import UserError
from wattbench.records import BASELINE, CANDIDATE, RunRecords
from wattbench.records.metric_names import JOULE_METRICS
from wattbench.scenarios.interleaved.planted_faults import Plant


class PaidBy(StrEnum):
    """How the answers of the systems of a gate are paid for."""

    NOTHING = "nothing"
    """Some system has no price: money is not judged."""
    PRICES = "prices"
    """Tokens, requests or hours have a price, and electricity is none of them."""
    JOULES = "joules"
    """Electricity is paid for by some system, so that its money is known where its joules are."""


@dataclass(frozen=True)
class Side:
    """One of the two systems."""

    name: str
    """Its name in the record."""
    system: str
    """Its name in the suite."""

    def as_record(self) -> dict[str, str]:
        """Return the side as `run.json` keeps it."""
        return {"name": self.name, "system": self.system}


@dataclass(frozen=True)
class BaseOfGate:
    """The commit whose system is the baseline of a gate."""

    sha: str
    description: str
    """Which commit that is, in words."""
    repository: Path
    tree: Path
    """Where it is checked out while the gate measures."""
    files: tuple[str, ...]
    """Files of the working tree that differ from the commit, relative to the repository."""
    files_sha256: str
    """A hash of their contents: a gate is only resumed with the same candidate."""
    notes: tuple[str, ...]
    """What differs between the two sides, one sentence each."""

    def as_record(self) -> dict[str, Any]:
        """Return the base as `run.json` keeps it."""
        return asdict(self) | {"repository": str(self.repository), "tree": str(self.tree)}

    @classmethod
    def of_record(cls, recorded: Mapping[str, Any]) -> Self:
        """Read the base from `run.json`.

        Raises:
            KeyError: something is missing.
        """
        return cls(
            sha=str(recorded["sha"]),
            description=str(recorded["description"]),
            repository=Path(recorded["repository"]),
            tree=Path(recorded["tree"]),
            files=tuple(map(str, recorded["files"])),
            files_sha256=str(recorded["files_sha256"]),
            notes=tuple(map(str, recorded["notes"])),
        )


@dataclass(frozen=True)
class Gate:
    """A gate that asks two systems in turns."""

    sides: Mapping[str, Side]
    policy: GatePolicy
    policy_source: str
    seed: int
    """Of every draw of the gate; a fresh one for each gate."""
    plant: Plant | None = None
    """What makes the candidate worse, in a test of the gate."""
    base: BaseOfGate | None = None
    """Of `gate --base`."""
    long_rounds: bool = True
    """Whether there are long rounds, in which joules are measured."""

    def as_record(self) -> dict[str, Any]:
        """Return the gate as `run.json` keeps it: `RunHeader.gate`."""
        return {side: system.as_record() for side, system in self.sides.items()} | {
            "policy": self.policy.model_dump(mode="json"),
            "policy_source": self.policy_source,
            "planted": self.plant.as_record() if self.plant is not None else None,
            "seed": self.seed,
            "base": self.base.as_record() if self.base is not None else None,
            "long_rounds": self.long_rounds,
        }

    @classmethod
    def of_records(cls, records: RunRecords) -> Self:
        """Read the gate from the header of its run.

        Raises:
            UserError: the run is not a gate's, or its record is damaged.
        """
        recorded = records.header.gate
        if recorded is None:
            raise UserError(
                f"{records.layout.root}: this is not the run of a gate; resume it with: wattbench run --resume "
                f"{records.layout.root}"
            )
        try:
            return cls(
                {side: Side(**recorded[side]) for side in (BASELINE, CANDIDATE)},
                GatePolicy.model_validate(recorded["policy"]),
                str(recorded["policy_source"]),
                int(recorded["seed"]),
                Plant.of_record(recorded["planted"]) if recorded["planted"] else None,
                BaseOfGate.of_record(recorded["base"]) if recorded.get("base") else None,
                bool(recorded.get("long_rounds", True)),
            )
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise UserError(
                f"{records.layout.header}: gate: cannot be read ({error}); the record is damaged"
            ) from error


SEED_BITS = 32


def new_seed() -> int:
    """Draw a seed for a gate: with the suite's seed, all its gates would have the same order and coins."""
    return secrets.randbits(SEED_BITS)


def judges_joules(policy: GatePolicy, meters: Mapping[str, str], paid: PaidBy = PaidBy.NOTHING) -> bool:
    """Return whether a gate judges joules that a meter measures, and so needs long rounds.

    Args:
        policy: the gate's.
        meters: component to the provenance of its joules.
        paid: what the money of its systems is made of; where joules are, money that is judged needs them too.
    """
    of_money = ("cost_per_request", "cost_per_correct") if paid is PaidBy.JOULES else ()
    named = not policy.metrics.keys().isdisjoint((*JOULE_METRICS, *of_money))
    return named and bool(meters) and (policy.judge_modelled or "modelled" not in meters.values())


def choose_sides(resolved: Resolved, baseline: str, candidate: str) -> tuple[Resolved, dict[str, Side]]:
    """Return the suite with only the baseline and the candidate as systems, and the two sides of the gate.

    One system may be both: as the candidate it is then called ``NAME.candidate``.

    Raises:
        UserError: there is no such system, or the two cannot be asked in turns.
    """
    for option, name in (("--baseline", baseline), ("--candidate", candidate)):
        if name not in resolved.systems:
            raise UserError(f"{resolved.path}: {option}: {resolved.no_system(name)}")
    sides = {
        BASELINE: Side(baseline, baseline),
        CANDIDATE: Side(candidate if candidate != baseline else f"{candidate}.candidate", candidate),
    }
    return in_turns(resolved, {side.name: resolved.systems[side.system] for side in sides.values()}), sides


def in_turns(resolved: Resolved, systems: Mapping[str, SystemBase]) -> Resolved:
    """Return the suite with only these two systems, by their names in the record.

    Raises:
        UserError: the two cannot be asked in turns.
    """
    if resolved.suite.measure.load is not None:
        raise UserError(
            f"{resolved.path}: scenario: load keeps a system busy for minutes at each rate, so two cannot be asked in "
            "turns. Use single-stream or throughput for a gate"
        )
    _check_threads(systems)
    return replace(resolved, systems=systems)


def _check_threads(systems: Mapping[str, SystemBase]) -> None:
    """Check that both systems want the same number of PyTorch threads, which is set per process."""
    wanted: dict[str, int | None] = {}
    for name, config in systems.items():
        pool = config.pool.values() if isinstance(config, HybridSystem) else [config]
        wanted |= dict.fromkeys([name], *{one.threads for one in pool if isinstance(one, LocalModel)})
    if len(set(wanted.values())) > 1:
        listed = ", ".join(f"{name}: {threads or 'not set'}" for name, threads in wanted.items())
        raise UserError(
            f"both systems run in one process, and set different numbers of threads ({listed}). Run the suite for "
            "each, and gate the two runs"
        )


def paid_by(suite: Suite, systems: Iterable[SystemBase]) -> PaidBy:
    """Return how the answers of some systems are paid for.

    Args:
        suite: for the price of electricity.
        systems: of the gate. A hybrid pays for each system that it asks.
    """
    by_joules = False
    for system in systems:
        members = list(system.pool.values()) if isinstance(system, HybridSystem) else []
        prices = [one.price for one in (*members, system)]
        if all(price is None for price in prices) and suite.workload.price_per_kwh is None:
            return PaidBy.NOTHING
        without = any(one.price is None for one in members) if members else system.price is None
        added = any(price is not None and price.electricity == "added" for price in prices)
        by_joules = by_joules or without or added
    return PaidBy.JOULES if by_joules else PaidBy.PRICES
