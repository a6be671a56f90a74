"""Keep apart the modules of several checkouts of one repository, which have the same names, in one process.

Both sides of a gate against a base are asked in one process, in turns, so that they share the machine's state. Python
has one module of a name per process: without this, the second `import rules` would get the first side's `rules`. Each
checkout has modules of its own. Those of the side that is asked are in `sys.modules`, and are replaced by the other
side's when that is asked; imports inside functions are therefore kept apart too. What is not in the checkout, such as
installed libraries, is shared.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from wattbench.config import Checkout
from wattbench.errors import UserError

_NEVER = frozenset({"__main__", "wattbench", "wattbench_reports"})
"""Modules that are shared although they may be in the checkout: that of wattbench itself."""


class CheckoutModules:
    """The modules of one checkout."""

    _active: ClassVar[CheckoutModules | None] = None

    def __init__(self, checkout: Checkout) -> None:
        """Find the import paths of the checkout; nothing is imported.

        Args:
            checkout: its folder, and the working tree that the import paths of this process name.
        """
        self._root, self._working_tree = checkout.root, checkout.working_tree
        self.paths = [
            str(self._root / each.relative_to(self._working_tree)) for each in _import_paths(self._working_tree)
        ]
        """The import paths of this process that are in the checkout."""
        self._names: set[str] = set()
        self._kept: dict[str, ModuleType] = {}
        """Its modules, while another checkout's are in `sys.modules`."""

    def activate(self) -> None:
        """Make imports find this checkout's modules. Cheap if they already do."""
        other = CheckoutModules._active
        if other is self:
            return
        if other is not None:
            other._take_out()
        else:
            for name, module in _loaded_from(self._working_tree):
                _set_aside[name] = module
                del sys.modules[name]
        sys.modules.update(self._kept)
        sys.meta_path.insert(0, self)
        CheckoutModules._active = self

    def forget(self) -> None:
        """Drop the modules, so that the next system imports the files as they are then.

        Where this checkout is active, imports mean again what they mean to this process.
        """
        if CheckoutModules._active is self:
            self._take_out()
            sys.modules.update(_set_aside)
            _set_aside.clear()
            CheckoutModules._active = None
        self._kept, self._names = {}, set()

    @contextmanager
    def importing(self, where: str) -> Iterator[None]:
        """Make imports in a block find this checkout's modules, and check that they did.

        Raises:
            UserError: a module came from the working tree in place of this checkout.
        """
        self.activate()
        importlib.invalidate_caches()  # the folder may be younger than what the import system remembers
        before = set(sys.modules)
        yield
        if self._root == self._working_tree:
            return
        for name in set(sys.modules) - before - self._names:
            file = getattr(sys.modules[name], "__file__", None)
            if name.partition(".")[0] not in _NEVER and file is not None and _is_of(Path(file), self._working_tree):
                raise UserError(
                    f"{where}: {name} was imported from the working tree ({file}), and not from the base: it is "
                    "installed so that its folder is on no import path. Put its folder on PYTHONPATH"
                )

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module in this checkout, for the import system. None if the checkout has no such module."""
        parent, _, _ = name.rpartition(".")
        if name.partition(".")[0] in _NEVER or (parent and parent not in self._names):
            return None
        spec = PathFinder.find_spec(name, self.paths if path is None else path, target)
        if spec is None or (spec.loader is None and path is None and _is_elsewhere(name)):
            return None
        self._names.add(name)
        return spec

    def _take_out(self) -> None:
        sys.meta_path.remove(self)
        self._kept = {name: sys.modules.pop(name) for name in self._names if name in sys.modules}


_set_aside: dict[str, ModuleType] = {}
"""What was imported from the working tree before a checkout became active, and is again once none is."""


@cache
def modules_of(checkout: Checkout) -> CheckoutModules:
    """Return the modules of a checkout; systems of the same checkout share them."""
    return CheckoutModules(checkout)


def comes_from(module: str, checkout: Checkout) -> bool:
    """Return whether a module would be imported from a checkout; nothing is imported."""
    top, _, _ = module.partition(".")
    return PathFinder.find_spec(top, modules_of(checkout).paths) is not None


def _is_elsewhere(name: str) -> bool:
    """Return whether a module of this name is installed, and so precedes a folder without ``__init__.py``."""
    spec = PathFinder.find_spec(name)
    return spec is not None and spec.loader is not None


def _loaded_from(folder: Path) -> Iterator[tuple[str, ModuleType]]:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] not in _NEVER and file is not None and _is_of(Path(file), folder):
            yield name, module


def _import_paths(working_tree: Path) -> list[Path]:
    """Return the import paths that are in the working tree, without its virtual environment."""
    paths = [Path(each or ".").resolve() for each in sys.path]
    return [each for each in paths if _is_of(each, working_tree)]


def _is_of(path: Path, working_tree: Path) -> bool:
    """Return whether a path is in a working tree, but not in a virtual environment inside the tree."""
    prefix = Path(sys.prefix).resolve()
    inside = path.is_relative_to(working_tree) and "site-packages" not in path.parts
    return inside and not (prefix.is_relative_to(working_tree) and path.is_relative_to(prefix))
