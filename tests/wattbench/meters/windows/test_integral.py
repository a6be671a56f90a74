from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.meters.windows.series import integrate, sampling_error

times_s = st.lists(st.floats(0.0, 100.0), min_size=2, max_size=30, unique=True).map(sorted)


@given(times_s=times_s, slope=st.floats(-50.0, 50.0), offset_w=st.floats(0.0, 500.0), data=st.data())
def test_the_integral_of_a_linear_ramp_is_exact(
    times_s: list[float], slope: float, offset_w: float, data: st.DataObject
) -> None:
    power = [(at_s, offset_w + slope * at_s) for at_s in times_s]
    a_s, b_s = sorted(data.draw(st.tuples(*[st.floats(times_s[0], times_s[-1])] * 2)))
    exact_j = offset_w * (b_s - a_s) + slope * (b_s**2 - a_s**2) / 2
    assert integrate(power, a_s, b_s) == pytest.approx(exact_j, rel=1e-6, abs=1e-6)


def test_beyond_the_readings_power_stays_as_it_was() -> None:
    assert integrate([(10.0, 100.0), (11.0, 200.0)], 9.0, 13.0) == pytest.approx(100 + 150 + 400)
    assert integrate([(10.0, 100.0)], 9.0, 13.0) == pytest.approx(400)


def test_backwards_it_is_negative() -> None:
    assert integrate([(0.0, 10.0)], 3.0, 1.0) == pytest.approx(-20)
    assert integrate([(0.0, 10.0)], 1.0, 1.0) == 0


def test_two_readings_of_one_moment_are_a_jump() -> None:
    assert integrate([(0.0, 10.0), (1.0, 10.0), (1.0, 30.0), (2.0, 30.0)], 0.0, 2.0) == pytest.approx(40)


def test_power_on_a_line_is_certain() -> None:
    assert sampling_error([(t, 5.0 + 3.0 * t) for t in (0.0, 0.7, 1.0, 2.5, 2.5, 4.0)]) == pytest.approx(0.0, abs=1e-9)


def test_the_stated_error_is_that_of_noise() -> None:
    random = np.random.default_rng(1)
    errors_j, stated_j = [], []
    for _ in range(400):
        times_s = np.cumsum(random.uniform(0.05, 0.15, 100))
        power = list(zip(times_s.tolist(), random.normal(300.0, 50.0, 100).tolist(), strict=True))
        errors_j.append(integrate(power, power[0][0], power[-1][0]) - 300.0 * (power[-1][0] - power[0][0]))
        stated_j.append(sampling_error(power))
    assert np.mean(stated_j) == pytest.approx(float(np.std(errors_j)), rel=0.15)
