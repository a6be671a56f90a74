"""Try a few inputs of a target, always the same: hypothesis draws the choices and makes an input that fails simpler."""

from __future__ import annotations

from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import cases
from tests.fuzz.mutations import mutated
from tests.fuzz.property import fault_of
from tests.fuzz.targets import Target

EXAMPLES = 20


def try_some(target: Target, folder: Path) -> None:
    """Try the seeds, what failed once, and `EXAMPLES` inputs more."""
    seeds = target.seeds(folder)
    for number, seed in enumerate(seeds):
        fault = fault_of(target, seed, folder)
        assert fault is None, f"seed {number}: {fault.what}\n{fault.details}"
    for path in cases(target):
        fault = fault_of(target, path.read_bytes(), folder)
        assert fault is None, f"{path.name}: {fault.what}\n{fault.details}"

    @settings(
        max_examples=max(2, round(EXAMPLES * target.weight)), derandomize=True, database=None, deadline=None,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.randoms(use_true_random=False))
    def holds(choose: Random) -> None:
        data = mutated(choose, seeds, target.form)
        fault = fault_of(target, data, folder)
        assert fault is None, f"{fault.what}\n{fault.details}\ninput: {data[:2000]!r}"

    holds()
