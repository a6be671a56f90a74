"""Keep earlier power limits in a note on disk, so that the next run sets them back if a run and its guardian died.

Notes are in the folder of the measuring lock, a file for each process that has changed limits. The file is locked as
long as the process lives. Others may write into that folder: a note is checked, and only one of the same user counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from wattbench.errors import UserError
from wattbench.machine.measuring_lock import folder_of_locks, host_id
from wattbench.machine.power_limits.guardian import handles_by_uuid, is_limit, open_note, set_limits
from wattbench.meters.base import MeterError
from wattbench.meters.nvml.visible_gpus import start_nvml
from wattbench.records.files.atomic_write import failing_as, sync_folder

_MOST_BYTES = 65_536
"""Of a note. One of eight GPUs has a hundredth of that."""
_of_this_process: set[Path] = set()
"""The notes of this process. Closing a second descriptor of such a file would unlock it."""


@dataclass(frozen=True)
class Limits:
    """The limits of GPUs before a run changed them, and those that it set: UUID to milliwatts."""

    earlier_mw: Mapping[str, int]
    set_mw: Mapping[str, int]

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Read a note.

        Raises:
            ValueError: it is damaged.
        """
        try:
            given = json.loads(data)
            parts = [{str(uuid): _milliwatts(mw) for uuid, mw in given[key].items()} for key in ("earlier", "set")]
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("it is damaged") from error
        if parts[0].keys() != parts[1].keys():
            raise ValueError("it is damaged")
        return cls(*parts)

    def as_bytes(self) -> bytes:
        """Return the content of the note."""
        return json.dumps({"earlier": dict(self.earlier_mw), "set": dict(self.set_mw)}).encode()


def _milliwatts(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 < given < 2**32:
        raise ValueError("it is damaged")
    return given


class LimitNote:
    """The note of this process. On disk from when it is made until `remove`."""

    def __init__(self, limits: Limits) -> None:
        """Write the note to disk.

        Raises:
            UserError: it cannot be written.
        """
        self.path = folder_of_locks() / f"{_prefix()}{secrets.token_hex(8)}.json"
        new = self.path.with_suffix(".new")
        with failing_as(self.path, "the note of earlier power limits cannot be written"):
            self._descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            _of_this_process.add(self.path)
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX)  # before it has a name under which others look for it
                os.write(self._descriptor, limits.as_bytes())
                os.fsync(self._descriptor)
                new.rename(self.path)
                sync_folder(self.path.parent)
            except BaseException:
                new.unlink(missing_ok=True)
                self.remove()
                raise

    def remove(self) -> None:
        """Remove the note: the earlier limits are in force again."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave the note to the guardian and to the next run: the limits could not be set back."""
        os.close(self._descriptor)
        _of_this_process.discard(self.path)


def restore_left_limits() -> list[str]:
    """Set back the power limits of runs that were killed together with their guardians.

    Returns:
        What was done or could not be done, in sentences; empty without such a run.
    """
    said: list[str] = []
    for path in _notes():
        with contextlib.suppress(OSError):  # of another user, of a run that lives, or set back meanwhile
            descriptor = open_note(path, wait=False)
            try:
                said += _restored(path, os.pread(descriptor, _MOST_BYTES, 0))
            finally:
                os.close(descriptor)
    return said


def _restored(path: Path, data: bytes) -> Iterator[str]:
    """Set back the limits of a note of a dead run, remove it, and yield what there is to say."""
    try:
        left = Limits.of(data)
    except ValueError:
        path.unlink(missing_ok=True)
        yield (
            f"{path}: a note of earlier power limits is damaged, and was removed; nothing was set. Check the limits: "
            "nvidia-smi -q -d POWER"
        )
        return
    try:
        nvml = start_nvml()
    except MeterError:
        return  # without a driver no limit is in force
    try:
        handles = handles_by_uuid(nvml)
        here = {uuid: mw for uuid, mw in left.earlier_mw.items() if uuid in handles}
        if not here:
            return  # of a container that sees other GPUs
        now_mw = {uuid: nvml.nvmlDeviceGetPowerManagementLimit(handles[uuid]) for uuid in here}
        # What was changed since then is not the killed run's.
        wanted_mw = {uuid: mw for uuid, mw in here.items() if is_limit(now_mw[uuid], left.set_mw[uuid])}
        failed = set_limits(nvml, handles, wanted_mw)
    except nvml.NVMLError:
        return  # the note stays
    finally:
        nvml.nvmlShutdown()
    for uuid, mw in wanted_mw.items():
        before = f"{uuid}: a run was killed while the power limit was {left.set_mw[uuid] / 1000:g} W"
        if uuid in failed:
            yield (
                f"{before}, and {mw / 1000:g} W could not be set back: {failed[uuid]}. Set it: sudo nvidia-smi -i "
                f"{uuid} -pl {math.floor(mw / 1000)}"
            )
        else:
            yield f"{before}; it is {mw / 1000:g} W again"
    if not failed and len(here) == len(left.earlier_mw):
        path.unlink(missing_ok=True)


def earlier_limits_w() -> dict[str, float]:
    """Return the limits that GPUs have when no run limits them: UUID to watts, of those that a run limits now."""
    limits: dict[str, float] = {}
    for path in _notes():
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if os.fstat(descriptor).st_uid == os.geteuid():
                    earlier_mw = Limits.of(os.pread(descriptor, _MOST_BYTES, 0)).earlier_mw
                    limits |= {uuid: mw / 1000 for uuid, mw in earlier_mw.items()}
            finally:
                os.close(descriptor)
    return limits


def _notes() -> list[Path]:
    """Return the notes of other processes of this machine; empty without a folder of locks."""
    try:
        paths = sorted(folder_of_locks().glob(f"{_prefix()}*.json"))
    except (UserError, OSError):
        return []
    return [path for path in paths if path not in _of_this_process]


def _prefix() -> str:
    return f"wattbench-power-{host_id()}-"
