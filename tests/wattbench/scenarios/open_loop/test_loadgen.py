"""The real LoadGen, driving engines of a known service time. Machines that run tests are busy: deadlines are wide."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

from wattbench.config import Load
from wattbench.errors import MissingExtraError, UserError
from wattbench.measure.ask_items import answer_row
from wattbench.scenarios.open_loop.dispatch import GIVEN_UP
from wattbench.scenarios.open_loop.loadgen import offer
from wattbench.scenarios.open_loop.loadgen_logs import DETAIL
from wattbench.scenarios.open_loop.rate_row import load_row
from wattbench.systems import Reply

pytestmark = [pytest.mark.slow, pytest.mark.alone]

WIDE = {"rates_per_s": [60.0], "min_duration_s": 1.0, "min_queries": 44, "deadline_s": 60.0}


def go(engine, asks, folder: Path, *, seed: int = 3, **load):
    ended, advanced = [], []
    settings = Load.model_validate(WIDE | load)
    offered = offer(
        engine, asks, settings, settings.rates_per_s[0], seed=seed, folder=folder,
        ended=lambda: ended.append(1), advance=advanced.append,
    )  # fmt: skip
    assert ended == [1]
    assert sum(advanced) == len(offered.queries)
    return offered, settings


def rows(offered, rate: float):
    from dataclasses import replace

    return [
        replace(
            answer_row(query.ask, query.replies or [Reply("")], 0, query.started_s, query.finished_s, n, 1, "w0001"),
            scheduled_s=due_s, offered_per_s=rate, failure=query.failure,
        )
        for n, (query, due_s) in enumerate(zip(offered.queries, offered.due_s, strict=True))
    ]  # fmt: skip


def test_every_item_is_asked_equally_often_at_loadgens_moments(served, asks, logs) -> None:
    offered, _ = go(served(0.002), asks, logs)
    assert set(Counter(query.ask.doc_id for query in offered.queries).values()) == {len(offered.queries) // 11}
    assert len(offered.queries) >= 44
    assert list(offered.due_s) == sorted(offered.due_s)
    for query, due_s, arrival in zip(offered.queries, offered.due_s, offered.arrivals, strict=True):
        assert query.failure is None
        assert query.issued_s >= due_s
        # The same request by two clocks: LoadGen's latency, and ours from its moment to the end. LoadGen is told after.
        assert query.finished_s - due_s <= arrival.latency_s + 1e-3
    assert (logs / DETAIL).exists()


def test_the_same_seed_gives_the_same_arrivals(served, asks, tmp_path: Path) -> None:
    runs = [go(served(0.001), asks, tmp_path / name, seed=seed)[0] for name, seed in (("a", 5), ("b", 5), ("c", 6))]
    order = [[query.index for query in run.queries] for run in runs]
    gaps = [[arrival.due_s - run.arrivals[0].due_s for arrival in run.arrivals] for run in runs]
    assert order[0] == order[1] != order[2]
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-6)
    assert gaps[0] != pytest.approx(gaps[2], abs=1e-6)


def test_a_rate_that_can_be_held_is_held(served, asks, logs) -> None:
    offered, load = go(served(0.002), asks, logs)
    row = load_row("system", "task", 60.0, load, rows(offered, 60.0), offered)
    assert row.here, row.reasons
    assert not row.held
    assert "independent ones" in row.lacks[0]  # 60 or so show nothing of the long run
    assert row.loadgen_valid
    assert row.failed == 0
    assert row.in_time == row.queries
    assert row.loadgen["result_query_count"] == row.queries
    assert row.loadgen_version.startswith("6.")
    assert row.disagreement_s is not None
    assert 0 < row.scheduled_per_s < 200


def test_a_rate_beyond_one_worker_is_not_held_and_ends_all_the_same(alone, asks, logs) -> None:
    engine = alone(0.1)  # 10 a second at the very most
    offered, load = go(engine, asks, logs, deadline_s=0.3)
    assert engine.most == 1
    row = load_row("system", "task", 60.0, load, rows(offered, 60.0), offered)
    assert not row.here
    assert any("missed the deadline of 0.3 s" in reason for reason in row.reasons)
    assert any("INVALID" in reason for reason in row.reasons)
    assert any(query.failure == GIVEN_UP for query in offered.queries)  # what is late already is not waited for
    assert any("no TTFT" in remark for remark in row.remarks)
    assert "result_first_token_50.00_percentile_latency_ns" not in row.loadgen


def test_as_many_are_in_flight_as_are_allowed(served, asks, logs) -> None:
    engine = served(0.05)
    go(engine, asks, logs, max_in_flight=3)
    assert engine.most == 3


@pytest.mark.parametrize("breaks", [False, True])
def test_a_failed_request_is_completed_and_recorded(breaks: bool, served, asks, logs) -> None:
    offered, load = go(served(0.002, fails=[2], breaks=breaks), asks, logs)
    failed = [query for query in offered.queries if query.failure is not None]
    assert {query.ask.doc_id for query in failed} == {2}
    assert len(failed) == len(offered.queries) // 11
    assert failed[0].failure == ("a bug of its own" if breaks else "the server said no")
    row = load_row("system", "task", 60.0, load, rows(offered, 60.0), offered)
    assert row.failed == len(failed)
    assert row.queries - row.in_time >= len(failed)  # never counted as answered in time
    assert any("the first failure" in remark for remark in row.remarks)


INTERRUPTED = """
    import sys
    sys.path.insert(0, sys.argv[1])
    from conftest import Served
    from lm_eval.api.instance import Instance
    from wattbench.config import Load
    from wattbench.scenarios.open_loop.loadgen import offer
    from wattbench.measure.ask_items import ItemRequests
    asks = [ItemRequests("generate_until", 0, (Instance("generate_until", {}, ("q", {}), 0, metadata=("task", 0, 1)),))]
    load = Load.model_validate({"rates_per_s": [5.0], "min_duration_s": float(sys.argv[3]), "deadline_s": 60.0})
    def interrupted(ended):
        if ended:
            raise KeyboardInterrupt
    try:
        offer(Served(0.01), asks, load, 5.0, seed=1, folder=Path(sys.argv[2]), ended=print, advance=interrupted)
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(130)
"""


def test_an_interruption_ends_the_process_at_once_and_in_order(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    script = "from pathlib import Path\n" + textwrap.dedent(INTERRUPTED)
    began_s = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", script, here, str(tmp_path / "logs"), "3600"],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ended.returncode == 130, ended.stderr
    assert ended.stdout == "interrupted\n"
    assert "terminate" not in ended.stderr
    assert time.monotonic() - began_s < 240  # of an hour of arrivals


def test_without_loadgen_the_extra_is_named(monkeypatch, served, asks, logs) -> None:
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'wattbench\[load\]'"):
        go(served(0.0), asks, logs)


def test_a_log_without_a_verdict_is_refused(tmp_path: Path) -> None:
    from wattbench.scenarios.open_loop.loadgen_logs import read_detail

    with pytest.raises(UserError, match="no such file"):
        read_detail(tmp_path)
    (tmp_path / DETAIL).write_text(':::MLLOG {"key": "loadgen_version", "value": "6"}\n:::MLLOG {"key": broken\n')
    with pytest.raises(UserError, match="no verdict"):
        read_detail(tmp_path)
