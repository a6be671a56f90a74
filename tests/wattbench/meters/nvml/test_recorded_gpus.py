"""What a run's record says of its GPUs, asked of the fake driver through the real binding."""

from __future__ import annotations

from typing import Any

import pytest

from wattbench.records import machine_parts

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SCRIPT = "from wattbench.machine.environment import environment; tell(environment(Path('.'))['gpus'])"


def test_each_gpu_is_described_and_those_that_systems_cannot_use_are_marked(driver: Any) -> None:
    gpus = driver.run(SCRIPT, {"CUDA_VISIBLE_DEVICES": "1,2"}, gpus=4)
    assert [gpu["index"] for gpu in gpus] == [0, 1, 2, 3]
    assert [gpu["visible"] for gpu in gpus] == [False, True, True, False]
    assert len({gpu["uuid"] for gpu in gpus}) == 4
    assert {gpu["driver"] for gpu in gpus} == {"999.1 (fake)"}
    assert machine_parts({"gpus": gpus}, "r")["device"].fact("GPU").startswith("2 × ")


def test_where_visibility_cannot_be_told_all_count(driver: Any) -> None:
    gpus = driver.run(SCRIPT, {"CUDA_VISIBLE_DEVICES": "MIG-1"}, gpus=2)
    assert all("visible" not in gpu for gpu in gpus)
    assert machine_parts({"gpus": gpus}, "r")["device"].fact("GPU").startswith("2 × ")
