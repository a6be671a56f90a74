"""Where a gate's policy is found: in a file that is named, in the suite, in a `pyproject.toml`, or nowhere."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.config import GatePolicy
from wattbench.config.explain import ParsedFile, validate
from wattbench.config.yamlfile import read_yaml
from wattbench.errors import UserError

TABLE = ("tool", "wattbench", "gate")


@dataclass(frozen=True)
class TomlFile:
    """A parsed file. Unlike YAML's, its parser does not tell lines."""

    path: Path
    data: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The folder from which the file's relative paths are read."""
        return self.path.parent

    def where(self, keys: Sequence[str | int]) -> str:
        """The file: the keys are told beside it."""
        return str(self.path)


def read_toml(path: Path) -> TomlFile:
    """Parse a file.

    Raises:
        UserError: it is missing, unreadable, or not TOML.
    """
    try:
        return TomlFile(path, tomllib.loads(path.read_bytes().decode()))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError
        raise UserError(f"{path}: not valid TOML: {' '.join(str(error).split())}") from error


def find_policy(given: Path | None, of_suite: GatePolicy | None, folder: Path) -> tuple[GatePolicy, str]:
    """The policy that holds, and where it is from, in words.

    Args:
        given: what `--policy` names: TOML with a table `[tool.wattbench.gate]` or the keys alone, or YAML with the
            keys alone or under `gate:`.
        of_suite: the suite's own.
        folder: where the user stands: the nearest `pyproject.toml` from here upwards that has the table counts.

    Raises:
        UserError: a file cannot be read, or something in it is wrong.
    """
    if given is not None:
        return _of_file(given), str(given)
    if of_suite is not None:
        return of_suite, "the suite"
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file():
            file = read_toml(path)
            told = _under(file.data, TABLE)
            if told is not None:
                return _checked(file, told, TABLE), f"{path} [{'.'.join(TABLE)}]"
    return GatePolicy(), "the defaults"


def _of_file(path: Path) -> GatePolicy:
    toml = path.suffix.lower() == ".toml"
    file: TomlFile | Any = read_toml(path) if toml else read_yaml(path)
    table = TABLE if toml else ("gate",)
    told = _under(file.data, table)
    return _checked(file, file.data, ()) if told is None else _checked(file, told, table)


def _under(data: Any, keys: Sequence[str]) -> Any | None:
    """What stands at some keys; None where one of them is missing."""
    for key in keys:
        if not isinstance(data, Mapping) or key not in data:
            return None
        data = data[key]
    return data


def _checked(file: ParsedFile, told: Any, at: Sequence[str]) -> GatePolicy:
    if not isinstance(told, dict):
        raise UserError(f"{file.where(at)}: {'.'.join(at)}: must hold keys and values, not {told!r:.60}")
    return validate(GatePolicy, file, told, at)
