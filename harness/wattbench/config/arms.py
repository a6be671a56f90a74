"""Make the systems of grids: one of each combination of their values."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from wattbench.config.systems.grid import SHORT_NAMES, Axis, Grid, text_of
from wattbench.config.systems.system_base import Arm
from wattbench.config.yamlfile import Keys, YamlFile
from wattbench.errors import UserError
from wattbench.records.schema.base import MOST_OF_NAME, NAME, Strict
from wattbench.records.schema.explain import validate
from wattbench.redaction import hide, keep_secrets_of

MOST_SYSTEMS = 1000
"""Of all grids of a file."""
_MOST_OF_LABEL = 60
_DIGEST = 8
"""Hexadecimal digits in place of what is cut."""
_FILES = (".gguf", ".safetensors", ".skops")
"""Endings of files that a label leaves out."""
_FILLED_IN = ("grid", "arm", "pool")
"""Keys that no axis may set."""
_LABELS = "name labels: values: {label: value}"

_Setting = tuple[str, ...]
"""The keys that lead to a setting of a system."""


@dataclass(frozen=True)
class GridArm:
    """A system of a grid, and where its file has what it was made from."""

    arm: Arm
    at: Keys
    """The keys of the system with the grid."""
    sets: Mapping[str, Sequence[_Setting]]
    """Axis to the settings that it sets."""


@dataclass(frozen=True)
class WithoutGrids(YamlFile):
    """A file with the systems of its grids in place of the grids."""

    systems_at: Keys = ()
    """The keys of the mapping of systems."""
    arms: Mapping[str, GridArm] = field(default_factory=dict)
    """System to its grid; other systems are not in it."""

    def where(self, keys: Sequence[str | int]) -> str:
        """Return ``file:line`` of the deepest key that the file has; of a grid's system also its combination.

        The line of a setting that an axis sets is that of the axis.
        """
        depth = len(self.systems_at)
        arm = self.arms.get(str(keys[depth])) if tuple(keys[:depth]) == self.systems_at and keys[depth:] else None
        if arm is None:
            return super().where(keys)
        below = tuple(keys[depth + 1 :])
        axis = next((axis for axis, settings in arm.sets.items() if any(_meet(each, below) for each in settings)), None)
        line = super().where((*arm.at, *below) if axis is None else (*arm.at, "grid", axis))
        labels = ", ".join(f"{axis}={label}" for axis, label in arm.arm.labels.items())
        return f"{line}: system {arm.arm.grid!r}, {labels}"


@dataclass(frozen=True)
class _Choice:
    """One value of an axis."""

    label: str
    sets: tuple[tuple[_Setting, Any], ...]


class _WithGrid(Strict):
    grid: Grid


def without_grids(file: YamlFile, at: Keys) -> WithoutGrids:
    """Return a file with each system that has a `grid` replaced by one system of each combination of its values.

    They come where the system was, in the order of the values; the values of the last axis change first.

    Args:
        file: a suite or a catalogue.
        at: the keys of its mapping of systems.

    Raises:
        UserError: a grid is wrong, or makes a system whose name another has.
    """
    systems: Any = file.data
    for key in at:
        systems = systems.get(key) if isinstance(systems, Mapping) else None
    if not isinstance(systems, Mapping):  # a fault that the model of the file names
        return WithoutGrids(file.path, file.data, file._root, at)
    made: dict[Any, Any] = {}
    arms: dict[str, GridArm] = {}
    for name, settings in systems.items():
        if not isinstance(settings, Mapping) or "grid" not in settings or not _is_name(name):
            made[name] = settings  # the model of the file refuses a wrong name
            continue
        for arm, of_arm in _arms_of(name, settings, file, (*at, name), MOST_SYSTEMS - len(arms)):
            called = system_name(arm.arm)
            if called in arms or called in systems:
                why = f"two systems would be called {called!r}: choose another name, or {_LABELS}"
                raise _error(file, (*arm.at, "grid"), why)
            made[called], arms[called] = of_arm, arm
    return WithoutGrids(file.path, _set(file.data, at, made), file._root, at, arms)


def system_name(arm: Arm) -> str:
    """Return the name of a grid's system: those of the grid and of its labels; a long one ends in a digest."""
    name = "-".join([arm.grid, *map(_in_a_name, arm.labels.values())])
    return _cut(name, MOST_OF_NAME, repr(arm))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and len(name) <= MOST_OF_NAME and re.match(NAME, name) is not None


def _arms_of(
    name: str, settings: Mapping[str, Any], file: YamlFile, at: Keys, most: int
) -> Iterator[tuple[GridArm, Mapping[str, Any]]]:
    """Yield the place of each system of a grid, and its settings."""
    grid = validate(_WithGrid, file, {"grid": settings["grid"]}, at).grid
    count = math.prod(len(axis.values) for axis in grid.values())
    if count > most:
        why = f"{count:,} systems; the grids of a file make {MOST_SYSTEMS:,} at most: leave values out"
        raise _error(file, (*at, "grid"), why)
    choices = {axis: _choices(axis, values, file, (*at, "grid", axis)) for axis, values in grid.items()}
    sets = {axis: list(dict.fromkeys(each for one in of for each, _ in one.sets)) for axis, of in choices.items()}
    _check_apart(sets, file, at)
    plain = {key: value for key, value in settings.items() if key != "grid"}
    for chosen in itertools.product(*choices.values()):
        made: Mapping[str, Any] = plain
        for axis, choice in zip(choices, chosen, strict=True):
            for setting, value in choice.sets:
                try:
                    made = _set(made, setting, value)
                except TypeError as error:
                    raise _error(file, (*at, "grid", axis), f"it sets {'.'.join(setting)}, and {error}") from None
        labels = {axis: choice.label for axis, choice in zip(choices, chosen, strict=True)}
        yield GridArm(Arm.model_construct(grid=name, labels=labels), at, sets), made


def _choices(name: str, axis: Axis, file: YamlFile, at: Keys) -> list[_Choice]:
    """Return the values of an axis with their labels.

    Raises:
        UserError: a value has no label, or two have the same.
    """
    merged = axis.set is None and isinstance(axis.values, dict)
    setting = tuple((axis.set or SHORT_NAMES.get(name, name)).split("."))
    choices: dict[str, _Choice] = {}
    for label, value in axis.values.items() if isinstance(axis.values, dict) else enumerate(axis.values, 1):
        if merged and not isinstance(value, Mapping):
            raise _error(file, at, f"{label}: a mapping of settings; or say with set: which setting the values are of")
        sets = tuple(_leaves(value)) if merged else ((setting, value),)
        if refused := next((keys[0] for keys, _ in sets if keys[0] in _FILLED_IN), None):
            raise _error(file, at, f"an axis cannot set {refused}")
        for keys, each in sets:
            keep_secrets_of(_set({}, keys, each))
        text = label if isinstance(label, str) else _label_of(value)
        if text is None or not _in_a_name(text):
            raise _error(file, at, f"value {label} has no short name: {_LABELS}")
        if hide(text) != text:
            raise _error(file, at, f"value {label} is hidden wherever it is written, and a label is shown: {_LABELS}")
        text = _cut(" ".join(text.split()), _MOST_OF_LABEL, text)
        if _in_a_name(text) in choices:
            raise _error(file, at, f"two values are called {_in_a_name(text)!r}: {_LABELS}")
        choices[_in_a_name(text)] = _Choice(text, sets)
    return list(choices.values())


def _label_of(value: Any) -> str | None:
    """Return the label of a value; None for a list or a mapping. Of a path it is the last part."""
    text = text_of(value)
    if text is None or not isinstance(value, str):
        return text
    last = PurePath(text).name
    return next((last.removesuffix(each) for each in _FILES if last.endswith(each)), last)


def _in_a_name(label: str) -> str:
    """Return what a label adds to the name of a system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-")


def _cut(text: str, most: int, whole: str) -> str:
    """Return a text of at most so long; one that is cut ends in a digest of `whole`."""
    if len(text) <= most:
        return text
    return f"{text[: most - _DIGEST - 1]}-{hashlib.sha256(whole.encode(errors='replace')).hexdigest()[:_DIGEST]}"


def _leaves(settings: Mapping[Any, Any], above: _Setting = ()) -> Iterator[tuple[_Setting, Any]]:
    """Yield the settings in nested mappings, each with the keys that lead to it."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _set(settings: Mapping[Any, Any], keys: Sequence[Any], value: Any) -> dict[Any, Any]:
    """Return nested mappings with one setting changed.

    Raises:
        TypeError: the setting is below one that is no mapping.
    """
    key, *below = keys
    if not below:
        return {**settings, key: value}
    within = settings.get(key) or {}
    if not isinstance(within, Mapping):
        raise TypeError(f"{key} is {type(within).__name__}, not a mapping")
    return {**settings, key: _set(within, below, value)}


def _check_apart(sets: Mapping[str, Sequence[_Setting]], file: YamlFile, at: Keys) -> None:
    for (axis, settings), (other, others) in itertools.combinations(sets.items(), 2):
        for one, two in itertools.product(settings, others):
            if _meet(one, two):
                shared = ".".join(map(str, one if len(one) < len(two) else two))
                raise _error(file, (*at, "grid", other), f"the axis {axis} sets {shared} too")


def _meet(one: Sequence[Any], two: Sequence[Any]) -> bool:
    """Return whether one setting is the other, or holds it."""
    common = min(len(one), len(two))
    return common > 0 and tuple(one[:common]) == tuple(two[:common])


def _error(file: YamlFile, at: Keys, what: str) -> UserError:
    return UserError(f"{file.where(at)}: {'.'.join(map(str, at))}: {what}")
