"""Say what cannot be guessed, so that a person can be asked."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.errors import UserError


class UndecidedError(UserError):
    """Something has to be said that no option says."""

    def __init__(self, setting: str, message: str, choices: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.setting = setting
        """What is to be said: `file`, `input`, `target` or `systems`."""
        self.choices = tuple(choices)
        """What it can be, where that is known."""
