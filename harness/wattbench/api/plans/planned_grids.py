"""Show the systems of a grid as a grid: its axes, and the settings in which its systems differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wattbench.config import Resolved, SystemBase
from wattbench.redaction import hide_settings
from wattbench_reports.formatting.units import plural
from wattbench_reports.presenter.model import Column, Passage, Table, text_rows

_CHARACTERS = 60
"""Of a value in the table."""


@dataclass(frozen=True)
class PlannedGrid:
    """A grid that takes part in a run."""

    grid: str
    systems: tuple[str, ...]
    axes: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """Axis to label to the settings in which the systems with this label differ from the others, without secrets."""

    def as_record(self) -> dict[str, Any]:
        """Return the grid as plain data."""
        return {**asdict(self), "systems": list(self.systems)}

    def in_words(self) -> str:
        """Return a sentence: ``llama: 6 systems: effort (low, high) x n_ctx (512, 2048, 4096)``."""
        axes = " x ".join(f"{axis} ({', '.join(labels)})" for axis, labels in self.axes.items())
        return f"{self.grid}: {plural(len(self.systems), 'system')}: {axes}"


def planned_grids(resolved: Resolved) -> list[PlannedGrid]:
    """Return the grids whose systems take part in a run."""
    return [
        PlannedGrid(grid, tuple(names), _axes({name: resolved.systems[name] for name in names}))
        for grid, names in resolved.grids.items()
    ]


def _axes(systems: Mapping[str, SystemBase]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the settings of each label of each axis: those with one value under the same label, but not under all."""
    labels_of = {name: system.arm.labels for name, system in systems.items() if system.arm is not None}
    settings = {
        name: dict(_leaves(hide_settings(system.model_dump(mode="json", exclude={"arm"}))))
        for name, system in systems.items()
    }
    keys = dict.fromkeys(key for of_system in settings.values() for key in of_system)
    varied = [key for key in keys if len({_text(each.get(key)) for each in settings.values()}) > 1]
    axes: dict[str, dict[str, dict[str, Any]]] = {}
    for axis in next(iter(labels_of.values())):
        with_label: dict[str, list[str]] = {}
        for name, labels in labels_of.items():
            with_label.setdefault(labels[axis], []).append(name)
        axes[axis] = {label: {} for label in with_label}
        for key in varied:
            values = {label: {_text(settings[name].get(key)) for name in names} for label, names in with_label.items()}
            if all(len(each) == 1 for each in values.values()) and len(set.union(*values.values())) > 1:
                for label, names in with_label.items():
                    if key in settings[names[0]]:
                        axes[axis][label][key] = settings[names[0]][key]
    return axes


def _leaves(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings in nested mappings, by keys with dots."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _leaves(each, f"{above}.{key}" if above else str(key))
    else:
        yield above, value


def grids_passage(grids: Sequence[PlannedGrid]) -> Passage:
    """Make the passage on the grids of a suite: each in a sentence, and what its labels mean in a table."""
    tables = [
        Table(
            each.in_words(),
            (Column("axis"), Column("label"), Column("settings")),
            text_rows([(axis, label, _in_words(settings)) for axis, labels in each.axes.items()
                       for label, settings in labels.items()]),
        )
        for each in grids
    ]  # fmt: skip
    return Passage(tables=tuple(tables))


def _in_words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {_short(_text(value))}" for key, value in settings.items()) or "-"


def _short(text: str) -> str:
    """Return the end of a long text: of a path it says more than the beginning."""
    return text if len(text) <= _CHARACTERS else f"...{text[3 - _CHARACTERS :]}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def in_short(names: Sequence[str], resolved: Resolved) -> str:
    """List systems; all systems of a grid by its name: ``small, llama (6 systems)``."""
    listed: list[str] = []
    grid_of = {name: (grid, arms) for grid, arms in resolved.grids.items() for name in arms}
    for name in names:
        grid, arms = grid_of.get(name, (name, []))
        whole = bool(arms) and set(arms) <= set(names)
        listed.append(f"{grid} ({plural(len(arms), 'system')})" if whole else name)
    return ", ".join(dict.fromkeys(listed))


def in_common(settings: Mapping[str, Mapping[str, Any]], resolved: Resolved) -> dict[str, Mapping[str, Any]]:
    """Return settings of systems by system; those that all systems of a grid have in common, by the grid."""
    shared: dict[str, Mapping[str, Any]] = {}
    grid_of = {name: grid for grid, names in resolved.grids.items() for name in names}
    for name, of_system in settings.items():
        if name not in grid_of:
            shared[name] = of_system
            continue
        of_grid = [settings.get(each, {}) for each in resolved.grids[grid_of[name]]]
        alike = {
            key: value
            for key, value in of_system.items()
            if all(key in each and _text(each[key]) == _text(value) for each in of_grid)
        }
        if alike:
            shared[grid_of[name]] = alike
    return shared
