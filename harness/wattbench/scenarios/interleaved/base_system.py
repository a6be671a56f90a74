"""Read a system as the suite of a base has it, with the files of the base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wattbench.config import (
    ENGINES,
    ROUTERS,
    Checkout,
    EndpointSystem,
    HybridSystem,
    PythonRouter,
    PythonSystem,
    Resolved,
    SystemBase,
    load_suite,
    resolved_from_record,
)
from wattbench.config.yamlfile import with_texts
from wattbench.errors import UserError
from wattbench.repository import ignored_by_git, outside


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
    if isinstance(config, PythonSystem):
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
    return config.engine in ("python", "lm_eval") or config.engine not in ENGINES.built_in


def _located(text: str, checkouts: Checkouts, shared: dict[str, None]) -> str:
    """Return a text of the base's settings; the path of a file that git ignores becomes the working tree's."""
    path = Path(text)
    if not path.is_absolute():
        return text
    file = Path(text.rpartition(":")[0]) if ".py:" in text else path
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
