"""Decide metric by metric whether two recorded systems are comparable, and name what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wattbench.records import CONDITIONS, IDENTITY, Part
from wattbench_reports.comparability.explain import (
    clauses,
    condition_caveats,
    identity_differences,
    not_one_system,
    not_recorded,
    what_differs,
)
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import Difference, divides, in_words, parts_to_cross
from wattbench_reports.metrics.registry import METRICS

_AS_LISTED: Mapping[str, str] = {}

_SETTINGS_OF: Mapping[str, tuple[str, ...]] = {
    "weights": ("weights", "adapter", "experts", "router", "serve.llamacpp.weights"),
    "engine": ("engine",),
    "dtype": ("dtype",),
    "prompts": ("prompt",),
}
"""A part of a system to the settings that say what it is to be, where a suite has them."""


@dataclass(frozen=True)
class FingerprintComparison:
    """Whether two systems are comparable, by their fingerprints."""

    apart: Mapping[str, str]
    """Metric to why the two are not comparable on it, in sentences."""
    notes: tuple[str, ...]
    """What differs and forbids nothing, or is allowed to."""


def parts_across(names: Sequence[str]) -> tuple[str, ...]:
    """Check the names of parts that may differ: conditions of a comparison, and the identity of a system.

    Raises:
        UserError: there is no such part, or it forbids nothing.
    """
    return parts_to_cross(names, (*CONDITIONS, *IDENTITY))


def compare_fingerprints(
    prints: Mapping[str, Fingerprint],
    across: Sequence[str],
    may_differ: Sequence[str],
    *,
    item_by_item: Sequence[str] = (),
    figures: Mapping[str, str] = _AS_LISTED,
) -> FingerprintComparison:
    """Compare the fingerprints of two systems.

    What differently named systems are made of is the question itself. Of one name in two runs it must be the same, but
    for what the change is about.

    Args:
        prints: the names by which the two are shown, the baseline first, to their fingerprints.
        across: from `parts_across`.
        may_differ: parts of a system that the change is about, as the policy has it.
        item_by_item: parts of a system that the caller compares itself.
        figures: metric to the figure that decides, where that is not the metric's own.
    """
    differing = divides(prints, across)
    said: dict[str, list[str]] = {name: [] for name in METRICS}
    notes = []
    for divide, caveat in zip(differing, condition_caveats(prints, across), strict=True):
        if not divide.forbids or divide.overridden:
            notes.append(caveat.text)
            continue
        for name, metric in METRICS.items():
            if figures.get(name, metric.figure) in divide.forbids:
                said[name].append(f"{what_differs(divide, prints)}.")
    other, changed = _identity(prints, [*across, *may_differ], item_by_item)
    sentences_of = {name: [*sentences, *other] for name, sentences in said.items()}
    return FingerprintComparison(
        apart={name: " ".join(sentences) for name, sentences in sentences_of.items() if sentences},
        notes=(*notes, *(each.text for each in not_recorded(prints)), *changed),
    )


def _identity(
    prints: Mapping[str, Fingerprint], allowed: Sequence[str], item_by_item: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return what differs in the identity of two systems of one name in two runs, and what may differ."""
    (first, first_print), (second, second_print) = prints.items()
    if first_print.system != second_print.system:
        return [], []
    differing = [one for one in identity_differences(first_print, second_print) if one.part not in item_by_item]
    changed = [one for one in differing if one.part in allowed]
    settings = _settings_left(
        first_print.parts["settings"], second_print.parts["settings"], {*allowed, *(one.part for one in differing)}
    )
    left = [settings if one.part == "settings" else one for one in differing if one.part not in allowed]
    other = [one for one in left if one is not None]
    notes = (
        [f"{first} and {second} differ in parts that may differ: {clauses(changed, first, second)}."] if changed else []
    )
    if not other:
        return [], notes
    parts = ",".join(one.part for one in other)
    advice = f"If that is the intended change: --across {parts}, or may_differ in the policy."
    return [f"{not_one_system(other, first, second)} {advice}"], notes


def _settings_left(first: Part, second: Part, listed_parts: Iterable[str]) -> Difference | None:
    """Return the settings that differ, except those that only name a listed part: other weights have another file."""
    covered = tuple(key for part in listed_parts for key in _SETTINGS_OF.get(part, ()))
    left = [name for name in first.differing(second) if not any(f"{name}.".startswith(f"{key}.") for key in covered)]
    return Difference("settings", in_words(first, left), in_words(second, left), ()) if left else None
