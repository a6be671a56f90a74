"""Read a system as the suite of a base has it, with the files of the base."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.callables import comes_from
from wattbench.config import (
    ENGINES,
    ROUTERS,
    AgentSystem,
    Checkout,
    EndpointSystem,
    GatePolicy,
    HybridSystem,
    PythonRouter,
    PythonSystem,
    Resolved,
    SystemBase,
    load_suite,
    resolved_from_record,
)
from wattbench.config.inspect_task import file_of
from wattbench.config.yamlfile import texts_in, with_texts
from wattbench.errors import UserError
from wattbench.repository import Changes, ignored_by_git, outside


@dataclass(frozen=True)
class Checkouts:
    """The two folders of a gate against a base."""

    root: Path
    """Of the repository: the working tree."""
    tree: Path
    """The files of the base."""
    base: str
    """The base in words."""

    def in_working_tree(self, text: str) -> str:
        """Return a text with the paths of the base's files replaced by those of the same files in the working tree."""
        return text.replace(str(self.tree), str(self.root))


@dataclass(frozen=True)
class BaseSystem:
    """A system as the suite of the base defines it."""

    suite: Resolved
    config: SystemBase
    shared: tuple[str, ...]
    """Files that git does not keep, so that both sides use those of the working tree."""


def base_system(checkouts: Checkouts, suite: Path, name: str, working: Resolved) -> BaseSystem:
    """Read a system as the suite of the base defines it.

    Its files are the base's. Files that git ignores, and those outside of the repository, are in no commit: both sides
    use the same ones.

    Args:
        checkouts: both.
        suite: its file, relative to the root.
        name: of the system.
        working: the suite as the working tree has it.

    Raises:
        UserError: the base has no such suite, system or file, or its suite cannot be read.
    """
    path = checkouts.tree / suite
    if not path.is_file():
        raise UserError(
            f"{suite} does not exist in {checkouts.base}, so there is nothing to compare with. A gate begins with the "
            "first change after the suite was committed there; to compare with another commit, name it with --base"
        )
    try:
        of_base = load_suite(str(path), tasks_exist=False)
    except UserError as error:
        raise UserError(f"in {checkouts.base}: {checkouts.in_working_tree(str(error))}") from error
    if name not in of_base.systems:
        raise UserError(
            f"{suite}: no system {name!r} in {checkouts.base} (systems: {', '.join(of_base.systems)}). A new system "
            "has no base; compare it with another one of the suite, with --baseline and --candidate"
        )
    shared: dict[str, None] = {}
    record = with_texts(
        of_base.systems[name].model_dump(mode="json"), lambda _, text: _located(text, checkouts, shared)
    )
    read = resolved_from_record({**working.as_record(), "systems": {name: record}})
    return BaseSystem(of_base, read.systems[name], tuple(shared))


def with_checkout(config: SystemBase, checkout: Checkout) -> SystemBase:
    """Return a system whose Python callables import from a checkout, also as members or router of a hybrid."""
    if isinstance(config, PythonSystem | AgentSystem):
        return config.model_copy(update={"checkout": checkout})
    if isinstance(config, HybridSystem):
        pool = {name: with_checkout(member, checkout) for name, member in config.pool.items()}
        router = config.router
        if isinstance(router, PythonRouter):
            router = router.model_copy(update={"checkout": checkout})
        return config.model_copy(update={"pool": pool, "router": router})
    return config


def runs_code(config: SystemBase) -> bool:
    """Return whether a system runs code that may read any file: a callable, a command, another package's engine."""
    if isinstance(config, HybridSystem):
        own_router = isinstance(config.router, PythonRouter) or config.router.type not in ROUTERS.built_in
        return own_router or any(runs_code(member) for member in config.pool.values())
    if isinstance(config, EndpointSystem):
        return config.serve is not None and config.serve.command is not None
    return config.engine in ("agent", "inspect", "python", "lm_eval") or config.engine not in ENGINES.built_in


def _located(text: str, checkouts: Checkouts, shared: dict[str, None]) -> str:
    """Return a text of the base's settings; the path of a file that git ignores becomes the working tree's."""
    path = Path(text)
    if not path.is_absolute():
        return text
    file = file_of(text) or (Path(text.rpartition(":")[0]) if ".py:" in text else path)
    if not file.is_relative_to(checkouts.tree):
        real = outside(file, checkouts.root, checkouts.tree)
        if real is not None:
            shared[str(real)] = None
            return text.replace(str(file), str(real))
        return text
    relative = file.relative_to(checkouts.tree)
    here = checkouts.root / relative
    if file.exists() or not here.exists():
        return text  # what is in neither is the engine's to report
    if not ignored_by_git(checkouts.root, [here]):
        raise UserError(
            f"{relative} is missing in {checkouts.base}, whose system needs it. If it was forgotten there, let git "
            "ignore it: both sides then use the file of the working tree"
        )
    shared[str(relative)] = None
    return text.replace(str(file), str(here))


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
