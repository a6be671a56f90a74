"""A disk that keeps nothing but what was synced: the states in which a machine that stops at any fsync leaves a folder.

After each fsync the folder is kept as the strictest disk would have it: of every file the bytes of its last fsync, of
every folder the names of its last fsync. Run as a program it records a command of wattbench:

    python -m tests.made_up.power_cuts STORE ROOT ARGUMENTS OF WATTBENCH ...
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.records.files.jsonl import Appender


@dataclass
class Disk:
    """The durable state of a folder, which is durable itself."""

    store: Path
    """Where contents and states go."""
    root: Path
    contents: dict[int, str] = field(default_factory=dict)
    """Inode to the digest of the bytes that are durable."""
    names: dict[int, dict[str, tuple[int, bool]]] = field(default_factory=dict)
    """Inode of a folder to its durable names: their inode, and whether that is a folder."""
    appended: Counter[str] = field(default_factory=Counter)
    """File of lines to how many lines were reported as written."""
    states: int = 0

    def synced(self, descriptor: int) -> None:
        """Note that a file or a folder was synced, and keep the state."""
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            with os.scandir(descriptor) as entries:
                self.names[status.st_ino] = {
                    each.name: (each.inode(), each.is_dir(follow_symlinks=False)) for each in entries
                }
        else:
            data = Path(f"/proc/self/fd/{descriptor}").read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            (self.store / digest).write_bytes(data)
            self.contents[status.st_ino] = digest
        files = dict(self._below(self.root.stat().st_ino, ""))
        state = {"files": files, "appended": self.appended}
        (self.store / f"{self.states}.json").write_text(json.dumps(state))
        self.states += 1

    def _below(self, folder: int, path: str) -> Iterable[tuple[str, str | None]]:
        for name, (inode, is_folder) in self.names.get(folder, {}).items():
            if is_folder:
                yield f"{path}{name}/", None
                yield from self._below(inode, f"{path}{name}/")
            else:
                yield f"{path}{name}", self.contents.get(inode, "")


def states(store: Path) -> int:
    """Count the states that were kept."""
    return len(list(store.glob("*.json")))


def restored(store: Path, number: int, root: Path) -> Counter[str]:
    """Restore a state into a folder, and return how many lines of each file were reported as written."""
    state = json.loads((store / f"{number}.json").read_text())
    root.mkdir()
    for name, digest in sorted(state["files"].items()):
        path = root / name
        if digest is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes((store / digest).read_bytes() if digest else b"")
    return Counter(state["appended"])


def record(store: Path, root: Path) -> None:
    """Keep every state of a folder from now on, in this process."""
    disk = Disk(store, root.resolve())
    fsync, append_all = os.fsync, Appender.append_all

    def noted(descriptor: Any) -> None:
        fsync(descriptor)
        disk.synced(descriptor if isinstance(descriptor, int) else descriptor.fileno())

    def counted(self: Appender, rows: Iterable[dict[str, Any]]) -> None:
        rows = list(rows)
        append_all(self, rows)
        disk.appended[str(Path(self._file.name).resolve().relative_to(disk.root))] += len(rows)

    os.fsync, Appender.append_all = noted, counted  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    record(Path(sys.argv[1]), Path(sys.argv[2]))
    from wattbench.cli import main

    main(sys.argv[3:])
