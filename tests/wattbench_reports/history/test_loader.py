from __future__ import annotations

import datetime
import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.percentiles import percentile_of
from wattbench.errors import UserError
from wattbench.records import RunLayout, read_run
from wattbench_reports.history import Reference, load_history, read_reference
from wattbench_reports.history.loader import index_path
from wattbench_reports.metrics.throughput import CLIENT, RATES, REQUESTS, throughputs
from wattbench_reports.stats import clustered_se, ratio_se
from wattbench_reports.tables.run_tables import load_frames

NAMES = ("run", "system", "domain", "metric")
BREAKS = {
    "the table is cut off": lambda layout: layout.items_table.write_bytes(layout.items_table.read_bytes()[:500]),
    "the table is not there": lambda layout: layout.items_table.unlink(),
    "a column is missing": lambda layout: pq.write_table(
        pq.read_table(layout.items_table).drop_columns(["correct"]), layout.items_table
    ),
    "there are no items": lambda layout: pq.write_table(
        pq.read_table(layout.items_table).slice(0, 0), layout.items_table
    ),
    "a score of 7": lambda layout: pq.write_table(
        (table := pq.read_table(layout.items_table)).set_column(
            table.schema.get_field_index("correct"), "correct", [np.full(len(table), 7.0)]
        ),
        layout.items_table,
    ),
    "no header": lambda layout: layout.header.unlink(),
    "a header of nonsense": lambda layout: layout.header.write_text("{"),
    "a header of a newer version": lambda layout: layout.header.write_text('{"schema_version": 99}'),
    "an environment that is none": lambda layout: layout.header.write_text(
        json.dumps(json.loads(layout.header.read_text()) | {"environment": "x"})
    ),
    "a night that is none": lambda layout: layout.header.write_text(
        json.dumps(json.loads(layout.header.read_text()) | {"night": "x"})
    ),
    "cells that are none": lambda layout: layout.header.write_text(
        json.dumps(json.loads(layout.header.read_text()) | {"cells": 3})
    ),
    "a date that is none": lambda layout: layout.header.write_text(
        json.dumps(json.loads(layout.header.read_text()) | {"night": {"date": "31 June"}})
    ),
    "a date ages away": lambda layout: layout.header.write_text(
        json.dumps(json.loads(layout.header.read_text()) | {"night": {"date": "2999-01-01"}})
    ),
}
OF_THE_MACHINE = {
    "latency_mean", "latency_p50", "ttft", "joules_per_request", "joules_per_correct", "requests_per_s",
    "output_tokens_per_s",
}  # fmt: skip
WHOLE = "run: {run}\nreason: the release of May\nreviewed_by: ann@example.org\ndate: 2026-01-03\n"


def cell(values: pd.DataFrame, run: str, system: str, domain: str) -> pd.DataFrame:
    own = values[(values["run"] == run) & (values["system"] == system) & (values["domain"] == domain)]
    return own.set_index("metric")


def items_of(root: Path, run: str) -> pd.DataFrame:
    return pd.read_parquet(RunLayout(root / "runs" / run).items_table)


def change_header(root: Path, run: str, **changes: object) -> None:
    """As another wattbench, or a damaged disk, would have it. The index is told by a new finished.json."""
    layout = RunLayout(root / "runs" / run)
    layout.header.write_text(json.dumps(json.loads(layout.header.read_text()) | changes))
    layout.finished.write_text(layout.finished.read_text() + " ")


@pytest.mark.parametrize("domain", ["arithmetic", ""])
def test_figures_are_those_of_the_items(made_once: Path, domain: str) -> None:
    history = load_history(made_once)
    run, system = history.nights[1].run, "generalist"
    found = cell(history.values, run, system, domain)
    rows = items_of(made_once, run)
    rows = rows[(rows["system"] == system) & (rows["domain"].isin([domain]) | (domain == ""))]
    item = rows.groupby(["task", "doc_id", "doc_hash"]).ngroup().to_numpy()
    seconds, ones = (rows["finished_s"] - rows["started_s"]).to_numpy(), np.ones(len(rows))
    joules, correct = rows["energy_j"].to_numpy(), rows["correct"].to_numpy()
    expected = {
        "accuracy": (correct.mean(), clustered_se(correct, item)),
        "latency_mean": (seconds.mean(), seconds.std(ddof=1) / len(rows) ** 0.5),
        "latency_p50": (percentile_of(seconds, 0.5), None),
        "ttft": (percentile_of(rows["first_token_s"] - rows["started_s"], 0.5), None),
        "joules_per_request": (joules.mean(), ratio_se(joules, ones)),
        "joules_per_correct": (joules.sum() / correct.sum(), ratio_se(joules, correct)),
        "output_tokens": (rows["output_tokens"].mean(), ratio_se(rows["output_tokens"].to_numpy(float), ones)),
    }
    if not domain:  # its requests share windows with those of others
        windows = rows.groupby("window")
        span_s = (windows["finished_s"].max() - windows["started_s"].min()).to_numpy()
        for metric, served in {
            "requests_per_s": windows.size(),
            "output_tokens_per_s": windows["output_tokens"].sum(),
        }.items():
            of_windows = served.to_numpy(float)
            expected[metric] = (of_windows.sum() / span_s.sum(), ratio_se(of_windows, span_s))
    for metric, (value, error) in expected.items():
        assert found.at[metric, "value"] == pytest.approx(value)
        if error is not None:
            assert found.at[metric, "standard_error"] == pytest.approx(error)
    assert set(found.index) == set(expected)  # too few requests for a p95
    assert (found["items"] == len(rows)).all()
    assert found.at["joules_per_request", "provenance"] == "counter+rapl"
    assert found.at["accuracy", "provenance"] == ""


@pytest.mark.slow
@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize(
    ("part", "together", "calls_of", "bounded"),
    [(0.3, 1, 1, True), (0.7, 1, 1, False), (0.7, 4, 1, True), (0.7, 4, 4, False)],
)
def test_a_throughput_that_is_mostly_the_clients_is_none_of_a_night(
    indexed_root: Path, part: float, together: int, calls_of: int, bounded: bool, older: bool
) -> None:
    """Each request of one system takes a part of its seconds, and the client the rest. Where four were to be in flight
    one was; four that one call answered took one slot."""
    run = load_history(indexed_root).nights[-1].run
    layout = RunLayout(indexed_root / "runs" / run)
    items = items_of(indexed_root, run)
    own = items["system"] == "generalist"
    items.loc[own, "finished_s"] = items["started_s"] + part * (items["finished_s"] - items["started_s"])
    items.loc[own, "batch"] = np.arange(own.sum()) // calls_of
    items.loc[own, "batch_size"] = together
    table = pa.Table.from_pandas(items, schema=pq.read_schema(layout.items_table), preserve_index=False)
    pq.write_table(table.drop_columns(["waited_s", "offered_per_s"]) if older else table, layout.items_table)
    layout.finished.write_text(layout.finished.read_text() + " ")
    served = throughputs(load_frames(replace(read_run(layout.root), check_digests=False)))
    assert (served["generalist"].source == CLIENT) == bounded
    for system in served:
        found = cell(load_history(indexed_root).values, run, system, "")
        assert (set(RATES) <= set(found.index)) == (served[system].source == REQUESTS)
        assert set(RATES).isdisjoint(found.index) == (served[system].source == CLIENT)
        assert "latency_p50" in found.index


def test_repeats_are_no_further_items(indexed_root: Path) -> None:
    run = load_history(indexed_root).nights[-1].run
    layout = RunLayout(indexed_root / "runs" / run)
    table = pq.read_table(layout.items_table)
    again = table.set_column(table.schema.get_field_index("repeat"), "repeat", [np.ones(len(table), dtype=np.int64)])
    before = cell(load_history(indexed_root).values, run, "generalist", "")
    pq.write_table(pa.concat_tables([table, again.cast(table.schema)]), layout.items_table)
    layout.finished.write_text(layout.finished.read_text() + " ")
    after = cell(load_history(indexed_root).values, run, "generalist", "")
    for metric in ("accuracy", "joules_per_request", "joules_per_correct"):
        assert after.loc[metric, ["value", "standard_error", "items"]].tolist() == pytest.approx(
            before.loc[metric, ["value", "standard_error", "items"]].tolist()
        )


def test_nights_come_oldest_first_with_what_their_headers_say(made_once: Path) -> None:
    nights = load_history(made_once).nights
    assert [night.date.day for night in nights] == [1, 2, 4, 5, 6, 7]  # the third has no run
    assert nights[0].commit == f"{nights[0].date.toordinal():040x}"
    assert (nights[0].suite, nights[0].backfilled) == ("scale", False)


def test_a_night_without_a_date_is_of_the_day_on_which_it_began(indexed_root: Path) -> None:
    run = load_history(indexed_root).nights[0].run
    change_header(indexed_root, run, night=None, created_utc="2026-01-05T23:59:00+00:00")
    assert load_history(indexed_root).night(run).date == datetime.date(2026, 1, 5)


def test_of_two_runs_of_a_date_the_later_one_counts_and_both_are_listed(indexed_root: Path) -> None:
    first, second, *_ = load_history(indexed_root).nights
    change_header(indexed_root, first.run, night={"date": "2026-01-02"}, created_utc="2026-01-02T22:00:00+00:00")
    history = load_history(indexed_root)
    assert {first.run, second.run} < {night.run for night in history.nights}
    assert first.run in {night.run for night in history.series_nights()}
    assert second.run not in {night.run for night in history.series_nights()}


def test_the_index_can_be_deleted_damaged_or_another_version_s(nights_root: Path) -> None:
    history = load_history(nights_root)
    kept = index_path(nights_root)
    assert kept.exists()
    again = load_history(nights_root)
    pd.testing.assert_frame_equal(history.values, again.values)
    for spoil in (kept.unlink, lambda: kept.write_bytes(b"nonsense"), lambda: shutil.rmtree(kept.parent)):
        spoil()
        pd.testing.assert_frame_equal(history.values, load_history(nights_root).values)
        assert kept.exists()


def test_the_index_of_another_version_is_left_alone_and_ignored(indexed_root: Path) -> None:
    kept = index_path(indexed_root)
    older = kept.with_name("v3.parquet")
    kept.rename(older)
    before = older.read_bytes()
    assert len(load_history(indexed_root).nights) == 6
    assert kept.exists()
    assert older.read_bytes() == before


def test_a_canary_is_one_from_the_record_and_from_the_index(nights_root: Path) -> None:
    run = sorted(path.name for path in (nights_root / "runs").iterdir())[-1]
    suite = json.loads(RunLayout(nights_root / "runs" / run).header.read_text())["suite"]
    name = next(iter(suite["systems"]))
    suite["systems"][name]["canary"] = True
    change_header(nights_root, run, suite=suite)
    for _ in range(2):
        *others, last = load_history(nights_root).nights
        assert last.canaries == (name,)
        assert {each.canaries for each in others} == {()}


def test_the_index_is_what_is_read_and_a_changed_run_is_read_anew(indexed_root: Path) -> None:
    history = load_history(indexed_root)
    run = history.nights[0].run
    layout = RunLayout(indexed_root / "runs" / run)
    layout.items_table.unlink()
    assert run in set(load_history(indexed_root).values["run"])  # from the index
    layout.finished.write_text(layout.finished.read_text() + " ")
    changed = load_history(indexed_root)
    assert run not in {night.run for night in changed.nights}
    assert any(note.startswith(f"{run}: left out") for note in changed.notes)


def test_runs_that_are_gone_are_gone_from_the_index(indexed_root: Path) -> None:
    run = load_history(indexed_root).nights[0].run
    shutil.rmtree(indexed_root / "runs" / run)
    assert run not in set(load_history(indexed_root).values["run"])
    assert run.encode() not in index_path(indexed_root).read_bytes()


def test_a_history_in_which_nothing_can_be_written_is_read_all_the_same(nights_root: Path) -> None:
    (nights_root / ".index").write_text("in the way")
    assert len(load_history(nights_root).nights) == 6


def test_a_folder_whose_name_has_brackets_and_stars(nights_root: Path) -> None:
    odd = nights_root.rename(nights_root.with_name("a [b] *c?'"))
    assert len(load_history(odd).nights) == 6


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_run_is_left_out_with_a_note(nights_root: Path, broken: str) -> None:
    run = sorted(path.name for path in (nights_root / "runs").iterdir())[3]
    BREAKS[broken](RunLayout(nights_root / "runs" / run))
    for _ in range(2):  # without an index, and with one
        history = load_history(nights_root)
        assert len(history.nights) == 5
        assert set(history.values["run"]) == {night.run for night in history.nights}
        [note] = history.notes
        assert note.startswith(f"{run}: left out (")
        assert "\n" not in note


def test_a_run_that_is_not_finished_is_not_there_yet(indexed_root: Path) -> None:
    run = load_history(indexed_root).nights[0].run
    RunLayout(indexed_root / "runs" / run).finished.unlink()
    (indexed_root / "runs" / "a file").write_text("")
    history = load_history(indexed_root)
    assert len(history.nights) == 5
    assert not history.notes


def test_runs_of_another_suite_take_no_part_in_the_trends(indexed_root: Path) -> None:
    run = load_history(indexed_root).nights[0].run
    header = json.loads(RunLayout(indexed_root / "runs" / run).header.read_text())
    header["suite"]["suite"]["name"] = "other"
    change_header(indexed_root, run, suite=header["suite"])
    history = load_history(indexed_root)
    assert len(history.nights) == 6
    assert len(history.series_nights()) == 5
    assert history.notes == ("1 run of other suites is left out of the trends of scale: other",)


@pytest.mark.parametrize(
    ("where", "touched"),
    [
        ({"cpu": "Another CPU"}, OF_THE_MACHINE),
        ({"gpus": []}, OF_THE_MACHINE),
        ({"packages": {"torch": "3.0"}}, set()),
        ({"hostname": "elsewhere"}, set()),
    ],
)
def test_conditions_are_those_that_a_figure_depends_on(
    indexed_root: Path, where: dict[str, object], touched: set[str]
) -> None:
    first, second, *_ = load_history(indexed_root).nights
    header = json.loads(RunLayout(first.root).header.read_text())
    change_header(indexed_root, first.run, environment=header["environment"] | where)
    values = load_history(indexed_root).values
    ours, theirs = (cell(values, night.run, "generalist", "")["conditions"] for night in (first, second))
    assert set(ours[ours != theirs].index) == touched


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        ({"meters": {"gpu0": "integrated", "cpu": "rapl"}}, {"joules_per_request", "joules_per_correct"}),
        ({"cells": []}, "all"),
    ],
)
def test_another_meter_or_other_documents_are_other_conditions(
    indexed_root: Path, change: dict[str, object], touched: set[str] | str
) -> None:
    first, second, *_ = load_history(indexed_root).nights
    change_header(indexed_root, first.run, **change)
    values = load_history(indexed_root).values
    ours, theirs = (cell(values, night.run, "generalist", "")["conditions"] for night in (first, second))
    assert set(ours[ours != theirs].index) == (set(ours.index) if touched == "all" else touched)


def test_no_history(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no history"):
        load_history(tmp_path)
    (tmp_path / "runs").mkdir()
    history = load_history(tmp_path)
    assert history.nights == ()
    assert history.series_nights() == ()
    assert history.values.empty


def _loaded(root: Path) -> int:
    return len(load_history(root).values)


@pytest.mark.slow
def test_eight_readers_write_the_index_at_once(nights_root: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        counts = list(pool.map(_loaded, [nights_root] * 8))
    assert len(set(counts)) == 1
    assert [path.name for path in index_path(nights_root).parent.iterdir()] == [index_path(nights_root).name]
    assert _loaded(nights_root) == counts[0]


def pin(root: Path, text: str) -> None:
    (root / "reference.yaml").write_text(text, encoding="utf-8")


def test_a_pinned_run_is_the_reference(indexed_root: Path) -> None:
    run = load_history(indexed_root).nights[1].run
    pin(indexed_root, WHOLE.format(run=run))
    history = load_history(indexed_root)
    assert history.reference == Reference(run, "the release of May", "ann@example.org", datetime.date(2026, 1, 3))
    assert history.reference_night() == history.nights[1]
    assert not history.notes


def test_a_reference_whose_run_is_gone_is_said_and_is_none(indexed_root: Path) -> None:
    pin(indexed_root, WHOLE.format(run="gone"))
    history = load_history(indexed_root)
    assert history.reference is None
    assert history.notes == (
        "reference.yaml pins gone, which is not among the finished runs here: no night is compared with it",
    )


def test_none_is_pinned(tmp_path: Path) -> None:
    assert read_reference(tmp_path) is None


@pytest.mark.parametrize("date", ["2026-01-03", "'2026-01-03'", "2026-01-03T04:05:06Z"])
def test_dates_as_yaml_may_have_them(tmp_path: Path, date: str) -> None:
    pin(tmp_path, f"run: r\nreason: x\nreviewed_by: y\ndate: {date}\n")
    found = read_reference(tmp_path)
    assert found is not None
    assert found.date == datetime.date(2026, 1, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping: run: ..., reason: ..., reviewed_by: ..., date: ..."),
        ("- run", "must be a mapping: run"),
        ("run: [", "not YAML"),
        ("run: !!python/object:os.system x", "not YAML"),
        ("\xff".encode("latin-1").decode("latin-1") + "\x00", "not YAML"),
        ("run: r\nreason: x\nreviewd_by: y\ndate: 2026-01-03", "no key 'reviewd_by'; did you mean 'reviewed_by'?"),
        ("run: r\nreason: x\ndate: 2026-01-03", "reviewed_by is missing or not text"),
        ("run: r\nreason: ' '\nreviewed_by: y\ndate: 2026-01-03", "reason is missing or not text"),
        ("run: 7\nreason: x\nreviewed_by: y\ndate: 2026-01-03", "run is missing or not text"),
        ("run: r\nreason: x\nreviewed_by: y", "date: 'None' is not a date such as 2026-11-25"),
        ("run: r\nreason: x\nreviewed_by: y\ndate: soon", "date: 'soon' is not a date"),
        (
            "run: r\nreason: x\nreviewed_by: y\ndate: 2026-02-31",
            "reference.yaml:4: not YAML ('2026-02-31' is not a valid timestamp)",
        ),
    ],
)
def test_a_file_that_does_not_say_what_it_has_to(tmp_path: Path, text: str, said: str) -> None:
    pin(tmp_path, text)
    with pytest.raises(UserError) as caught:
        read_reference(tmp_path)
    assert said in str(caught.value)
    assert str(tmp_path / "reference.yaml") in str(caught.value)
    assert "\n" not in str(caught.value)


@given(content=st.binary(max_size=200))
def test_any_file_ends_in_a_reference_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("any")
    (root / "reference.yaml").write_bytes(content)
    try:
        found = read_reference(root)
    except UserError as error:
        told = str(error)
    else:
        assert isinstance(found, Reference)
        return
    assert "\n" not in told
