"""Groups of layers in the tables and plots of experts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_GROUPS = ("lower", "middle", "upper")


def layer_groups(layers: Sequence[int]) -> dict[str, NDArray[np.int64]]:
    """Return indices of layers by title: all of them and, where there are enough, three groups.

    Args:
        layers: their numbers, ascending.
    """
    places = np.arange(len(layers))
    groups = [("all", places)]
    if len(places) >= 2 * len(_GROUPS):
        groups += list(zip(_GROUPS, np.array_split(places, len(_GROUPS)), strict=True))
    return {f"{name} ({layers[group[0]]}–{layers[group[-1]]})": group for name, group in groups}
