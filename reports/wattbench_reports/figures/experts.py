"""Expert selection by domain and layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.shared import colour
from wattbench_reports.figures.svg import INK, QUIET, SETTINGS, inline_svg
from wattbench_reports.formatting import units


def experts(
    shares: NDArray[np.float64],
    layers: Sequence[int],
    domains: Sequence[str],
    names: Sequence[str],
    *,
    full: float,
    name: str,
) -> str:
    """Plot the share of each expert in the selections of a domain, layer by layer.

    Args:
        shares: shape (layers, domains, experts).
        layers: their numbers.
        domains: a row of cells each.
        names: the experts', a field of cells each.
        full: the share that a full cell stands for.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import MaxNLocator

    columns = min(len(names), 2)
    rows = math.ceil(len(names) / columns)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, rows * (0.9 + 0.28 * len(domains))), layout="constrained")
        fields = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for field in fields[len(names) :]:
            field.set_axis_off()
        for expert, field in enumerate(fields[: len(names)]):
            for (layer, domain), share in np.ndenumerate(shares[:, :, expert]):
                fullness = min(share / full, 1.0)
                field.add_patch(Rectangle((layer - 0.5, domain - 0.5), 1, 1, facecolor=colour(0), alpha=fullness))
            field.set_xlim(-0.5, len(layers) - 0.5)
            field.set_ylim(len(domains) - 0.5, -0.5)
            field.set_yticks(range(len(domains)), domains)
            field.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            field.xaxis.set_major_formatter(lambda at, _: str(layers[int(at)]) if 0 <= at < len(layers) else "")
            field.set_title(names[expert], fontsize=10.5, color=INK, loc="left")
            field.tick_params(color=INK, labelcolor=INK, labelsize=9.5)
            for spine in field.spines.values():
                spine.set_color(QUIET)
        figure.supxlabel("layer", fontsize=10.5, color=INK)
        return inline_svg(
            figure,
            name=name,
            title="Share of each expert by layer and domain",
            description=(
                f"One panel per expert; no shading is a share of 0%, full shading one of {units.percent(full)} or more."
            ),
        )
