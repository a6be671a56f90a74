"""Find what differs between a system in a base and in the working tree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.callables.checkout_modules import comes_from
from wattbench.config import Checkout, GatePolicy, PythonRouter, PythonSystem, SystemBase
from wattbench.config.yamlfile import texts_in
from wattbench.repository import Changes
from wattbench.scenarios.interleaved.base_system import BaseSystem, Checkouts, runs_code

_NAMED = 8
"""Names or settings in one sentence; the rest is counted."""
_LONGEST = 60
"""Characters of a setting."""


@dataclass(frozen=True)
class Differences:
    """The differences between the two sides of a gate against a base."""

    settings: tuple[str, ...]
    """Of the system: ``prompt.fewshot: 0 → 2``."""
    files: tuple[str, ...]
    """That may concern the system, relative to the root."""
    notes: tuple[str, ...]
    """For the verdict, one sentence or two each."""

    @property
    def concern_the_system(self) -> bool:
        """Return whether the two sides can answer differently."""
        return bool(self.settings or self.files)


def differences(
    checkouts: Checkouts,
    base: BaseSystem,
    candidate: SystemBase,
    changes: Changes,
    policies: tuple[GatePolicy | None, GatePolicy],
) -> Differences:
    """Return the differences of the two sides: settings of the system, and files that it may use.

    A file may concern the system if its settings name it or a folder that it is in. To a system that runs code any
    file may: code can read what it likes.

    Args:
        checkouts: both.
        base: the system in the base.
        candidate: the system in the working tree.
        changes: files that differ.
        policies: of the base, where it is known, and of the working tree.
    """
    before, after = (_flat(config.model_dump(mode="json"), checkouts) for config in (base.config, candidate))
    settings = _changed(before, after)
    code = runs_code(base.config) or runs_code(candidate)
    named = [Path(text) for config in (base.config, candidate) for text in _paths(config, checkouts)]
    files = [
        name for name in changes.files if code or any((checkouts.root / name).is_relative_to(each) for each in named)
    ]
    notes = [_sides_note(checkouts, changes)]
    if settings:
        notes.append(f"Settings of the system that differ: {_few(settings)}.")
    if files:
        notes.append(f"Files that differ: {_few(files)}.")
    if others := [name for name in changes.files if name not in files]:
        notes.append(f"Not of the system, so the working tree's for both: {_few(others)}.")
    if (policy := _changed_policy(*policies, checkouts)) is not None:
        notes.append(f"The policy was changed, and the new one judges: {_few(policy)}.")
    if base.shared:
        notes.append(f"In no commit, so the same for both: {_few(base.shared)}.")
    notes += [
        f"The module {module} is not imported from this repository: both sides run the installed one."
        for module in _from_elsewhere(candidate, Checkout(root=checkouts.root, working_tree=checkouts.root))
    ]
    return Differences(tuple(settings), tuple(files), tuple(notes))


def digest_of(root: Path, files: Iterable[str]) -> str:
    """Hash the contents of some files of the working tree; a missing file counts as missing."""
    digest = hashlib.sha256()
    for name in sorted(files):
        path = root / name
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        digest.update(json.dumps([name, content]).encode())
    return digest.hexdigest()


def _sides_note(checkouts: Checkouts, changes: Changes) -> str:
    state = f", with uncommitted changes in {_few(changes.uncommitted)}" if changes.uncommitted else ", all committed"
    return f"Baseline: the system of {checkouts.base}. Candidate: the working tree{state}."


def _paths(config: SystemBase, checkouts: Checkouts) -> list[str]:
    """List the absolute paths in a system's settings; paths in the base become paths in the working tree."""
    return [
        text.rpartition(":")[0] if ".py:" in text else text
        for text in (checkouts.in_working_tree(text) for _, text in texts_in(config.model_dump(mode="json")))
        if text.startswith(str(checkouts.root))
    ]


def _changed_policy(base: GatePolicy | None, working: GatePolicy, checkouts: Checkouts) -> list[str] | None:
    """List the settings that differ between two policies. None without differences, or without the base's policy."""
    if base is None:
        return None
    return _changed(*(_flat(each.model_dump(mode="json"), checkouts) for each in (base, working))) or None


def _flat(value: Any, checkouts: Checkouts, key: str = "") -> dict[str, Any]:
    """Return nested settings as dotted keys to values, with paths relative to the repository."""
    if isinstance(value, Mapping):
        parts = [_flat(each, checkouts, f"{key}.{name}" if key else str(name)) for name, each in value.items()]
        return {name: each for part in parts for name, each in part.items()} or {key: {}}
    if isinstance(value, str):
        text = checkouts.in_working_tree(value)
        return {key: text.removeprefix(f"{checkouts.root}/") if text.startswith(str(checkouts.root)) else text}
    return {key: value}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    keys = dict.fromkeys([*before, *after])
    return [
        f"{key}: {_value(before, key)} → {_value(after, key)}"
        for key in keys
        if before.get(key, _MISSING) != after.get(key, _MISSING)
    ]


_MISSING = object()


def _value(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key)
    text = "not set" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _from_elsewhere(config: SystemBase, working_tree: Checkout) -> list[str]:
    """List the modules of the system's callables that are not in the repository."""
    parts = [config, *getattr(config, "pool", {}).values(), getattr(config, "router", None)]
    modules = [each.call.rpartition(":")[0] for each in parts if isinstance(each, PythonSystem | PythonRouter)]
    return [name for name in modules if not name.endswith(".py") and not comes_from(name, working_tree)]
