"""Find a gate's policy: in a named file, in the suite, in a `pyproject.toml`, or the defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.config import GatePolicy
from wattbench.config.yamlfile import read_yaml
from wattbench.errors import UserError
from wattbench.records.files.regular_file import read_regular
from wattbench.records.schema.explain import ParsedFile, validate

TABLE = ("tool", "wattbench", "gate")
DEFAULTS = "the defaults"
"""The source of a policy that nothing names."""


@dataclass(frozen=True)
class TomlFile:
    """A parsed TOML file. Unlike YAML's, its parser gives no line numbers."""

    path: Path
    data: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Return the folder that the file's relative paths start from."""
        return self.path.parent

    def where(self, keys: Sequence[str | int]) -> str:
        """Return the file; the keys are named in the message."""
        return str(self.path)


def read_toml(path: Path) -> TomlFile:
    """Parse a TOML file.

    Raises:
        UserError: it is missing, unreadable, or not TOML.
    """
    try:
        return TomlFile(path, tomllib.loads(read_regular(path).decode()))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError
        raise UserError(f"{path}: not valid TOML: {' '.join(str(error).split())}") from error


def find_policy(given: Path | None, of_suite: GatePolicy | None, folder: Path) -> tuple[GatePolicy, str]:
    """Return the policy that applies, and its source in words.

    Args:
        given: what `--policy` names: TOML with a table `[tool.wattbench.gate]` or the keys alone, or YAML with the
            keys alone or under `gate:`.
        of_suite: the suite's own.
        folder: the current one: the nearest `pyproject.toml` from here upwards that has the table counts.

    Raises:
        UserError: a file cannot be read, or something in it is wrong.
    """
    if given is not None:
        return policy_of_file(given), str(given)
    if of_suite is not None:
        return of_suite, "the suite"
    return policy_of_project(folder) or (GatePolicy(), DEFAULTS)


def policy_of_project(folder: Path) -> tuple[GatePolicy, str] | None:
    """Return the policy of the nearest `pyproject.toml` from a folder upwards that has one, and its source in words.

    Raises:
        UserError: a file cannot be read, or something in it is wrong.
    """
    for each in (folder, *folder.parents):
        path = each / "pyproject.toml"
        if path.is_file():
            file = read_toml(path)
            table = _under(file.data, TABLE)
            if table is not None:
                return _checked(file, table, TABLE), f"{path} [{'.'.join(TABLE)}]"
    return None


def policy_of_file(path: Path) -> GatePolicy:
    """Read a policy from a file that holds nothing else, or from the policy's section of a larger file.

    Raises:
        UserError: it cannot be read, or something in it is wrong.
    """
    toml = path.suffix.lower() == ".toml"
    file: TomlFile | Any = read_toml(path) if toml else read_yaml(path)
    keys = TABLE if toml else ("gate",)
    policy = _under(file.data, keys)
    return _checked(file, file.data, ()) if policy is None else _checked(file, policy, keys)


def _under(data: Any, keys: Sequence[str]) -> Any | None:
    """Return the value under nested keys; None if one of the keys is missing."""
    for key in keys:
        if not isinstance(data, Mapping) or key not in data:
            return None
        data = data[key]
    return data


def _checked(file: ParsedFile, policy: Any, at: Sequence[str]) -> GatePolicy:
    if not isinstance(policy, dict):
        raise UserError(f"{file.where(at)}: {'.'.join(at)}: must be a table of keys and values, not {policy!r:.60}")
    return validate(GatePolicy, file, policy, at)
