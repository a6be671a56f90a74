"""Which experts a mixture asks, in words: whether that goes with the domain, and how far."""

from __future__ import annotations

import numpy as np

from reports import figures, units
from reports.compare import Analysis
from reports.experts import ExpertUse, expert_uses
from reports.panels.section import Drawing, Passage, Section
from reports.panels.table import Cell, Column, Table

CHANCE = 0.05
"""With a p of this or more the choice is not told from chance."""

_DEGREES = ((0.1, "weak"), (0.4, "moderate"), (1.0, "strong"))
"""Up to such a share of what it could be at most, the dependence on the domain is called so. Our words for it."""

_GROUPS = ("lower", "middle", "upper")
_DRAWN = 1500
"""So many cells a figure can hold."""

_LEAD = (
    "A mixture chooses experts for every token. Whether an expert that was made for a domain is asked in that domain "
    "is a question of its own: routers often go by the wording rather than by the topic. From a pass apart from the "
    "timed one."
)


def experts_section(analysis: Analysis) -> Section | None:
    """A passage per mixture; None where no mixture's choices are on record."""
    uses = expert_uses(analysis)
    if not uses:
        return None
    passages = tuple(_passage(place, use) for place, use in enumerate(uses))
    return Section("experts", "Experts", "Which experts are asked", _LEAD, passages)


def _passage(place: int, use: ExpertUse) -> Passage:
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
    return Passage(use.system, sentences, (_share_table(use),), drawing, (_layer_table(use),))


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
        "expert for everything."
    )


def _share_table(use: ExpertUse) -> Table:
    places = np.arange(len(use.layers))
    groups = [("all", places)]
    if len(places) >= 2 * len(_GROUPS):
        groups += list(zip(_GROUPS, np.array_split(places, len(_GROUPS)), strict=True))
    rows = []
    for column, domain in enumerate(use.domains):
        for name, group in groups:
            shares = use.shares[group, column].mean(axis=0)
            span = f"{name} ({use.layers[group[0]]}–{use.layers[group[-1]]})"
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


def _layer_table(use: ExpertUse) -> Table:
    bits = use.dependence.bits if use.dependence is not None else (None,) * len(use.layers)
    return Table(
        caption=f"Layer by layer: {use.system}",
        columns=(Column("Layer"), Column("Bits on the domain", numeric=True), Column("Evenness of load", numeric=True)),
        rows=tuple(
            (Cell(str(layer)), Cell(units.NONE if told is None else _bits(told)), Cell(units.digits(even)))
            for layer, told, even in zip(use.layers, bits, use.evenness, strict=True)
        ),
    )
