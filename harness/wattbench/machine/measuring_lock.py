"""Let one measurement at a time have this machine, and each of its GPUs, among all users.

A measurement has the whole machine. A slot has some of its GPUs: it shares the machine with other slots, and with no
measurement that has the whole.

The lock is the kernel's, on a file in a folder that every user of the machine can write: it ends with the process that
holds it, however that ends. The name of the host's file is made of the kernel's boot, which containers have in common;
that of a GPU's of its UUID. Containers and virtual machines see each other's locks where they share the folder.
The file says who holds it (`lock_holder`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from wattbench.errors import UserError
from wattbench.machine.lock_holder import HERE, Doing, LockHolder, Waiting
from wattbench.machine.run_presence import RunPresence, is_held, live_runs
from wattbench.machine.slot import Slot, known_idle_w
from wattbench.meters.base import MeterError
from wattbench.meters.nvml.visible_gpus import find_gpus, start_nvml
from wattbench.meters.slots.book import SlotBook, SlotReader, slot_files
from wattbench.meters.slots.here import measuring_as
from wattbench.meters.slots.presence import SlotPresence
from wattbench.records.files.atomic_write import failing_as


@dataclass(frozen=True)
class LiveSlot:
    """A slot that measures now."""

    gpus: tuple[str, ...]
    """UUIDs."""
    holder: LockHolder | None
    """Its process; None where its file does not say."""

    @property
    def text(self) -> str:
        """Return the slot in one line: ``GPU-1: process 4242 (wattbench run quick), since ...``."""
        who = "a process that is not known" if self.holder is None else self.holder.describe()
        return f"{', '.join(self.gpus)}: {who}"


def _live_slots(folder: Path, host: str) -> list[LiveSlot]:
    """Return the slots that measure now, in order of their GPUs. Empty if the folder of locks cannot be read.

    Args:
        folder: of locks.
        host: what names the machine there.
    """
    return sorted(_live(folder, host), key=lambda slot: slot.gpus)


def _live(folder: Path, host: str) -> Iterator[LiveSlot]:
    for path in slot_files(folder, host):
        with contextlib.suppress(OSError, ValueError):
            reader = SlotReader(path)
            try:
                if reader.alive():
                    yield LiveSlot(reader.facts.gpus, LockHolder.of_fields(reader.facts.about))
            finally:
                reader.close()


FOLDER = "WATTBENCH_LOCKS"
"""Names a folder for locks, which several containers or hosts share."""
FOLDERS = (Path("/run/lock"), Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - see `folder_of_locks`
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FOR_ALL = stat.S_ISVTX | stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO


_held: dict[int, LockHolder] = {}
"""Descriptors of the locks that this process holds alone, and what is written in each."""
_writing = threading.Lock()
"""Held while one of them is written: a thread says when a run will end."""
_present: list[SlotPresence] = []
"""The slot that this process has."""


@contextlib.contextmanager
def measuring_lock(
    waiting: Waiting | None = None, slot: Slot | None = None, idle_w: Mapping[str, float] | None = None
) -> Iterator[None]:
    """Hold the locks of this machine and of the GPUs that systems can use here.

    Args:
        waiting: how long to wait for another measurement to end; None: not at all.
        slot: the GPUs to have, while other slots have others; None: all that can be used, and the machine alone.
        idle_w: for a slot, component to the machine's idle power in watts; None: as what started this process says.

    Raises:
        UserError: another process still holds one of them, or another measurement in this one does; or they cannot be
            made.
    """
    folder, waiting, host = folder_of_locks(), waiting or Waiting(), host_id()
    if slot is not None and _present:
        raise UserError("this process measures as a slot already; a process has one slot")
    with contextlib.ExitStack() as stack:
        for path, where in _locks(folder, host, _gpu_uuids() if slot is None else slot.gpus):
            stack.enter_context(_locked(path, where, waiting, host, shared=slot is not None and where == HERE))
        waiting.over()
        if slot is not None:
            idle_w = known_idle_w() if idle_w is None else idle_w
            presence = SlotPresence(folder, host, slot.gpus, asdict(LockHolder.here()), idle_w)
            _present.append(stack.enter_context(presence))
            stack.callback(_present.remove, presence)
            stack.enter_context(measuring_as(SlotBook(folder, host, presence.path.name)))
        yield


def refuse_if_taken(waiting: Waiting) -> None:
    """Refuse the run at once if another one measures and `waiting` allows no wait.

    It only looks: what is free now may be taken later, and no lock is disturbed.

    Raises:
        UserError: as `measuring_lock`; or this process measures already.
    """
    folder, host = folder_of_locks(), host_id()
    for path, where in _locks(folder, host, _gpu_uuids()):
        holder = _holder(path) or (_a_slot(folder, host) if where == HERE else None)
        if holder is not None and (holder.is_this_process or not waiting.limit_s):
            waiting.go_on(where, holder)


def measures_now() -> LockHolder | None:
    """Return the process that holds the whole machine now; None if no process does, or if unknown."""
    try:
        return _holder(_host_lock(folder_of_locks(), host_id()))
    except UserError:
        return None


def runs_now() -> list[LockHolder]:
    """Return the other processes of wattbench that announce themselves on this machine, without slots."""
    try:
        present = live_runs(folder_of_locks(), host_id())
    except UserError:
        return []
    measures = measures_now()
    known = {(each.processes_of, each.pid) for each in present}
    unseen = [] if measures is None or (measures.processes_of, measures.pid) in known else [measures]
    return [each for each in (*unseen, *present) if not each.is_this_process]


def presence_here(does: Doing) -> RunPresence:
    """Return a context manager that announces this process.

    Raises:
        UserError: there is no folder of locks.
    """
    return RunPresence(folder_of_locks(), host_id(), does)


def has_gpus() -> bool:
    """Return whether systems can use a GPU here; its memory would be shared with other runs."""
    return bool(_gpu_uuids())


def slots_now() -> list[LiveSlot]:
    """Return the slots of this machine that measure now. Empty without a folder of locks."""
    try:
        return _live_slots(folder_of_locks(), host_id())
    except UserError:
        return []


def name_run(root: Path) -> None:
    """Write the name of the run into the locks of this process, for others that wait."""
    for presence in _present:
        presence.name_run(root)
    _write(lambda holder: holder.with_run(root))


def name_end(ends_s: float | None) -> None:
    """Write into the locks of this process when it expects to end, in seconds since the epoch. Any thread may call
    this."""
    _write(lambda holder: replace(holder, ends_s=ends_s))


def _write(change: Callable[[LockHolder], LockHolder]) -> None:
    with _writing:
        for descriptor, holder in _held.items():
            _held[descriptor] = change(holder)
            with contextlib.suppress(OSError):  # another user's file
                _held[descriptor].write(descriptor)


def folder_of_locks(folders: Sequence[Path] = FOLDERS) -> Path:
    """Return the folder of `$WATTBENCH_LOCKS`, else the first that every user of the machine can write.

    It is chosen by its mode, and not by what this user may do, so that all users choose the same.

    Raises:
        UserError: there is none.
    """
    chosen = os.environ.get(FOLDER)
    if chosen:
        folder = Path(chosen).expanduser()
        with failing_as(folder, "the folder of locks cannot be made"):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
    for folder in folders:
        with contextlib.suppress(OSError):
            mode = folder.stat().st_mode
            if stat.S_ISDIR(mode) and mode & _FOR_ALL == _FOR_ALL:
                return folder
    raise UserError(
        f"no folder here can be written by every user ({', '.join(map(str, folders))}), so that one run could see "
        f"another; name one that they share in {FOLDER}"
    )


@contextlib.contextmanager
def _locked(path: Path, where: str, waiting: Waiting, host: str, *, shared: bool = False) -> Iterator[None]:
    with failing_as(path, f"the measuring lock cannot be taken; name another folder for it in {FOLDER}"):
        descriptor = _open(path)
    try:
        while not _taken(descriptor, path, shared=shared):
            waiting.go_on(where, LockHolder.read(descriptor) or _a_slot(path.parent, host))
        if shared:  # several have it: each says in its slot's file who it is
            yield
            return
        with _writing:
            _held[descriptor] = LockHolder.here()
        with contextlib.suppress(OSError):  # another user's file: who holds it is then not known
            _held[descriptor].write(descriptor)
        try:
            yield
        finally:
            with _writing:
                del _held[descriptor]
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)  # which releases it; the file stays, as another may be opening it


def _locks(folder: Path, host: str, gpus: Sequence[str]) -> list[tuple[Path, str]]:
    """Return each lock file with what it locks, always in the same order so that two runs cannot deadlock."""
    of_gpus = [(folder / f"wattbench-gpu-{_digest(uuid)}.lock", f"on the GPU {uuid}") for uuid in gpus]
    return [(_host_lock(folder, host), HERE), *of_gpus]


def _host_lock(folder: Path, host: str) -> Path:
    return folder / f"wattbench-host-{host}.lock"


def _holder(path: Path) -> LockHolder | None:
    """Return the process that holds a lock alone; None if no process does, or if unknown."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        holder = LockHolder.read(descriptor)
        # Only where it names a process is the lock tried: one that takes it meanwhile must not find it taken.
        return holder if holder is not None and is_held(descriptor) else None
    finally:
        os.close(descriptor)


def _a_slot(folder: Path, host: str) -> LockHolder | None:
    """Return a process that measures in a slot of this machine; None without one."""
    return next((slot.holder for slot in _live_slots(folder, host) if slot.holder is not None), None)


def _taken(descriptor: int, path: Path, *, shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UserError(
            f"{path}: the disk knows no locks ({error.strerror}); name another folder in {FOLDER}"
        ) from error
    return True


def _open(path: Path) -> int:
    """Open a lock's file, or create it; another user may own the file."""
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags | os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        os.fchmod(descriptor, 0o666)  # whatever the umask: the next user opens it too
    except FileExistsError:
        try:
            descriptor = os.open(path, flags | os.O_RDWR)
        except PermissionError:
            descriptor = os.open(path, flags | os.O_RDONLY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return descriptor


def host_id() -> str:
    """Return what names this machine in the folder of locks: a digest of the kernel's boot, which containers share."""
    try:
        return _digest(BOOT_ID.read_text().strip())
    except OSError:  # not Linux
        return _digest(platform.node())


def _gpu_uuids() -> list[str]:
    """Return the UUIDs of the GPUs that systems can use, always in the same order. Empty if they cannot be listed."""
    try:
        nvml = start_nvml()
    except MeterError:
        return []
    try:
        return sorted(gpu.uuid for gpu in find_gpus(nvml))
    except MeterError:
        return []  # the meter says why
    finally:
        nvml.nvmlShutdown()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
