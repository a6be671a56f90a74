"""Run a command to its end, and count the processor seconds of all processes that it started, orphans included.

`python -m benchmarks.client_overhead.launched FIGURES COMMAND ...` is a process that adopts orphans of its descendants
(`PR_SET_CHILD_SUBREAPER`, Linux 3.4), waits for each of them, and then reads what they took from the kernel.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TIMEOUT_S = 1200.0


class ToolFailedError(Exception):
    """A tool did not end with 0; the text has the end of what it printed."""


@dataclass(frozen=True)
class Spent:
    """Processor seconds of a command."""

    user_s: float
    system_s: float

    @property
    def total_s(self) -> float:
        """Return their sum."""
        return self.user_s + self.system_s


def run(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> Spent:
    """Run a command in a folder, with its output in `output.txt` there.

    Raises:
        ToolFailedError: it failed, or took more than 20 minutes.
    """
    figures = folder / "spent.json"
    figures.unlink(missing_ok=True)
    launcher = [sys.executable, "-m", "benchmarks.client_overhead.launched", str(figures), str(folder), *command]
    root = Path(__file__).parents[2]
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(
            launcher, cwd=root, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            code = process.wait()
    if code != 0:
        said = (folder / "output.txt").read_text(errors="replace")[-3000:]
        raise ToolFailedError(f"{' '.join(command[:6])} ... ended with {code}:\n{said}")
    return Spent(**json.loads(figures.read_text()))


def main(arguments: Sequence[str]) -> int:
    """Run the command, and write what it and its descendants took."""
    figures, folder, *command = arguments
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    code = subprocess.call(command, cwd=folder)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(figures).write_text(json.dumps({"user_s": used.ru_utime, "system_s": used.ru_stime}))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
