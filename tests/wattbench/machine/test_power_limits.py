"""Power limits, through the real binding: set, set back, and each way in which that fails or is interrupted."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.driver import FakeDriver, Process
from wattbench.machine.power_limits.note import Limits

pytestmark = pytest.mark.slow

SETTING = """
from wattbench.errors import UserError
from wattbench.machine.power_limits.setting import PowerLimits
from wattbench.machine.power_limits.note import earlier_limits_w, restore_left_limits
from wattbench.machine.power_limits.gpu_limits import gpu_limits, why_not_limited

def in_force(gpu=0):
    lines = Path(os.environ["KEPT"], f"gpu{gpu}").read_text().splitlines()
    return float(lines[-1].split()[1])

def notes():
    return len(list(Path(os.environ["WATTBENCH_LOCKS"]).glob("wattbench-power-*")))

def refused(call):
    try:
        call()
    except UserError as error:
        return str(error)
"""
HANGS = (
    SETTING
    + """
limits = PowerLimits()
with limits.limited_to(250):
    tell({"guardian": limits._guardian.pid})
    sys.stdout.flush()
    time.sleep(600)
"""
)


class Machine:
    """A machine of fake GPUs whose limits outlive every process, and what runs on it."""

    def __init__(self, driver: FakeDriver, folder: Path) -> None:
        self.driver, self.kept, self.locks = driver, folder / "kept", folder / "locks"
        self.kept.mkdir()
        self.locks.mkdir()
        for gpu in range(2):
            (self.kept / f"gpu{gpu}").write_text("0 450\n")
        self.environ = {"KEPT": str(self.kept), "WATTBENCH_LOCKS": str(self.locks)}

    @property
    def settings(self) -> dict[str, object]:
        """Return the machine's settings: 150 W to 500 W, and 450 W set by its owner."""
        return {"gpus": 2, "limit": 500, "watts": 400, "limits": self.kept}

    def run(self, script: str, environ: Mapping[str, str] | None = None, **settings: object) -> Any:
        """Run a script on the machine, and return what it tells."""
        return self.driver.run(SETTING + script, self.environ | dict(environ or {}), **self.settings | settings)

    def start(self, script: str) -> Process:
        """Start a script on the machine."""
        return self.driver.start(script, self.environ, **self.settings)

    def in_force(self, gpu: int = 0) -> float:
        """Return the watts of a GPU's limit now."""
        return float((self.kept / f"gpu{gpu}").read_text().splitlines()[-1].split()[1])

    @property
    def changes(self) -> int:
        """Return how often the limit of the first GPU was changed."""
        return len((self.kept / "gpu0").read_text().splitlines()) - 1

    def notes(self) -> list[Path]:
        """Return the notes of earlier limits that are on disk."""
        return list(self.locks.glob("wattbench-power-*"))


@pytest.fixture
def machine(driver: FakeDriver, tmp_path: Path) -> Machine:
    return Machine(driver, tmp_path)


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something is so; fail if it never is."""
    until_s = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until_s, "it never came to that"
        time.sleep(0.01)


def hanging(machine: Machine) -> tuple[Process, psutil.Process]:
    """Start a process that hangs under a limit of 250 W; return it and its guardian."""
    process = machine.start(HANGS)
    assert process.stdout is not None
    guardian = psutil.Process(json.loads(process.stdout.readline())["guardian"])
    assert machine.in_force(0) == machine.in_force(1) == 250
    return process, guardian


def killed(process: Process) -> None:
    """Kill a process, and wait for its end without waiting for what it started."""
    process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def test_a_limit_is_set_for_a_block_and_what_was_before_is_set_back(machine: Machine) -> None:
    seen = machine.run("""
limits, seen = PowerLimits(), []
for limit_w in (150.0, 250.5, None):
    with limits.limited_to(limit_w):
        seen.append([limits.in_force_w, limits.faults(), in_force(0), in_force(1), notes()])
    seen.append([limits.in_force_w, in_force(0), in_force(1), notes()])
guardian = limits._guardian
limits.close()
tell([seen, guardian.returncode is not None])
""")
    both = lambda watts: {"gpu0": watts, "gpu1": watts}  # noqa: E731
    after = [{}, 450, 450, 0]
    limited = [[both(150), [], 150, 150, 1], after, [both(250.5), [], 250.5, 250.5, 1], after]
    assert seen == [[*limited, [{}, [], 450, 450, 0], after], True]


def test_only_the_gpus_of_a_slot_are_limited(machine: Machine) -> None:
    seen = machine.run(
        "with PowerLimits().limited_to(200.0): tell([in_force(0), in_force(1)])", {"CUDA_VISIBLE_DEVICES": "1"}
    )
    assert seen == [450, 200]


def test_an_exception_and_an_interrupt_set_it_back(machine: Machine) -> None:
    seen = machine.run("""
import signal
from wattbench.interrupts import noticed
limits, seen = PowerLimits(), []
for harm in (lambda: 1 / 0, lambda: os.kill(os.getpid(), signal.SIGINT), lambda: os.kill(os.getpid(), signal.SIGTERM)):
    try:
        with noticed(), limits.limited_to(200.0):
            harm()
            time.sleep(60)
    except (ZeroDivisionError, KeyboardInterrupt) as error:
        seen.append([type(error).__name__, in_force(), notes()])
limits.close()
tell(seen)
""")
    assert seen == [["ZeroDivisionError", 450, 0], ["KeyboardInterrupt", 450, 0], ["KeyboardInterrupt", 450, 0]]


@pytest.mark.parametrize(
    ("settings", "environ", "expected"),
    [
        ({"set_fail": 4}, {}, "only root may set it"),
        ({"limit": 0}, {}, "this GPU does not let its power limit be set"),
        ({"limits": ""}, {}, "this GPU does not let its power limit be set"),
        ({"mig": 1}, {}, "MIG mode is on (sudo nvidia-smi -i 0 -mig 0)"),
        ({"limit": 900}, {}, "gpu0 (Fake H100) can be limited to 270 W to 900 W"),
        ({"gpus": 0}, {}, "a power limit needs an NVIDIA GPU of this machine: no GPU is visible"),
        ({}, {"CUDA_VISIBLE_DEVICES": ""}, "a power limit needs an NVIDIA GPU of this machine: no GPU is visible"),
        ({}, {"LD_LIBRARY_PATH": ""}, "a power limit needs an NVIDIA GPU of this machine: no NVIDIA driver"),
        ({"set_fail": 999}, {}, "the driver refused it"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_refused_before_anything_is_changed(
    machine: Machine, settings: Mapping[str, object], environ: Mapping[str, str], expected: str
) -> None:
    why, notes = machine.run("tell([why_not_limited([250.0], tries=True), notes()])", environ, **settings)
    assert expected in why
    assert notes == 0
    assert machine.in_force() == 450


def test_what_is_refused_in_a_run_leaves_nothing_changed(machine: Machine) -> None:
    said = machine.run("""
def limit():
    with PowerLimits().limited_to(100.0):
        pass
tell([refused(limit), notes()])
""")
    assert said == ["the power limit of gpu0 cannot be set to 100 W: it allows 150 W to 500 W", 0]
    said = machine.run(
        """
def limit():
    with PowerLimits().limited_to(200.0):
        pass
tell([refused(limit), notes()])
""",
        set_fail=4,
    )
    assert said == ["the power limit of gpu0 cannot be set to 200 W: only root may set it", 0]
    assert machine.changes == 0


def test_looking_at_what_can_be_set_changes_nothing_that_another_run_has_set(machine: Machine) -> None:
    process, _ = hanging(machine)
    try:
        [first, _], earlier = machine.run(
            "tell([[limit.text for limit in gpu_limits(tries=True)], earlier_limits_w()])"
        )
        assert first == "250 W now; can be set from 150 W to 500 W"
        assert [*earlier.values()] == [450, 450]  # as the other run's limit is for a turn
        assert machine.run("tell(restore_left_limits())") == []
        assert machine.changes == 1
    finally:
        killed(process)


def test_a_killed_process_s_limit_is_set_back_by_its_guardian(machine: Machine) -> None:
    process, guardian = hanging(machine)
    used_s = sum(guardian.cpu_times()[:2])
    open_files = {Path(link).name for link in Path(f"/proc/{guardian.pid}/fd").iterdir()}
    assert os.getsid(guardian.pid) == guardian.pid  # Ctrl-C in the terminal is not for it
    assert "locks" not in " ".join(os.readlink(f"/proc/{guardian.pid}/fd/{name}") for name in open_files)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        guardian.send_signal(number)
    assert sum(guardian.cpu_times()[:2]) == used_s  # it only waits
    killed(process)
    wait_for(lambda: machine.in_force(0) == machine.in_force(1) == 450)
    wait_for(lambda: not machine.notes())


def test_what_the_process_forked_does_not_keep_the_guardian_waiting(machine: Machine) -> None:
    process = machine.start(
        HANGS.replace(
            "    time.sleep(600)",
            """
    forked = os.fork()
    if forked:
        tell({"forked": forked})
        sys.stdout.flush()
    time.sleep(600)
""",
        )
    )
    assert process.stdout is not None
    forked = [json.loads(process.stdout.readline()) for _ in range(2)][1]["forked"]
    try:
        killed(process)
        wait_for(lambda: machine.in_force() == 450 and not machine.notes())
        assert psutil.pid_exists(forked)
    finally:
        os.kill(forked, signal.SIGKILL)


def test_if_the_guardian_dies_the_process_sets_it_back_and_starts_another(machine: Machine) -> None:
    seen = machine.run("""
limits, seen = PowerLimits(), []
for _ in range(2):
    with limits.limited_to(200.0):
        seen.append([in_force(), limits._guardian.pid])
        limits._guardian.kill()
        limits._guardian.wait()
    seen.append([in_force(), notes()])
limits.close()
tell(seen)
""")
    (_, first), after, (limited_w, second), after_again = seen
    assert after == after_again == [450, 0]
    assert limited_w == 200
    assert first != second


def test_the_next_run_sets_back_what_a_process_killed_with_its_guardian_left(machine: Machine) -> None:
    process, guardian = hanging(machine)
    guardian.kill()
    killed(process)
    assert machine.in_force() == 250
    [note] = machine.notes()
    assert note.stat().st_mode & 0o777 == 0o600
    said = machine.run("tell(restore_left_limits())")
    uuids = ["GPU-00000010-fake-fake-fake-000000000000", "GPU-00000011-fake-fake-fake-000000000000"]
    assert said == [f"{each}: a run was killed while the power limit was 250 W; it is 450 W again" for each in uuids]
    assert machine.in_force(0) == machine.in_force(1) == 450
    assert not machine.notes()


def left(machine: Machine, **changes: object) -> Path:
    """Leave a note as of a killed run, with something in it replaced; return it."""
    process, guardian = hanging(machine)
    guardian.kill()
    killed(process)
    [note] = machine.notes()
    note.write_text(json.dumps(json.loads(note.read_text()) | changes))
    return note


UUID = "GPU-00000010-fake-fake-fake-000000000000"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"earlier": {}, "set": []}', "[" * 9000, '{"earlier": {"a": 1}, "set": {"b": 1}}',
     '{"earlier": {"a": -1}, "set": {"a": 1}}', '{"earlier": {"a": true}, "set": {"a": 1}}',
     '{"earlier": {"a": 1e99}, "set": {"a": 1}}', '{"earlier": {"a": 99999999999}, "set": {"a": 1}}'],
)  # fmt: skip
def test_a_damaged_note_is_no_limit(text: str) -> None:
    with pytest.raises(ValueError, match=r"it is damaged|Expecting"):
        Limits.of(text.encode())


def test_a_damaged_note_is_removed_and_sets_nothing(machine: Machine) -> None:
    note = left(machine)
    note.write_text("\x1b[2J")
    [said] = machine.run("tell(restore_left_limits())")
    assert "a note of earlier power limits is damaged, and was removed; nothing was set" in said
    assert not note.exists()
    assert machine.in_force() == 250


def test_a_limit_beyond_what_the_gpu_allows_is_not_set(machine: Machine) -> None:
    left(machine, earlier={UUID: 900_000}, set={UUID: 250_000})
    [said] = machine.run("tell(restore_left_limits())")
    assert "900 W could not be set back: it allows 150 W to 500 W" in said
    assert machine.in_force() == 250


def test_a_limit_that_was_changed_after_the_kill_stays(machine: Machine) -> None:
    left(machine)
    (machine.kept / "gpu0").write_text("0 300\n")
    [said] = machine.run("tell(restore_left_limits())")
    assert said.startswith("GPU-00000011-")
    assert [machine.in_force(0), machine.in_force(1)] == [300, 450]
    assert not machine.notes()


def test_a_note_of_gpus_that_are_not_seen_here_stays(machine: Machine) -> None:
    note = left(machine, earlier={"GPU-elsewhere": 400_000}, set={"GPU-elsewhere": 250_000})
    assert machine.run("tell(restore_left_limits())") == []
    assert note.exists()


def test_what_is_no_file_of_this_user_is_no_note(machine: Machine, tmp_path: Path) -> None:
    note = left(machine)
    note.rename(tmp_path / "elsewhere.json")
    note.symlink_to(tmp_path / "elsewhere.json")
    os.mkfifo(note.with_name(f"{note.stem}0.json"))
    note.with_name(f"{note.stem}1.json").mkdir()
    assert machine.run("tell([restore_left_limits(), earlier_limits_w()])") == [[], {}]
    assert machine.in_force() == 250


def test_a_limit_that_someone_changed_is_a_fault(machine: Machine) -> None:
    seen = machine.run("""
limits = PowerLimits()
with limits.limited_to(200.0):
    Path(os.environ["KEPT"], "gpu1").write_text("0 333\\n")
    faults = limits.faults()
    alter(fail=15)
    lost = limits.faults()
    alter(fail=0)
tell([faults, lost, in_force(1)])
""")
    faults, lost, after_w = seen
    assert faults == ["gpu1: its power limit was 333 W at the end of the window, not 200 W as the suite sets it"]
    assert len(lost) == 2
    assert "gpu0: its power limit cannot be read" in lost[0]
    assert after_w == 450


def test_a_limit_that_cannot_be_set_back_is_said_and_left_to_the_next_run(machine: Machine) -> None:
    said = machine.run("""
limits = PowerLimits()
def limit():
    with limits.limited_to(200.0):
        alter(set_fail=999)
said = refused(limit)
tell([said, notes()])
""")
    assert said == [
        "the power limit of gpu0 could not be set back to 450 W: the driver refused it (Unknown Error). Set it: sudo "
        "nvidia-smi -i 0 -pl 450",
        1,
    ]
    wait_for(
        lambda: (
            not any(
                "guardian.py" in " ".join(each.info["cmdline"] or []) and str(machine.kept) in str(each.info["environ"])
                for each in psutil.process_iter(["cmdline", "environ"])
            )
        )
    )
    assert len(machine.run("tell(restore_left_limits())")) == 2
    assert machine.in_force() == 450
    assert not machine.notes()


WINDOW = """
from wattbench.meters.windows.judge import judge
from wattbench.meters import Metering, NvmlMeter
def window(limits, change=lambda: None):
    with Metering([NvmlMeter()]) as metering:
        opened = metering.open(
            WindowLabel(window="w", run="r", system="s", task="t", purpose="measured", power_limit_w=limits.in_force_w),
            None,
            limits.faults,
        )
        time.sleep(0.6)
        change()
        return opened.close()
limits = PowerLimits()
"""


def test_a_window_under_the_suite_s_limit_is_valid_though_its_clocks_are_held_down(machine: Machine) -> None:
    row, other = machine.run(
        WINDOW
        + """
with limits.limited_to(200.0):
    row = window(limits)
    other = window(PowerLimits())
limits.close()
tell([row, other])
""",
        gpus=1,
        step=0.02,
    )
    assert row["valid"], row["reasons"]
    assert row["power_limit_w"] == {"gpu0": 200}
    took_s = row["finished_s"] - row["started_s"]
    assert row["energy_j"]["gpu0"] / took_s == pytest.approx(200, rel=0.05)  # of 400 W
    assert not other["valid"]  # a limit that is not the suite's
    assert other["power_limit_w"] == {}
    assert "gpu0: power-capped" in other["reasons"]


def test_a_window_whose_limit_was_changed_is_not_valid(machine: Machine) -> None:
    row = machine.run(
        WINDOW
        + """
with limits.limited_to(200.0):
    row = window(limits, lambda: Path(os.environ["KEPT"], "gpu0").open("a").write(f"{time.time()} 300\\n"))
limits.close()
tell(row)
""",
        gpus=1,
        step=0.02,
    )
    assert not row["valid"]
    assert "gpu0: its power limit was 300 W at the end of the window, not 200 W as the suite sets it" in row["reasons"]
