"""Read the pinned reference: a reviewed file that names the run with which nights are compared."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wattbench.errors import UserError, nearest
from wattbench.records.files.plain_yaml import parse_yaml, yaml_problem
from wattbench.records.files.regular_file import MissingFileError, read_regular

FILE = "reference.yaml"
KEYS = ("run", "reason", "reviewed_by", "date")


@dataclass(frozen=True)
class Reference:
    """The pinned run, the reason for it, and its reviewer."""

    run: str
    """The name of a run in the history."""
    reason: str
    reviewed_by: str
    date: datetime.date
    """When it was pinned."""


def read_reference(root: Path) -> Reference | None:
    """Read the pinned reference of a history; None without one.

    Raises:
        UserError: the file cannot be read, or does not say all that it has to.
    """
    path = root / FILE
    try:
        _, recorded = parse_yaml(read_regular(path))
    except MissingFileError:
        return None
    except yaml.YAMLError as error:
        problem, line = yaml_problem(error)
        raise UserError(f"{path}{f':{line}' if line else ''}: not YAML ({problem})") from error
    if not isinstance(recorded, Mapping):
        raise UserError(f"{path}: must be a mapping: {', '.join(f'{key}: ...' for key in KEYS)}")
    for key in recorded:
        if key not in KEYS:
            raise UserError(f"{path}: no key {key!r}{nearest(str(key), KEYS)}")
    return Reference(
        run=_text(recorded, "run", path),
        reason=_text(recorded, "reason", path),
        reviewed_by=_text(recorded, "reviewed_by", path),
        date=_date(recorded, path),
    )


def _text(recorded: Mapping[str, Any], key: str, path: Path) -> str:
    value = recorded.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{path}: {key} is missing or not text; a reference needs {' and '.join(KEYS[:3])}")
    return value.strip()


def _date(recorded: Mapping[str, Any], path: Path) -> datetime.date:
    value = recorded.get("date")
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError as error:
        raise UserError(f"{path}: date: {str(value)[:40]!r} is not a date such as 2026-11-25") from error
