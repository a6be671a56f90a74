"""Run a command that prints a figure, again and again: without a shell, and with a time limit."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import shlex
import signal
import subprocess
import tempfile
from contextlib import suppress
from typing import Any

from wattbench.clock import now_s
from wattbench.config import Command
from wattbench.config.meters.meter import JOULES, WATTS
from wattbench.meters.base import MeterError, Reading
from wattbench.redaction import hide, keep_secrets_of

MOST_BYTES = 1_000_000
"""Output of a command beyond this is ignored."""
MOST_FILE_BYTES = 64 * 2**20
"""The largest file that it may write, its output included: one that prints without end fills no disk."""


class CommandSource:
    """Runs one command per reading."""

    def __init__(self, command: Command, component: str) -> None:
        self._command = command
        self._component = component
        keep_secrets_of({"run": command.run})
        self._argv = shlex.split(command.run)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def reads(self) -> str:
        """Return a text on what is read: power or energy, and the command."""
        return f"{'power' if self._command.power_unit else 'energy'} printed by {self._argv[0]}"

    def open(self) -> list[Reading]:
        """Run the command once, so that an error shows at once.

        Raises:
            MeterError: it gave no figure; the message says why.
        """
        return self.look()

    def look(self) -> list[Reading]:
        """Run the command, and return its figure with the time stamp of the middle of the run.

        Raises:
            MeterError: it gave none; the message says why.
        """
        asked_s = now_s()
        printed = self._run()
        at_s = (asked_s + now_s()) / 2.0
        command = self._command
        number = self._number(printed)
        if command.energy_unit is not None:
            return [Reading(at_s, {self._component: number * JOULES[command.energy_unit]})]
        assert command.power_unit is not None  # the suite was checked: one of the two
        return [Reading(at_s, power_w={self._component: number * WATTS[command.power_unit]})]

    def interrupt(self) -> None:
        """End the command if it is running. The reading that waits for it then fails."""
        self.close()

    def close(self) -> None:
        """End the command, if it is running."""
        process = self._process
        if process is not None:
            _end(process)

    def _run(self) -> str:
        """Run the command and return its output. Files collect it, as a process left behind could hold a pipe open."""
        name, timeout_s = self._argv[0], self._command.timeout_s
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
            try:
                self._process = process = subprocess.Popen(
                    self._argv,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=errors,
                    start_new_session=True,  # so that it can be ended with all that it starts
                    env={**os.environ, "LC_ALL": "C"},  # numbers with a point, words as its documentation has them
                )
            except OSError as error:
                raise MeterError(
                    f"{name} cannot be started ({error.strerror})", fix=f"check whether {name} is installed"
                ) from error
            if hasattr(resource, "prlimit"):  # Linux
                with suppress(ProcessLookupError, PermissionError):
                    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (MOST_FILE_BYTES, MOST_FILE_BYTES))
            try:
                code = process.wait(timeout_s)
            except subprocess.TimeoutExpired as error:
                raise MeterError(f"{name} took longer than {timeout_s:g} s") from error
            finally:
                _end(process)
                self._process = None
            if code != 0:
                errors.seek(0)
                lines = errors.read(MOST_BYTES).decode("utf-8", errors="replace").strip().splitlines()
                raise MeterError(f"{name} failed (exit {code})" + (f": {hide(lines[-1])[:200]}" if lines else ""))
            printed.seek(0)
            return printed.read(MOST_BYTES).decode("utf-8", errors="replace")

    def _number(self, printed: str) -> float:
        name = self._argv[0]
        value = _matched(printed, self._command.pattern) if self._command.pattern is not None else None
        if self._command.json_path is not None:
            value = _in_json(printed, self._command.json_path)
        if value is None:
            shown = hide(" ".join(printed[:10_000].split()))[:80]
            where = self._command.pattern or self._command.json_path
            raise MeterError(f"{name} printed nothing at {where!r}: {shown!r}")
        try:
            number = float(value)
        except (OverflowError, TypeError, ValueError) as error:
            raise MeterError(f"{name} printed {hide(str(value))[:40]!r} where a number should be") from error
        if not math.isfinite(number) or number < 0.0:
            raise MeterError(f"{name} printed {number:g}, which is not a valid meter reading")
        return number


def _matched(printed: str, pattern: str) -> str | None:
    match = re.search(pattern, printed)
    if match is None:
        return None
    return match.group(1) if match.re.groups else match.group(0)


def _in_json(printed: str, path: str) -> Any:
    """Return the value at a path such as ``outlets.0.watts``; None if it is absent or no number."""
    try:
        at: Any = json.loads(printed)
    except (ValueError, RecursionError):
        return None
    for key in path.split("."):
        if isinstance(at, dict) and key in at:
            at = at[key]
        elif isinstance(at, list) and key.isdigit() and int(key) < len(at):
            at = at[int(key)]
        else:
            return None
    return None if isinstance(at, bool | dict | list) else at


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and every process that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
