"""How long each member of the reference family takes to load, next to its base.

The base is loaded once and held; what is timed for a member is what it adds. Printed as seconds and as a share of the
base's own loading.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from wattbench.config import load_suite
from wattbench.systems import open_engine, release_base

MEMBERS = [
    "generalist-tuned",
    "specialist-arithmetic",
    "moe",
    "distilled",
    "distilled-reasoning",
    "hybrid",
    "hybrid-cascade",
]


@pytest.fixture(scope="module")
def systems() -> Iterator[Mapping[str, Any]]:
    """Load the catalogue; the base is freed at the end."""
    yield load_suite("nightly").systems
    release_base()


@pytest.fixture(scope="module")
def base_s(systems) -> float:
    """Return the seconds that the base takes to load, from a file on disk."""
    open_engine("generalist", systems["generalist"], batch=1, seed=0).close()  # fetches the weights if need be
    release_base()
    before = time.perf_counter()
    open_engine("generalist", systems["generalist"], batch=1, seed=0).close()
    return time.perf_counter() - before


@pytest.mark.parametrize("name", MEMBERS)
def test_loading_a_member_beside_its_base(benchmark, systems, base_s, name):
    """Time what a member adds, next to the base's own seconds."""

    def load() -> None:
        open_engine(name, systems[name], batch=1, seed=0).close()

    benchmark.pedantic(load, rounds=3, warmup_rounds=1)
    benchmark.extra_info["base_s"] = round(base_s, 2)
    benchmark.extra_info["share_of_base"] = round(benchmark.stats.stats.median / base_s, 3)
    print(f"\n{name}: {benchmark.stats.stats.median:.2f} s beyond its base's {base_s:.1f} s")
