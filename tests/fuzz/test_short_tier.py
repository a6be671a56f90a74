"""Try a few inputs of each target, always the same: hypothesis draws the choices and makes an input that fails simpler.

An input that failed once is a file in `corpus/<target>/`, with a name that says why, and is tried in every test run.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import all_targets
from tests.fuzz.mutations import mutated
from tests.fuzz.property import fault_of
from tests.fuzz.targets import Target

pytestmark = pytest.mark.slow

EXAMPLES = 20
CORPUS = Path(__file__).with_name("corpus")
TARGETS = all_targets()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_value_or_one_sentence(target: Target, tmp_path: Path) -> None:
    seeds = target.seeds(tmp_path)
    for number, seed in enumerate(seeds):
        fault = fault_of(target, seed, tmp_path)
        assert fault is None, f"seed {number}: {fault.what}\n{fault.details}"
    for path in sorted((CORPUS / target.name).glob("*")):
        fault = fault_of(target, path.read_bytes(), tmp_path)
        assert fault is None, f"{path.name}: {fault.what}\n{fault.details}"

    @settings(
        max_examples=max(2, round(EXAMPLES * target.weight)), derandomize=True, database=None, deadline=None,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.randoms(use_true_random=False))
    def holds(choose: Random) -> None:
        data = mutated(choose, seeds, target.form)
        fault = fault_of(target, data, tmp_path)
        assert fault is None, f"{fault.what}\n{fault.details}\ninput: {data[:2000]!r}"

    holds()


def test_every_target_has_a_name_of_its_own_and_every_case_a_target() -> None:
    names = [target.name for target in TARGETS]
    assert len(names) == len(set(names))
    assert {path.name for path in CORPUS.iterdir()} <= set(names)
