"""Expert selection of a mixture: its dependence on the domain, and load balance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wattbench_reports import figures
from wattbench_reports.analyses.experts import ExpertUse
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Table, numbers
from wattbench_reports.sections.experts.layers import layer_groups

CHANCE = 0.05
"""With a p-value of this or more the selection is not distinguishable from chance."""

_DEGREES = ((0.1, "weak"), (0.4, "moderate"), (1.0, "strong"))
"""Words for the dependence on the domain, up to a share of its possible maximum. Our own scale."""

_DRAWN = 1500
"""Up to this many cells there is a figure."""


def shares_figure(uses: Sequence[ExpertUse]) -> Figure | None:
    """Plot expert shares by domain and layer; None unless a mixture has several domains and few enough cells."""
    drawn = [use for use in uses if use.shares.size <= _DRAWN and len(use.domains) > 1]
    if not drawn:
        return None
    full = units.listed(list(dict.fromkeys(units.percent(1 / use.per_token) for use in drawn)))
    return Figure(
        figures.experts(
            [
                figures.ExpertShares(use.system, use.shares, use.layers, use.domains, use.experts, 1 / use.per_token)
                for use in drawn
            ]
        ),
        "Figure: share of each expert by layer and domain",
        "One panel per expert: the stronger the shading, the larger its share of the domain's selections in the "
        f"layer. None is 0%, full {full}.",
    )


def use_passage(use: ExpertUse) -> Passage:
    """Make the passage of one mixture: expert shares by domain and layer, and load balance."""
    sentences = (*_dependence(use), _load(use))
    return Passage(use.system, sentences, (_share_table(use), _load_table(use)), folded=(_layer_table(use),))


def _dependence(use: ExpertUse) -> tuple[str, ...]:
    dependence = use.dependence
    if dependence is None:
        return ("All items are of one domain, so dependence on the domain is not available.",)
    test = (
        f"{units.p_value(dependence.p_value)}; {dependence.permutations:,} permutations of the domains over "
        f"{units.plural(sum(use.items), 'item')}, seed {dependence.seed}"
    )
    chance = dependence.p_value >= CHANCE
    result = "is not distinguishable from chance" if chance else "depends on the domain"
    share = dependence.mean_bits / use.at_most_bits if use.at_most_bits > 0 else 0.0
    degree = next(word for bound, word in _DEGREES if share <= bound or bound == 1.0)
    mean, most, by_chance = map(units.digits, (dependence.mean_bits, use.at_most_bits, dependence.by_chance_bits))
    much = (
        f"Mutual information of expert and domain: {mean} bits on average over the layers, of {most} possible "
        f"({units.percent(share)}), and {by_chance} with the domains shuffled"
    )
    word = "" if chance else f": a {degree} specialisation"
    return (f"The selection of experts {result} ({test}).", f"{much}{word}.")


def _load(use: ExpertUse) -> str:
    lowest = min(range(len(use.layers)), key=lambda index: use.evenness[index])
    return (
        "Load balance (evenness, from 0 for a single expert to 1 for equal load): "
        f"{units.digits(float(np.mean(use.evenness)))} on average, lowest {units.digits(use.evenness[lowest])} in "
        f"layer {use.layers[lowest]}. The busiest expert of a layer has {units.digits(use.busiest.mean())} times the "
        f"mean load on average, and {units.digits(use.busiest.max())} times in layer "
        f"{use.layers[int(use.busiest.argmax())]}; the possible maximum is "
        f"{units.digits(len(use.experts) / use.per_token)} times."
    )


def _share_table(use: ExpertUse) -> Table:
    rows = []
    for column, domain in enumerate(use.domains):
        for span, group in layer_groups(use.layers).items():
            shares = use.shares[group, column].mean(axis=0)
            largest = int(shares.argmax())
            cells = (Cell(units.percent(s), "best" if i == largest else "") for i, s in enumerate(shares.tolist()))
            rows.append((Cell(domain), Cell(span), *cells))
    even = units.percent(1 / len(use.experts))
    return Table(
        caption=f"Share of the expert selections of {use.system} by domain and layers",
        columns=(Column("Domain"), Column("Layers"), *(Column(name, numeric=True) for name in use.experts)),
        rows=tuple(rows),
        note=(
            f"{units.plural(use.per_token, 'expert')} per token, so no expert has more than "
            f"{units.percent(1 / use.per_token)}; an even selection gives {even}. Every item has the same weight, "
            "regardless of its length. Items of one task share their wording: with few tasks in a domain, its topic "
            "and its wording are not distinguishable."
        ),
    )


def _load_table(use: ExpertUse) -> Table:
    rows = []
    for span, group in layer_groups(use.layers).items():
        load = use.load[group].mean(axis=0)
        even = float(np.mean([use.evenness[index] for index in group]))
        cells = (Cell(units.percent(share)) for share in load.tolist())
        rows.append((Cell(span), *cells, Cell(units.digits(even)), Cell(units.digits(use.busiest[group].mean()))))
    return Table(
        caption=f"Load balance of {use.system}",
        columns=(
            Column("Layers"),
            *(Column(name, numeric=True) for name in use.experts),
            *numbers("Evenness", "Highest over mean load"),
        ),
        rows=tuple(rows),
        note=(
            "Share of all selections, over all domains; every token has the same weight. Evenness and highest load "
            "are means of the values per layer: layers do not compensate for each other."
        ),
    )


def _layer_table(use: ExpertUse) -> Table:
    bits = use.dependence.bits if use.dependence is not None else (None,) * len(use.layers)
    return Table(
        caption=f"Layer by layer: {use.system}",
        columns=(
            Column("Layer"),
            *numbers("Mutual information, bits", "Evenness of load", "Highest over mean load"),
        ),
        rows=tuple(
            (
                Cell(str(layer)),
                Cell(units.NONE if of_layer is None else units.digits(of_layer)),
                Cell(units.digits(even)),
                Cell(units.digits(most)),
            )
            for layer, of_layer, even, most in zip(use.layers, bits, use.evenness, use.busiest.tolist(), strict=True)
        ),
    )
