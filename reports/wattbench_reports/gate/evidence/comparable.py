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
    what_differs,
)
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import Difference, divides, in_words, parts_to_cross
from wattbench_reports.gate.metrics import METRICS

_SETTINGS_OF: Mapping[str, tuple[str, ...]] = {
    "weights": ("weights", "adapter", "experts", "router", "serve.llamacpp.weights"),
    "engine": ("engine",),
    "dtype": ("dtype",),
    "prompts": ("prompt",),
}
"""A part of a system to the settings that say what it is to be, where a suite has them."""


@dataclass(frozen=True)
class Standing:
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


def standing(prints: Mapping[str, Fingerprint], across: Sequence[str], may_differ: Sequence[str]) -> Standing:
    """Compare the fingerprints of two systems.

    What differently named systems are made of is the question itself. Of one name in two runs it must be the same, but
    for what the change is about.

    Args:
        prints: the names by which the two are shown, the baseline first, to their fingerprints.
        across: from `parts_across`.
        may_differ: parts of a system that the change is about, as the policy has it.
    """
    found = divides(prints, across)
    said: dict[str, list[str]] = {name: [] for name in METRICS}
    notes = []
    for divide, caveat in zip(found, condition_caveats(prints, across), strict=True):
        if not divide.forbids or divide.overridden:
            notes.append(caveat.text)
            continue
        for name, metric in METRICS.items():
            if metric.figure in divide.forbids:
                said[name].append(f"{what_differs(divide, prints)}.")
    other, changed = _identity(prints, [*across, *may_differ])
    whole = {name: [*sentences, *other] for name, sentences in said.items()}
    return Standing(
        apart={name: " ".join(sentences) for name, sentences in whole.items() if sentences},
        notes=(*notes, *changed),
    )


def _identity(prints: Mapping[str, Fingerprint], allowed: Sequence[str]) -> tuple[list[str], list[str]]:
    """Compare the identity of two systems that share a name in two runs: what differs, and what may."""
    (first, ours), (second, theirs) = prints.items()
    if ours.system != theirs.system:
        return [], []
    found = identity_differences(ours, theirs)
    changed = [one for one in found if one.part in allowed]
    settings = _settings_left(
        ours.parts["settings"], theirs.parts["settings"], {*allowed, *(one.part for one in found)}
    )
    left = [settings if one.part == "settings" else one for one in found if one.part not in allowed]
    other = [one for one in left if one is not None]
    notes = (
        [f"{first} and {second} differ in parts that may differ: {clauses(changed, first, second)}."] if changed else []
    )
    if not other:
        return [], notes
    parts = ",".join(one.part for one in other)
    advice = f"If that is the intended change: --across {parts}, or may_differ in the policy."
    return [f"{not_one_system(other, first, second)} {advice}"], notes


def _settings_left(ours: Part, theirs: Part, told: Iterable[str]) -> Difference | None:
    """Return the settings that differ, without those that only name a part which is listed already: other weights have
    another file."""
    covered = tuple(key for part in told for key in _SETTINGS_OF.get(part, ()))
    left = [name for name in ours.differing(theirs) if not any(f"{name}.".startswith(f"{key}.") for key in covered)]
    return Difference("settings", in_words(ours, left), in_words(theirs, left), ()) if left else None
