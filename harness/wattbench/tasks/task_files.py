"""Check the files of a folder of tasks before lm-eval reads all of them: it opens whatever they name."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from wattbench.errors import UserError
from wattbench.records.files.regular_file import MissingFileError, read_regular
from wattbench.tasks.task_code import composed, included_in


def check_task_files(folder: Path, most_files: int | None = None) -> None:
    """Check that every YAML file below a folder, and every file that these include, is no device.

    What is missing, or is no YAML, is lm-eval's to name.

    Args:
        folder: of tasks.
        most_files: how many files it may hold; None: any number.

    Raises:
        UserError: a file is none, cannot be read or is too large; or there are too many.
    """
    number = 0
    seen: set[Path] = set()
    for root, _, names in os.walk(folder):
        number += len(names)
        if most_files is not None and number > most_files:
            raise UserError(f"{folder}: it holds more than {most_files:,} files")
        waiting = [Path(root, name) for name in names if name.endswith(".yaml")]
        while waiting:
            path = waiting.pop().resolve()
            if path in seen:
                continue
            seen.add(path)
            try:
                waiting += [path.parent / Path(name).expanduser() for name in included_in(composed(read_regular(path)))]
            except (MissingFileError, yaml.YAMLError, ValueError, RecursionError, RuntimeError):
                continue
