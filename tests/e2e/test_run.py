"""`wattbench run`: what it leaves, what it prints, and what it says when it can't."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from wattbench.records import Purpose, read_run


@pytest.fixture
def finished(wattbench, suite) -> Path:
    done = wattbench("run", suite(), "--report", "report.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return Path(suite().parent) / done.stdout.strip()


def test_a_run_leaves_whole_and_consistent_records(finished: Path, wattbench) -> None:
    records = read_run(finished)
    assert records.finished
    items = pd.read_parquet(finished / "items.parquet")
    assert set(items["system"]) == {"adder", "small"}
    assert (items.groupby("system").size() == 40).all()
    assert items.groupby("system")["doc_hash"].apply(frozenset).nunique() == 1
    assert items.groupby("system")["correct"].mean()["adder"] == 1.0
    assert 0 < items.groupby("system")["correct"].mean()["small"] < 1
    assert not items.duplicated(["system", "task", "doc_id", "repeat"]).any()

    windows = {window.window: window for window in records.windows()}
    measured = [window for window in windows.values() if window.purpose == Purpose.MEASURED]
    assert {window.purpose for window in windows.values()} == {"load", "warm-up", "idle", "measured"}
    assert all(window.valid for window in measured), [window.reasons for window in measured]
    assert all(window.duration_s >= 1.1 for window in measured)
    for window in measured:
        own = items[items["window"] == window.window]
        assert own["energy_j"].sum() * window.passes == pytest.approx(window.total_j)
        assert own["energy_above_idle_j"].sum() * window.passes == pytest.approx(window.above_idle_j)
        assert (own["energy_provenance"] == window.provenance_label).all()
    # Plain Python does not tell when a first token came: its joules are not divided, and the record says why.
    totals = {row.system: row for row in records.phases() if row.component == "total"}
    for system, own in items.groupby("system"):
        assert totals[system].task is None
        assert totals[system].energy_j == pytest.approx(own["energy_j"].sum())
        assert totals[system].reason == "the engine does not report when the first token arrived"
    # Two blocks of twenty items, each asked of both systems.
    assert records.block_plan().blocks == len(records.blocks()) == 2
    assert (items.groupby(["block", "system"]).size() == 20).all()
    assert (items.groupby("window")["block"].nunique() == 1).all()
    assert measured[0].passes > 1  # forty sums take no time: they were asked again until the window was long enough

    # Every row of the report is in the records: what `compare` prints can be computed from the table alone.
    rows = {
        row["system"]: row
        for row in json.loads(wattbench("runs", "compare", finished, "--format", "json").stdout)["systems"]
    }
    for system, own in items.groupby("system"):
        assert rows[system]["accuracy"] == pytest.approx(own["correct"].mean())
        assert rows[system]["energy_j_per_request"] == pytest.approx(own["energy_j"].mean())
        assert rows[system]["j_per_correct"] == pytest.approx(own["energy_j"].sum() / own["correct"].sum())
    page = (finished.parents[1] / "report.html").read_text()
    assert "adder" in page
    assert "small" in page


def test_restating_a_run_for_another_grid_changes_grams_alone(finished: Path, wattbench) -> None:
    german = json.loads(wattbench("runs", "compare", finished, "--format", "json").stdout)["systems"]
    french = json.loads(wattbench("runs", "compare", finished, "--format", "json", "--region", "FRA").stdout)["systems"]
    for before, after in zip(german, french, strict=True):
        assert 0 < after["co2_g_per_1000"] < before["co2_g_per_1000"]
        grams = [name for name in before if name == "co2_g_per_1000" or name.startswith("sci_g_per_correct")]
        assert before | dict.fromkeys(grams) == after | dict.fromkeys(grams)
    wrong = wattbench("runs", "compare", finished, "--region", "FRX")
    assert wrong.returncode == 2
    assert "FRX" in wrong.stderr


def test_a_throughput_that_is_mostly_wattbenchs_is_at_least(wattbench, suite) -> None:
    """A function that returns a constant, and one that takes 50 ms."""
    done = wattbench(
        "run", suite(('answers.py:add"', 'answers.py:add_slowly"'), ("answers.py:add_small", "answers.py:wrong"))
    )
    assert done.returncode == 0, done.stderr
    run = done.stdout.strip()
    printed = json.loads(wattbench("runs", "compare", run, "--format", "json").stdout)
    slow, quick = printed["systems"]
    assert slow["throughput_from"] == "requests"
    assert slow["client_share"] < 0.5
    assert quick["throughput_from"] == "client"
    assert quick["client_share"] > 0.5
    assert quick["client_share"] == pytest.approx(1 - quick["requests_in_flight"], abs=1e-6), "one at a time"
    assert quick["requests_per_s"] > slow["requests_per_s"]
    text = wattbench("runs", "compare", run).stdout
    assert text.count("of the time wattbench's own)") == 1
    assert "Request throughput, highest first" not in text, "one of the two is not known"
    assert wattbench("runs", "verify", run).returncode == 0, "the lines say the same"


def test_plan_prints_and_runs_nothing(wattbench, suite, tmp_path: Path) -> None:
    done = wattbench("suites", "plan", suite(), "--limit", 5)
    assert done.returncode == 0, done.stderr
    assert "2 cells, at most 10 items to ask" in done.stdout
    assert "runs its own code: system 'adder'" in done.stdout
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "calls.txt").exists()


def test_repeats_are_recorded_and_scored_each(wattbench, suite, tmp_path: Path) -> None:
    done = wattbench(
        "run", suite(("min_window_s: 1.1", "min_window_s: 1.1, repeats: 3")), "--limit", 4, "--systems", "small"
    )
    assert done.returncode == 0, done.stderr
    assert "nothing watches for other work on this machine: WATTBENCH_WATCH is off" in done.stderr
    items = pd.read_parquet(tmp_path / done.stdout.strip() / "items.parquet")
    assert (items.groupby("repeat").size() == 4).all()
    assert sorted(items["repeat"].unique()) == [0, 1, 2]
    assert items.groupby("doc_id")["correct"].nunique().eq(1).all()


def test_a_batch_is_asked_together(wattbench, suite, tmp_path: Path) -> None:
    changed = suite(("idle_s: 1.1", "scenario: throughput, batch: 8, idle_s: 1.1"), ("blocks: 2", "blocks: 5"))
    done = wattbench("run", changed, "--systems", "adder")
    assert done.returncode == 0, done.stderr
    items = pd.read_parquet(tmp_path / done.stdout.strip() / "items.parquet")
    assert (items["batch_size"] == 8).all()
    assert (items.groupby("batch").size() == 8).all()


@pytest.mark.parametrize(
    ("change", "arguments", "expected"),
    [
        (("task: sums", "task: empty"), (), "tasks.select: 'empty': the task cannot be loaded: it has no documents"),
        (("answers.py:add\"", "answers.py:ad\""), (), "did you mean 'add'"),
        (("idle_s", "idle"), (), "measure.idle: unknown key; did you mean 'idle_s'"),
        (("name: sums", "name: sums"), ("--systems", "ader"), "no system 'ader' in this suite; did you mean 'adder'"),
        (("name: sums", "name: sums"), ("--resume", "nowhere"), "name a suite to run, or a run to --resume"),
    ],
)  # fmt: skip
def test_a_users_mistake_ends_in_one_message_and_exit_code_2(
    wattbench, suite, tmp_path: Path, change: tuple[str, str], arguments: tuple[str, ...], expected: str
) -> None:
    done = wattbench("run", suite(change), *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("wattbench: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert expected in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("call", "said"),
    [("fail_later", "wattbench run --resume RUN"), ("fail", "wattbench: stopped. No answer was recorded")],
)
def test_an_answerer_that_fails_leaves_a_run_to_resume_where_there_is_an_answer(
    wattbench, suite, tmp_path: Path, call: str, said: str
) -> None:
    done = wattbench("run", suite(("answers.py:add_small", f"answers.py:{call}")))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "system 'small': its callable raised RuntimeError: no idea" in done.stderr
    root = next((tmp_path / "runs").iterdir())
    assert said.replace("RUN", str(root.relative_to(tmp_path))) in done.stderr
    assert ("resume with" in done.stderr) == (call == "fail_later")
    refused = wattbench("runs", "compare", root)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr


def test_schema_is_a_json_schema(wattbench) -> None:
    schema = json.loads(wattbench("dev", "schema").stdout)
    assert set(schema["required"]) == {"name", "tasks", "systems"}


def test_doctor_says_what_will_be_measured(wattbench) -> None:
    done = wattbench("dev", "doctor")
    assert done.returncode == 0, done.stderr
    assert "modelled" in done.stdout or "measured" in done.stdout
    assert json.loads(wattbench("dev", "doctor", "--json").stdout)
