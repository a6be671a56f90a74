"""Decide whether systems can stay loaded next to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from wattbench.config import EndpointSystem, HybridSystem, LocalModel, SystemBase
from wattbench.systems import base_key
from wattbench.systems.memory import available_bytes, device_available_bytes
from wattbench.systems.weights import bytes_on_disk

MARGIN = 1.25
"""A system is expected to need this many times what one like it needed: no two are alike."""
RESERVE = 0.10
"""This share of the memory that was available at first stays free: for caches of files, and for answering."""


@dataclass(frozen=True)
class Memory:
    """Bytes that can still be used; None if not known."""

    process: int | None
    device: int | None = None
    """Of the accelerator that the systems use."""


@dataclass(frozen=True)
class Need:
    """Bytes that a system needs."""

    process: int = 0
    device: int = 0


@dataclass(frozen=True)
class Together:
    """The reason why systems do not stay loaded together."""

    text: str
    impossible: bool
    """False: they might, but it is better not tried."""


@dataclass
class Needs:
    """The memory that systems are expected to need, by the needs of the systems loaded before."""

    configs: Mapping[str, SystemBase]
    _of_new_base: Need = Need()
    _of_shared_base: Need | None = None
    _bases: set[object] = field(default_factory=set)

    def of(self, name: str) -> Need:
        """Return the memory that a system is expected to need."""
        config = self.configs[name]
        key = base_key(config)
        if key is not None and key in self._bases:
            return self._of_shared_base or self._of_new_base
        weights = config.weights if isinstance(config, LocalModel) else None
        stored = bytes_on_disk(weights) if weights is not None else None
        return Need(max(self._of_new_base.process, stored or 0), self._of_new_base.device)

    def note(self, name: str, before: Memory, after: Memory) -> None:
        """Record the memory that a system needed: free memory before loading, minus that after its warm-up."""
        need = Need(_less(before.process, after.process), _less(before.device, after.device))
        key = base_key(self.configs[name])
        if key is not None and key in self._bases:
            self._of_shared_base = _larger(self._of_shared_base or Need(), need)
        else:
            self._of_new_base = _larger(self._of_new_base, need)
        self._bases.add(key)


def free_memory() -> Memory:
    """Return the memory that can be used now."""
    return Memory(available_bytes(), device_available_bytes())


def why_not_resident(need: Need, free: Memory, at_first: Memory) -> str | None:
    """Return why a system cannot be kept loaded next to the others; None if it can be.

    Args:
        need: what it is expected to need.
        free: what can be used now.
        at_first: what could be used before any system was loaded.
    """
    for what, needed, left, whole in (
        ("memory", need.process, free.process, at_first.process),
        ("GPU memory", need.device, free.device, at_first.device),
    ):
        if needed and left is not None and whole is not None and needed * MARGIN > left - RESERVE * whole:
            return (
                f"the next one may need {_gb(needed * MARGIN)} of {what}; {_gb(left)} are free, of which "
                f"{_gb(RESERVE * whole)} are kept in reserve"
            )
    return None


def why_never_together(configs: Mapping[str, SystemBase]) -> Together | None:
    """Return why systems cannot stay loaded together, as far as is known without loading; None if they may."""
    served = [each for each in _endpoints(configs) if each.serve is not None and each.serve.command is not None]
    ports = [each.base_url for each in served if each.base_url is not None and "{port}" not in each.base_url]
    if len(set(ports)) < len(ports):
        shared = next(url for url in ports if ports.count(url) > 1)
        return Together(f"several systems are served at {shared}", impossible=True)
    if len(served) > 1:
        return Together(
            "several are servers that a command starts, each of which may take a whole GPU", impossible=False
        )
    return None


def _endpoints(configs: Mapping[str, SystemBase]) -> Iterator[EndpointSystem]:
    """Yield every endpoint, including the endpoints that hybrids keep loaded."""
    for config in configs.values():
        members = [config.pool[name] for name in config.resident] if isinstance(config, HybridSystem) else [config]
        yield from (member for member in members if isinstance(member, EndpointSystem))


def _less(before: int | None, after: int | None) -> int:
    return 0 if before is None or after is None else max(before - after, 0)


def _larger(first: Need, second: Need) -> Need:
    return Need(max(first.process, second.process), max(first.device, second.device))


def _gb(amount: float) -> str:
    return f"{amount / 1e9:.1f} GB"
