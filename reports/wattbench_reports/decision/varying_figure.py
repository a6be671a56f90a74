"""One figure of all systems, with what it varies by: the accuracy, a cost, or a net benefit made of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class VaryingFigure:
    """A figure of all systems, NaN for a system of which it is not known."""

    estimates: NDArray[np.float64]
    """Shape (systems,): as printed."""
    centres: NDArray[np.float64]
    """Shape (systems,): what its draws are centred on."""
    parts: NDArray[np.float64]
    """Shape (blocks, systems): what each block adds, linearised. In a run without blocks shape (draws, systems): what
    each draw of the items adds."""
    noise: NDArray[np.float64] | None = None
    """Shape (draws, systems): what is added to each draw of a system alone; None: nothing is."""
    scale: NDArray[np.float64] | None = None
    """Shape (systems,): the standard deviation of the noise; None without any."""
    sessions: NDArray[np.float64] | None = None
    """Shape (sessions, systems): what each earlier session adds; None where it is of this run, or of no machine."""

    @property
    def own_scale(self) -> NDArray[np.float64]:
        """Return the standard deviation of the noise, shape (systems,)."""
        return np.zeros(len(self.estimates)) if self.scale is None else self.scale

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return of which systems it is known, shape (systems,)."""
        return np.isfinite(self.estimates)

    def times(self, factor: float) -> VaryingFigure:
        """Return a multiple of the figure."""
        return VaryingFigure(
            self.estimates * factor,
            self.centres * factor,
            self.parts * factor,
            None if self.noise is None else self.noise * factor,
            None if self.scale is None else self.scale * factor,
            None if self.sessions is None else self.sessions * factor,
        )

    def plus(self, other: VaryingFigure) -> VaryingFigure:
        """Return the sum of two figures, of which at most one has noise, and at most one sessions."""
        assert self.noise is None or other.noise is None
        assert self.sessions is None or other.sessions is None
        noise, scale = (self.noise, self.scale) if other.noise is None else (other.noise, other.scale)
        return VaryingFigure(
            self.estimates + other.estimates,
            self.centres + other.centres,
            self.parts + other.parts,
            noise,
            scale,
            other.sessions if self.sessions is None else self.sessions,
        )

    def plus_constant(self, constant: float) -> VaryingFigure:
        """Return the figure with a constant added."""
        return replace(self, estimates=self.estimates + constant, centres=self.centres + constant)
