"""A Python callable from prompt to answer. The cheapest specialist is often one."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wattbench.config import FileTask, PythonSystem, TaskChoice
from wattbench.errors import UserError, nearest
from wattbench.systems.base import GENERATE, Engine, Facts, Reply, TaskContext, declared_parameters
from wattbench.systems.callable_lm import Answerer, CallableLM, prompt_of
from wattbench.systems.checkout_modules import modules_of

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

_NAME_ONE = "name an installed module, or a file as ./answers.py:solve"


class PythonEngine(Engine):
    """A callable, named by `package.module:function` or `/path/file.py:function`."""

    def __init__(self, name: str, config: PythonSystem) -> None:
        self._name = name
        self._config = config
        self._contexts: dict[str, TaskContext] = {}
        self._modules = None if config.checkout is None else modules_of(config.checkout)
        self._call = _imported(name, config)
        self.lm = CallableLM(name, self._call, prompt_of if config.sees == "prompt" else self._input_of)

    @classmethod
    def check(cls, name: str, config: PythonSystem) -> None:
        """Import the callable, as only this shows that it exists."""
        _imported(name, config)
        if config.checkout is not None:
            modules_of(config.checkout).forget()

    @classmethod
    def look(cls, name: str, config: PythonSystem) -> None:
        """Check that its file or its package exists. The callable is not imported, as that would run its module."""
        module = config.call.rpartition(":")[0]
        where = f"system {name!r}: call: {config.call!r}"
        if module.endswith(".py"):
            _check_file(module, where)
        elif config.checkout is None and not _is_installed(module.partition(".")[0]):
            raise UserError(f"{where}: no module {module.partition('.')[0]!r} is installed here; {_NAME_ONE}")

    @classmethod
    def open(cls, name: str, config: PythonSystem, *, batch: int, seed: int) -> Self:
        """Import the callable. It is called for one prompt at a time, whatever the batch."""
        return cls(name, config)

    def begin_task(self, context: TaskContext) -> None:
        """Note under which key the documents of the task have their input."""
        self._contexts[context.task] = context

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Call it for one request at a time."""
        self.activate()
        if request_type != GENERATE:
            return [Reply(value) for value in self.lm.loglikelihood(requests)]
        return [Reply(text) for text in self.lm.generate_until(requests)]

    def facts(self) -> Facts:
        """Return the declared parameters, and the hash of the file that defines the callable in place of weights."""
        total, active = declared_parameters(self._config)
        return Facts(
            engine_version=f"Python {platform.python_version()}",
            parameters_total=total,
            parameters_active=active,
            weights_sha256=_source_sha256(self._call),
            device="cpu",
        )

    def activate(self) -> None:
        """Make the imports of the callable mean its checkout's modules, where it has one."""
        if self._modules is not None:
            self._modules.activate()

    def close(self) -> None:
        """Drop the modules of its checkout."""
        if self._modules is not None:
            self._modules.forget()

    def _input_of(self, request: Instance) -> str:
        context = self._contexts.get(str(request.task_name))
        text = None if context is None else context.input_of(request)
        if text is None:
            raise UserError(_no_input(self._name, str(request.task_name)))
        return text


def check_sees(name: str, config: PythonSystem, choice: TaskChoice) -> None:
    """Check that the items of a task have what a callable is called with.

    Raises:
        UserError: it is called with inputs, and the task is no file.
    """
    if config.sees == "input" and not isinstance(choice, FileTask):
        raise UserError(_no_input(name, choice.task))


def _no_input(name: str, task: str) -> str:
    return (
        f"system {name!r}: sees: input: the task {task!r} is no file of one's own, whose items have an input column; "
        "write sees: prompt"
    )


def _imported(name: str, config: PythonSystem) -> Answerer:
    """Import the callable, from its checkout where it has one."""
    if config.checkout is None:
        return find_callable(name, config.call)
    with modules_of(config.checkout).importing(f"system {name!r}: call: {config.call!r}"):
        return find_callable(name, config.call)


def find_callable(name: str, call: str) -> Answerer:
    """Import what `call` names.

    Raises:
        UserError: no such module, file or function, or it is not callable.
    """
    module_name, _, attribute = call.rpartition(":")
    where = f"system {name!r}: call: {call!r}"
    module = _module_from_file(module_name, where) if module_name.endswith(".py") else _module(module_name, where)
    value: Any = module
    for part in attribute.split("."):
        if not hasattr(value, part):
            public = [known for known in dir(value) if not known.startswith("_")]
            raise UserError(f"{where}: {module_name} has no {part!r}{nearest(part, public)}")
        value = getattr(value, part)
    if not callable(value):
        raise UserError(f"{where}: {attribute} is not callable")
    answerer: Answerer = value
    return answerer


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


def _source_sha256(call: Answerer) -> str | None:
    try:
        source = inspect.getsourcefile(inspect.unwrap(call))
    except TypeError:  # a class instance, a builtin, a C function: no source to hash
        return None
    return hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else None
