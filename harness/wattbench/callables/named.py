"""Import a callable that a suite names: `package.module:function`, or `/path/file.py:function`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wattbench.callables.checkout_modules import modules_of
from wattbench.config import Checkout
from wattbench.errors import UserError, nearest

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


def _module_from_file(path: str, where: str) -> Any:
    _check_file(path, where)
    # A name of its own, so that two suites' answers.py are two modules.
    name = f"wattbench_call_{hashlib.sha256(path.encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # a .py file always has a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"{where}: {path} cannot be imported ({type(error).__name__}: {error})") from error
    return module
