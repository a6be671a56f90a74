"""A suite under load, as a user runs it: to its end, and killed in the middle of a rate."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.digests import journaled_anew
from tests.made_up.traces import azure, write
from wattbench.records import RunLayout, read_run

pytestmark = pytest.mark.alone

LOAD = "{scenario: load, idle_s: 1, warmup: 1, min_window_s: 1, load: " + (
    "{rates_per_s: [40, 20], min_duration_s: 1, min_queries: 44, deadline_s: 120}}"
)
CHANGES = (("measure: {idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2}", f"measure: {LOAD}"),)


def test_a_run_under_load_is_compared_by_rate(wattbench, suite, tmp_path: Path) -> None:
    ran = wattbench("run", suite(*CHANGES), "--systems", "adder")
    assert ran.returncode == 0, ran.stderr
    layout = RunLayout(tmp_path / ran.stdout.strip())
    records = read_run(layout.root)
    rows = {row.offered_per_s: row for row in records.loads()}
    assert set(rows) == {40.0, 20.0}
    assert all(row.here and not row.held for row in rows.values()), [row.reasons for row in rows.values()]
    items = pd.read_parquet(layout.items_table)
    for rate, row in rows.items():
        own = items[items["offered_per_s"] == rate]
        assert len(own) == row.queries
        assert (own["correct"] == 1.0).all()  # scored by lm-eval, from the record
        assert set(own["window"]) == {row.window}
        assert own.groupby("doc_id").size().nunique() == 1  # each document equally often
        assert own.groupby("doc_id")["repeat"].max().eq(own.groupby("doc_id").size() - 1).all()
        windows = {window.window: window for window in records.windows()}
        assert own["energy_j"].sum() == pytest.approx(windows[row.window].total_j)
        logs = layout.load_logs("adder", "sums", rate, row.window)
        assert (logs / "mlperf_log_summary.txt").exists()
    compared = wattbench("runs", "compare", layout.root)
    assert compared.returncode == 0, compared.stderr
    assert "at 20 requests per second" in compared.stdout.lower()
    assert "at 40 requests per second" in compared.stdout.lower()
    verified = wattbench("runs", "verify", layout.root)
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_rate_that_was_cut_off_is_asked_again_as_a_whole(
    how: signal.Signals, tmp_path: Path, suite, start, wattbench
) -> None:
    long = LOAD.replace("min_duration_s: 1", "min_duration_s: 3").replace("[40, 20]", "[40, 10]")
    path = suite((CHANGES[0][0], f"measure: {long}"))
    process = start("run", path, "--systems", "adder")
    deadline = time.monotonic() + 240

    def second_rate() -> bool:
        return any(tmp_path.glob("runs/*/loads/adder/sums/10/*/mlperf_log_detail.txt"))

    while not second_rate():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(how)
    _, stderr = process.communicate(timeout=120)
    if how == signal.SIGINT:
        assert process.returncode == 130, stderr
        assert "Traceback" not in stderr
        assert "terminate" not in stderr
    root = next((tmp_path / "runs").iterdir())
    layout = RunLayout(root)
    before = layout.answers("adder", "sums").read_bytes()
    assert {json.loads(line)["offered_per_s"] for line in before.splitlines()} == {40.0}
    assert wattbench("runs", "compare", root).returncode == 2

    done = wattbench("run", "--resume", root)
    assert done.returncode == 0, done.stderr
    assert layout.answers("adder", "sums").read_bytes().startswith(before)
    records = read_run(root)
    assert [row.offered_per_s for row in records.loads()] == [40.0, 10.0]
    windows = pd.read_parquet(layout.windows_table)
    counted = {row.window for row in records.loads()}
    assert set(windows[windows["purpose"] == "measured"]["window"]) == counted
    assert (windows["purpose"] == "abandoned").sum() == 1  # shown, and nothing of it counts
    items = pd.read_parquet(layout.items_table)
    assert len(items) == sum(row.queries for row in records.loads())


TRACED = "{scenario: load, idle_s: 1, warmup: 1, min_window_s: 1, load: " + (
    "{trace: azure.csv, speed: 10, duration_s: 25, deadline_s: 120}}"
)


def test_a_trace_is_sent_next_to_poisson_arrivals_at_its_mean_rate(wattbench, suite, tmp_path: Path) -> None:
    moments = [each / 8 + (each % 5) / 100 for each in range(230)]
    write(tmp_path / "azure.csv", azure(moments))
    path = suite((CHANGES[0][0], f"measure: {TRACED}"))
    planned = wattbench("suites", "plan", path, "--systems", "adder")
    assert planned.returncode == 0, planned.stderr
    assert "azure.csv (Azure LLM inference CSV, 200 arrivals in 2 s at speed 10)" in " ".join(planned.stdout.split())
    ran = wattbench("run", path, "--systems", "adder")
    assert ran.returncode == 0, ran.stderr
    layout = RunLayout(tmp_path / ran.stdout.strip())
    records = read_run(layout.root)
    rows = {row.arrivals: row for row in records.loads()}
    assert set(rows) == {"trace", "poisson"}
    [rate] = {row.offered_per_s for row in rows.values()}
    assert rate == pytest.approx(199 * 10 / (moments[199] - moments[0]))
    items = pd.read_parquet(layout.items_table)
    windows = {window.window: window for window in records.windows()}
    for kind, row in rows.items():
        of_kind = items[items["arrivals"] == kind]
        assert len(of_kind) == row.queries
        assert (of_kind["correct"] == 1.0).all()
        assert of_kind.groupby("doc_id").size().nunique() == 1
        window = windows[row.window]
        assert of_kind["energy_j"].sum() == pytest.approx(window.total_j if window.valid else 0.0)  # of a busy machine
        assert row.trace["sha256"] == hashlib.sha256((tmp_path / "azure.csv").read_bytes()).hexdigest()
        assert row.trace["arrivals"] == 230
        assert row.queries + row.trace["left_out"] == 200
        assert row.loadgen_valid is None
        assert row.sending["own_lag_largest_s"] >= 0
    traced = items[items["arrivals"] == "trace"].sort_values("scheduled_s")
    due_s = (traced["scheduled_s"] - traced["scheduled_s"].min()).tolist()
    assert due_s == pytest.approx([(each - moments[0]) / 10 for each in moments[: len(due_s)]], abs=1e-5)
    kept = [answer for answer in records.answers("adder", "sums") if answer.arrivals == "trace"]
    assert [answer.arrival["row"] for answer in kept] == list(range(2, len(kept) + 2))
    assert kept[0].arrival["input_tokens"] == 100
    compared = wattbench("runs", "compare", layout.root)
    assert compared.returncode == 0, compared.stderr
    text = " ".join(compared.stdout.split())
    assert "at the arrivals of azure.csv at speed 10" in text
    assert "What the bursts of the trace cost" in text
    assert "Only the moments are those of the trace" in text
    verified = wattbench("runs", "verify", layout.root)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    page = wattbench("runs", "report", layout.root)
    assert page.returncode == 0, page.stderr
    assert "What the bursts of the trace cost" in next(tmp_path.rglob("*.html")).read_text()


def test_a_trace_that_changed_is_not_resumed(wattbench, suite, tmp_path: Path) -> None:
    write(tmp_path / "azure.csv", azure([each / 8 for each in range(200)]))
    path = suite((CHANGES[0][0], f"measure: {TRACED}"))
    ran = wattbench("run", path, "--systems", "adder")
    assert ran.returncode == 0, ran.stderr
    root = tmp_path / ran.stdout.strip()
    layout = RunLayout(root)
    # As after a kill between the two windows, and with another file in the trace's place.
    for file in (layout.finished, layout.scores("adder", "sums"), layout.items_table, layout.windows_table):
        file.unlink()
    lines = layout.loads.read_bytes().splitlines(keepends=True)
    layout.loads.write_bytes(lines[0])
    journaled_anew(root)
    write(tmp_path / "azure.csv", azure([each / 9 for each in range(200)]))
    refused = wattbench("run", "--resume", root)
    assert refused.returncode == 2
    assert "the trace of arrivals has changed; restore its file" in refused.stderr
    write(tmp_path / "azure.csv", azure([each / 8 for each in range(200)]))
    done = wattbench("run", "--resume", root)
    assert done.returncode == 0, done.stderr
    assert [row.arrivals for row in read_run(root).loads()] == ["trace", "poisson"]
