"""Which experts a mixture asks, in words: whether that goes with the domain, how far, and how the load spreads."""

from __future__ import annotations

import numpy as np

from wattbench_reports import figures
from wattbench_reports.analyses.experts import ExpertUse
from wattbench_reports.formatting import units
from wattbench_reports.sections.experts.layers import layer_groups
from wattbench_reports.sections.model import Drawing, Passage
from wattbench_reports.sections.table import Cell, Column, Table

CHANCE = 0.05
"""With a p of this or more the choice is not told from chance."""

_DEGREES = ((0.1, "weak"), (0.4, "moderate"), (1.0, "strong"))
"""Up to such a share of what it could be at most, the dependence on the domain is called so. Our words for it."""

_DRAWN = 1500
"""So many cells a figure can hold."""


def use_passage(place: int, use: ExpertUse) -> Passage:
    """Of one mixture: expert share by domain and layer, and the balance of the load.

    Args:
        place: its place among the mixtures, for the name of the figure.
        use: what it asks.
    """
    drawing = None
    if use.shares.size <= _DRAWN and len(use.domains) > 1:
        svg = figures.experts(
            use.shares, use.layers, use.domains, use.experts, full=1 / use.per_token, name=f"experts-{place}-figure"
        )
        drawing = Drawing(
            svg,
            f"Figure: share of each expert of {use.system} by layer and domain",
            "One field per expert: the darker a cell, the larger its share of the domain's choices in the layer. Empty "
            f"is 0%, full {units.percent(1 / use.per_token)}.",
        )
    sentences = (*_dependence(use), _load(use))
    return Passage(use.system, sentences, (_share_table(use), _load_table(use)), drawing, (_layer_table(use),))


def _dependence(use: ExpertUse) -> tuple[str, ...]:
    found = use.dependence
    if found is None:
        return ("All items are of one domain, so there is no other to tell it from.",)
    test = (
        f"{units.p_value(found.p_value)}; {found.permutations:,} shufflings of the domains among "
        f"{units.plural(sum(use.items), 'item')}, seed {found.seed}"
    )
    chance = found.p_value >= CHANCE
    said = "could not be told from chance" if chance else "differs by domain beyond chance"
    share = found.mean_bits / use.at_most_bits if use.at_most_bits > 0 else 0.0
    degree = next(word for bound, word in _DEGREES if share <= bound or bound == 1.0)
    much = (
        f"Mutual information of expert and domain: {_bits(found.mean_bits)} bits on average over the layers, of "
        f"{_bits(use.at_most_bits)} possible ({units.percent(share)}), and {_bits(found.by_chance_bits)} with the "
        "domains shuffled"
    )
    word = "" if chance else f": a {degree} specialisation"
    return (f"The choice of experts {said} ({test}).", f"{much}{word}.")


def _bits(value: float) -> str:
    return f"{value:.3f}" if value >= 0.01 else f"{value:.4f}"


def _load(use: ExpertUse) -> str:
    lowest = min(range(len(use.layers)), key=lambda place: use.evenness[place])
    return (
        f"Evenness of the load: {units.digits(float(np.mean(use.evenness)))} on average, and "
        f"{units.digits(use.evenness[lowest])} in layer {use.layers[lowest]}, where it is lowest; 1 is even, 0 is one "
        f"expert for everything. The expert that is asked most in a layer has {units.digits(use.busiest.mean())} times "
        f"the mean load on average, and {units.digits(use.busiest.max())} times it in layer "
        f"{use.layers[int(use.busiest.argmax())]}; it could be {units.digits(len(use.experts) / use.per_token)} times "
        "at most."
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
        caption=f"Share of the choices of {use.system} by domain and layers",
        columns=(Column("Domain"), Column("Layers"), *(Column(name, numeric=True) for name in use.experts)),
        rows=tuple(rows),
        note=(
            f"{units.plural(use.per_token, 'expert')} per token, so that none has more than "
            f"{units.percent(1 / use.per_token)}; an even choice gives {even}. Every item counts the same, however "
            "long. Items of one task share their wording: with few tasks in a domain, its topic cannot be told from "
            "its wording."
        ),
    )


def _load_table(use: ExpertUse) -> Table:
    rows = []
    for span, group in layer_groups(use.layers).items():
        load = use.load[group].mean(axis=0)
        even = float(np.mean([use.evenness[place] for place in group]))
        cells = (Cell(units.percent(share)) for share in load.tolist())
        rows.append((Cell(span), *cells, Cell(units.digits(even)), Cell(units.digits(use.busiest[group].mean()))))
    return Table(
        caption=f"Balance of the load of {use.system}",
        columns=(
            Column("Layers"),
            *(Column(name, numeric=True) for name in use.experts),
            Column("Evenness", numeric=True),
            Column("Highest over mean load", numeric=True),
        ),
        rows=tuple(rows),
        note=(
            "Share of all choices, over all domains; every token counts the same. Evenness and the highest load are "
            "taken layer by layer, then their mean: an expert that is busy in one layer does not make up for another."
        ),
    )


def _layer_table(use: ExpertUse) -> Table:
    bits = use.dependence.bits if use.dependence is not None else (None,) * len(use.layers)
    return Table(
        caption=f"Layer by layer: {use.system}",
        columns=(
            Column("Layer"),
            Column("Bits on the domain", numeric=True),
            Column("Evenness of load", numeric=True),
            Column("Highest over mean load", numeric=True),
        ),
        rows=tuple(
            (
                Cell(str(layer)),
                Cell(units.NONE if told is None else _bits(told)),
                Cell(units.digits(even)),
                Cell(units.digits(most)),
            )
            for layer, told, even, most in zip(use.layers, bits, use.evenness, use.busiest.tolist(), strict=True)
        ),
    )
