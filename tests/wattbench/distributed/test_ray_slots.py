"""Slots of a Ray cluster, from what a made-up `ray` says of its nodes and actors."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from wattbench.distributed.agent import SlotReport
from wattbench.distributed.ray_cluster import RaySlots, check_address, connected
from wattbench.distributed.slots import SlotLostError
from wattbench.errors import MissingExtraError, UserError


class RayError(Exception):
    """As Ray's."""


class MadeUpRay:
    """The part of `ray` that is used: calls of actors are answered at once."""

    def __init__(self, *nodes: dict[str, Any]) -> None:
        self._nodes = list(nodes)
        self.options: list[dict[str, Any]] = []
        self.calls: list[tuple[str, Any]] = []
        self.answer: Any = SlotReport()
        self.exceptions = SimpleNamespace(RayError=RayError)

    def nodes(self) -> list[dict[str, Any]]:
        return self._nodes

    def remote(self, **options: Any) -> Any:
        self.options.append(options)
        return lambda _: SimpleNamespace(remote=lambda *_: self)

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(remote=lambda *given: self.calls.append((name, given)) or name)

    def wait(self, references: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        return (references, []) if self.answer is not None else ([], references)

    def get(self, _: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def node(name: str, cpus: float = 4.0, gpus: float = 0.0, *, alive: bool = True) -> dict[str, Any]:
    resources = {"CPU": cpus, "GPU": gpus}
    return {
        "NodeID": f"{name}0000000", "Alive": alive, "NodeManagerHostname": name,
        "Resources": {kind: number for kind, number in resources.items() if number},
    }  # fmt: skip


@pytest.fixture(autouse=True)
def strategies(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of Ray's module of strategies."""
    module = ModuleType("ray.util.scheduling_strategies")
    module.NodeAffinitySchedulingStrategy = lambda node_id, soft: (node_id, soft)  # type: ignore[attr-defined]
    for name, each in {"ray": ModuleType("ray"), "ray.util": ModuleType("ray.util"), module.__name__: module}.items():
        monkeypatch.setitem(sys.modules, name, each)


def test_a_node_without_gpus_is_one_slot_and_one_with_them_is_several() -> None:
    ray = MadeUpRay(node("cpu"), node("gpu", 16, 4), node("head", 0), node("dead", alive=False))
    slots = RaySlots(ray)
    assert slots.number() == 5
    names = [slot.name for slot in slots.new_slots(b"")]
    assert names == ["node cpu (cpu000)", *(f"node gpu (gpu000), slot {number}" for number in (1, 2, 3, 4))]
    assert [(each["num_cpus"], each["num_gpus"]) for each in ray.options] == [(4, 0), *[(4, 1)] * 4]
    assert {each["scheduling_strategy"] for each in ray.options} == {("cpu0000000", False), ("gpu0000000", False)}
    assert {(each["max_restarts"], each["max_task_retries"]) for each in ray.options} == {(0, 0)}
    assert slots.new_slots(b"") == []
    assert RaySlots(ray, gpus_per_slot=2).number() == 3
    assert RaySlots(ray, gpus_per_slot=8).number() == 2


def test_slots_come_again_with_their_node_unless_they_are_of_no_use() -> None:
    ray = MadeUpRay(node("a"), node("b"))
    slots = RaySlots(ray)
    first, second = slots.new_slots(b"")
    slots.gone(first, again=True)
    slots.gone(second, again=False)
    (again,) = slots.new_slots(b"")
    assert again.name == first.name
    assert again is not first
    ray._nodes = []
    assert slots.why_none() == "the cluster has no node with processors or GPUs"
    ray._nodes = [node("c")]
    assert slots.why_none() is None
    assert [slot.name for slot in slots.new_slots(b"")] == ["node c (c00000)"]


def test_a_poll_is_asked_once_and_waits_for_nothing() -> None:
    ray = MadeUpRay(node("a"))
    (slot,) = RaySlots(ray).new_slots(b"")
    ray.answer = None
    assert slot.poll() == slot.poll() == SlotReport()
    assert [name for name, _ in ray.calls] == ["poll"]
    ray.answer = SlotReport(ended="ended")
    assert slot.poll().ended == "ended"
    assert slot.poll().ended == "ended"
    assert [name for name, _ in ray.calls] == ["poll", "poll"]


@pytest.mark.parametrize(
    ("error", "clause"),
    [
        (RayError("The actor died unexpectedly.\n  node has died"), "its node was lost"),
        (RayError("ModuleNotFoundError: No module named 'wattbench'"), "it cannot import wattbench: install the same"),
        (RayError("Traceback (most recent call last): ..."), "its worker's actor was lost"),
    ],
)
def test_a_lost_slot_says_why_in_a_clause(error: Exception, clause: str) -> None:
    ray = MadeUpRay(node("a"))
    (slot,) = RaySlots(ray).new_slots(b"")
    ray.answer = error
    with pytest.raises(SlotLostError, match=clause) as caught:
        slot.poll()
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("address", ["ray", "ray://10.0.0.1:10001", "head.example.org:6379"])
def test_the_address_of_a_cluster(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize("address", ["", "slurm", "ray://", "http://10.0.0.1:1", "host", "host:port", "a b:1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="write ray, ray://HOST:PORT or HOST:PORT"):
        check_address(address)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"wattbench\[cluster\]"), connected("ray"):
        """Never reached."""


def test_a_cluster_that_is_not_there_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ConnectionError("Could not find any running Ray instance.\nMore lines")

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=refuse))
    message = r"^--cluster 10.0.0.1:6379: no connection \(Could not find any running Ray instance.\). Start Ray with"
    with pytest.raises(UserError, match=message), connected("10.0.0.1:6379"):
        """Never reached."""
