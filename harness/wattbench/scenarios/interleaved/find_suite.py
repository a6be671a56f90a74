"""Find the suite and the system of a gate against a base, where the command names none."""

from __future__ import annotations

from pathlib import Path

from wattbench.config import GatePolicy, Resolved
from wattbench.config.yamlfile import read_yaml
from wattbench.errors import UserError, nearest
from wattbench.records.files.regular_file import read_regular
from wattbench.repository import suite_files
from wattbench.scenarios.interleaved.find_policy import policy_of_file, policy_of_project

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
        raise UserError(f"{resolved.path}: no system {name!r} in this suite{nearest(name, resolved.systems)}")
    return name


def _has_a_gate(path: Path) -> bool:
    try:
        if b"gate" not in read_regular(path):
            return False
        return read_yaml(path).data.keys() >= _KEYS
    except UserError:  # not a suite
        return False
