"""What a traced command wrote and synced, in order: what was named before it was durable.

`strace` says of each call which file it was on. A file is durable once it was synced after its last write, and its name
once its folder was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,write,pwrite64,ftruncate,copy_file_range,sendfile,fsync,fdatasync,rename,renameat,renameat2,link,linkat,"
    "mkdir,mkdirat,unlink,unlinkat,rmdir"
)
TRACE = ("strace", "-f", "-y", "-s", "0", "-e", "signal=none", "-e", f"trace={CALLS}")
"""A command that traces another one; `-o FILE` and that are to follow."""
_CALL = re.compile(r"(\d+) +(\w+)\((.*)\) += (\S+)")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OF_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
_DESCRIPTORS = re.compile(r"\d+<([^>]*)>")


@dataclass
class Order:
    """The state of a folder while a command writes below it."""

    root: Path
    cwd: Path
    known: set[Path] = field(default_factory=set)
    dirty: set[Path] = field(default_factory=set)
    """Files that were written since they were last synced."""
    unnamed: set[Path] = field(default_factory=set)
    """Files and folders whose folder was not synced since they are in it."""
    problems: list[str] = field(default_factory=list)
    finished: int = 0
    """How often a `finished.json` got its name."""

    def read(self, log: Path) -> Order:
        """Take in what `strace` wrote."""
        for name, arguments, result in _calls(log):
            if not result.startswith("-1"):
                self._take_in(name, arguments, result)
        return self

    def _take_in(self, name: str, arguments: str, result: str) -> None:
        paths = [self.cwd / each for each in _PATHS.findall(arguments) if each]
        opened = _OF_DESCRIPTOR.match(arguments)
        on = Path(opened[1]) if opened else None
        if name == "openat" and "O_CREAT" in arguments and (made := _OF_DESCRIPTOR.match(result)):
            self._named(Path(made[1]))
        elif name.startswith("mkdir"):
            self._named(paths[-1])
        elif name.startswith("rename"):
            self._renamed(paths[0], paths[-1])
        elif name.startswith("link"):
            self._named(paths[-1])
            if paths[0] in self.dirty:
                self.dirty.add(paths[-1])
        elif name.startswith(("unlink", "rmdir")) and paths:
            self._forget((on or self.cwd) / paths[-1].name if name == "unlinkat" and on else paths[-1])
        elif name in ("fsync", "fdatasync") and on is not None:
            self._synced(on)
        else:
            for each in _DESCRIPTORS.findall(arguments):
                self._written(Path(each))

    def _of_root(self, path: Path) -> bool:
        return path.is_relative_to(self.root) and path.name != "run.lock"

    def _named(self, path: Path) -> None:
        if self._of_root(path) and path not in self.known:
            self.known.add(path)
            self.unnamed.add(path)

    def _forget(self, path: Path) -> None:
        for each in (self.known, self.dirty, self.unnamed):
            each.discard(path)

    def _written(self, path: Path) -> None:
        if not self._of_root(path) or path not in self.known:
            return
        self.dirty.add(path)
        if path.name == "windows.jsonl":
            late = [each for each in self.dirty if each.is_relative_to(path.parent / "power")]
            self.problems += [f"{path.name} names a window, and {each.name} is not on disk" for each in late]

    def _synced(self, path: Path) -> None:
        self.dirty.discard(path)
        self.unnamed = {each for each in self.unnamed if each.parent != path}
        if path.suffix == ".jsonl" and not any(part.startswith(".") for part in path.relative_to(self.root).parts):
            lost = self.unnamed.intersection((path, *path.parents))
            self.problems += [
                f"a line of {path.name} is reported as written, and the name {each} is not" for each in lost
            ]

    def _renamed(self, old: Path, new: Path) -> None:
        if not self._of_root(new):
            return
        for each in (self.known, self.dirty, self.unnamed):
            moved = [path for path in each if path == old or path.is_relative_to(old)]
            each.difference_update(moved)
            each.update(new / path.relative_to(old) for path in moved)
        self.known.add(new)
        if new in self.dirty:
            self.problems.append(f"{new.name} got its name before its bytes were on disk")
        if new.name == "finished.json":
            self.finished += 1
            below = [path for path in (*self.dirty, *self.unnamed) if path.is_relative_to(new.parent) and path != new]
            self.problems += [f"finished.json has the digest of {path.relative_to(new.parent)}" for path in below]
        self.unnamed.add(new)


def _calls(log: Path) -> Iterator[tuple[str, str, str]]:
    begun: dict[str, str] = {}
    for line in log.read_text(errors="replace").splitlines():
        thread = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        if " resumed>" in line:
            line = begun.pop(thread, "") + line.partition(" resumed>")[2]  # noqa: PLW2901 - the whole call
        if match := _CALL.match(line):
            result = line[match.start(4) :]
            yield match[2], match[3], result
