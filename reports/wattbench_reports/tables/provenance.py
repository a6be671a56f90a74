"""How joules came about, and which may be set beside which."""

from __future__ import annotations

from collections.abc import Iterable

MEANING = {
    "counter": "hardware energy counter",
    "integrated": "sampled power, integrated",
    "rapl": "processor energy counter (RAPL)",
    "modelled": "a formula over load, no sensor",
    "replayed": "replayed from recordings",
    "imported": "declared by the tool or table it was imported from",
    "declared": "declared for the training, not measured here",
}
"""Each provenance in words."""

SEPARATOR = "+"
DECLARED = "declared"


def joined(labels: Iterable[str]) -> str:
    """Every provenance in some figures, once each: ``counter+modelled``. Empty where there are no figures."""
    return SEPARATOR.join(sorted({part for label in labels for part in label.split(SEPARATOR) if part}))


def explained(labels: Iterable[str]) -> str:
    """Each provenance in some labels with its meaning: ``counter: hardware energy counter; rapl: ...``."""
    parts = joined(labels).split(SEPARATOR)
    return "; ".join(f"{part}: {MEANING[part]}" for part in parts if part in MEANING)


def is_modelled(label: str) -> bool:
    """Whether a formula stands behind at least part of the joules."""
    return "modelled" in label.split(SEPARATOR)


def is_declared(label: str) -> bool:
    """Whether at least part of the joules is what somebody states."""
    return DECLARED in label.split(SEPARATOR)


def measured_part(label: str) -> str:
    """A label without what is declared: empty where all of it is."""
    return SEPARATOR.join(part for part in label.split(SEPARATOR) if part != DECLARED)


def qualified(label: str) -> str:
    """What a sentence says after a figure: ``modelled, not measured``, ``partly modelled``, or the provenance."""
    if label == "modelled":
        return "modelled, not measured"
    return f"{label}: partly modelled" if is_modelled(label) else label
