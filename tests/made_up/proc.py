"""A made-up `/proc` and `/sys`: processes that run, wait and end as a test says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from wattbench.meters.contention.watch import MachineReader

TICKS = os.sysconf("SC_CLK_TCK")
CPUS = sorted(os.sched_getaffinity(0))


def stat_line(pid: int, *, name: str = "python3", parent: int = 1, cpu_s: float = 0.0, reaped_s: float = 0.0,
              started: int = 100) -> str:  # fmt: skip
    """Return a line of `/proc/<pid>/stat`."""
    after = [
        "S", parent, pid, pid, 0, -1, 4194304, 9, 9, 9, 9,
        round(cpu_s * TICKS), 0, round(reaped_s * TICKS), 0, 20, 0, 1, 0, started, 999, 99,
    ]  # fmt: skip
    return f"{pid} ({name}) {' '.join(map(str, after))}\n"


class FakeProc:
    """A folder like `/proc`, and one like `/sys`, of a machine with the processors of this one."""

    def __init__(self, folder: Path) -> None:
        self.root, self.system = folder / "proc", folder / "sys"
        self.write("self/cgroup", "0::/\n")
        self.write("mounts", "proc /proc proc rw 0 0\n")
        self.write("cpuinfo", "flags\t: fpu vme\n")
        (self.system / "fs/cgroup").mkdir(parents=True)
        self.group("cgroup.procs", "")
        self.machine()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def group(self, name: str, text: str) -> None:
        file = self.system / "fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def machine(self, busy_s: float = 1.0, idle_s: float = 1000.0, steal_s: float = 0.0) -> None:
        """Write what the usable processors did so far; one that is not usable was busier."""
        first, *others = CPUS
        lines = ["cpu  9 9 9 9 9 9 9 9 0 0"]
        ticks = [round(seconds * TICKS) for seconds in (busy_s, idle_s, steal_s)]
        lines.append(f"cpu{first} {ticks[0]} 0 0 {ticks[1]} 0 0 0 {ticks[2]} 0 0")
        lines += [f"cpu{cpu} 0 0 0 0 0 0 0 0 0 0" for cpu in others]
        lines.append(f"cpu{max(CPUS) + 1} 999999999 0 0 0 0 0 0 0 0 0")
        self.write("stat", "\n".join(lines) + "\nintr 1 2 3\n")

    def process(
        self, pid: int, *, threads: dict[int, tuple[float, float]] | None = None, children: tuple[int, ...] = (),
        lists_children: bool = True, name: str = "python3", parent: int = 1, cpu_s: float = 0.0,
        reaped_s: float = 0.0, started: int = 100,
    ) -> None:  # fmt: skip
        """Write a process with its threads: number to the seconds that each ran and waited."""
        self.write(
            f"{pid}/stat",
            stat_line(pid, name=name, parent=parent, cpu_s=cpu_s, reaped_s=reaped_s, started=started),
        )
        for tid, (ran_s, wait_s) in (threads or {pid: (cpu_s, 0.0)}).items():
            self.write(f"{pid}/task/{tid}/schedstat", f"{round(ran_s * 1e9)} {round(wait_s * 1e9)} 7\n")
            if lists_children:
                listed = " ".join(map(str, children)) if tid == pid else ""
                self.write(f"{pid}/task/{tid}/children", listed)

    def ends(self, pid: int) -> None:
        shutil.rmtree(self.root / str(pid))

    def reader(self) -> MachineReader:
        return MachineReader(self.root, self.system, self.root / "self/cgroup")
