"""Write a suite of a run's systems from its record, with paths relative to the written file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from wattbench.config.written_paths import written_path
from wattbench.terminal import printable

if TYPE_CHECKING:
    from wattbench.config import HybridSystem, Resolved, SystemBase

NAME_LENGTH = 80
WIDTH = 120


@dataclass(frozen=True)
class WrittenSuite:
    """The parts of a suite that is to be written."""

    resolved: Resolved
    """The suite of the run."""
    name: str
    description: str
    documents: Mapping[str, Sequence[int]]
    """Task to the documents that are asked. A task without any is left out."""
    systems: Sequence[str]
    """Of the run; they take part."""
    hybrid: str
    """The name of a hybrid that is added, and takes part."""
    settings: HybridSystem
    """Of the hybrid."""


def suite_text(suite: WrittenSuite, folder: Path, comment: Sequence[str] = ()) -> str:
    """Return the suite as YAML.

    Args:
        suite: what is to be written.
        folder: in which the file will be: relative paths are from there.
        comment: lines at its beginning; a line break in one, as in the name of a run, does not end it.
    """
    given = suite.resolved.suite
    systems: dict[str, SystemBase] = {name: suite.resolved.systems[name] for name in suite.systems}
    kept = given.model_dump(exclude_defaults=True, exclude={"name", "description", "tasks", "systems"})
    data = {
        "name": suite.name[:NAME_LENGTH],
        "description": suite.description,
        "tasks": {
            "include": given.tasks.include,
            "select": [
                choice.model_copy(update={"limit": None, "documents": sorted(suite.documents[choice.task])}).model_dump(
                    exclude_defaults=True
                )
                for choice in given.tasks.select
                if suite.documents.get(choice.task)
            ],
        },
        "systems": {
            "define": {
                name: _settings(system, folder) for name, system in {**systems, suite.hybrid: suite.settings}.items()
            }
        },
        **kept,
    }
    return _yaml(data, folder, comment)


def catalogue_text(systems: Mapping[str, SystemBase], folder: Path, comment: Sequence[str]) -> str:
    """Return systems as the YAML of a catalogue.

    Args:
        systems: by name.
        folder: in which the file will be: relative paths are from there.
        comment: lines at its beginning.
    """
    return _yaml({"systems": {name: _settings(system, folder) for name, system in systems.items()}}, folder, comment)


def _yaml(data: Mapping[str, Any], folder: Path, comment: Sequence[str]) -> str:
    body = yaml.safe_dump(
        _plain(data, folder), sort_keys=False, default_flow_style=None, width=WIDTH, allow_unicode=True
    )
    return "".join(f"# {printable(line)}".rstrip() + "\n" for line in comment) + "\n" * bool(comment) + body


def _settings(system: SystemBase, folder: Path) -> dict[str, Any]:
    """Return a system's settings as a suite file states them, without those that reading the file fills in."""
    settings = system.model_dump(exclude_defaults=True, exclude={"pool", "checkout"})
    call = settings.get("call")
    if isinstance(call, str) and ".py:" in call:
        module, _, function = call.rpartition(":")
        settings["call"] = f"{written_path(Path(module), folder)}:{function}"
    return settings


def _plain(value: Any, folder: Path) -> Any:
    """Convert a value to YAML's types, with paths relative to a folder."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each, folder) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, folder) for each in value]
    if isinstance(value, Path):
        return written_path(value, folder)
    return value.value if isinstance(value, Enum) else value
