"""Find the suite and the system of a gate against a base, where the command names none."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.config import GatePolicy, Resolved
from wattbench.config.yamlfile import read_yaml
from wattbench.errors import UserError
from wattbench.records.files.regular_file import read_regular
from wattbench.records.schema.explain import ParsedFile, validate
from wattbench.repository import suite_files

_KEYS = {"tasks", "systems", "gate"}
"""What a suite with a gate has at its top."""


def find_suite(given: str | None, policy_file: Path | None, folder: Path) -> tuple[str, str]:
    """Return the suite of a gate against a base, and the reason for the choice in words.

    It is the one that the command names; else the one that the policy names, in a file of its own or in the nearest
    `pyproject.toml`; else the only one of the repository that has a section `gate:`.

    Args:
        given: by the command: a path, or the name of a suite.
        policy_file: what `--policy` names.
        folder: the current one.

    Raises:
        UserError: there is no such suite, or several.
    """
    if given is not None:
        return given, "as named"
    if policy_file is not None and (suite := policy_of_file(policy_file).suite) is not None:
        return str(suite), f"which {policy_file} names"
    project = policy_of_project(folder)
    if project is not None and project[0].suite is not None:
        return str(project[0].suite), f"which {project[1]} names"
    files = suite_files(folder, "gate --base")
    suites = [path for path in files if _has_a_gate(path)]
    if len(suites) == 1:
        return str(suites[0]), "the only suite with gate: in this repository"
    if not suites:
        raise UserError(
            f"{folder}: no suite in this repository has gate: (YAML files: {len(files)}). Name one: wattbench gate "
            "SUITE --base REF"
        )
    names = ", ".join(str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path) for path in suites)
    raise UserError(
        f"{folder}: {len(suites)} suites have gate: ({names}). Name one, in the command or as suite: under "
        "[tool.wattbench.gate] in pyproject.toml"
    )


def find_system(resolved: Resolved, given: str | None, policy: GatePolicy, folder: Path) -> str:
    """Return the system whose two states are compared.

    It is the one that the command names; else the one under `system` in the policy, or in `pyproject.toml`; else the
    only one of the suite.

    Raises:
        UserError: there is no such system in the suite, or it has several and none is named.
    """
    project = policy_of_project(folder)
    name = given or policy.system or (project[0].system if project is not None else None)
    if name is None and len(resolved.systems) == 1:
        return next(iter(resolved.systems))
    if name is None:
        raise UserError(
            f"{resolved.path}: the suite has {len(resolved.systems)} systems ({', '.join(resolved.systems)}); name the "
            "one to compare with its base, with --system NAME or in the suite: gate: {system: NAME}"
        )
    if name not in resolved.systems:
        raise UserError(f"{resolved.path}: {resolved.no_system(name)}")
    return name


def _has_a_gate(path: Path) -> bool:
    try:
        if b"gate" not in read_regular(path):
            return False
        return read_yaml(path).data.keys() >= _KEYS
    except UserError:  # not a suite
        return False


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


def _read_toml(path: Path) -> TomlFile:
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
            file = _read_toml(path)
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
    file: TomlFile | Any = _read_toml(path) if toml else read_yaml(path)
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
