"""A streamed run has the figures of the run in memory; only errors are of pools in place of items."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.large_import import make_import
from tests.made_up.large_run import make_run
from tests.made_up.records import call_on
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench_reports.comparability.fingerprint import contents, streamed_contents
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.export.export_run import export_items
from wattbench_reports.export.frames.frame_files import frame_as_csv
from wattbench_reports.export.frames.items_frame import item_parts, items_frame
from wattbench_reports.html.report import write_report
from wattbench_reports.stats import mean_difference
from wattbench_reports.tables.run_tables import load_frames
from wattbench_reports.tables.streamed import StreamedFrames, load_streamed, sampled_frames
from wattbench_reports.tables.streamed.streamed_frames import RunLengths, item_pools, sampled_items

ANSWERS, POOLS = 6_000, 150
CODES = st.lists(st.integers(0, 2), min_size=1, max_size=30).map(lambda codes: np.array(codes, dtype=np.int8))


@pytest.fixture(scope="module", autouse=True)
def streaming() -> Iterator[None]:
    """Stream runs of more than a hundred answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wattbench_reports.comparison.analysis.MOST_IN_MEMORY", 100)
        patch.setattr("wattbench_reports.tables.streamed.load.POOLS", POOLS)
        patch.setattr("wattbench_reports.tables.streamed.load.SAMPLED_ANSWERS", 3_000)
        yield


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an imported run: no windows, no blocks."""
    return make_import(tmp_path_factory.mktemp("imported"), ANSWERS)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a measured run, with a hybrid, windows and phases."""
    return make_run(tmp_path_factory.mktemp("measured"), ANSWERS)


@pytest.fixture(scope="module", params=["imported", "measured"])
def run(request: pytest.FixtureRequest) -> Path:
    """Return either run."""
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture(scope="module")
def both(run: Path) -> tuple[Analysis, Analysis]:
    """Return the analyses, streamed and in memory."""
    return analyse(read_run(run)), analyse(read_run(run), in_memory=True)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_items_are_exported_in_parts(
    run: Path, both: tuple[Analysis, Analysis], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """No more than a part of the answers is in one frame, of either analysis, and the file is the same."""
    whole = call_on(items_frame, both[1])
    monkeypatch.setattr("wattbench_reports.tables.run_tables.GROUP_ROWS", 500)
    assert max(len(part) for part in call_on(item_parts, both[0])) <= 500
    parts = list(export_items(read_run(run), form))
    assert len(parts) >= ANSWERS / 500
    assert len(max(parts, key=len)) < 0.5 * sum(map(len, parts))
    data = io.BytesIO(b"".join(parts))
    if form == "csv":
        assert data.getvalue() == frame_as_csv(whole)
        return
    assert pq.read_table(data).equals(pa.Table.from_pandas(whole))
    one = whole["system"].iloc[-1]
    only = io.BytesIO(b"".join(export_items(read_run(run), form, system=one)))
    assert pq.read_table(only).equals(pa.Table.from_pandas(whole[whole["system"] == one], preserve_index=False))


@pytest.mark.slow
def test_estimates_are_the_same(both: tuple[Analysis, Analysis]) -> None:
    streamed, whole = both
    assert isinstance(streamed.measured.frames, StreamedFrames)
    assert not isinstance(whole.measured.frames, StreamedFrames)
    assert list(streamed.measured.systems) == list(whole.measured.systems)
    for name, ours in streamed.measured.systems.items():
        theirs = whole.measured.systems[name]
        assert (ours.items, ours.requests, ours.failed) == (theirs.items, theirs.requests, theirs.failed)
        assert ours.latency_percentile_s(0.95) == theirs.latency_percentile_s(0.95)
        assert ours.own_cpu_s == theirs.own_cpu_s
        for figure in ("accuracy", "j_per_request", "j_per_correct"):
            mine, other = getattr(ours, figure), getattr(theirs, figure)
            assert mine.estimate == pytest.approx(other.estimate, rel=1e-12)
            width = (mine.high - mine.low) / (other.high - other.low)
            assert width == pytest.approx(1, rel=5 / np.sqrt(2 * POOLS))
    assert {name: each.components for name, each in streamed.measured.splits.items()} == {
        name: each.components for name, each in whole.measured.splits.items()
    }
    assert [each.short for each in streamed.measured.prints.values()] == [
        each.short for each in whole.measured.prints.values()
    ]


def test_throughput_is_the_same(both: tuple[Analysis, Analysis], run: Path) -> None:
    streamed, whole = both
    assert streamed.measured.served == whole.measured.served
    assert bool(streamed.measured.served) == ("scale" in run.name), "the imported run has durations alone"


def test_pairs_count_items_and_find_the_same_differences(both: tuple[Analysis, Analysis]) -> None:
    streamed, _ = both
    first, *others = streamed.measured.systems
    for other in others[:3]:
        ours, theirs = (each.measured.pairs().accuracy(first, other) for each in both)
        assert ours is not None and theirs is not None
        assert ours.items == theirs.items
        assert ours.difference.estimate == pytest.approx(theirs.difference.estimate, abs=2e-3)
        assert ours.detectable == pytest.approx(theirs.detectable, rel=0.4)
    mine, theirs = (each.measured.pairs().joules(first, others) for each in both)
    assert [gap.items for gap in mine] == [gap.items for gap in theirs]
    assert [gap.probability for gap in mine] == pytest.approx([gap.probability for gap in theirs], abs=0.15)


def test_it_says_so(both: tuple[Analysis, Analysis]) -> None:
    streamed, whole = both
    (caveat,) = (each for each in streamed.comparison.caveats if each.code == "pooled-items")
    assert "errors and tests are of" in caveat.text
    assert not [each for each in whole.comparison.caveats if each.code == "pooled-items"]


def test_digests_of_contents_are_the_same(run: Path) -> None:
    records = read_run(run)
    frames, streamed = load_frames(records), load_streamed(records)
    assert streamed_contents(streamed, "doc_hash") == contents(frames.items, frames.document_of_answer)
    assert streamed_contents(streamed, "prompt_hash") == contents(frames.items, frames.coded("prompt_hash"))


def test_a_sample_has_every_answer_to_its_items(run: Path) -> None:
    frames = load_streamed(read_run(run))
    sample = sampled_frames(frames)
    assert len(sample.items) == pytest.approx(3_000, rel=0.1)
    counts = sample.items.groupby(["task", "doc_id"], observed=True)["system"].nunique()
    assert (counts == len(frames.systems)).all()
    assert not sample.differences


@pytest.mark.slow
def test_a_report_is_written(measured: Path, tmp_path: Path) -> None:
    page = write_report(measured, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "more than 10.0 M" in page


def rewritten(path: Path, into: Path, change: object) -> Path:
    """Copy a run with other answers, without its digests."""
    into.mkdir()
    for name in ("run.json", "systems.jsonl", "windows.parquet"):
        (into / name).write_bytes((path / name).read_bytes())
    (into / "finished.json").write_text('{"finished_utc": "2026-01-03T03:04:05+00:00", "items": 1, "windows": 0}')
    assert callable(change)
    pq.write_table(change(pq.read_table(path / "items.parquet")), into / "items.parquet", row_group_size=700)
    return into


def test_answers_may_lie_in_any_order(imported: Path, tmp_path: Path) -> None:
    order = pa.array(np.random.default_rng(2).permutation(ANSWERS))
    shuffled = rewritten(imported, tmp_path / "shuffled", lambda table: table.take(order))
    before, after = (load_streamed(read_run(path)) for path in (imported, shuffled))
    assert [each for each in after.systems if each in before.systems] == list(before.systems)
    np.testing.assert_array_equal(before.pools, after.pools)
    for name in before.systems:
        sums = [
            np.bincount(each.table_rows_of(name), weights=each.figures("energy_j", each.answers_of(name)))
            for each in (before, after)
        ]
        np.testing.assert_allclose(*(np.sort(each) for each in sums))  # tasks may come in another order


def test_items_that_some_systems_lack_are_named(imported: Path, tmp_path: Path) -> None:
    fewer = rewritten(imported, tmp_path / "fewer", lambda table: table.slice(40))
    frames, whole = load_streamed(read_run(fewer)), load_frames(read_run(fewer))
    assert frames.differences == whole.differences
    assert frames.differences[0].missing == 40
    assert frames.pools.sum() == ANSWERS / len(frames.systems)


def test_an_answer_that_is_there_twice_is_refused(imported: Path, tmp_path: Path) -> None:
    twice = rewritten(imported, tmp_path / "twice", lambda table: pa.concat_tables([table, table.slice(0, 1)]))
    for load in (load_streamed, load_frames):
        with pytest.raises(UserError, match=r"the answer of generalist-0 to document 0 of arithmetic is there twice"):
            load(read_run(twice))


def test_blocks_of_unlike_machines_have_no_joules_and_no_seconds(imported: Path, tmp_path: Path) -> None:
    def with_blocks(table: pa.Table) -> pa.Table:
        blocks = pa.array(np.arange(table.num_rows) % 3).cast(table.schema.field("block").type)
        return table.set_column(table.schema.get_field_index("block"), "block", blocks)

    whole = load_streamed(read_run(rewritten(imported, tmp_path / "blocks", with_blocks)))
    frames = replace(whole, unlike_blocks=(1,), recorded=whole)
    rows = frames.answers_of(frames.systems[0])
    apart = frames.figures("block", rows) == 1
    assert 0 < apart.sum() < len(apart)
    for values in (frames.figures("energy_j", rows), frames.seconds(rows)):
        np.testing.assert_array_equal(np.isnan(values), apart)
    assert np.isfinite(frames.figures("correct", rows)).all()


def test_all_answers_at_once_are_refused(imported: Path) -> None:
    frames = load_streamed(read_run(imported))
    for wanted in (lambda: frames.row_of_answer, lambda: frames.an_answer, lambda: frames.items["correct"]):
        with pytest.raises(AssertionError):
            wanted()


@pytest.mark.parametrize("pools", [1, 7, 40, 500])
def test_pools_are_of_one_stratum_and_of_nearly_one_size(pools: int) -> None:
    stratum = np.random.default_rng(3).permutation(np.repeat([0, 1, 2], [70, 29, 1]))
    dealt = item_pools(stratum, pools)
    assert np.bincount(dealt.pool).tolist() == dealt.sizes.tolist()
    assert dealt.sizes.sum() == 100
    np.testing.assert_array_equal(dealt.stratum[dealt.pool], stratum)
    for number in range(3):
        sizes = dealt.sizes[dealt.stratum == number]
        assert sizes.max() - sizes.min() <= 1
        assert sizes.max() <= -(-100 // pools)


def test_every_stratum_is_sampled() -> None:
    stratum = np.random.default_rng(3).permutation(np.repeat([0, 1, 2], [70, 29, 1]))
    assert np.bincount(stratum[sampled_items(stratum, 0.1)]).tolist() == [7, 3, 1]
    assert sampled_items(stratum, 1.0).all()


def test_the_spread_between_pools_is_that_between_items() -> None:
    """Of a paired difference over two tasks of which each system is good at one."""
    rng = np.random.default_rng(5)
    task, hard = rng.integers(0, 2, 60_000), rng.random(60_000)
    ours, theirs = ((rng.random(60_000) < 1 - 0.6 * hard - 0.4 * (task == bad)).astype(float) for bad in (0, 1))
    dealt = item_pools(np.zeros(60_000, np.int64), 6_000)
    by_item = mean_difference(ours, theirs)
    means = [np.bincount(dealt.pool, weights=each) / dealt.sizes for each in (ours, theirs)]
    by_pool = mean_difference(means[0], means[1])
    assert by_item is not None and by_pool is not None
    assert by_pool.estimate == pytest.approx(by_item.estimate, abs=1e-12)
    assert by_pool.high - by_pool.low == pytest.approx(by_item.high - by_item.low, rel=4 / np.sqrt(2 * 6_000))


@given(CODES, st.data())
def test_it_is_the_column(codes: np.ndarray, data: st.DataObject) -> None:
    found = RunLengths.of(codes)
    start = data.draw(st.integers(0, len(codes)))
    rows = slice(start, data.draw(st.integers(start, len(codes))))
    assert found.at(rows).tolist() == codes[rows].tolist()
    places = np.array(data.draw(st.lists(st.integers(0, len(codes) - 1))), dtype=np.int64)
    assert found.at(places).tolist() == codes[places].tolist()


@given(CODES, st.integers(0, 3))
def test_rows_of_a_code_are_a_slice_where_they_can_be(codes: np.ndarray, code: int) -> None:
    rows = RunLengths.of(codes).rows_of(code)
    places = np.arange(len(codes))[rows].tolist()
    assert places == np.flatnonzero(codes == code).tolist()
    assert isinstance(rows, slice) == (not places or places == list(range(places[0], places[-1] + 1)))
