"""Throughput: answered requests and their tokens over the seconds of the windows in which they were asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.imports import imported_run, imported_table
from tests.made_up.records import call_on
from tests.made_up.rows import item, write_items
from tests.made_up.runs import FakeNode
from tests.made_up.serving_results import sglang_result, vllm_result
from wattbench.records import ItemRow, RunRecords
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.comparison.several_runs import of_one_run, side_by_side
from wattbench_reports.export.comparison.compared_section import as_table
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.export.frames.windows_frame import windows_frame
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.throughput import Throughput, throughputs
from wattbench_reports.stats.block_ratios import block_ratio
from wattbench_reports.tables.run_tables import load_frames


def served(root: Path, rows: Iterable[ItemRow], system: str = "one") -> Throughput:
    """Write a run of these answers, and return the throughput of a system."""
    return throughputs(load_frames(write_items(root, list(rows))))[system]


def test_one_at_a_time_the_pauses_between_requests_count(tmp_path) -> None:
    found = served(tmp_path, [item(number, 2.0 * number, 1.0) for number in range(5)])
    assert (found.seconds, found.answered) == (9.0, 5)
    assert (found.requests.per_s, found.output_tokens.per_s) == (5 / 9, 50 / 9)
    assert found.in_flight == pytest.approx(5 / 9), "less than one: it was idle between requests"
    assert found.requests.interval is None, "one window shows no spread"


def test_between_requests_the_time_is_the_clients_and_under_a_limit_it_is_the_services(tmp_path) -> None:
    found = served(tmp_path / "pauses", [item(number, 4.0 * number, 1.0) for number in range(5)])
    assert (found.client_share, found.source) == (12 / 17, "client")
    waited = served(tmp_path / "limit", [item(number, 4.0 * number, 1.0, waited_s=2.5) for number in range(5)])
    assert (waited.client_share, waited.source) == (2 / 17, "requests")
    kept = [item(number, 0.25 * (number % 4) + 4.0 * (number // 4), 3.0, batch_size=4) for number in range(8)]
    four = served(tmp_path / "four", kept)
    assert four.client_share == pytest.approx((1.5 + 4 * 1.0) / 4 / 7.75), "each of the first waits for the one before"


def test_several_at_once_count_each_second_once(tmp_path) -> None:
    found = served(tmp_path, [item(number, 0.25 * number, 4.0) for number in range(8)])
    assert found.seconds == 5.75
    assert found.requests.per_s == 8 / 5.75
    assert found.in_flight == pytest.approx(32 / 5.75)


def test_a_batch_in_one_process_is_as_many_in_flight(tmp_path) -> None:
    rows = [item(number, 3.0 * (number // 4), 3.0, batch=number // 4, batch_size=4) for number in range(12)]
    found = served(tmp_path, rows)
    assert found.in_flight == pytest.approx(4.0)
    assert found.requests.per_s == pytest.approx(12 / 9)


def test_windows_add_up_and_those_of_slots_side_by_side_do_too(tmp_path) -> None:
    """Two slots at the same time: what one of them serves, not both together."""
    rows = [item(number, number % 4, 1.0, window=f"w{number // 4}", block=number // 4) for number in range(8)]
    found = served(tmp_path, rows)
    assert (found.seconds, found.requests.per_s) == (8.0, 1.0)


def test_what_failed_takes_seconds_and_is_not_served(tmp_path) -> None:
    rows = [item(number, number, 1.0) for number in range(4)]
    rows.append(item(4, 4.0, 6.0, failure="timed out", output_tokens=None, correct=0.0))
    found = served(tmp_path, rows)
    assert (found.seconds, found.answered) == (10.0, 4)
    assert (found.requests.per_s, found.output_tokens.per_s) == (0.4, 4.0)
    assert found.in_flight == 1.0


def test_tokens_that_were_not_counted_are_none_and_not_zero(tmp_path) -> None:
    known = [item(number, number, 1.0) for number in range(4)]
    unknown = [item(number, number, 1.0, output_tokens=None, window="w1") for number in range(4, 8)]
    none = served(tmp_path / "none", [replace(row, output_tokens=None) for row in known])
    assert none.requests is not None
    assert none.output_tokens is None
    some = served(tmp_path / "some", [*known, *unknown])
    assert some.output_tokens.per_s == 10.0, "of the window in which they are known of every answer"
    part = served(tmp_path / "part", [*known[:3], replace(known[3], output_tokens=None)])
    assert part.output_tokens is None


@pytest.mark.parametrize("blocks", [0, 6])
def test_every_rate_is_that_of_the_records_with_an_interval_between_blocks(make_run, fake, blocks) -> None:
    run = make_run(fake.Run(fake.plain().systems, blocks=blocks, asked_again=min(blocks, 2)))
    table = pd.read_parquet(run.layout.items_table)
    for row in compare(run).systems:
        own = table[table["system"] == row.system]
        spans = own.groupby("window").agg(
            first=("started_s", "min"), last=("finished_s", "max"), answers=("doc_id", "size"),
            tokens=("output_tokens", "sum"),
        )  # fmt: skip
        seconds = spans["last"] - spans["first"]
        assert len(spans) == (blocks or 2)
        assert row.requests_per_s == pytest.approx(len(own) / seconds.sum(), rel=1e-12)
        assert row.output_tokens_per_s == pytest.approx(own["output_tokens"].sum() / seconds.sum(), rel=1e-12)
        assert row.requests_in_flight == pytest.approx(1.0, rel=1e-4), "a float holds no moment to better than 0.2 µs"
        assert row.throughput_from == "requests"
        if not blocks:
            assert row.requests_per_s_low is row.requests_per_s_high is row.output_tokens_per_s_low is None
            continue
        expected = block_ratio(spans["tokens"].to_numpy(float), seconds.to_numpy())
        interval = expected.interval()
        assert row.output_tokens_per_s_low == pytest.approx(interval.low, rel=1e-9)
        assert row.output_tokens_per_s_high == pytest.approx(interval.high, rel=1e-9)
        assert row.requests_per_s_low < row.requests_per_s < row.requests_per_s_high


def test_clusters_that_are_no_blocks_have_no_interval_of_throughput(make_run, fake) -> None:
    run = make_run(fake.Run(fake.plain().systems, blocks=4))
    (row, *_) = compare(run, Assumptions(cluster="task")).systems
    assert row.requests_per_s is not None
    assert row.requests_per_s_low is None


def test_seconds_of_unlike_machines_are_not_pooled(make_run, fake) -> None:
    nodes = (FakeNode("a"), FakeNode("b"), FakeNode("c", slower=3.0, environment=fake.machine(cpu="Another CPU")))
    run = make_run(fake.Run(fake.plain().systems, blocks=6, nodes=nodes, environment=fake.machine()))
    table = pd.read_parquet(run.layout.items_table)
    kept = table[(table["system"] == "generalist") & (table["node"] != "c")]
    spans = kept.groupby("window").agg(first=("started_s", "min"), last=("finished_s", "max"))
    analysis = analyse(run)
    found = analysis.measured.served["generalist"]
    assert found.answered == len(kept)
    assert found.requests.per_s == pytest.approx(len(kept) / (spans["last"] - spans["first"]).sum(), rel=1e-9)
    windows = windows_frame(analysis.measured)
    assert windows.loc[windows["purpose"] == "measured", "requests_per_s"].notna().all(), "each is of its own machine"


def test_a_window_has_its_own_throughput_and_the_others_none(make_run, fake) -> None:
    run = make_run(fake.plain())
    windows, items = windows_frame(analyse(run).measured), pd.read_parquet(run.layout.items_table)
    own = items[items["window"] == "w00"]
    seconds = own["finished_s"].max() - own["started_s"].min()
    (row,) = windows[windows["window"] == "w00"].to_dict("records")
    assert row["requests_per_s"] == pytest.approx(len(own) / seconds)
    assert row["output_tokens_per_s"] == pytest.approx(own["output_tokens"].sum() / seconds)
    assert windows.loc[windows["purpose"] == "load", ["requests_per_s", "output_tokens_per_s"]].isna().all(axis=None)


def test_a_frame_has_it_for_all_domains_together(analysed, fake) -> None:
    frame = call_on(figures_frame, analysed(fake.plain()))
    together = frame[frame["domain"].isna()]
    assert together["requests_per_s"].notna().all()
    assert frame.loc[frame["domain"].notna(), ["requests_per_s", "output_tokens_per_s"]].isna().all(axis=None)


@pytest.fixture
def imported(tmp_path) -> Callable[[str], RunRecords]:
    return lambda table: imported_table(table, tmp_path)


def test_an_import_with_starts_has_the_span_of_its_requests(imported) -> None:
    rows = "".join(f"one,{number},{100 + number},1.5,7\n" for number in range(8))
    (row,) = compare(imported(f"system,item,started_s,seconds,output_tokens\n{rows}")).systems
    assert row.requests_per_s == pytest.approx(8 / 8.5)
    assert row.output_tokens_per_s == pytest.approx(56 / 8.5)
    assert row.requests_in_flight == pytest.approx(12 / 8.5)
    assert row.client_share is None, "whose time it was between them is not known"
    assert row.requests_per_s_low is None


def test_tasks_of_an_import_that_ran_at_once_share_their_seconds(imported) -> None:
    begun = {"a": 100, "b": 102, "c": 200}
    rows = [f"one,{number},{task},{at_s + number},1.0\n" for task, at_s in begun.items() for number in range(4)]
    (row,) = compare(imported(f"system,item,task,started_s,seconds\n{''.join(rows)}")).systems
    assert row.requests_per_s == pytest.approx(12 / (6 + 4))
    assert row.output_tokens_per_s is None


def test_durations_without_starts_are_no_throughput(imported) -> None:
    comparison = compare(imported("system,item,seconds\none,a,1.0\none,b,2.0\n"))
    (row,) = comparison.systems
    assert row.requests_per_s is row.requests_in_flight is row.throughput_from is None


def test_an_import_without_starts_has_what_its_source_states_unranked_and_without_interval(tmp_path) -> None:
    results = [sglang_result(), sglang_result(max_concurrency=8)]
    (tmp_path / "result.jsonl").write_text("\n".join(json.dumps(each) for each in results))
    run = imported_run(tmp_path / "result.jsonl", to=tmp_path)
    comparison, _ = of_one_run(run)
    own = {(each.system, each.figure): each.value for each in run.summaries() if each.statistic == "mean"}
    for row in comparison.systems:
        assert row.requests_per_s == own[row.system, "requests_per_s"]
        assert row.output_tokens_per_s == own[row.system, "output_tokens_per_s"]
        assert row.requests_in_flight == own[row.system, "in_flight"]
        assert (row.throughput_from, row.requests_per_s_low) == ("stated", None)
    assert not [each for each in comparison.ranked.standings if "per_s" in each.figure]
    assert "it is what the source states over all requests" in " ".join(as_table(comparison).split())


@pytest.mark.parametrize(("completed", "source"), [(4, "requests"), (99, "stated")])
def test_a_part_of_the_requests_is_not_taken_for_all(tmp_path, completed: int, source: str) -> None:
    (tmp_path / "result.json").write_text(json.dumps(vllm_result(completed=completed)))
    run = imported_run(tmp_path / "result.json", to=tmp_path)
    (row,) = compare(run).systems
    assert row.throughput_from == source


def test_the_same_load_is_ranked_and_unlike_loads_are_not(make_run, fake) -> None:
    plain = fake.plain().systems
    one = fake.Run(plain, id="aaa111", environment=fake.machine())
    four = replace(one, id="bbb222", batch=4)
    comparison, _ = of_one_run(make_run(one))
    (standing,) = [each for each in comparison.ranked.standings if each.figure == "requests_per_s"]
    assert [place.system for place in standing.places] == ["regex", "specialist", "generalist"]
    assert all(place.beaten is None for place in standing.places)
    both = side_by_side([make_run(replace(one, id="ccc333")), make_run(four)])
    groups = [each for each in both.ranked.standings if each.figure == "output_tokens_per_s"]
    assert [len(each.places) for each in groups] == [3, 3]
