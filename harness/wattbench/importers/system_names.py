"""Name the systems of a source that has several loads of one model."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

RATE, AT_ONCE = "requests per second", "at most at once"
"""Keys of a load, as `Imported.scenario` has it."""


def system_name(model: str, load: Mapping[str, Any], taken: Container[str]) -> str:
    """Return a name that no other system has: the model's, with its load, such as ``org/model 10/s``."""
    rate, most = load.get(RATE), load.get(AT_ONCE)
    words = []
    if isinstance(rate, int | float):
        words.append(f"{rate:g}/s")
    elif rate is not None and (rate != "inf" or most is None):
        words.append("all at once" if rate == "inf" else str(rate))
    if most is not None:
        words.append(f"{most:g} at once" if isinstance(most, int | float) else f"{most} at once")
    return unique(" ".join([model, *words]).strip(), taken)


def unique(name: str, taken: Container[str]) -> str:
    """Return a name, with a number where it is taken: ``a (2)``."""
    new, position = name, 2
    while new in taken:
        new, position = f"{name} ({position})", position + 1
    return new
