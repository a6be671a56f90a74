"""A system of a run, as it was loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wattbench.records.rows.schema import Amount, Count, RecordRow


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts about a loaded system: parameters, weights, versions, device. None: not known."""

    engine_version: str | None = None
    parameters_total: Count | None = None
    """None if not known (an endpoint that does not report it)."""
    parameters_active: Count | None = None
    """Parameters used per token: below the total for a mixture of experts."""
    weight_bytes: Count | None = None
    """Bytes of the weights as stored, adapter included."""
    weights_sha256: str | None = None
    served_model: str | None = None
    """For a server that wattbench did not start: the name it gives the model. It cannot be verified."""
    dtype: str | None = None
    device: str | None = None
    shares_base_with: str | None = None
    """The system that had already loaded this one's base: the load figures here are then of the adapter alone."""


@dataclass(frozen=True, kw_only=True)
class SystemRow(Facts, RecordRow):
    """A line of `systems.jsonl`: what a system is made of and what loading it cost. The last line per system counts."""

    system: str
    kind: str
    engine: str
    domain: str | None = None
    peak_memory_bytes: Count | None = None
    """Highest resident memory of the process that ran the system (of a served one: of the server)."""
    peak_device_memory_bytes: Count | None = None
    """Highest memory allocated on the accelerator, where there is one."""
    load_s: Amount | None = None
    load_window: str | None = None
    """The window that metered the loading; its joules are in `windows.jsonl`."""
    experts: list[str] = field(default_factory=list)
    """For a mixture: its experts' names, in the order of its routers."""
    expert_layers: list[Count] = field(default_factory=list)
    """For a mixture: the layers that have experts, counted from 0."""
    experts_per_token: Count | None = None
    expert_bytes: Count | None = None
    """For a mixture: bytes of one expert in one layer, as loaded. None in older records, and if not known."""
    shared_bytes: Count | None = None
    """For a mixture: bytes, as loaded, of all weights that every token reads, whichever experts it uses. An embedding
    that is not also the output's matrix is not among them: a token reads one row of it. None as above."""
    members: list[str] = field(default_factory=list)
    """For a hybrid: every system that it keeps loaded."""
    teacher: str | None = None
    """For a distilled system: its teacher."""
    training: dict[str, dict[str, Any]] | None = None
    """The cost of everything that was trained for it, by name: tokens, seconds, joules and how they were measured."""
    node: str = ""
    """The machine on which it was loaded; empty in older records."""
