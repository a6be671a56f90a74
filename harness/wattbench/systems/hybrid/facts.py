"""What a hybrid is made of: its members together, what they share counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from wattbench.config import EndpointSystem, HybridSystem
from wattbench.routers import Router
from wattbench.systems.base import Engine, Facts, declared_parameters
from wattbench.systems.registry import base_key

T = TypeVar("T")


def combined_facts(config: HybridSystem, engines: Mapping[str, Engine], router: Router) -> Facts:
    """A hybrid's facts.

    Args:
        config: the hybrid's.
        engines: every system that it keeps loaded, by name.
        router: it may have a file of its own.
    """
    own = {name: engine.facts() for name, engine in engines.items()}
    versions = [*(facts.engine_version for facts in own.values()), router.version]
    parts = parts_of(engines, router)
    known = [count for count in parts.values() if count is not None]
    # A member that names no file, or not how large it is, leaves the sum unknown.
    complete = len(known) == len(parts) and all(engine.parts() for engine in engines.values())
    declared = declared_parameters(config) if config.parameters else (_parameters(engines, own), None)
    return Facts(
        engine_version="; ".join(dict.fromkeys(version for version in versions if version)) or None,
        parameters_total=declared[0],
        parameters_active=declared[1],  # otherwise it varies from item to item
        weight_bytes=sum(known) if complete else None,
        weights_sha256="+".join(parts) or None,
        dtype=_common([facts.dtype for facts in own.values()]),
        device=_common([facts.device for facts in own.values()]),
        shares_base_with=_shared_with(config, own),
    )


def parts_of(engines: Mapping[str, Engine], router: Router) -> Mapping[str, int | None]:
    """Every file of the members and the router once: SHA-256 to bytes."""
    parts: dict[str, int | None] = {}
    for engine in engines.values():
        parts |= engine.parts()
    parts |= dict(router.parts)
    return parts


def memory_bytes(process: int | None, config: HybridSystem, engines: Mapping[str, Engine]) -> int | None:
    """This process's peak, and that of the servers that members run in; None where one of them is not known."""
    servers = [engine for name, engine in engines.items() if isinstance(config.pool[name], EndpointSystem)]
    peaks = [process, *(engine.peak_memory_bytes() for engine in servers)]
    return None if None in peaks else sum(peak or 0 for peak in peaks)


def device_memory_bytes(engines: Mapping[str, Engine]) -> int | None:
    """The peak of each accelerator, summed. Members on the same one see the same peak: it is the process's."""
    peaks: dict[str | None, int] = {}
    for engine in engines.values():
        peak = engine.peak_device_memory_bytes()
        if peak is not None:
            device = engine.facts().device
            peaks[device] = max(peak, peaks.get(device, 0))
    return sum(peaks.values()) if peaks else None


def _parameters(engines: Mapping[str, Engine], own: Mapping[str, Facts]) -> int | None:
    """Parameters of all members; tensors that lie in the same memory are one. None where one member's are unknown."""
    tensors: dict[object, int] = {}
    others: list[int | None] = []
    for name, engine in engines.items():
        parameters = getattr(getattr(engine.lm, "model", None), "parameters", None)
        if callable(parameters):
            tensors |= {(str(t.device), t.data_ptr(), t.numel()): t.numel() for t in parameters()}
        else:
            others.append(own[name].parameters_total)
    return None if None in others else sum(tensors.values()) + sum(count or 0 for count in others)


def _shared_with(config: HybridSystem, own: Mapping[str, Facts]) -> str | None:
    """The system before the hybrid that had loaded the base, where the hybrid loaded none itself."""
    owners = [own[name].shares_base_with for name in own if base_key(config.pool[name]) is not None]
    return owners[0] if owners and None not in owners else None


def _common(values: Sequence[T | None]) -> T | None:
    """The value, where all have the same."""
    return values[0] if len(set(values)) == 1 else None
