"""Find the files of an included task next to the YAML that names them.

lm-eval hands `data_files` to Hugging Face `datasets`, which looks in the current folder: a suite would work from one
folder alone. Here a relative path is first looked for in the folder of the YAML that names it, then, as lm-eval has it,
in the current folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.tasks.task_code import files_of, values_of

FILE_FORMATS = ("arrow", "csv", "json", "parquet", "text")
"""The `dataset_path` of tasks whose documents are in files that their YAML names (`datasets`' packaged modules)."""

_ELSEWHERE = frozenset({"cache_dir", "download_config", "download_mode", "revision", "storage_options", "token"})
"""Settings of a data set that are about another place than the files that it names."""


def is_local(written: Mapping[str, Any]) -> bool:
    """Return whether a task's documents are in local files.

    Args:
        written: the task's YAML.
    """
    settings = written.get("dataset_kwargs") or {}
    places = json.dumps(settings, default=str)
    elsewhere = "://" in places or "::" in places or not _ELSEWHERE.isdisjoint(settings)
    return written.get("dataset_path") in FILE_FORMATS and not elsewhere


def with_found_files(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's `dataset_kwargs` with the real paths of its files.

    Args:
        path: the task's YAML.
        settings: its `dataset_kwargs`, those of the files that it includes among them.

    Raises:
        UserError: a file is in neither folder.
    """
    # A task's own `dataset_kwargs` count, else those of the last file that it includes.
    naming = (file for file, root in files_of(path) if values_of(root, "dataset_kwargs"))
    folder = next(naming, path.resolve()).parent
    paths = dict(settings)
    if settings.get("data_dir") is not None:  # data_files are then relative to it
        paths["data_dir"] = _path_of(str(settings["data_dir"]), folder)
    elif settings.get("data_files") is not None:
        paths["data_files"] = _each(settings["data_files"], folder)
    return paths


def _each(value: Any, folder: Path) -> Any:
    if isinstance(value, Mapping):
        return {split: _each(each, folder) for split, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each(each, folder) for each in value]
    return _path_of(str(value), folder)


def _path_of(written: str, folder: Path) -> str:
    if "://" in written or "::" in written or Path(written).is_absolute():
        return written
    try:
        for base in (folder, Path.cwd()):
            if next(base.glob(written), None) is not None or (base / written).exists():
                return str(base / written)
    except (ValueError, NotImplementedError):  # no pattern that pathlib knows
        return written
    raise UserError(
        f"data_files: {written} is not in {folder}, whose YAML names it, and not in the current folder, {Path.cwd()}"
    )
