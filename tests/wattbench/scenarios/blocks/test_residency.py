"""Who stays loaded: by memory where it is known, and never two servers on one port."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import EndpointSystem, PythonSystem, TransformersSystem, Weights
from wattbench.scenarios.blocks.survey import Memory, Need, Needs, why_never_together, why_not_resident

GB = 10**9


@given(st.integers(0, 100 * GB), st.integers(0, 100 * GB), st.integers(0, 100 * GB))
def test_what_is_kept_fits_with_a_margin(need: int, free: int, whole: int) -> None:
    why = why_not_resident(Need(need), Memory(free), Memory(whole))
    if why is None:
        assert not need or need * 1.25 <= free - 0.1 * whole + 1
    else:
        assert need * 1.25 > free - 0.1 * whole - 1


def test_unknown_memory_stops_nothing_and_a_gpu_counts_by_itself() -> None:
    assert why_not_resident(Need(5 * GB, 5 * GB), Memory(None), Memory(None)) is None
    why = why_not_resident(Need(1 * GB, 30 * GB), Memory(90 * GB, 40 * GB), Memory(100 * GB, 80 * GB))
    assert why == "the next one may need 37.5 GB of GPU memory; 40.0 GB are free, of which 8.0 GB are kept in reserve"


def test_a_system_is_expected_to_need_what_one_like_it_needed(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(4000))
    (tmp_path / "tokenizer.json").write_bytes(bytes(100))
    base = TransformersSystem(kind="generalist", engine="transformers", weights=Weights(path=tmp_path), device="cpu")
    other = base.model_copy(update={"dtype": "float32"})
    rules = PythonSystem(kind="specialist", engine="python", call="m:f")
    needs = Needs({"rules": rules, "base": base, "adapted": base, "again": base, "other": other})
    assert needs.of("rules") == Need(0)
    needs.note("rules", Memory(100_000), Memory(100_500))  # some memory was freed meanwhile
    assert needs.of("base") == Need(4000)  # by its files
    needs.note("base", Memory(90_000, 50), Memory(80_000, 20))
    assert needs.of("adapted") == Need(10_000, 30)  # nothing is known yet of one that shares a base
    needs.note("adapted", Memory(80_000, 20), Memory(79_000, 20))
    assert needs.of("again") == Need(1_000, 0)
    assert needs.of("other") == Need(10_000, 30)


def served(url: str, **fields: object) -> EndpointSystem:
    given = {"kind": "moe", "engine": "endpoint", "base_url": url, "serve": {"command": "x --port {port}"}, **fields}
    return EndpointSystem.model_validate(given)


@pytest.mark.parametrize(
    ("systems", "impossible"),
    [
        ([served("http://127.0.0.1:{port}/v1")], None),
        ([served("http://127.0.0.1:{port}/v1"), served("http://127.0.0.1:{port}/v1")], False),
        ([served("http://127.0.0.1:8000/v1"), served("http://127.0.0.1:8000/v1")], True),
        # Servers that run anyway take nothing here.
        ([served("http://a:8000/v1", serve=None), served("http://a:8000/v1", serve=None)], None),
    ],
)
def test_servers_of_commands_are_loaded_one_at_a_time(systems: list[EndpointSystem], impossible: bool | None) -> None:
    why = why_never_together({str(number): system for number, system in enumerate(systems)})
    assert (why.impossible if why is not None else None) == impossible
