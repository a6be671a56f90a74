"""Define what a user says of a first suite, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wattbench.config.file_task import name_after
from wattbench.errors import UserError, nearest
from wattbench.records.schema.base import NAME, expanded

_SUFFIXES = (".yaml", ".yml")


class UndecidedError(UserError):
    """An option is missing that cannot be guessed."""

    def __init__(self, setting: str, message: str, choices: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.setting = setting
        """What is to be said: `file`, `input`, `target` or `systems`."""
        self.choices = tuple(choices)
        """What it can be, where that is known."""


@dataclass(frozen=True)
class Wishes:
    """What a user said of the suite. Fields that are None or empty are guessed."""

    file: Path | None = None
    input: str | None = None
    target: str | None = None
    systems: tuple[str, ...] = ()
    score: str | None = None
    """A score by its name, or a grading function: `grade.py:grade`."""
    judge: str | None = None
    """A system that scores free answers, as the user calls it; also one of `systems`."""
    rubric: Path | None = None
    """What a good answer is, for the judge. None: a first text of it is drafted."""
    scale: str | None = None
    """Of the judge. None: `pass`."""
    domain: str | None = None
    name: str | None = None
    fewshot: str | None = None
    """A number, or a file."""
    split: float | None = None
    pattern: str | None = None
    choices: str | None = None
    encoding: str | None = None
    api_key_env: str | None = None
    keep_duplicates: bool = False
    output: Path | None = None
    force: bool = False


def check_texts(wishes: Wishes) -> None:
    """Check that YAML can hold the user's texts.

    Bytes of a command line that are not UTF-8 become lone surrogates in Python.

    Raises:
        UserError: it cannot.
    """
    said = [value for value in vars(wishes).values() if isinstance(value, str | Path)]
    for text in [*map(str, said), *wishes.systems]:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UserError(f"{text!r:.80}: not text in UTF-8, which a suite could name; rename it") from error
    if wishes.name is not None and not re.fullmatch(NAME, wishes.name):
        raise UserError(f"--name {wishes.name!r:.80}: letters, digits, dots, - and _ only, a letter or digit first")
    if wishes.domain is not None and not wishes.domain.strip():
        raise UserError("--domain: it is empty")


def existing_file(given: Path) -> Path:
    """Return the absolute path of a file.

    Raises:
        UserError: there is none.
    """
    try:
        path = expanded(given)
        if not path.exists():
            near = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
            raise UserError(f"{given}: no such file{nearest(path.name, near) if near else ''}")
        return path.parent.resolve() / path.name
    except (OSError, ValueError) as error:
        raise UserError(f"{str(given)[:80]}: no file can have this name ({error})") from error


def place_of(output: Path | None, name: str, *, force: bool) -> tuple[Path, Path]:
    """Return the path at which a suite is to be written: as the user would type it, and absolute.

    Args:
        output: as the user said.
        name: of the suite.
        force: it may be there already.

    Raises:
        UserError: something is there already, or it is no place for a suite.
    """
    shown = output if output is not None else Path(f"{name_after(name)}.yaml")
    if shown.suffix.lower() not in _SUFFIXES:
        raise UserError(f"--output {shown}: a suite ends in .yaml")
    try:
        path = expanded(shown)
        path = path.parent.resolve() / path.name
        if path.exists() and not force:
            raise UserError(f"{shown} is there already; add --force to replace it, or name another --output")
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"--output {str(shown)[:80]}: no file can have this name ({error})") from error
    return shown, path
