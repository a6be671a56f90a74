"""The systems and tasks of large made-up runs and histories."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DOMAINS = ("arithmetic", "text", "logic", "time")
TASKS = tuple((f"{domain}-{number}", domain) for domain in DOMAINS for number in (1, 2))
"""(task, domain)."""
GPU, CPU = "gpu0", "cpu"
IDLE_W = {GPU: 60.0, CPU: 35.0}
PROVENANCE = {GPU: "counter", CPU: "rapl"}


@dataclass(frozen=True)
class LargeSystem:
    """How a system behaves."""

    name: str
    kind: str
    accuracy: float
    request_s: float
    watts: dict[str, float]
    prompt: str = "bare"
    """Systems that share it were given the same prompts."""
    own_domain: str | None = None
    """Where it is right as often as `accuracy`; a fifth as often elsewhere."""
    row: dict[str, Any] = field(default_factory=dict)
    """Further fields of its `SystemRow`."""
    config: dict[str, Any] = field(default_factory=dict)
    """Further settings in the suite."""


def _trained(joules: float, teacher_tokens: int = 0) -> dict[str, Any]:
    return {
        "method": "adapter", "documents": 3000, "tokens": 120_000, "teacher_tokens": teacher_tokens, "seconds": 400.0,
        "energy_j": {GPU: joules * 0.8, CPU: joules * 0.2}, "provenance": dict(PROVENANCE), "cpu": "Example CPU",
    }  # fmt: skip


_LEDGERS = {f"specialist-{domain}": _trained(90_000.0) for domain in DOMAINS}
MEMBERS = {domain: f"specialist-{domain}" for domain in DOMAINS}
_SMALL, _LARGE = {GPU: 150.0, CPU: 45.0}, {GPU: 280.0, CPU: 50.0}

SYSTEMS = (
    LargeSystem("generalist", "generalist", 0.45, 0.30, _SMALL, prompt="two worked examples"),
    LargeSystem("generalist-large", "generalist", 0.72, 0.60, _LARGE, prompt="two worked examples"),
    LargeSystem("generalist-tuned", "generalist", 0.66, 0.30, _SMALL,
           row={"training": {"generalist-tuned": _trained(300_000.0)}}),
    *(
        LargeSystem(name, "specialist", 0.74, 0.25, _SMALL, own_domain=domain,
               row={"domain": domain, "training": {name: _LEDGERS[name]}}, config={"domain": domain})
        for domain, name in MEMBERS.items()
    ),
    LargeSystem("mixture", "moe", 0.64, 0.35, _SMALL,
           row={"parameters_active": 180_000_000, "training": {**_LEDGERS, "mixture": _trained(60_000.0)}}),
    LargeSystem("student", "distilled", 0.55, 0.15, _SMALL,
           row={"teacher": "generalist-tuned", "training": {"student": _trained(200_000.0, 90_000)}},
           config={"teacher": "generalist-tuned"}),
    LargeSystem("student-small", "distilled", 0.35, 0.10, _SMALL,
           row={"teacher": "generalist-tuned", "training": {"student-small": _trained(120_000.0, 90_000)}},
           config={"teacher": "generalist-tuned"}),
    LargeSystem("hybrid", "hybrid", 0.72, 0.28, _SMALL,
           row={"members": list(MEMBERS.values()), "training": {**_LEDGERS, "router": _trained(500.0)}},
           config={"router": {"type": "classifier"}, "members": dict(MEMBERS)}),
    LargeSystem("rules", "specialist", 0.20, 0.01, {GPU: 60.0, CPU: 50.0}, own_domain="arithmetic",
           row={"domain": "arithmetic", "engine": "python"}, config={"domain": "arithmetic"}),
)  # fmt: skip
