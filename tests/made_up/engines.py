"""An engine that a test makes up: it says how requests are answered, and need say nothing else."""

from __future__ import annotations

from typing import Any, Self

from wattbench.systems import Engine, Facts


class MadeUpEngine(Engine):
    """An engine without facts, opened without settings."""

    @classmethod
    def check(cls, name: str, config: Any) -> None:
        """Find nothing amiss."""

    @classmethod
    def open(cls, name: str, config: Any, *, batch: int, seed: int) -> Self:
        """Return one that is made without arguments."""
        return cls()

    def facts(self) -> Facts:
        """Return none."""
        return Facts()
