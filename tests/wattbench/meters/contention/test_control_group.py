"""Limits of control groups, and what they counted: version 2, version 1, and none."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.meters.contention.proc_files import GroupTimes, OwnGroups, cpus_quota


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_without_groups_nothing_limits_and_nothing_is_known(tmp_path: Path) -> None:
    assert cpus_quota(tmp_path, tmp_path / "none") is None
    assert OwnGroups(tmp_path, tmp_path / "none").times() is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"fs/cgroup/cpu.max": "250000 100000\n"}, 2.5),
        ({"fs/cgroup/cpu.max": "400000 100000", "fs/cgroup/a/b/cpu.max": "150000 100000"}, 1.5),
        ({"fs/cgroup/cpu.max": "100000 100000", "fs/cgroup/a/cpu.max": "900000 100000"}, 1.0),
        ({"fs/cgroup/cpu.max": "nonsense"}, None),
        ({"fs/cgroup/cpu.max": "100 0"}, None),
        ({"fs/cgroup/cpu/cpu.cfs_quota_us": "50000", "fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({"fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, None),
    ],
)
def test_the_tightest_quota_counts(tmp_path: Path, files: dict[str, str], expected: float | None) -> None:
    own = _write(tmp_path, {"own": "0::/a/b\n"}) / "own"
    assert cpus_quota(_write(tmp_path, files), own) == expected


def test_a_group_outside_the_tree_leads_nowhere(tmp_path: Path) -> None:
    own = _write(tmp_path, {"own": "0::/../../elsewhere\n", "fs/cgroup/cpu.max": "100000 100000"}) / "own"
    assert cpus_quota(tmp_path, own) == 1.0


STOPPED = "usage_usec 9000000\nuser_usec 1\nnr_periods 4\nnr_throttled 2\nthrottled_usec 1500000\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"fs/cgroup/cgroup.procs": ""}, GroupTimes(0.0)),
        ({"fs/cgroup/cpu.stat": STOPPED}, GroupTimes(1.5)),
        ({"fs/cgroup/cpu.stat": STOPPED, "fs/cgroup/cpu.max": "200000 100000"}, GroupTimes(1.5, 9.0, 2.0)),
        ({"fs/cgroup/cpu.max": "200000 100000"}, GroupTimes(0.0, None, 2.0)),
        ({"fs/cgroup/cpu.stat": "throttled_usec many\nusage_usec -1"}, GroupTimes(0.0)),
        (
            {"fs/cgroup/a/cpu.stat": STOPPED, "fs/cgroup/cpu.stat": STOPPED, "fs/cgroup/a/cpu.max": "50000 100000"},
            GroupTimes(3.0, 9.0, 0.5),
        ),
        (
            {
                "fs/cgroup/cpu/cpu.stat": "nr_periods 4\nthrottled_time 2500000000\n",
                "fs/cgroup/cpu/cpu.cfs_quota_us": "50000", "fs/cgroup/cpu/cpu.cfs_period_us": "100000",
                "fs/cgroup/cpuacct/cpuacct.usage": "4000000000\n",
            },
            GroupTimes(2.5, 4.0, 0.5),
        ),
    ],
)  # fmt: skip
def test_what_groups_counted(tmp_path: Path, files: dict[str, str], expected: GroupTimes) -> None:
    own = _write(tmp_path, {"own": "0::/a/b\n"}) / "own"
    assert OwnGroups(_write(tmp_path, files), own).times() == expected
