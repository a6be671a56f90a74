"""Define the errors that users see: what was wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
import errno
import importlib
import importlib.util
import os
import re
from collections.abc import Iterable
from types import ModuleType
from typing import ClassVar

from wattbench.redaction import hide

_MOST_CHARACTERS = 3000
_END_CHARACTERS = 1000
"""Of a message: what to do is at its end."""
_BREAK = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
END_OF_LOG = "; the last lines of its log:\n"
"""What comes after it in a message keeps its lines."""


def as_message(text: str) -> str:
    """Return the message of an error as one line of limited length, without secrets."""
    sentence, head, log = hide(text).partition(END_OF_LOG)
    line = _BREAK.sub(" ", sentence)
    if len(line) > _MOST_CHARACTERS:
        line = f"{line[: _MOST_CHARACTERS - _END_CHARACTERS]} ... {line[-_END_CHARACTERS:]}"
    return f"{line}{head}{log}"


class UserError(Exception):
    """Something that the user can correct. The command line prints it without a traceback and exits with 2.

    The message says what was wrong, where, and what to do. It is as `as_message` makes it.
    """

    exit_code: ClassVar[int] = 2
    """Of a command that it ends."""

    def __init__(self, message: str = "") -> None:
        super().__init__(as_message(message))


class MissingHereError(UserError):
    """This machine lacks something that the suite needs; the suite is not wrong."""

    def __init__(self, message: str, missing: str) -> None:
        super().__init__(message)
        self.missing = hide(missing)
        """What is missing, in a few words: ``program vllm``."""


class MissingExtraError(MissingHereError):
    """An optional dependency is not installed; the message names the pip command that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional dependency. Install it with: pip install 'wattbench[{extra}]'",
            f"wattbench[{extra}]",
        )
        self.extra = extra


_LIMITS = {
    errno.ENOSPC: "free some space, or name a folder on another disk",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.EDQUOT: "free some of your quota, or name a folder on another disk",
    errno.EROFS: "name a folder that can be written",
    errno.EACCES: "name a folder that you may write, or correct its permissions",
    errno.EPERM: "name a folder that you may write, or correct its permissions",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close other programs: the machine has no more files to open",
    errno.ENOMEM: "free some memory, or raise the limit of this process",
    errno.EAGAIN: "raise the limit of processes and threads (ulimit -u)",
    errno.EIO: "check the disk and its cable, and the kernel's log",
    errno.ESTALE: "check the network drive: its server lost the file",
    errno.ENOENT: "it was removed meanwhile",
    errno.ENOTDIR: "a folder was replaced by a file meanwhile",
    errno.ENAMETOOLONG: "use a path with shorter names",
    errno.ELOOP: "a link in it leads back to itself: correct the link",
}
"""What a machine refuses whatever the program is, and what to do about it."""


def refusal_of_machine(error: BaseException) -> str | None:
    """Describe in a sentence what the machine refused: space, memory, files to open, a folder that is gone.

    Returns:
        None where it is another error: a fault of the program, which keeps its traceback.
    """
    if isinstance(error, MemoryError):
        return f"there is not enough memory ({str(error) or 'MemoryError'}). {_sentence(errno.ENOMEM)}"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return f"the machine starts no further thread. {_sentence(errno.EAGAIN)}"
    if not isinstance(error, OSError) or error.errno not in _LIMITS:
        return None
    if error.errno == errno.ENOENT and error.filename is None:
        return "the current folder was removed. Change into another one"
    what = "" if error.filename is None else f"{error.filename}: "
    return as_message(f"{what}{error.strerror}. {_sentence(error.errno)}")


def what_to_do(error: OSError) -> str:
    """Return the advice that ends a message about a refusal of the machine, ``. Free some space``; empty if unknown."""
    number = error.errno
    if number not in _LIMITS or number in (errno.ENOENT, errno.ENOTDIR) or error.strerror != os.strerror(number):
        return ""
    return f". {_sentence(number)}"


def _sentence(number: int) -> str:
    advice = _LIMITS[number]
    return advice[0].upper() + advice[1:]


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


def require_installed(*modules: str, extra: str, what: str) -> None:
    """Check that optional dependencies are installed, without importing them, which may take seconds.

    Args:
        modules: their top-level names.
        extra: the wattbench extra that installs them.
        what: the feature that needs them, as the start of a sentence.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    if any(importlib.util.find_spec(module) is None for module in modules):
        raise MissingExtraError(what, extra)


_MOST_OF_NAME = 200
"""Characters: what is longer is no name that was meant, and takes long to compare."""


def nearest(wrong: str, choices: Iterable[str]) -> str:
    """Suggest the valid choice that was probably meant, in a clause that ends an error message.

    Returns:
        ``"; did you mean 'x'?"`` where one choice is close, else ``"; choose one of: a, b, c"``
        (at most twelve), or ``""`` where there is no choice at all.
    """
    known = sorted(set(choices))
    close = difflib.get_close_matches(wrong[:_MOST_OF_NAME], known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    if not known:
        return ""
    shown = ", ".join(each[:_MOST_OF_NAME] for each in known[:12]) + (", ..." if len(known) > 12 else "")
    return f"; choose one of: {shown}"
