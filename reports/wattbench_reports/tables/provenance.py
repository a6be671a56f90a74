"""Explain the provenance of joules, and combine the labels of several figures."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench.records.provenance import DECLARED, ESTIMATED, IMPORTED

MEANING = {
    "counter": "hardware energy counter",
    "integrated": "sampled power, integrated",
    "rapl": "processor energy counter (RAPL)",
    "modelled": "a formula over load, no sensor",
    "replayed": "replayed from recordings",
    IMPORTED: "declared by the tool or table it was imported from",
    ESTIMATED: "estimated from tokens, for a service that no meter reads",
    DECLARED: "declared for the training, not measured here",
}
"""Each provenance in words."""

SEPARATOR = "+"


def joined(labels: Iterable[str]) -> str:
    """Join the provenances of some figures, once each: ``counter+modelled``. Empty without figures."""
    return SEPARATOR.join(sorted({part for label in labels for part in label.split(SEPARATOR) if part}))


def explained(labels: Iterable[str]) -> str:
    """Explain each provenance in some labels: ``counter: hardware energy counter; rapl: ...``."""
    parts = joined(labels).split(SEPARATOR)
    return "; ".join(f"{part}: {MEANING[part]}" for part in parts if part in MEANING)


def is_modelled(label: str) -> bool:
    """Return whether at least part of the joules come from a formula."""
    return "modelled" in label.split(SEPARATOR)


def is_declared(label: str) -> bool:
    """Return whether at least part of the joules are declared."""
    return DECLARED in label.split(SEPARATOR)


def measured_part(label: str) -> str:
    """Return a label without its declared part; empty if all of it is declared."""
    return SEPARATOR.join(part for part in label.split(SEPARATOR) if part != DECLARED)


def qualified(label: str) -> str:
    """Qualify a figure in a sentence: ``modelled, not measured``, ``partly modelled``, or the provenance."""
    if label == "modelled":
        return "modelled, not measured"
    return f"{label}: partly modelled" if is_modelled(label) else label
