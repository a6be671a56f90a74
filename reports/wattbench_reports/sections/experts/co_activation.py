"""Which experts are asked together, in words."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wattbench_reports import figures
from wattbench_reports.analyses.experts import Choices, Together
from wattbench_reports.formatting import units
from wattbench_reports.sections.experts.layers import layer_groups
from wattbench_reports.sections.model import Drawing, Passage
from wattbench_reports.sections.table import Cell, Column, Table

_DRAWN = 10
"""A matrix of so many experts can still be read."""
_LISTED = 66
"""So many pairs in a table: all of twelve experts. Of more, those furthest from chance."""


def together_passage(place: int, choices: Choices, found: Together | None) -> Passage:
    """Of one mixture: co-activation of all pairs, or why there is none.

    Args:
        place: its place among the mixtures, for the name of the figure.
        choices: what it asks.
        found: the pairs.
    """
    heading = f"{choices.row.system}: asked together"
    if found is None:
        return Passage(heading, (_why_none(choices),))
    groups = layer_groups(choices.row.expert_layers)
    drawing = _drawing(place, choices, found, groups) if choices.number <= _DRAWN else None
    everywhere = next(iter(groups.values()))
    return Passage(heading, _sentences(choices, found, everywhere), (_table(choices, found, groups),), drawing)


def _why_none(choices: Choices) -> str:
    per_token = choices.row.experts_per_token or 1
    if per_token < 2:
        return "A token asks one expert, so that no two are asked together."
    if per_token >= choices.number:
        return "A token asks every expert, so that all are asked together."
    return "Which experts are asked together was not recorded: the run is older than that record, or its lines lack it."


def _sentences(choices: Choices, found: Together, everywhere: NDArray[np.int64]) -> tuple[str, ...]:
    ratios = found.ratio(everywhere)
    if not np.isfinite(ratios).any():  # no pair can be expected where all tokens ask one expert: a damaged record
        return ()
    most, least = int(np.nanargmax(ratios)), int(np.nanargmin(ratios))
    return (
        f"Over all layers {_pair(choices, found, most)} are asked together {units.digits(ratios[most])} times as often "
        f"as by chance, the most of all pairs, and {_pair(choices, found, least)} {units.digits(ratios[least])} times, "
        "the least.",
    )


def _pair(choices: Choices, found: Together, place: int) -> str:
    return " and ".join(choices.row.experts[expert] for expert in found.pairs[place])


def _drawing(place: int, choices: Choices, found: Together, groups: dict[str, NDArray[np.int64]]) -> Drawing:
    ratios = {f"layers: {title}": found.ratio(layers) for title, layers in groups.items()}
    return Drawing(
        figures.matrices(ratios, found.pairs, choices.row.experts, name=f"experts-{place}-together"),
        f"Figure: how often each pair of experts of {choices.row.system} is asked together, over chance",
        "Observed over expected, by layers: 1 is as often as by chance. Full is twice as often in one colour, half as "
        "often in the other.",
    )


def _table(choices: Choices, found: Together, groups: dict[str, NDArray[np.int64]]) -> Table:
    everywhere = next(iter(groups.values()))
    ratios = {title: found.ratio(layers) for title, layers in groups.items()}
    far = np.abs(np.log2(np.clip(np.nan_to_num(found.ratio(everywhere), nan=1.0), 1e-9, None)))
    shown = sorted(np.argsort(-far, kind="stable")[:_LISTED].tolist())
    observed = found.share(everywhere)
    expected = found.expected[everywhere].sum(axis=0) / (found.tokens * len(everywhere))
    note = (
        f"Of {found.tokens:,} tokens in each layer. Expected: had the {choices.row.experts_per_token} experts of a "
        "token nothing to do with each other beside being different ones, given how often each is asked in the layer "
        "and the domain. The tokens of a text go together, so that a ratio near 1 says little."
    )
    if len(shown) < len(found.pairs):
        note += f" The {len(shown)} pairs furthest from chance, of {len(found.pairs):,}."
    return Table(
        caption=f"Experts of {choices.row.system} asked for the same token",
        columns=(
            Column("Pair"),
            Column("Observed", numeric=True),
            Column("Expected", numeric=True),
            *(Column(f"Ratio, {title}", numeric=True) for title in groups),
        ),
        rows=tuple(
            (
                Cell(_pair(choices, found, pair)),
                Cell(units.percent(float(observed[pair]))),
                Cell(units.percent(float(expected[pair]))),
                *(Cell(_ratio(own[pair])) for own in ratios.values()),
            )
            for pair in shown
        ),
        note=note,
    )


def _ratio(value: float) -> str:
    return units.digits(value) if math.isfinite(value) else units.NONE
