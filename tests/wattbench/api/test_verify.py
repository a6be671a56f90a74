"""A run that was damaged or changed is found by `verify`, and never ends in a traceback."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up import whole_run
from tests.made_up.digests import without_digests
from tests.made_up.whole_run import damage, write_whole_run
from wattbench.api.verify import Verified, verify
from wattbench.api.verifying import recomputed
from wattbench.api.verifying.recomputed import comparison_differences
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.measure.rebuilt_tables import rebuild
from wattbench.records import SummaryRow, read_run
from wattbench.records.finish_record import NOT_IN_OLDER, finish_record, seal
from wattbench.records.layout import RunLayout
from wattbench.records.tables.run_tables import read_table
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.tables.session_record import session_record, sessions_json


def problems(found: Verified) -> dict[str, tuple[str, ...]]:
    return {check.name: check.problems for check in found.checks if check.problems}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_run_as_it_was_written_passes_every_check(whole_run: Path) -> None:
    found = verify(whole_run)
    assert [(check.name, check.made) for check in found.checks] == [
        ("digests", True), ("journal", True), ("lines", True), ("invariants", True), ("tables", True), ("power", True),
        ("figures", True), ("scores", False),
    ]  # fmt: skip
    assert found.ok, problems(found)


def test_each_night_of_a_history_passes_whatever_is_next_to_it_and_an_edited_one_does_not(tmp_path: Path) -> None:
    nights = [write_whole_run(tmp_path, night=number) for number in range(15)]
    (tmp_path / "sessions-whole.json").write_text(sessions_json(session_record([read_run(run) for run in nights[:9]])))
    assert json.loads(printed(nights[3]))["sessions"]["sessions"] == 9
    assert {run.name: problems(verify(run)) for run in nights} == {run.name: {} for run in nights}
    (tmp_path / "sessions-whole.json").unlink()
    (nights[7] / "items.parquet").write_bytes(b"damaged")
    assert {run.name for run in nights if not verify(run).ok} == {nights[7].name}


def test_a_run_of_too_few_requests_for_a_percentile_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_run, "DOCUMENTS", 3)
    found = verify(write_whole_run(tmp_path))
    assert found.ok, problems(found)


def test_the_command_says_what_it_checked_and_fails_with_one_sentence(whole_run: Path) -> None:
    passed = CliRunner().invoke(main, ["runs", "verify", str(whole_run)])
    assert passed.exit_code == 0, passed.output
    assert "digests     ok" in passed.output
    edit(whole_run / "windows.jsonl", '"samples": 50', '"samples": 51')
    failed = CliRunner().invoke(main, ["runs", "verify", str(whole_run)])
    assert failed.exit_code == 2
    assert "windows.jsonl is not as it was written" in failed.output
    assert "samples of row 0 of windows.parquet is 50, and 51 by the lines" in failed.output
    assert failed.output.splitlines()[-1].startswith(
        f"wattbench: {whole_run}: damaged, or changed since it was written ("
    )


def test_an_older_run_is_checked_without_digests_and_says_so(whole_run: Path) -> None:
    without_digests(whole_run)
    found = verify(whole_run)
    assert found.ok
    assert not found.checks[0].made
    assert "of an older wattbench" in found.checks[0].said
    edit(whole_run / "items" / "big" / "add.jsonl", '"output_tokens": 3', '"output_tokens": 4')
    assert set(problems(verify(whole_run))) == {"tables"}


@pytest.mark.parametrize("gone", ["sha256", "own_sha256"])
def test_digests_that_were_taken_out_do_not_make_a_run_an_older_one(whole_run: Path, gone: str) -> None:
    path = whole_run / "finished.json"
    record = json.loads(path.read_text())
    del record[gone]
    path.write_text(json.dumps(record))
    assert "own_sha256 differs" in problems(verify(whole_run))["digests"][0]


def test_files_that_are_missing_or_were_put_there_are_named(whole_run: Path) -> None:
    (whole_run / "open-windows.jsonl").unlink()
    (whole_run / "phases.jsonl").write_text("")
    (whole_run / "notes.txt").write_text("what no reader of a run asks for")
    assert problems(verify(whole_run)) == {
        "digests": ("open-windows.jsonl is missing", "phases.jsonl was not there when the run ended"),
        "journal": ("open-windows.jsonl is missing",),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", NOT_IN_OLDER)
def test_what_was_spent_estimated_and_stated_is_digested_and_an_older_run_without_those_digests_passes(
    whole_run: Path, name: str
) -> None:
    path, finished = whole_run / name, whole_run / "finished.json"
    older = json.loads(finished.read_text())
    del older["sha256_of_all"], older["own_sha256"]
    path.write_text("")
    assert problems(verify(whole_run)) == {"digests": (f"{name} was not there when the run ended",)}
    assert resealed(whole_run, lambda _: None).ok
    assert name in json.loads(finished.read_text())["sha256"]
    path.write_text("\n")
    assert problems(verify(whole_run))["digests"] == (f"{name} is not as it was written: its SHA-256 differs",)
    path.unlink()
    assert problems(verify(whole_run))["digests"] == (f"{name} is missing",)
    path.write_text("")
    finished.write_text(json.dumps(older | {"own_sha256": seal(older)}))
    assert verify(whole_run).ok


def test_a_stated_figure_in_another_unit_is_named(whole_run: Path) -> None:
    row = SummaryRow(system="big", figure="latency", statistic="mean", value=5.0, unit="s")
    (whole_run / "summaries.jsonl").write_text(json.dumps(asdict(row) | {"unit": "ms"}) + "\n")
    assert "summaries.jsonl: line 1: unit of latency is 'ms'" in problems(verify(whole_run))["lines"][0]


def resealed(run: Path, change: Callable[[Path], None]) -> Verified:
    """Change a run as someone would who writes its digests anew."""
    record = json.loads((run / "finished.json").read_text())
    assert record["own_sha256"] == seal(record)
    change(run)
    layout = RunLayout(run)
    layout.finished.write_bytes(finish_record(layout, record["finished_utc"], record["items"], record["windows"]))
    return verify(run)


def test_lines_that_no_longer_give_the_tables_are_found_although_the_digests_are_new(whole_run: Path) -> None:
    found = resealed(whole_run, lambda whole_run: edit(whole_run / "windows.jsonl", '"cpu": 64.0', '"cpu": 32.0'))
    assert set(problems(found)) == {"journal", "invariants", "tables", "power"}
    assert "the joules of the items of the window 'w0000' sum to 64, and the window's are 32" in str(problems(found))


@pytest.mark.parametrize("counts", ["many", [[1, -1]], [[1.5]], None])
def test_experts_that_are_no_counts_are_named(whole_run: Path, counts: object) -> None:
    path = whole_run / "experts" / "big" / "add.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"doc_id": 0, "repeat": 0, "tokens": 3, "counts": counts}) + "\n")
    assert "experts/big/add.jsonl: line 1: counts is" in problems(verify(whole_run))["lines"][0]


def test_a_window_that_is_there_twice_ends_in_a_sentence_wherever_windows_are_read(whole_run: Path) -> None:
    lines = (whole_run / "windows.jsonl").read_text().splitlines(keepends=True)
    (whole_run / "windows.jsonl").write_text("".join([*lines, lines[0]]))
    assert "two windows have the id 'w0000'" in problems(verify(whole_run))["lines"][0]
    with pytest.raises(UserError, match="two windows have the id 'w0000'; the record is damaged"):
        read_run(whole_run).windows()


def test_a_row_that_is_there_twice_is_refused_by_every_reader(whole_run: Path) -> None:
    table = pq.read_table(whole_run / "items.parquet")
    pq.write_table(pa.concat_tables([table, table.slice(3, 1)]), whole_run / "items.parquet")
    without_digests(whole_run)
    with pytest.raises(UserError, match="the answer of big to document 3 of add is there twice"):
        compare_runs([read_run(whole_run)])
    found = problems(verify(whole_run))
    assert "items.parquet has the answer of big to document 3 of add 2 times, repeat 0" in found["invariants"]


@pytest.mark.parametrize("table", ["items.parquet", "windows.parquet"])
def test_a_page_of_a_table_that_changed_on_disk_is_found_when_it_is_read(whole_run: Path, table: str) -> None:
    data = bytearray((whole_run / table).read_bytes())
    column = pq.read_metadata(whole_run / table).row_group(0).column(0)
    data[(column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size - 1] ^= 1
    (whole_run / table).write_bytes(data)
    with pytest.raises(UserError, match=r"cannot be read .*; the record is damaged"):
        read_table(whole_run / table)


@pytest.mark.slow
def test_figures_that_compare_prints_are_computed_a_second_time(
    whole_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_row = recomputed.plain_row
    monkeypatch.setattr(recomputed, "plain_row", lambda figures: plain_row(figures) | {"accuracy": 0.75})
    assert "compare prints accuracy 0.75 of big, and the lines give 0.4375" in problems(verify(whole_run))["figures"][0]
    for figure in ("requests_per_s", "output_tokens_per_s"):
        wrong = {figure: 0.125}
        monkeypatch.setattr(recomputed, "plain_row", lambda figures, wrong=wrong: plain_row(figures) | wrong)
        assert f"compare prints {figure} 0.125 of big" in problems(verify(whole_run))["figures"][0]


READERS = (
    ("runs", "compare", "{run}"),
    ("runs", "report", "{run}", "-o", "{out}/report.html"),
    ("runs", "export", "{run}", "--to", "csv"),
    ("route", "{run}"),
    ("runs", "rescore", "{run}", "--lower", "--out", "{out}"),
    ("gate", "{run}", "{run}", "--baseline", "big", "--candidate", "small"),
)


@pytest.mark.parametrize("command", READERS, ids=[" ".join(words[:2]) for words in READERS])
@pytest.mark.parametrize("name", ["items/big/add.jsonl", "items.parquet", "windows.jsonl", "run.json"])
def test_a_changed_record_ends_in_one_sentence_wherever_figures_are_read(
    whole_run: Path, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    path = whole_run / name
    if name == "items.parquet":  # the same rows, written anew: nothing else would find it
        pq.write_table(pq.read_table(path), path)
    else:
        path.write_text(path.read_text() + " ")
    ended = CliRunner().invoke(main, [part.format(run=whole_run, out=tmp_path) for part in command])
    said = ended.output.strip().splitlines()[-1]
    assert ended.exit_code == (3 if command[0] == "gate" else 2), ended.output
    assert f"{name} is not as it was written: its SHA-256 differs. The run was damaged" in ended.output
    assert f"wattbench runs verify {whole_run}" in ended.output
    assert said.startswith(("wattbench: ", "error")) or command[0] == "gate"


@pytest.mark.slow
def test_every_figure_that_compare_prints_is_computed_from_the_lines(whole_run: Path) -> None:
    """With tables that are not those of the lines, each figure that rests on what was changed is named."""
    whole = read_run(whole_run)
    records = replace(whole, check_digests=False)
    rebuilt = rebuild(records, records.windows())
    assert not list(comparison_differences(records, rebuilt))
    items = [replace(row, finished_s=row.finished_s + 1.0) if row.system == "small" else row for row in rebuilt.items]
    differing = " ".join(comparison_differences(records, replace(rebuilt, items=items)))
    assert "systems[small].latency_p50_s" in differing
    assert "systems[small].requests_per_s" in differing
    assert "systems[big].requests_per_s" not in differing
    assert "systems[big].latency_p50_s" not in differing
    items = [replace(row, energy_j=row.energy_j * 1.01) for row in rebuilt.items if row.energy_j is not None]
    differing = " ".join(comparison_differences(records, replace(rebuilt, items=items)))
    for figure in ("energy_j_per_request", "j_per_correct", "j_per_correct_low", "j_per_correct_high"):
        assert f"systems[big].{figure} " in differing
    assert verify(whole_run).ok, "nothing was written into the run"


def test_what_is_not_finished_is_said(whole_run: Path) -> None:
    (whole_run / "finished.json").unlink()
    with pytest.raises(UserError, match="not finished"):
        verify(whole_run)


def printed(run: Path) -> str:
    compared = compare_runs([read_run(run)])
    return render(compared.comparison, "json", compared.decided)


def contents(path: Path) -> object:
    """Return a file's bytes, or of `finished.json` what it says: blanks in it are no damage."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads(path.read_bytes()) if path.name == "finished.json" else path.read_bytes()
    return None


@pytest.mark.slow
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, derandomize=True, database=None)
def test_damage_ends_in_a_sentence_and_changes_no_figure_silently(
    original_whole_run: Path, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    run = Path(shutil.copytree(original_whole_run, tmp_path_factory.mktemp("damaged") / original_whole_run.name))
    what = damage(run, seed)
    changed = any(
        contents(run / path.relative_to(original_whole_run)) != contents(path)
        for path in original_whole_run.rglob("*")
        if path.is_file()
    )
    try:
        ok = verify(run).ok
    except UserError:
        ok = False
    assert ok != changed, what
    with pytest.raises(UserError) if changed else contextlib.nullcontext():
        printed(run)
