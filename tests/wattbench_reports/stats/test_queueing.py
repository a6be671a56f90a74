"""The simulated queue against closed forms, and against the definition written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wattbench_reports.erlang import erlang_c
from wattbench_reports.stats.queueing import poisson_arrivals, sojourns

SERVICES = st.lists(st.floats(0.0, 5.0), min_size=1, max_size=40)


def by_definition(arrived, service, servers: int) -> list[float]:
    """Each request takes the server that is free first."""
    free = [0.0] * servers
    spent = []
    for now, length in zip(arrived, service, strict=True):
        first = free.index(min(free))
        free[first] = max(now, free[first]) + length
        spent.append(free[first] - now)
    return spent


@given(SERVICES, st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_whoever_comes_first_is_served_first(service: list[float], servers: int, seed: int) -> None:
    arrived = poisson_arrivals(1.0, len(service), np.random.default_rng(seed))
    spent = sojourns(arrived, np.array(service), servers)
    assert spent == pytest.approx(by_definition(arrived, service, servers), abs=1e-9)


@given(SERVICES, st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_more_servers_are_never_slower(service: list[float], servers: int, seed: int) -> None:
    arrived = poisson_arrivals(1.0, len(service), np.random.default_rng(seed))
    fewer, more = (sojourns(arrived, np.array(service), number) for number in (servers, servers + 1))
    assert (more <= fewer + 1e-9).all()


@pytest.mark.parametrize(("servers", "load"), [(1, 0.6), (2, 1.4), (5, 4.0), (20, 17.0)])
def test_the_simulation_is_erlangs_where_services_are_exponential(servers: int, load: float) -> None:
    """Over 400,000 requests: their waits go together, so that the mean is known to a few per cent."""
    rng = np.random.default_rng(7)
    arrived = poisson_arrivals(load, 400_000, rng)
    service = rng.exponential(1.0, size=400_000)
    waited = (sojourns(arrived, service, servers) - service)[10_000:]
    assert waited.mean() == pytest.approx(erlang_c(servers, load) / (servers - load), rel=0.06)
    assert (waited > 1e-9).mean() == pytest.approx(erlang_c(servers, load), abs=0.01)
    # Who waits, waits exponentially.
    p95 = math.log(erlang_c(servers, load) / 0.05) / (servers - load)
    assert np.quantile(waited, 0.95) == pytest.approx(p95, rel=0.06)
