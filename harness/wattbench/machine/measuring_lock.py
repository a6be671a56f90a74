"""Let one measurement at a time have this machine, and each of its GPUs: for all users, and wherever caches are.

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
from collections.abc import Iterator, Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.machine.lock_holder import LockHolder
from wattbench.machine.lock_waiting import Waiting
from wattbench.records.atomic_write import failing_as

FOLDER = "WATTBENCH_LOCKS"
"""Names a folder for locks, which several containers or hosts share."""
FOLDERS = (Path("/run/lock"), Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - see `folder_of_locks`
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FOR_ALL = stat.S_ISVTX | stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO


_held: dict[int, LockHolder] = {}
"""Descriptors of the locks that this process holds, and what is written in each."""


@contextlib.contextmanager
def measuring_lock(waiting: Waiting | None = None) -> Iterator[None]:
    """Hold the locks of this machine and of the GPUs that systems can use here.

    Args:
        waiting: how long to wait for another measurement to end; None: not at all.

    Raises:
        UserError: another process still holds one of them, or another measurement in this one does; or they cannot be
            made.
    """
    folder, waiting = folder_of_locks(), waiting or Waiting()
    with contextlib.ExitStack() as stack:
        # In one order for all, so that no two wait for each other.
        stack.enter_context(_locked(folder / f"wattbench-host-{_digest(_host())}.lock", "on this machine", waiting))
        for uuid in _gpu_uuids():
            stack.enter_context(_locked(folder / f"wattbench-gpu-{_digest(uuid)}.lock", f"on the GPU {uuid}", waiting))
        waiting.over()
        yield


def name_run(root: Path) -> None:
    """Write into the locks that this process holds which run it writes: for those that find them taken."""
    for descriptor, holder in _held.items():
        _held[descriptor] = holder.with_run(root)
        with contextlib.suppress(OSError):
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
def _locked(path: Path, where: str, waiting: Waiting) -> Iterator[None]:
    with failing_as(path, f"the measuring lock cannot be taken; name another folder for it in {FOLDER}"):
        descriptor = _open(path)
    try:
        while not _taken(descriptor, path):
            waiting.go_on(where, LockHolder.read(descriptor))
        _held[descriptor] = LockHolder.here()
        with contextlib.suppress(OSError):  # another user's file: who holds it is then not known
            _held[descriptor].write(descriptor)
        try:
            yield
        finally:
            del _held[descriptor]
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)  # which releases it; the file stays, as another may be opening it


def _taken(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UserError(
            f"{path}: the disk knows no locks ({error.strerror}); name another folder in {FOLDER}"
        ) from error
    return True


def _open(path: Path) -> int:
    """Open a lock's file, which another user may have made; Linux then refuses to open it as if to make it."""
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


def _host() -> str:
    """Return what identifies the running kernel, in every container on it."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:  # not Linux
        return platform.node()


def _gpu_uuids() -> list[str]:
    """Return the UUIDs of the GPUs that systems can use, in one order for all; none where they cannot be listed."""
    from wattbench.meters.base import MeterError
    from wattbench.meters.nvml.visible_gpus import find_gpus, start_nvml

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
