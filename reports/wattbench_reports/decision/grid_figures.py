"""Put the figures of a grid together as a decision has them: those of each arm, and what each setting changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wattbench.errors import UserError
from wattbench_reports.analyses.grid import Grid, GridEffects, Labels, grid_effects, grids_of
from wattbench_reports.comparison.analysis import analyse_among
from wattbench_reports.comparison.dropped import DroppedSystems, interval_of
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.cost_basis import cost_basis
from wattbench_reports.decision.dropping import looks_of
from wattbench_reports.decision.model import Decision, Qualifies
from wattbench_reports.stats import Interval
from wattbench_reports.tables.asked_systems import Dropped
from wattbench_reports.tables.streamed import StreamedFrames


@dataclass(frozen=True)
class ArmFigures:
    """A system of a grid."""

    system: str
    labels: Labels
    accuracy: Interval | None
    cost: Interval | None
    """Per request, in the unit of the decision; None where it is not known. Of a dropped system the bounds of both hold
    at the level of its look."""
    dropped: Dropped | None = None
    """None for a system that was asked to the end."""
    advised: bool = False
    """It is the system to run, or one of the two between which a reader chooses."""
    tied: bool = False
    """It cannot be excluded that it is the best."""
    qualifies: Qualifies | None = None
    """None for a dropped system."""
    apart: str = ""
    """Why it takes no part in the choice, as a clause; empty otherwise."""
    on_front: bool | None = None
    """Whether it cannot be excluded that it is on the Pareto front; None where it is not known."""


@dataclass(frozen=True)
class GridFigures:
    """A grid of a run."""

    grid: Grid
    arms: tuple[ArmFigures, ...]
    """In the order of the suite."""
    effects: GridEffects | None
    why_no_effects: str
    """Why there are none, as a clause; empty where there are."""


def grid_figures(
    measured: Measured, weighed: Weighed, dropped: DroppedSystems | None, decision: Decision
) -> tuple[GridFigures, ...]:
    """Return the grids of a run, in the order of the suite; empty for a run without any.

    Args:
        measured, weighed: of the run.
        dropped: the systems that it did not ask to the end.
        decision: on it.
    """
    apart = {} if dropped is None else {each.system: each for each in dropped.systems}
    frames = measured.frames
    grids = grids_of(frames.record.suite, {*frames.systems, *apart})
    made = []
    for grid in grids:
        arms = tuple(_arm(decision, labels, name, apart.get(name)) for labels, name in grid.arms.items())
        effects = _effects(measured, weighed, decision, grid, [name for name in grid.systems if name in apart])
        made.append(GridFigures(grid, arms, *((None, effects) if isinstance(effects, str) else (effects, ""))))
    return tuple(made)


def _arm(decision: Decision, labels: Labels, system: str, dropped: Dropped | None) -> ArmFigures:
    if dropped is not None:
        row, look = dropped.row, dropped.look
        in_unit = look.unit == decision.unit and (look.currency is None or look.currency == decision.label)
        cost = interval_of(row.cost) if in_unit else None
        return ArmFigures(system, labels, interval_of(row.accuracy), cost, dropped)
    each = decision.of(system)
    between = () if decision.between is None else (decision.between.cheaper, decision.between.dearer)
    return ArmFigures(
        system,
        labels,
        each.accuracy,
        each.cost_per_request,
        advised=system == decision.chosen or system in between,
        tied=system in decision.best,
        qualifies=each.qualifies,
        apart=each.apart,
        on_front=each.not_excluded_from_front,
    )


def _effects(
    whole: Measured, weighed: Weighed, decision: Decision, grid: Grid, dropped: list[str]
) -> GridEffects | str:
    """Estimate the effects from the blocks that all arms answered; a text is why there are none, as a clause."""
    measured = whole
    if dropped and isinstance(whole.frames, StreamedFrames):
        return "the run is too large for a second reading"
    if dropped:
        try:
            part = analyse_among(whole.frames.run, weighed.assumptions, grid.systems)
        except UserError as error:
            return f"the blocks that all of them answered say too little: {error}"
        measured, weighed = part.measured, part.weighed
    basis = cost_basis(measured, weighed, replace(decision.settings, minimise=decision.unit))
    apart = {name: why for name, why in basis.reasons.items() if name in grid.systems}
    costs, why = basis.costs, basis.why_none or decision.why_no_cost
    if decision.unit is None:
        costs = None
    elif apart or not set(grid.systems) <= set(basis.known):
        costs, why = None, next(iter(apart.values()), why or "not all of them take part")
    blocks = 1 if whole.basis.blocks is None else whole.basis.blocks.number
    looks = max(looks_of(blocks), 1) if dropped else 1
    effects = grid_effects(grid, measured, costs, why, of=blocks, looks=looks)
    return "no block has a scored answer of each" if effects is None else effects
