"""Co-activation: which experts are selected for the same token."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports import figures
from wattbench_reports.analyses.experts import Choices, Together
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Table, numbers
from wattbench_reports.sections.experts.layers import layer_groups

_DRAWN = 10
"""Up to this many experts there is a matrix."""
_LISTED = 66
"""The most pairs in a table, all of twelve experts; of more, those furthest from chance."""


def together_figure(mixtures: Sequence[tuple[Choices, Together | None]]) -> Figure | None:
    """Plot the co-activation of each pair of experts; None unless a mixture with counts has few enough experts."""
    drawn = []
    for choices, counts in mixtures:
        if counts is not None and choices.number <= _DRAWN:
            groups = layer_groups(choices.row.expert_layers)
            ratios = {f"layers: {title}": counts.ratio(layers) for title, layers in groups.items()}
            drawn.append(figures.CoActivation(choices.row.system, ratios, counts.pairs, choices.row.experts))
    if not drawn:
        return None
    return Figure(
        figures.co_activation(drawn),
        "Figure: co-activation of each pair of experts, relative to chance",
        "Observed over expected, by group of layers: 1 is chance. Full shading is twice as often in one colour, half "
        "as often in the other.",
    )


def together_passage(choices: Choices, counts: Together | None) -> Passage:
    """Make the passage of one mixture: co-activation of all pairs, or why there is none."""
    heading = f"{choices.row.system}: co-activation"
    if counts is None:
        return Passage(heading, (_why_none(choices),))
    groups = layer_groups(choices.row.expert_layers)
    everywhere = next(iter(groups.values()))
    return Passage(heading, _sentences(choices, counts, everywhere), (_table(choices, counts, groups),))


def _why_none(choices: Choices) -> str:
    per_token = choices.row.experts_per_token or 1
    if per_token < 2:
        return "Each token selects one expert, so there is no co-activation."
    if per_token >= choices.number:
        return "Each token selects every expert, so all are always co-activated."
    return "Co-activation was not recorded: the run is older than that record, or its rows lack it."


def _sentences(choices: Choices, counts: Together, everywhere: NDArray[np.int64]) -> tuple[str, ...]:
    ratios = counts.ratio(everywhere)
    if not np.isfinite(ratios).any():  # no pair can be expected where all tokens ask one expert: a damaged record
        return ()
    most, least = int(np.nanargmax(ratios)), int(np.nanargmin(ratios))
    return (
        f"Over all layers, {_pair(choices, counts, most)} are co-activated {units.digits(ratios[most])} times as "
        f"often as by chance, the most of all pairs, and {_pair(choices, counts, least)} "
        f"{units.digits(ratios[least])} times, the least.",
    )


def _pair(choices: Choices, counts: Together, index: int) -> str:
    return " and ".join(choices.row.experts[expert] for expert in counts.pairs[index])


def _table(choices: Choices, counts: Together, groups: dict[str, NDArray[np.int64]]) -> Table:
    everywhere = next(iter(groups.values()))
    ratios = {title: counts.ratio(layers) for title, layers in groups.items()}
    far = np.abs(np.log2(np.clip(np.nan_to_num(counts.ratio(everywhere), nan=1.0), 1e-9, None)))
    shown = sorted(np.argsort(-far, kind="stable")[:_LISTED].tolist())
    observed = counts.share(everywhere)
    expected = counts.expected[everywhere].sum(axis=0) / (counts.tokens * len(everywhere))
    note = (
        f"Over {counts.tokens:,} tokens in each layer. Expected: if the {choices.row.experts_per_token} experts of a "
        "token were independent except for being distinct, given how often each is selected in the layer and the "
        "domain. Tokens of one text are correlated, so a ratio near 1 says little."
    )
    if len(shown) < len(counts.pairs):
        note += f" Shown are the {len(shown)} pairs furthest from chance, of {len(counts.pairs):,}."
    return Table(
        caption=f"Experts of {choices.row.system} selected for the same token",
        columns=(
            Column("Pair"),
            *numbers("Observed", "Expected"),
            *(Column(f"Ratio, {title}", numeric=True) for title in groups),
        ),
        rows=tuple(
            (
                Cell(_pair(choices, counts, pair)),
                Cell(units.percent(float(observed[pair]))),
                Cell(units.percent(float(expected[pair]))),
                *(Cell(_ratio(of_group[pair])) for of_group in ratios.values()),
            )
            for pair in shown
        ),
        note=note,
    )


def _ratio(value: float) -> str:
    return units.digits(value) if math.isfinite(value) else units.NONE
