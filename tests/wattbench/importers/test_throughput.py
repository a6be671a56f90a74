"""Throughput of imported requests, next to the figures that the tools print of the same requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.imports import imported_run
from tests.wattbench.importers.others_data import others
from wattbench_reports.metrics.throughput import Throughput, throughputs
from wattbench_reports.tables.run_tables import load_frames

Own = dict[tuple[str, str], float]


def both(source: Path, tmp_path: Path) -> list[tuple[Throughput, Own]]:
    """Return what wattbench computes of each system, and the figures that the source states."""
    run = imported_run(source, to=tmp_path)
    served = throughputs(load_frames(run))
    own: dict[str, Own] = {name: {} for name in served}
    for row in run.summaries():
        own[row.system].setdefault((row.figure, row.statistic), row.value)
    return [(served[name], own[name]) for name in served]


def rates(each: Throughput) -> tuple[float, float]:
    assert each.requests is not None
    assert each.output_tokens is not None
    return each.requests.per_s, each.output_tokens.per_s


def test_guidellms_own_rates_are_these_to_all_digits(tmp_path) -> None:
    ((served, own),) = both(others("guidellm", "benchmarks_0.8.1_mock_server.json"), tmp_path)
    assert served.seconds == pytest.approx(own["duration", "total"], rel=1e-12)
    own_rates = own["requests_per_s", "mean"], own["output_tokens_per_s", "mean"]
    assert rates(served) == pytest.approx(own_rates, rel=1e-12)
    assert served.in_flight == pytest.approx(own["in_flight", "mean"], rel=1e-4)


def test_a_report_of_some_of_its_requests_has_the_rates_of_all(tmp_path) -> None:
    ((served, own),) = both(others("guidellm", "benchmarks_stripped_0.2.json"), tmp_path)
    assert served.source == "stated"
    assert rates(served) == (own["requests_per_s", "mean"], own["output_tokens_per_s", "mean"])


def test_evalscopes_own_rates_are_these_to_the_printed_digits(tmp_path) -> None:
    for served, own in both(others("evalscope-perf"), tmp_path):
        requests_per_s, tokens_per_s = rates(served)
        assert served.seconds == pytest.approx(own["duration", "total"], abs=5e-5)
        assert round(requests_per_s, 4) == own["requests_per_s", "mean"]
        assert round(tokens_per_s, 4) == own["output_tokens_per_s", "mean"]


@pytest.mark.parametrize("name", ["real_0.13_fake_gpu_20", "real_0.13_mock_server"])
def test_aiperfs_own_rates_are_over_a_little_longer_than_its_own_duration(tmp_path, name: str) -> None:
    ((served, own),) = both(others("aiperf", name), tmp_path)
    assert served.seconds == pytest.approx(own["duration", "total"], abs=1e-6)
    assert served.answered == own["requests", "total"]
    for ours, figure in zip(rates(served), ("requests_per_s", "output_tokens_per_s"), strict=True):
        assert 0.995 * ours < own[figure, "mean"] < ours
    assert served.in_flight == pytest.approx(own["in_flight", "mean"], rel=2e-3)


@pytest.mark.parametrize("number", [1, 2])
def test_a_file_of_ten_of_aiperfs_64_requests_has_the_rates_of_all(tmp_path, number: int) -> None:
    ((served, own),) = both(others("aiperf", f"qwen_concurrency{number}"), tmp_path)
    assert own["requests", "total"] == 64
    assert served.source == "stated"
    assert rates(served) == (own["requests_per_s", "mean"], own["output_tokens_per_s", "mean"])


@pytest.mark.parametrize("name", ["c2.json", "c4.json"])
def test_vllms_own_duration_holds_what_its_client_does_before_and_after(tmp_path, name: str) -> None:
    for served, own in both(others("serving") / name, tmp_path):
        assert served.seconds is not None
        assert 0 < own["duration", "total"] - served.seconds < 0.02
        expected = own["requests", "total"] / served.seconds, own["output_tokens", "total"] / served.seconds
        assert rates(served) == pytest.approx(expected, rel=1e-12)


def test_sglang_stores_no_starts_so_its_own_rates_are_shown(tmp_path) -> None:
    for served, own in both(others("serving") / "sglang.jsonl", tmp_path):
        assert served.source == "stated"
        assert rates(served) == (own["requests_per_s", "mean"], own["output_tokens_per_s", "mean"])
