"""Hold one figure of all systems, with its parts by block: the accuracy, a cost, or a net benefit made of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class VaryingFigure:
    """A figure of all systems, with its variation over blocks and sessions; NaN for a system without the figure."""

    estimates: NDArray[np.float64]
    """Shape (systems,): as printed."""
    parts: NDArray[np.float64]
    """Shape (blocks, systems): what each block adds, linearised. In a run without blocks shape (draws, systems): what
    each draw of the items adds."""
    scale: NDArray[np.float64] | None = None
    """Shape (systems,): the standard deviation that added answers add; None without any."""
    sessions: NDArray[np.float64] | None = None
    """Shape (sessions, systems): what each earlier session adds; None where it is of this run, or of no machine."""

    @property
    def own_scale(self) -> NDArray[np.float64]:
        """Return `scale`; 0 where there is none."""
        return np.zeros(len(self.estimates)) if self.scale is None else self.scale

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return whether the figure of each system is known, shape (systems,)."""
        return np.isfinite(self.estimates)

    @property
    def between_sessions(self) -> NDArray[np.float64]:
        """Return the variance between sessions, shape (systems,); 0 without any."""
        if self.sessions is None:
            return np.zeros(len(self.estimates))
        return np.asarray((self.sessions**2).sum(axis=0) / (len(self.sessions) - 1))

    def times(self, factor: float | NDArray[np.float64]) -> VaryingFigure:
        """Return the figure multiplied by one factor, or by one factor for each system."""
        return VaryingFigure(
            self.estimates * factor,
            self.parts * factor,
            None if self.scale is None else self.scale * np.abs(factor),
            None if self.sessions is None else self.sessions * factor,
        )

    def plus(self, other: VaryingFigure) -> VaryingFigure:
        """Return the sum of two figures. At most one of them has added answers, and at most one has sessions."""
        assert self.scale is None or other.scale is None
        assert self.sessions is None or other.sessions is None
        return VaryingFigure(
            self.estimates + other.estimates,
            self.parts + other.parts,
            other.scale if self.scale is None else self.scale,
            other.sessions if self.sessions is None else self.sessions,
        )

    def plus_constant(self, constant: float) -> VaryingFigure:
        """Return the figure with a constant added."""
        return replace(self, estimates=self.estimates + constant)
