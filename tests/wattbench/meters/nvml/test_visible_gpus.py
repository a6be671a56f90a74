from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from wattbench.meters import AbsentError, MeterError
from wattbench.meters.nvml.visible_gpus import Gpu, changed_gpus, select_visible, start_nvml

GPUS = [Gpu(index, None, "H100", f"GPU-{index}abc") for index in range(3)]


def select(wanted: str, *, by_pci_order: bool = True) -> list[int]:
    return [gpu.index for gpu in select_visible(wanted, GPUS, by_pci_order=by_pci_order)]


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        ("0", [0]),
        ("2, 0", [0, 2]),
        ("1,1", [1]),
        ("GPU-1", [1]),
        ("GPU-", []),  # a prefix that fits several names none
        ("", []),
        ("-1", []),
        ("0,7,1", [0]),  # CUDA stops at the first that is not there
    ],
)
def test_visible_devices_are_those_that_cuda_would_see(wanted: str, indices: list[int]) -> None:
    assert select(wanted) == indices


def test_an_index_that_may_mean_another_gpu_is_refused_and_a_uuid_is_not() -> None:
    with pytest.raises(MeterError, match="different models") as caught:
        select("0", by_pci_order=False)
    assert "CUDA_DEVICE_ORDER" in str(caught.value.fix)
    assert select("GPU-2", by_pci_order=False) == [2]


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (12, AbsentError, "no NVIDIA driver"),
        (9, MeterError, "module is not loaded"),
        (18, MeterError, "updated but not reloaded"),
        (999, MeterError, "does not start"),
    ],
)
def test_a_driver_that_does_not_start_is_explained(
    monkeypatch: pytest.MonkeyPatch, code: int, kind: type[MeterError], reason: str
) -> None:
    pynvml = pytest.importorskip("pynvml")

    def refuse() -> None:
        raise pynvml.NVMLError(code)

    refusing = SimpleNamespace(**{name: getattr(pynvml, name) for name in dir(pynvml) if name.startswith("NVML")})
    refusing.nvmlInit = refuse
    monkeypatch.setitem(sys.modules, "pynvml", refusing)
    with pytest.raises(kind, match=reason) as caught:
        start_nvml()
    assert (caught.value.fix is None) == (kind is AbsentError)


class RefusedError(Exception):
    """Stands for `NVMLError`."""


def listing(*uuids: str | None) -> SimpleNamespace:
    """A driver that lists these GPUs; None: one that it lists and refuses."""

    def uuid(index: int) -> str:
        named = uuids[index]
        if named is None:
            raise RefusedError("GPU is lost")
        return named

    return SimpleNamespace(
        NVMLError=RefusedError,
        nvmlDeviceGetCount=lambda: len(uuids),
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda _: "H100",
        nvmlDeviceGetUUID=uuid,
    )


@pytest.mark.parametrize(
    ("uuids", "wanted", "said"),
    [
        (["GPU-0abc", "GPU-1abc", "GPU-2abc"], None, []),
        (["GPU-0abc", None, "GPU-2abc"], None, ["gpu1: H100 (GPU-1abc) is gone"]),
        (["GPU-1abc", "GPU-2abc"], None, ["gpu0: H100 (GPU-0abc) is gone"]),
        (
            ["GPU-0abc", "GPU-1abc", "GPU-2abc", "GPU-new"], None,
            ["H100 (GPU-new) appeared in mid-run: what it draws is not measured"],
        ),
        (["GPU-0abc", "GPU-1abc", "GPU-2abc", "GPU-new"], "0,1,2", []),  # no system can use it
        (
            ["GPU-0abc", "GPU-new", "GPU-2abc"], "0,1,2",
            ["gpu1: H100 (GPU-1abc) is gone", "H100 (GPU-new) appeared in mid-run: what it draws is not measured"],
        ),
        ([], "MIG-1", [f"gpu{i}: H100 (GPU-{i}abc) is gone" for i in range(3)]),
    ],
)  # fmt: skip
def test_a_gpu_that_appears_or_goes_in_mid_run_is_named(
    uuids: list[str | None], wanted: str | None, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if wanted is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", wanted)
    assert changed_gpus(listing(*uuids), GPUS) == said


def test_a_driver_that_lists_nothing_any_more_is_said() -> None:
    def refuse() -> int:
        raise RefusedError("driver unloaded")

    nvml = listing()
    nvml.nvmlDeviceGetCount = refuse
    assert changed_gpus(nvml, GPUS) == ["NVML does not list the GPUs any more (driver unloaded)"]
