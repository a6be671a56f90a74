"""Hide secrets in whatever a command prints: messages, logs of libraries, warnings, tracebacks."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TextIO, cast

from wattbench.redaction.redact import hide, hide_known


class HidingStream:
    """A text stream that hides secrets; all else is that of the stream behind it."""

    def __init__(self, stream: TextIO, hides: Callable[[str], str]) -> None:
        self._stream = stream
        self._hides = hides

    def write(self, text: str) -> int:
        """Write a text without its secrets. Returns the characters taken."""
        self._stream.write(self._hides(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def hidden_output() -> Iterator[None]:
    """Hide secrets on standard error, and known ones on standard output, which carries data.

    An exception that nobody catches is printed without them, too, also after this has ended.
    """
    sys.excepthook = _print_hidden
    out, err = HidingStream(sys.stdout, hide_known), HidingStream(sys.stderr, hide)
    with contextlib.redirect_stdout(cast("TextIO", out)), contextlib.redirect_stderr(cast("TextIO", err)):
        yield


def _print_hidden(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(hide("".join(traceback.format_exception(kind, error, trace))))
