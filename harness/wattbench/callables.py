"""Find and import the Python callables that a suite names, and keep those of two checkouts apart.

A callable is imported when it is opened or checked; a plan that is only read imports none.

Keep apart the modules of several checkouts of one repository, which have the same names, in one process.

Both sides of a gate against a base are asked in one process, in turns, so that they share the machine's state. Python
has one module of a name per process: without this, the second `import rules` would get the first side's `rules`. Each
checkout has modules of its own. Those of the side that is asked are in `sys.modules`, and are replaced by the other
side's when that is asked; imports inside functions are therefore kept apart too. What is not in the checkout, such as
installed libraries, is shared.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from wattbench.config import Checkout
from wattbench.errors import UserError, nearest

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


@contextmanager
def modules_of_this_process() -> Iterator[None]:
    """Make imports in a block mean what they mean to this process, whichever checkout is active."""
    active = CheckoutModules._active
    if active is not None:
        active._take_out()
        sys.modules.update(_set_aside)
        CheckoutModules._active = None
    try:
        yield
    finally:
        if active is not None:
            active.activate()


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


_NAME_ONE = "name an installed module, or a file as ./answers.py:solve"


class NamedCallable:
    """An imported callable, with its checkout if it has one."""

    def __init__(self, where: str, name: str, checkout: Checkout | None) -> None:
        """Import the callable.

        Args:
            where: whose it is, for messages: ``system 'adder'``.
            name: as the suite has it.
            checkout: where its modules come from; None: from where Python finds them.

        Raises:
            UserError: no such module, file or function, or it is not callable.
        """
        self._modules = None if checkout is None else modules_of(checkout)
        self.call: Callable[..., object]
        if self._modules is None:
            self.call = _imported(where, name)
        else:
            with self._modules.importing(f"{where}: call: {name!r}"):
                self.call = _imported(where, name)

    @property
    def source(self) -> Path | None:
        """Return the file that defines the callable.

        None if it has no file, such as a builtin or an instance of a class.
        """
        try:
            file = inspect.getsourcefile(inspect.unwrap(self.call))
        except TypeError:
            return None
        return None if file is None else Path(file)

    @property
    def sha256(self) -> str | None:
        """Return the hash of the file that defines the callable."""
        return None if self.source is None else hashlib.sha256(self.source.read_bytes()).hexdigest()

    def activate(self) -> None:
        """Make imports find the modules of the callable's checkout, if there is a checkout."""
        if self._modules is not None:
            self._modules.activate()

    def forget(self) -> None:
        """Drop the modules of the callable's checkout."""
        if self._modules is not None:
            self._modules.forget()


def check_callable(where: str, name: str, checkout: Checkout | None) -> None:
    """Check that a callable exists, by importing it.

    Raises:
        UserError: as `NamedCallable`.
    """
    NamedCallable(where, name, checkout).forget()


def file_of_callable(where: str, name: str) -> Path | None:
    """Return the file of the module that a callable's name has, without an import. None for a module without a file.

    Raises:
        UserError: there is no such file or module.
    """
    module = name.rpartition(":")[0]
    if module.endswith(".py"):
        _check_file(module, f"{where}: {name!r}")
        return Path(module)
    top, *inner = module.split(".")
    spec = None
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(top)
    for part in inner if spec is not None else ():  # importlib's own search for a submodule imports its package
        top = f"{top}.{part}"
        spec = None if spec is None else PathFinder.find_spec(top, spec.submodule_search_locations)
    if spec is None:
        raise UserError(f"{where}: {name!r}: no module {top!r} is installed here; {_NAME_ONE}")
    return Path(spec.origin) if spec.has_location and spec.origin is not None else None


def look_for_callable(where: str, name: str, checkout: Checkout | None) -> None:
    """Check that a callable's file or package exists, without an import, which would run its module.

    Raises:
        UserError: it does not.
    """
    module = name.rpartition(":")[0]
    where = f"{where}: call: {name!r}"
    if module.endswith(".py"):
        _check_file(module, where)
    elif checkout is None and not _is_installed(module.partition(".")[0]):
        raise UserError(f"{where}: no module {module.partition('.')[0]!r} is installed here; {_NAME_ONE}")


def _imported(where: str, call: str) -> Callable[..., object]:
    module_name, _, attribute = call.rpartition(":")
    where = f"{where}: call: {call!r}"
    module = _module_from_file(module_name, where) if module_name.endswith(".py") else _module(module_name, where)
    value: Any = module
    for part in attribute.split("."):
        if not hasattr(value, part):
            public = [known for known in dir(value) if not known.startswith("_")]
            raise UserError(f"{where}: {module_name} has no {part!r}{nearest(part, public)}")
        value = getattr(value, part)
    if not callable(value):
        raise UserError(f"{where}: {attribute} is not callable")
    imported: Callable[..., object] = value
    return imported


def _module(name: str, where: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise UserError(f"{where}: cannot import {name} ({type(error).__name__}: {error}); {_NAME_ONE}") from error


def _is_installed(package: str) -> bool:
    """Return whether a top-level module can be found; a submodule could not be without importing its parents."""
    try:
        return package in sys.modules or importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _check_file(path: str, where: str) -> None:
    if not Path(path).is_file():
        raise UserError(f"{where}: no such file: {path}")


class _FromSource(SourceFileLoader):
    """Loads a module from its source alone, whose hash is on record.

    Python takes bytecode for that of a source of the same size and second, so that an edit may go unseen.
    """

    def path_stats(self, path: str) -> Any:
        """Say that nothing is known of the file, so that no bytecode is read or written."""
        raise OSError(f"{path}: loaded from its source")


def _module_from_file(path: str, where: str) -> Any:
    _check_file(path, where)
    # A name of its own, so that two suites' answers.py are two modules.
    name = f"wattbench_call_{hashlib.sha256(path.encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_FromSource(name, path))
    assert spec is not None and spec.loader is not None  # it was given one
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"{where}: {path} cannot be imported ({type(error).__name__}: {error})") from error
    return module


_MAX_BYTES = 10_000_000

_Function = ast.FunctionDef | ast.AsyncFunctionDef


ANSWERS = ("one text and returns the answer", 1)
GRADES = ("an item and an answer, and returns a score from 0 to 1", 2)
"""What is done with a function, in words, and how many arguments it gets."""


def check_source(where: str, path: Path, name: str, use: tuple[str, int] = ANSWERS) -> None:
    """Check by its source that a file has a function that can be called as it will be.

    Args:
        where: the beginning of a message.
        path: the file.
        name: of the function; `Class.method` for one of a class.
        use: what it is for: `ANSWERS` or `GRADES`.

    Raises:
        UserError: it has not, or cannot be read.
    """
    tree = _parsed(where, path)
    first, *rest = name.split(".")
    known = _names(tree.body)
    if first not in known:
        if any(isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names) for node in tree.body):
            return
        raise UserError(f"{where}: {path.name} has no function {first!r}{nearest(first, _public(known))}")
    node = known[first]
    if rest and isinstance(node, ast.ClassDef):
        methods = _names(node.body)
        if rest[0] not in methods and not node.bases:
            raise UserError(f"{where}: {first} has no method {rest[0]!r}{nearest(rest[0], _public(methods))}")
        return
    if isinstance(node, ast.AsyncFunctionDef):
        raise UserError(f"{where}: it is an async function; write one that returns its result itself")
    if isinstance(node, ast.FunctionDef) and not rest:
        _check_takes(where, node, *use)


def functions_in(where: str, path: Path) -> list[str]:
    """Return the names of a file's functions.

    Raises:
        UserError: it cannot be read.
    """
    return _public(name for name, node in _names(_parsed(where, path).body).items() if isinstance(node, _Function))


def _parsed(where: str, path: Path) -> ast.Module:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(f"{where}: too large for a Python file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how it is written
            return ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{where}: {path}: cannot be read ({error.strerror})") from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"{where}: {path}{line}: not valid Python ({getattr(error, 'msg', error)})") from error


def _names(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """Map each name to the statement that binds it, also under `if` and `try`."""
    names: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {each.asname or each.name.partition(".")[0]: node for each in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {each.id: node for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.If | ast.Try | ast.With):
            inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            inner += [each for handler in getattr(node, "handlers", []) for each in handler.body]
            names |= _names(inner)
    return names


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _check_takes(where: str, node: ast.FunctionDef, what: str, number: int) -> None:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    needed = len(positional) - len(given.defaults)
    named = [each.arg for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    if needed > number or named or (len(positional) < number and not given.vararg):
        wants = ", ".join([*(each.arg for each in positional[: max(needed, 0)]), *named]) or "nothing"
        raise UserError(f"{where}: it is called with {what}; this function takes {wants}")
