"""Run commands in a folder of their own, and kill them there: at a moment, or so many seconds after they began."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
MARK = "KILLS_FOLDER"
"""The variable by which a process that outlives its kill is found."""
ENDS_WITHIN_S = 30.0
"""How soon after a kill no process of the command may be left."""

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class WorkFolder:
    """A folder, and how commands are run in it."""

    folder: Path
    environment: Mapping[str, str]

    def copied(self, to: Path) -> WorkFolder:
        """Return another one that begins with the same files."""
        shutil.copytree(self.folder, to, symlinks=True)
        return WorkFolder(to, self.environment)

    def run(self, *arguments: object) -> Done:
        """Run `wattbench ARGUMENTS` to its end."""
        return self._run("wattbench", arguments, {})

    def killed(self, *arguments: object, moment: str = "", after_s: float | None = None) -> Done:
        """Run `wattbench ARGUMENTS` and kill its process group.

        Args:
            arguments: of the command.
            moment: as `moments` has it; the process kills its own group there.
            after_s: else, how many seconds after its process began.

        Returns:
            How it ended: a command that ended earlier was not killed.
        """
        pid = self.folder.parent / f"{self.folder.name}.pid"
        pid.unlink(missing_ok=True)
        over = threading.Event()
        if after_s is not None:
            threading.Thread(target=_kill, args=(pid, after_s, over), daemon=True).start()
        done = self._run("benchmarks.kills.killed", arguments, {"KILLED_PID": str(pid), "KILLED_AT": moment})
        over.set()
        return done

    def left_over(self) -> list[str]:
        """Return the processes of a killed command that have not ended in time."""
        until_s = time.monotonic() + ENDS_WITHIN_S
        while (alive := self._alive()) and time.monotonic() < until_s:
            time.sleep(0.05)
        return alive

    def _alive(self) -> list[str]:
        alive = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == str(self.folder):
                    alive.append(f"{process.pid} {' '.join(process.cmdline())}")
        return alive

    def _run(self, module: str, arguments: tuple[object, ...], more: Mapping[str, str]) -> Done:
        words = [sys.executable, "-m", module, *map(str, arguments)]
        temporary = self.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        environment = {**self.environment, **more, MARK: str(self.folder), "TMPDIR": str(temporary)}
        return subprocess.run(
            words, cwd=self.folder, env=environment, timeout=300, capture_output=True, text=True, check=False
        )


def environment_of(folder: Path) -> dict[str, str]:
    """Return the variables of the commands: no hub, no watch for other work, and locks and a cache of their own."""
    paths = (ROOT / "harness", ROOT / "reports", ROOT)
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {
        "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "WATTBENCH_WATCH": "off", "ANSWER_S": "0.003",
        "WATTBENCH_CACHE": str(folder / "cache"), "WATTBENCH_LOCKS": str(folder / "locks"),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }  # fmt: skip


def _kill(pid: Path, after_s: float, over: threading.Event) -> None:
    while not pid.exists():
        if over.wait(0.002):
            return
    if not over.wait(after_s):
        with suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)
