"""What holds the processor back, as Linux tells it: all of it may be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.machine.environment import container, cpu_power


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_kernel_that_tells_nothing(tmp_path: Path) -> None:
    assert cpu_power(tmp_path) == {"package_limit_w": None, "governor": None, "boost": None}


def test_limits_of_all_packages_are_added_and_no_other_zone_is(tmp_path: Path) -> None:
    rapl = "class/powercap/intel-rapl"
    system = _write(
        tmp_path,
        {
            f"{rapl}:0/name": "package-0", f"{rapl}:0/constraint_0_power_limit_uw": "125000000\n",
            f"{rapl}:1/name": "package-1", f"{rapl}:1/constraint_0_power_limit_uw": "125000000\n",
            f"{rapl}:2/name": "psys", f"{rapl}:2/constraint_0_power_limit_uw": "900000000\n",
            "devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
            "devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
            "devices/system/cpu/intel_pstate/no_turbo": "1\n",
        },
    )  # fmt: skip
    assert cpu_power(system) == {"package_limit_w": 250.0, "governor": "performance+powersave", "boost": "off"}
    (system / f"{rapl}:1/constraint_0_power_limit_uw").unlink()
    assert cpu_power(system)["package_limit_w"] is None  # half a sum is no limit


@pytest.mark.parametrize(("written", "expected"), [("1\n", "on"), ("0\n", "off")])
def test_boost_of_other_drivers(tmp_path: Path, written: str, expected: str) -> None:
    assert cpu_power(_write(tmp_path, {"devices/system/cpu/cpufreq/boost": written}))["boost"] == expected


def test_containers_leave_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert container(tmp_path) is None
    assert container(_write(tmp_path, {".dockerenv": ""})) == "docker"
    assert container(_write(tmp_path, {"run/.containerenv": ""})) == "podman"
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert container(tmp_path) == "kubernetes"
