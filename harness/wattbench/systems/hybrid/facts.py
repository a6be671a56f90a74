"""State what a hybrid is made of, with shared parts counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from wattbench.config import EndpointSystem, HybridSystem
from wattbench.records.rows.answers import TokenCounts, Used
from wattbench.records.rows.systems import Facts
from wattbench.routers import Router
from wattbench.systems.base import Engine, Reply, declared_parameters
from wattbench.systems.registry import base_key

T = TypeVar("T")


def combined_facts(config: HybridSystem, engines: Mapping[str, Engine], router: Router) -> Facts:
    """Return a hybrid's facts.

    Args:
        config: the hybrid's.
        engines: every system that it keeps loaded, by name.
        router: it may have a file of its own.
    """
    facts_of = {name: engine.facts() for name, engine in engines.items()}
    versions = [*(facts.engine_version for facts in facts_of.values()), router.version]
    parts = parts_of(engines, router)
    known = [count for count in parts.values() if count is not None]
    # A member that names no file, or not how large it is, leaves the sum unknown.
    complete = len(known) == len(parts) and all(engine.parts() for engine in engines.values())
    declared = declared_parameters(config) if config.parameters else (_parameters(engines, facts_of), None)
    return Facts(
        engine_version="; ".join(dict.fromkeys(version for version in versions if version)) or None,
        parameters_total=declared[0],
        parameters_active=declared[1],  # otherwise it varies from item to item
        weight_bytes=sum(known) if complete else None,
        weights_sha256="+".join(parts) or None,
        dtype=_common([facts.dtype for facts in facts_of.values()]),
        device=_common([facts.device for facts in facts_of.values()]),
        shares_base_with=_shared_with(config, facts_of),
    )


def parts_of(engines: Mapping[str, Engine], router: Router) -> Mapping[str, int | None]:
    """Return every file of the members and the router once: SHA-256 to bytes."""
    parts: dict[str, int | None] = {}
    for engine in engines.values():
        parts |= engine.parts()
    parts |= dict(router.parts)
    return parts


def memory_bytes(process: int | None, config: HybridSystem, engines: Mapping[str, Engine]) -> int | None:
    """Sum the peak memory of this process and of the members' servers; None if one peak is unknown."""
    servers = [
        engine
        for name, engine in engines.items()
        if isinstance(config.pool[name], EndpointSystem) and engine.facts().shares_base_with not in engines
    ]
    peaks = [process, *(engine.peak_memory_bytes() for engine in servers)]
    return None if None in peaks else sum(peak or 0 for peak in peaks)


def device_memory_bytes(engines: Mapping[str, Engine]) -> int | None:
    """Sum the peak memory of all accelerators; an accelerator that several members share counts once."""
    peaks: dict[str | None, int] = {}
    for engine in engines.values():
        peak = engine.peak_device_memory_bytes()
        if peak is not None:
            device = engine.facts().device
            peaks[device] = max(peak, peaks.get(device, 0))
    return sum(peaks.values()) if peaks else None


def _parameters(engines: Mapping[str, Engine], facts_of: Mapping[str, Facts]) -> int | None:
    """Count the parameters of all members; tensors in the same memory count once. None if a count is unknown."""
    tensors: dict[object, int] = {}
    others: list[int | None] = []
    for name, engine in engines.items():
        parameters = getattr(getattr(engine.lm, "model", None), "parameters", None)
        if callable(parameters):
            tensors |= {(str(t.device), t.data_ptr(), t.numel()): t.numel() for t in parameters()}
        elif facts_of[name].shares_base_with not in engines:
            others.append(facts_of[name].parameters_total)
    return None if None in others else sum(tensors.values()) + sum(count or 0 for count in others)


def _shared_with(config: HybridSystem, facts_of: Mapping[str, Facts]) -> str | None:
    """Return the system that loaded the members' base; None if the hybrid loaded it."""
    owners = [facts_of[name].shares_base_with for name in facts_of if base_key(config.pool[name]) is not None]
    return owners[0] if owners and None not in owners else None


def _common(values: Sequence[T | None]) -> T | None:
    """Return the value that all members have in common; None if values differ."""
    return values[0] if len(set(values)) == 1 else None


@dataclass(frozen=True)
class RouterCall:
    """A call of a system by the router itself."""

    system: str
    replies: Sequence[Reply]
    seconds: float


def used(system: str, replies: Sequence[Reply], seconds: float) -> Used:
    """Return the tokens and seconds that a system used for the replies of one item."""
    return Used(system=system, seconds=seconds, **TokenCounts.summed(replies))


def shared_out(calls: Sequence[RouterCall], questions: int) -> list[list[Used]]:
    """Divide the tokens and seconds of the router's calls among the questions of a batch.

    A call has as many replies for each question, in the order of the questions. What it asked once for all (to
    calibrate itself) is the first question's.
    """
    shares: list[list[Used]] = [[] for _ in range(questions)]
    for call in calls:
        each, left = divmod(len(call.replies), questions)
        if left:
            shares[0].append(used(call.system, call.replies, call.seconds))
            continue
        for number, share in enumerate(shares):
            share.append(used(call.system, call.replies[number * each : (number + 1) * each], call.seconds / questions))
    return shares
