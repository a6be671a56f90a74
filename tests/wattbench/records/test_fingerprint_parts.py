"""The parts that a resumed run and a comparison of runs both go by."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wattbench.records import ABSENT, NOT_RECORDED, SystemRow, machine_parts, part, system_parts

GPU = {"name": "Example GPU", "driver": "570", "power_limit_w": 300.0, "uuid": "GPU-1"}


def test_only_gpus_that_could_be_used_count() -> None:
    gpus = [GPU | {"visible": True}, GPU | {"visible": False, "name": "Another"}, GPU | {"visible": True, "uuid": "G2"}]
    parts = machine_parts({"gpus": gpus}, "r")
    assert parts["device"].fact("GPU") == "2 × Example GPU"
    assert parts["power_limit"].fact("GPU power limit") == "2 × 300.0 W"
    assert parts["driver"].fact("GPU driver") == "570"
    assert parts["card"].fact("GPU id") == "G2, GPU-1"


def test_no_gpu_is_a_fact_and_an_unknown_one_is_not() -> None:
    none, unknown = machine_parts({"gpus": []}, "r"), machine_parts({}, "r")
    assert none["driver"].fact("GPU driver") == "none"
    assert none["driver"] == machine_parts({"gpus": []}, "another")["driver"]
    assert unknown["driver"].fact("GPU driver") == NOT_RECORDED
    assert unknown["driver"] != machine_parts({}, "another")["driver"]


def test_a_name_that_a_server_gives_proves_nothing() -> None:
    row = SystemRow(system="s", kind="generalist", engine="endpoint", served_model="llama")
    ours, theirs = system_parts(row, "s in one"), system_parts(row, "s in another")
    assert ours["weights"].fact("name on the server") == "llama"
    assert ours["weights"] != theirs["weights"]


def test_code_has_no_number_type() -> None:
    row = SystemRow(
        system="s", kind="specialist", engine="python", engine_version="3", weights_sha256="1", device="cpu"
    )
    assert system_parts(row, "a") == system_parts(row, "b")


def test_a_system_without_a_row_is_not_recorded() -> None:
    assert {each.owner for each in system_parts(None, "me").values()} == {"me"}


_FACTS = st.dictionaries(st.text(max_size=3), st.one_of(st.none(), st.text(max_size=3), st.just(ABSENT)), max_size=4)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(allow_nan=True), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
_OWNER = st.sampled_from(["a", "b"])


@given(_FACTS, _FACTS, _FACTS, _OWNER, _OWNER, _OWNER)
def test_being_the_same_is_an_equivalence(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any], a: str, b: str, c: str
) -> None:
    first, second, third = part(one, a), part(two, b), part(three, c)
    assert first == part(one, a)
    assert (first == second) == (second == first)
    assert not (first == second and second == third) or first == third
    assert first.differing(second) == second.differing(first)
    assert bool(first.differing(second)) == (dict(first.facts) != dict(second.facts) or first.owner != second.owner)


@given(
    st.dictionaries(
        st.sampled_from(["gpus", "cpu", "cpus_usable", "cpus_quota", "cpu_power", "packages", "python", "container"]),
        _JSON,
    )
)
def test_no_record_is_too_strange_to_be_described(environment: dict[str, Any]) -> None:
    parts = machine_parts(environment, "r")
    assert {"device", "driver", "power_limit", "software", "card"} == set(parts)
    assert parts == machine_parts(environment, "r")
