"""Check that items have an input where a callable or a router reads it (`sees: input`)."""

from __future__ import annotations

from wattbench.config.file_task import FileTask
from wattbench.config.router import ClassifierRouter, PythonRouter
from wattbench.config.systems.system import PythonSystem
from wattbench.config.task_choice import TaskChoice
from wattbench.errors import UserError


def check_sees(where: str, config: PythonSystem | PythonRouter | ClassifierRouter, choice: TaskChoice) -> None:
    """Check that the items of a task have the input that a callable or a router reads.

    Raises:
        UserError: it reads inputs, and the task is no file.
    """
    if config.sees == "input" and not isinstance(choice, FileTask):
        raise UserError(no_input(where, choice.task))


def no_input(where: str, task: str) -> str:
    """Return the message for a task whose items have no input."""
    return (
        f"{where}: sees: input: the task {task!r} is no file of one's own, whose items have an input column; "
        "write sees: prompt"
    )
