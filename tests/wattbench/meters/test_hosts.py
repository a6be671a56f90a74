"""Which components' joules are a system's."""

from __future__ import annotations

import pytest

from wattbench.config import EndpointSystem, PythonSystem
from wattbench.errors import UserError
from wattbench.meters import Chosen, require_measured, unmeasured_systems
from wattbench.meters.hosts import components_on
from wattbench.meters.windows.contradictions import other_clocks, power_range
from wattbench.meters.windows.faults import fewer_gpus, is_gpu, less_than_contained

KNOWN = ["cpu", "gpu0@alpha", "wall@alpha", "gpu0@beta"]
SYSTEMS = {
    "far": EndpointSystem(engine="endpoint", kind="generalist", base_url="http://gamma/v1"),
    "near": PythonSystem(engine="python", kind="specialist", call="m:f"),
}


@pytest.mark.parametrize(
    ("hosts", "kept", "unread"),
    [
        (None, KNOWN, []),
        ({None}, ["cpu"], []),
        ({"alpha"}, ["gpu0@alpha", "wall@alpha"], []),
        ({None, "beta"}, ["cpu", "gpu0@beta"], []),
        ({"gamma"}, [], ["gamma"]),
        ({None, "gamma"}, [], ["gamma"]),  # a part of its joules would look like all of them
    ],
)
def test_a_system_has_the_components_of_its_machines(
    hosts: set[str | None] | None, kept: list[str], unread: list[str]
) -> None:
    assert components_on(KNOWN, hosts) == (kept, unread)


def test_of_an_idle_draw_each_machine_counts() -> None:
    assert components_on(KNOWN, {None, "gamma"}, partly=True) == (["cpu"], [])
    assert components_on(KNOWN, {"gamma"}, partly=True) == ([], ["gamma"])


def test_a_hybrid_whose_router_is_not_read_is_not_measured() -> None:
    assert components_on(["gpu0@alpha"], {None, "alpha"}) == ([], [None])


def test_only_systems_on_unread_machines_are_named() -> None:
    (name,) = said = unmeasured_systems(["cpu"], SYSTEMS)
    assert name == "far"
    assert said[name].startswith("not measured: it runs on gamma, which no meter reads")
    assert unmeasured_systems(["cpu", "gpu0@gamma"], SYSTEMS) == {}


def test_where_joules_are_required_a_system_on_an_unread_machine_is_refused(steady: object) -> None:
    chosen = Chosen([steady])  # type: ignore[list-item]
    require_measured(chosen, {"near": SYSTEMS["near"]})
    with pytest.raises(UserError, match="far: not measured: it runs on gamma"):
        require_measured(chosen, SYSTEMS)


def test_a_component_of_another_machine_is_judged_as_what_it_is() -> None:
    assert power_range("gpu3@alpha", "counter").most_w == power_range("gpu0", "counter").most_w
    assert is_gpu("gpu0@alpha")
    assert is_gpu("gpu0")
    assert not is_gpu("cpu@gpu0")
    assert list(fewer_gpus({})) == []
    assert list(other_clocks({}, {})) == []


def test_a_wall_meter_contains_the_components_of_its_own_machine_alone() -> None:
    joules = {"wall@alpha": 100.0, "gpu0@alpha": 80.0, "gpu0": 500.0, "cpu": 50.0}
    assert list(less_than_contained(joules, dict.fromkeys(joules, "counter"))) == []
    (fault,) = less_than_contained({**joules, "gpu0@alpha": 200.0}, dict.fromkeys(joules, "counter"))
    assert fault.startswith("wall@alpha: 100 J, less than the 200 J of gpu0@alpha")
