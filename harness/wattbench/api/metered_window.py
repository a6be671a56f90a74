"""Define a window around a user's own code: its joules, and whether they are valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.errors import UserError
from wattbench.quantities import quantity
from wattbench.terminal import printable

if TYPE_CHECKING:
    from wattbench.records import WindowRow


@dataclass(frozen=True)
class ComponentEnergy:
    """The joules of one component in a window, and their provenance."""

    joules: float | None
    """None where its joules cannot be had, or the window is not valid."""
    provenance: str
    """``counter``, ``rapl``, ``integrated``, ``replayed`` or ``modelled``."""


class Window:
    """A span of time in which meters counted joules. Its figures can be read when its ``with`` block has ended.

    A window that is not valid has no joules: `joules` is None, and `reasons` says why.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._row: WindowRow | None = None

    @property
    def joules(self) -> float | None:
        """The energy of all measured components together, no joule twice; None where the window is not valid."""
        row = self._ended()
        return row.total_j if row.valid else None

    @property
    def seconds(self) -> float:
        """The length of the window in seconds."""
        return self._ended().duration_s

    @property
    def valid(self) -> bool:
        """Whether the joules of the window can be believed."""
        return self._ended().valid

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the window is not valid, or what a reader of a valid one should know, such as a component without a
        sensor."""
        return tuple(self._ended().reasons)

    @property
    def provenance(self) -> str:
        """The provenance of the joules, such as ``counter+modelled``; empty where the window has no joules."""
        row = self._ended()
        return row.provenance_label if row.valid else ""

    @property
    def components(self) -> Mapping[str, ComponentEnergy]:
        """Each component that was read: ``w.components["gpu0"].joules``. They may contain one another (`wall` contains
        all others): do not add them."""
        row = self._ended()
        return {
            component: ComponentEnergy(energy_j if row.valid else None, row.provenance[component])
            for component, energy_j in row.energy_j.items()
        }

    def end(self, row: WindowRow) -> None:
        """Set the judged figures; `wattbench.metering` calls it when the ``with`` block has ended."""
        self._row = row

    def _ended(self) -> WindowRow:
        if self._row is None:
            raise UserError(
                f"window {self.name!r:.80} has not ended: read its figures after the block of its `with` statement"
            )
        return self._row

    def __repr__(self) -> str:
        if self._row is None:
            return f"<window {self.name!r}: open>"
        took = quantity(self.seconds, "s")
        if self.joules is None:
            return printable(f"<window {self.name!r}: not valid, {took}: {'; '.join(self.reasons)}>")
        return f"<window {self.name!r}: {quantity(self.joules, 'J')} ({self.provenance}), {took}>"
