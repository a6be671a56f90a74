"""A grid of settings: each combination in a matrix, accuracy against cost, and what each setting changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import product

from wattbench.terminal import clipped_apart
from wattbench_reports.analyses.grid import GridEffects, Interaction, Labels, SettingEffect
from wattbench_reports.decision.grid_figures import ArmFigures, GridFigures
from wattbench_reports.decision.model import Decision, Qualifies
from wattbench_reports.figures.axes import tick
from wattbench_reports.figures.grid import GridPoint
from wattbench_reports.figures.grid import grid as drawing
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.presenter.model import RICH, Cell, Column, Figure, Medium, Passage, Section, Table, numbers
from wattbench_reports.sections.first_screen import PHRASES as _PICTURE
from wattbench_reports.stats import Contrast, Interval
from wattbench_reports.wording.decision.advice import leaders_off_hull, may_be_worth, on_hull
from wattbench_reports.wording.decision.costs import request_words
from wattbench_reports.wording.decision.not_asked import TITLE
from wattbench_reports.wording.decision.phrases import PHRASES
from wattbench_reports.wording.decision.table import per_request_heading

_WIDEST = 30
"""The longest label that is shown, in characters; JSON has all of it."""
_ADVISED, _TIED, _MAY, _DROPPED, _FAILS = "*", "=", "+", "x", "-"
"""Marks of a cell in a terminal."""
_LEGEND = {
    _ADVISED: "advised",
    _TIED: "tied for the best",
    _MAY: PHRASES["may_be_best"],
    _FAILS: "not judged, in doubt, or not shown to qualify",
    _DROPPED: "dropped during the run",
}
_OF_TWO = "one of two to choose between"


def grid_sections(grids: tuple[GridFigures, ...], decision: Decision) -> Iterator[Section]:
    """Yield a section for each grid.

    Args:
        grids: of the run.
        decision: from which their figures are.
    """
    for number, figures in enumerate(grids, start=1):
        shown = _Shown(figures, decision, number)
        yield Section(
            f"grid-{number}",
            f"Grid {shown.name}",
            f"Grid {shown.name}",
            shown.lead,
            tuple(shown.passages()),
            line=f"{units.plural(len(figures.arms), 'system')} by their settings",
            opened=True,
        )


def grid_passages(grids: tuple[GridFigures, ...], decision: Decision) -> Iterator[Passage]:
    """Yield the passages of each grid, with its name in their headings."""
    for number, figures in enumerate(grids, start=1):
        shown = _Shown(figures, decision, number)
        first, *others = shown.passages()
        yield Passage(f"Grid {shown.name}", (shown.lead, *first.sentences), first.tables)
        for each in others:
            yield Passage(f"{each.heading}, grid {shown.name}", each.sentences, each.tables, points=each.points)


class _Shown:
    """A grid as it is shown: labels are cut where they are long."""

    def __init__(self, figures: GridFigures, decision: Decision, number: int) -> None:
        self.figures, self.decision, self.number = figures, decision, number
        self.axes = figures.grid.axes
        self.words = request_words(decision)
        (self.name,) = clipped_apart([figures.grid.name], _WIDEST)
        self.axis_names = clipped_apart([axis.name for axis in self.axes], _WIDEST)
        self._labels = [dict(zip(axis.labels, clipped_apart(axis.labels, _WIDEST), strict=True)) for axis in self.axes]

    @cached_property
    def arms(self) -> Mapping[Labels, ArmFigures]:
        """Return the arms by their labels."""
        return {each.labels: each for each in self.figures.arms}

    @property
    def _any_dropped(self) -> bool:
        return any(each.dropped for each in self.figures.arms)

    def label(self, axis: int, label: str) -> str:
        """Return a label of an axis as it is shown."""
        return self._labels[axis][label]

    def settings(self, labels: Labels) -> str:
        """Return the settings of an arm: ``effort low, n_ctx 2048``."""
        return ", ".join(
            f"{name} {self.label(axis, label)}"
            for axis, (name, label) in enumerate(zip(self.axis_names, labels, strict=True))
        )

    @property
    def lead(self) -> str:
        """Say what the grid is of, and which of its systems is advised."""
        axes = " × ".join(
            f"{name} ({', '.join(self._labels[axis].values())})" for axis, name in enumerate(self.axis_names)
        )
        number = units.plural(len(self.figures.arms), "system")
        advised = [self.settings(each.labels) for each in self.figures.arms if each.system == self.decision.chosen]
        return f"{number}: {axes}.{f' Advised: {advised[0]}.' if advised else ''}"

    def passages(self) -> Iterator[Passage]:
        """Yield the matrix with the figure, and the effects."""
        yield Passage("", (self._marks(),), (self._matrix(RICH), self._matrix(Medium.TEXT)), self._figure())
        effects = self.figures.effects
        if effects is None:
            yield Passage("Main effects", (f"They are not known: {self.figures.why_no_effects}.",))
        else:
            table = self._effects(effects)
            yield Passage(
                "Main effects",
                tuple(self._about(effects)),
                (table,) if table.rows else (),
                points=tuple(map(self._interaction, effects.interactions)),
            )

    def _marks(self) -> str:
        if not self._any_dropped:
            return ""
        return f"The figures of a dropped system are those at the moment when it was dropped: see {TITLE}."

    def _cost(self, each: ArmFigures) -> Interval | None:
        return None if self.decision.unit is None else each.cost

    def _standing(self, each: ArmFigures) -> tuple[str, str]:
        """Return what the decision says of a system, as a mark and in words; both empty where that is nothing."""
        if each.dropped is not None:
            return _DROPPED, f"dropped after block {each.dropped.blocks}"
        if each.advised:
            return _ADVISED, "advised" if self.decision.chosen is not None else _OF_TWO
        decided = self.decision.of(each.system)
        if each.tied:
            return _TIED, _LEGEND[_TIED]
        if each.apart or decided.useless:
            return _FAILS, "not judged" if each.apart else PHRASES["in_doubt"]
        if self.decision.settings.requirements and each.qualifies is not Qualifies.YES:
            return _FAILS, "does not qualify" if each.qualifies is Qualifies.NO else "may qualify"
        leading = {*on_hull(self.decision.hull), *(system for system, *_ in leaders_off_hull(self.decision))}
        if self.decision.objective == "prices" and (each.system in leading or may_be_worth(self.decision, decided)):
            return _MAY, PHRASES["may_be_best"]
        return "", ""

    def _hollow(self, each: ArmFigures) -> bool:
        """Return whether a mark is hollow, by the rule of the picture of the decision."""
        if each.dropped is not None:
            return False
        return bool(each.apart or self.decision.of(each.system).useless) or each.qualifies is Qualifies.NO

    def _cell(self, labels: Labels, media: Medium) -> Cell:
        each = self.arms.get(labels)
        if each is None:
            return Cell(units.NONE)
        cost = self._cost(each)
        if media is Medium.TEXT:
            accuracy = units.percent(None if each.accuracy is None else each.accuracy.estimate)
            figures = [accuracy, *([] if cost is None else [self.words.amount(cost.estimate)])]
            return Cell(f"{', '.join(figures)} {self._standing(each)[0]}".strip())
        detail = "; ".join(filter(None, (self.words.bounds(cost) if cost is not None else "", self._standing(each)[1])))
        best = "best" if each.advised or each.tied else ""
        return Cell(units.percent_interval(each.accuracy), best, detail=detail, detail_style=best)

    def _matrix(self, media: Medium) -> Table:
        """Make the table of all combinations: the last axis has the columns, or the rows where it is the only one."""
        *others, last = range(len(self.axes))
        narrow = media is Medium.TEXT  # elsewhere a cell wraps
        costed = self.words.unit is not None
        heading = per_request_heading(self.words) if costed else ""
        what = f"Accuracy{f' and {heading}' if costed else ''}"
        used = {self._standing(each)[0] for each in self.figures.arms}
        meant = _LEGEND if self.decision.chosen is not None else _LEGEND | {_ADVISED: _OF_TWO}
        legend = ", ".join(f"{mark} {text}" for mark, text in meant.items() if mark in used)
        columns: tuple[Column, ...]
        rows: list[tuple[Cell, ...]]
        if not others:
            columns = (Column(self.axis_names[last]), Column(what, numeric=narrow))
            rows = [(Cell(self.label(last, label)), self._cell((label,), media)) for label in self.axes[last].labels]
        else:
            columns = (
                Column(", ".join(self.axis_names[axis] for axis in others)),
                *(
                    Column(f"{self.axis_names[last]} {self.label(last, label)}", numeric=narrow)
                    for label in self.axes[last].labels
                ),
            )
            rows = [
                (
                    Cell(", ".join(self.label(axis, label) for axis, label in zip(others, first, strict=True))),
                    *(self._cell((*first, label), media) for label in self.axes[last].labels),
                )
                for first in product(*(self.axes[axis].labels for axis in others))
                if any((*first, label) in self.arms for label in self.axes[last].labels)
            ]
        brackets = "Brackets are 95% confidence intervals"
        if self._any_dropped:
            brackets += f"; those of a dropped system are the wider bounds in {TITLE}"
        note = f"{legend}." if narrow and legend else "" if narrow else f"{brackets}."
        return Table(what, columns, tuple(rows), note, media=media)

    def _figure(self) -> Figure | None:
        points, described = [], []
        first, second = 0, 1 if len(self.axes) > 1 else 0
        order = sorted(self.figures.arms, key=lambda each: (not each.advised, not each.tied, not each.on_front))
        for each in order:
            cost = self._cost(each)
            if cost is None or each.accuracy is None:
                continue
            label = " ".join(self.label(axis, name) for axis, name in enumerate(each.labels))
            points.append(
                GridPoint(
                    label,
                    self.axes[first].labels.index(each.labels[first]),
                    self.axes[second].labels.index(each.labels[second]),
                    cost.times(self.words.factor),
                    each.accuracy,
                    dropped=each.dropped is not None,
                    hollow=self._hollow(each),
                    chosen=each.advised,
                    on_front=bool(each.on_front),
                )
            )
            said = self._standing(each)[1]
            described.append(
                f"{label}: {units.percent(each.accuracy.estimate)} at {self.words.amount(cost.estimate)}"
                f"{f', {said}' if said else ''}"
            )
        if len(points) < 2:
            return None
        heading = per_request_heading(self.words)
        title = f"Accuracy against {heading}, grid {self.name}"
        shape = f", shape by {self.axis_names[second]}" if second != first else ""
        return Figure(
            drawing(
                points,
                colours=self._named(first),
                shapes=self._named(second) if second != first else (),
                name=f"grid-figure-{self.number}",
                cost_label=heading,
                tick=partial(tick, unit=self.decision.label, money=self.decision.unit is CostUnit.MONEY),
                title=title,
                description=f"Better is up and left. {'; '.join(described)}.",
            ),
            f"Figure: {title}",
            f"Colour by {self.axis_names[first]}{shape}. {self._legend(points)}",
        )

    def _legend(self, points: Sequence[GridPoint]) -> str:
        """Say what is better, and what lines and kinds of marks mean, of those that are drawn."""
        dropped = any(point.dropped for point in points)
        said = ["Up and left is better."]
        if sum(point.on_front for point in points) > 1:
            of = " of the systems that were asked to the end" if dropped else ""
            said.append(f"Line: not excluded from the Pareto front{of}.")
        if any(point.hollow for point in points):
            said.append(_PICTURE["hollow"])
        if dropped:
            said.append("Crossed out: dropped during the run.")
        return " ".join(said)

    def _named(self, axis: int) -> list[str]:
        """Return the settings of an axis: ``effort low``."""
        return [f"{self.axis_names[axis]} {label}" for label in self._labels[axis].values()]

    def _effects(self, effects: GridEffects) -> Table:
        costed = any(each.cost is not None for each in effects.settings)
        heading = per_request_heading(self.words) if costed else ""
        axis_of = {axis.name: number for number, axis in enumerate(self.axes)}
        return Table(
            caption="Mean over all combinations of the other settings",
            columns=(
                Column("Setting"),
                *numbers("Accuracy", "Difference"),
                *(numbers(units.capital(heading), "Ratio") if costed else ()),
            ),
            rows=tuple(
                (
                    Cell(f"{self.axis_names[axis_of[each.axis]]} {self.label(axis_of[each.axis], each.label)}"),
                    Cell(units.percent(each.accuracy)),
                    Cell(_points(each)),
                    *((Cell(self.words.amount(each.cost)), Cell(_ratio(each))) if costed else ()),
                )
                for each in effects.settings
            ),
            note=(
                f"Differences{' and ratios' if costed else ''} are against the first setting of each axis, with 95% "
                f"confidence intervals from t over blocks{', and costs are geometric means' if costed else ''} (main "
                "effects of a factorial design: Yates 1937; Box, Hunter and Hunter 2005)."
            ),
        )

    def _about(self, effects: GridEffects) -> Iterator[str]:
        yield (
            "What a setting changes on average over all combinations of the other settings, in the "
            f"{effects.blocks} of {units.plural(effects.of, 'block')} that all systems of the grid answered. A "
            "single system may differ from it."
        )
        if self._any_dropped:
            yield (
                "The intervals are wider than others, so that they hold no matter after which block the first "
                "system was dropped."
            )
        if effects.blocks < 2:
            yield "One block has no spread, so that there are no intervals."
        if effects.why_no_cost:
            yield f"Costs are not compared: {effects.why_no_cost}."

    def _interaction(self, each: Interaction) -> str:
        axis, other = (
            next(number for number, one in enumerate(self.axes) if one.name == name) for name in (each.axis, each.other)
        )
        accurate = each.figure == "accuracy"
        said = [_signed(effect) if accurate else f"{units.digits(effect)} times" for effect in each.effects]
        what = "accuracy" if accurate else per_request_heading(self.words)
        at = [self.label(other, label) for label in each.at]
        name, given = self.axis_names[axis], self.axis_names[other]
        return (
            f"The effect of {name} on {what} depends on {given}: {self.label(axis, each.label)} against "
            f"{self.label(axis, each.first)} is {said[0]} with {given} {at[0]}, and {said[1]} with {given} {at[1]} "
            f"({units.p_value(each.p_value)}, Holm)."
        )


def _signed(points: float) -> str:
    return f"{'−' if points < 0 else '+'}{units.points(points)}"


def _points(each: SettingEffect) -> str:
    effect = each.accuracy_difference
    if effect is None:
        return units.NONE
    interval = _interval(effect)
    if interval is None:
        return _signed(effect.estimate)
    # No difference of two shares is larger than 100 points.
    return units.points_interval(Interval(interval.estimate, max(interval.low, -1.0), min(interval.high, 1.0)))


def _ratio(each: SettingEffect) -> str:
    effect = each.cost_ratio
    if effect is None:
        return units.NONE
    interval = _interval(effect)
    return units.digits(effect.estimate) if interval is None else units.ratio_interval(interval)


def _interval(effect: Contrast) -> Interval | None:
    if effect.low is None or effect.high is None:
        return None
    return Interval(effect.estimate, effect.low, effect.high)
