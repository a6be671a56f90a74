"""Define the errors that users see: what was wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType


class UserError(Exception):
    """Something that the user can correct. The command line prints it without a traceback and exits with 2.

    The message says what was wrong, where, and what to do.
    """


class MissingHereError(UserError):
    """Nothing is wrong with the suite, but this machine lacks something that running it needs."""

    def __init__(self, message: str, missing: str) -> None:
        super().__init__(message)
        self.missing = missing
        """What is missing, in a few words: ``program vllm``."""


class MissingExtraError(MissingHereError):
    """An optional dependency is not installed; the message names the pip command that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional dependency. Install it with: pip install 'wattbench[{extra}]'",
            f"wattbench[{extra}]",
        )
        self.extra = extra


def require(module: str, *, extra: str, what: str) -> ModuleType:
    """Import an optional dependency where it is used.

    Args:
        module: the name to import, such as ``torch``.
        extra: the wattbench extra that installs it.
        what: the feature that needs it, as the start of a sentence.

    Raises:
        MissingExtraError: the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A missing module *inside* an installed package is that package's fault, not a missing extra.
        if error.name is not None and module.partition(".")[0] != error.name.partition(".")[0]:
            raise
        raise MissingExtraError(what, extra) from error


def nearest(wrong: str, choices: Iterable[str]) -> str:
    """Suggest the valid choice that was probably meant: a clause to end an error message with.

    Returns:
        ``"; did you mean 'x'?"`` where one choice is close, else ``"; choose one of: a, b, c"``
        (at most twelve), or ``""`` where there is no choice at all.
    """
    known = sorted(set(choices))
    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    if not known:
        return ""
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"; choose one of: {shown}"
