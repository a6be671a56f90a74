"""Say what is attacked: how an input reaches a reader, and which errors that documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError


@dataclass(frozen=True)
class Target:
    """A loader or a parser."""

    name: str
    """Also of its folder in the corpus."""
    form: str
    """As of `mutations.mutated`."""
    seeds: Callable[[Path], Sequence[bytes]]
    """Returns real inputs, given an empty folder that is the target's own; what else is read may be put there."""
    read: Callable[[Path], Any]
    """Reads the file at a path."""
    file: str = "input"
    """Where in the folder the input is written."""
    errors: tuple[type[Exception], ...] = (UserError,)
    """What it documents."""
    named: bool = True
    """Whether its message names the file. An option or a server's answer has none."""
    terse: bool = True
    """Whether its message is one line of some length. Not of what is shortened later."""
    weight: float = 1.0
    """How many inputs the short tier tries of it, of its `EXAMPLES`: less where one takes long."""


def given(*seeds: str | bytes) -> Callable[[Path], Sequence[bytes]]:
    """Return seeds that need no folder."""
    data = [seed.encode() if isinstance(seed, str) else seed for seed in seeds]
    return lambda _: data


def of_text(name: str, parse: Callable[[str], Any], *seeds: str, **others: Any) -> Target:
    """Return a target that parses a text from no file, such as an option's."""

    def read(path: Path) -> Any:
        return parse(path.read_bytes().decode("utf-8", "surrogateescape"))

    return Target(name, others.pop("form", "text"), given(*seeds), read, named=False, **others)
