"""Plain tables: what they may have, how they may lie, and that what they lack is missing."""

from __future__ import annotations

import json
from pathlib import Path

import click.testing
import numpy as np
import pandas as pd
import pytest

from tests.made_up.digests import without_digests
from tests.made_up.imports import imported_run
from tests.made_up.records import call_on
from wattbench.cli import main
from wattbench.cli.records import SOURCES
from wattbench.errors import UserError
from wattbench.importers import FORMATS, TableOptions, detect, read_sources
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export.frames.items_frame import items_frame
from wattbench_reports.html import report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice

FULL = (
    "system,item,task,domain,kind,score,seconds,first_token_seconds,prompt_tokens,output_tokens,joules,cost,prompt,answer\n"
    'big,q1,gsm,math,generalist,1,0.5,0.1,20,8,12,0.02,"What, now?",42\n'
    "big,q2,gsm,math,generalist,0,0.7,0.1,21,9,14,0.03,Why?,=1+1\n"
    "small,q1,gsm,math,specialist,0.5,0.2,,20,5,3,0.001,x,41\n"
    "small,q2,gsm,math,specialist,1,0.3,,20,5,4,0.001,x,7\n"
)


def wattbench(*arguments: object) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_every_column_arrives(table, tmp_path) -> None:
    run = imported_run(table(FULL), to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    assert items["correct"].tolist() == [1.0, 0.0, 0.5, 1.0]
    assert items["energy_j"].tolist() == [12.0, 14.0, 3.0, 4.0]
    assert set(items["energy_provenance"]) == {"imported"}
    assert items["cost"].tolist() == [0.02, 0.03, 0.001, 0.001]
    assert (items["finished_s"] - items["started_s"]).tolist() == [0.5, 0.7, 0.2, 0.3]
    assert items["prompt"][0] == "What, now?"
    assert items["output"].tolist() == ["42", "=1+1", "41", "7"]
    assert items["doc_hash"][0] == items["doc_hash"][2] != items["doc_hash"][1]
    big, small = compare(run).systems
    assert (big.kind, small.kind) == ("generalist", "specialist")
    assert big.j_per_correct == 26.0
    assert big.cost_per_request == pytest.approx(0.025)
    assert small.accuracy == 0.75
    assert {caveat.code for caveat in compare(run).caveats} == {"imported", "few-requests"}


def test_csv_and_parquet_give_the_same(table, tmp_path) -> None:
    path = table(FULL)
    parquet = tmp_path / "same.parquet"
    pd.read_csv(path).to_parquet(parquet)
    strip = [[{**vars(answer), "where": ""} for answer in read_sources([source]).answers] for source in (path, parquet)]
    assert strip[0] == strip[1]


def test_the_longest_names_are_too_long_for_a_file_and_are_kept_all_the_same(table, tmp_path) -> None:
    system, task = "語" * 200, "é" * 200
    run = imported_run(table(f"system,task,item,score\n{system},{task},1,1\n"), to=tmp_path)
    assert [each.system for each in compare(run).systems] == [system]
    assert pd.read_parquet(run.layout.items_table)["task"].tolist() == [task]


def test_what_a_table_lacks_is_missing_and_said(table, tmp_path) -> None:
    run = imported_run(table("system,item,seconds\na,1,0.5\na,2,0.75\nb,1,0.25\nb,2,0.25\n"), to=tmp_path)
    comparison = compare(run, Assumptions(CarbonChoice(region="DEU", embodied="ecologits-gpu-server")))
    assert [caveat.code for caveat in comparison.caveats] == ["imported", "no-energy", "not-scored", "few-requests"]
    row = comparison.systems[0]
    assert (row.accuracy, row.j_per_correct, row.co2_g_per_1000, row.sci_g_per_correct) == (None,) * 4
    text = wattbench("runs", "compare", run.layout.root).output
    assert "joules per correct" not in text and "a has no energy" not in text
    assert report(run)


def test_grams_per_answer_need_times_where_manufacture_counts(table, tmp_path) -> None:
    run = imported_run(table("system,item,score,joules\na,1,1,36\na,2,1,36\n"), to=tmp_path)
    (plain,) = compare(run, Assumptions(CarbonChoice(intensity_g_per_kwh=100.0))).systems
    assert plain.sci_g_per_correct == pytest.approx(36 / 3.6e6 * 100)
    (made_too,) = compare(
        run, Assumptions(CarbonChoice(intensity_g_per_kwh=100.0, embodied="ecologits-gpu-server"))
    ).systems
    assert made_too.co2_g_per_1000 == pytest.approx(1.0)
    assert made_too.sci_g_per_correct is None  # nobody knows for how long the hardware was taken


def test_imported_joules_are_ranked_among_themselves_and_never_beside_others(table, tmp_path) -> None:
    first = imported_run(table(FULL), to=tmp_path)
    analysis = analyse(first)
    assert analysis.measured.joules_comparable("big", "small")
    second = imported_run(table(FULL.replace("big", "huge").replace("small", "tiny"), "b.csv"), to=tmp_path / "b")
    ranked = side_by_side([first, second]).ranked
    assert ranked is not None
    groups = {name: place.joules_group for name, place in zip(ranked.prints, ranked.placements, strict=True)}
    assert groups["big"] == groups["small"] != groups["huge"] == groups["tiny"]


def test_a_wide_routing_table_is_read_as_it_lies(table, tmp_path) -> None:
    path = table(
        "sample_id,prompt,eval_name,org/a,org/a|model_response,org/a|total_cost,b,b|model_response,b|total_cost,"
        "oracle_model_to_route_to\n"
        "mmlu.1,p1,mmlu,1.0,A,0.001,0.0,B,0.0001,org/a\n"
        "mmlu.2,p2,mmlu,0.25,C,0.001,1.0,D,0.0001,b\n"
        "gsm.1,p3,gsm8k,1.0,E,0.002,,,,org/a\n"
    )
    run = imported_run(path, to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    own = items[items["system"] == "org/a"]
    assert own["correct"].tolist() == [1.0, 0.25, 1.0]
    assert own["output"].tolist() == ["A", "C", "E"]
    assert own["task"].tolist() == ["mmlu", "mmlu", "gsm8k"]
    costs = {figures.system: figures.cost_per_request for figures in compare(run).systems}
    assert costs["org/a"] == pytest.approx(0.004 / 3)
    assert costs["b"] == pytest.approx(0.0001)
    assert "different-documents" in {caveat.code for caveat in compare(run).caveats}
    assert "Cost per request" in report(run)


def test_columns_can_be_renamed(table) -> None:
    path = table("arm,number,fine\nm,1,1\nm,2,0\n")
    imported = read_sources([path], table=TableOptions({"arm": "system", "number": "item", "fine": "score"}))
    assert [(answer.system, answer.item, answer.score) for answer in imported.answers] == [("m", "1", 1), ("m", "2", 0)]
    with pytest.raises(UserError, match=r"no column `item` .*it has arm, number, fine\). Name it with --map"):
        read_sources([path])
    with pytest.raises(UserError, match="has no column 'amr'; did you mean 'arm'"):
        read_sources([path], table=TableOptions({"amr": "system"}))
    with pytest.raises(UserError, match="no column 'systm'; did you mean 'system'"):
        read_sources([path], table=TableOptions({"arm": "systm"}))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("system,item,score\na,1,1\na,2,1.5\n", 3, "score is '1.5': it must be 0 to 1"),
        ("system,item,score\na,1,1\na,2,-0.1\n", 3, "score is '-0.1'"),
        ("system,item,score\na,1,yes\n", 2, "score is 'yes': it must be a number"),
        ("system,item,score,seconds\na,1,1,-3\n", 2, "seconds is '-3': it must be 0 or more"),
        ("system,item,score,seconds\na,1,1,inf\n", 2, "seconds is 'inf'"),
        ("system,item,score,joules\na,1,1,1e999\n", 2, "joules is '1e999'"),
        ("system,item,score,output_tokens\na,1,1,2.5\n", 2, "output_tokens is '2.5': it must be a whole number"),
        ("system,item,score\na,1,1\na,1,0\n", 3, "a on items answers item '1' a second time"),
        ("system,item,score\na,1,1\na,2,\n", 3, "no score, but other answers of a have one"),
        ("system,item,score\na,1,1\n,2,1\n", 3, "system is empty"),
        ("system,item,score\na,,1\n", 2, "item is empty"),
        ("system,item,score\na,1\n", 2, "2 fields, but the header has 3"),
        ('system,item,score\na,1,"1\n', 2, "not valid CSV"),
        ("system,item,score\na\x1b[31m,1,1\n", 2, "has control characters"),
        (f"system,item,score\n{'a' * 300},1,1\n", 2, "300 characters long"),
        ("system,system,item\na,b,1\n", 1, "two columns have the name 'system'"),
        ("system,item,colour\na,1,red\n", 1, "none of the columns score, seconds, joules, cost"),
        ("system,item,score,kind\na,1,1,wizard\n", 2, "a has the kind 'wizard'"),
        ("system,item,score,seconds,first_token_seconds\na,1,1,1,2\n", 2, "first token came after 2 s"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line_and_leaves_nothing(table, tmp_path, text, line, said) -> None:
    path = table(text)
    out = tmp_path / "runs"
    result = wattbench("runs", "import", path, "--out", out)
    assert result.exit_code == 2, result.output
    assert f"{path}:{line}" in result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert not out.exists() or not list(out.iterdir())


def test_a_file_that_is_no_table_is_refused(table, tmp_path) -> None:
    (tmp_path / "data.pkl").write_bytes(b"\x80\x04.")
    (tmp_path / "not.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "latin.csv").write_bytes(b"system,item,score\na\xff,1,1\n")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "header.csv").write_bytes(b"system,item,score\n")
    (tmp_path / "thing.xyz").write_bytes(b"")
    for name, said in (
        ("data.pkl", "a pickle can run any code"),
        ("not.parquet", "not a Parquet file"),
        ("latin.csv", "not text in UTF-8"),
        ("empty.csv", "the file has no columns"),
        ("header.csv", "it has no answers"),
        ("thing.xyz", "Name it with --source"),
        ("gone.csv", "no such file or folder"),
    ):
        result = wattbench("runs", "import", tmp_path / name, "--out", tmp_path / "runs")
        assert result.exit_code == 2
        assert said in result.output
        assert name in result.output
    assert not (tmp_path / "runs").exists()


def test_names_lead_nowhere_and_text_is_text(table, tmp_path) -> None:
    path = table('system,item,task,score,answer\n../../../etc/x,1,../../t,1,"<script>alert(1)</script>"\n')
    run = imported_run(path, to=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "runs"}
    assert sorted(path.name for path in run.layout.root.iterdir()) == [
        "finished.json", "items.parquet", "run.json", "run.lock", "systems.jsonl", "windows.parquet",
    ]  # fmt: skip
    assert "<script>alert" not in report(run)
    result = wattbench("runs", "import", path, "--out", tmp_path / "runs", "--name", "../../up")
    assert result.exit_code == 2
    assert "use letters, digits" in result.output


def test_half_a_surrogate_pair_is_no_reason_to_fail(tmp_path) -> None:
    record = {
        "metadata": {"session_num": 0, "request_start_ns": 1, "request_end_ns": 2, "benchmark_phase": "profiling"},
        "metrics": {}, "error": {"message": "broken \ud83d"},
    }  # fmt: skip
    path = tmp_path / "profile_export.jsonl"
    path.write_text(json.dumps(record) + "\n")
    run = imported_run(path, to=tmp_path)
    assert pd.read_parquet(run.layout.items_table)["failure"].tolist() == ["broken \\ud83d"]


def test_a_failed_write_leaves_no_run(table, tmp_path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wattbench.records.writer.RunWriter.finish_batches", full)
    result = wattbench("runs", "import", table(FULL), "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert "No space left on device" in result.output
    assert list((tmp_path / "runs").iterdir()) == []


def test_sources_are_of_one_format_and_named_once(table, tmp_path) -> None:
    first, second = table(FULL), table(FULL.replace("big", "huge").replace("small", "tiny"), "more.csv")
    assert {answer.system for answer in read_sources([first, second]).answers} == {"big", "small", "huge", "tiny"}
    with pytest.raises(UserError, match="named twice"):
        read_sources([first, first])
    (tmp_path / "profile_export.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match="different formats"):
        detect([first, tmp_path / "profile_export.jsonl"])
    with pytest.raises(UserError, match="--metric names a metric of lm-eval"):
        read_sources([first], metric="acc")
    assert set(FORMATS) == set(SOURCES)


def test_a_record_that_is_scored_in_part_is_damaged(table, tmp_path) -> None:
    run = imported_run(table(FULL), to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    items.loc[0, "correct"] = np.nan
    items.to_parquet(run.layout.items_table)
    with pytest.raises(UserError, match=r"items\.parquet is not as it was written"):
        analyse(run)
    without_digests(run.layout.root)
    with pytest.raises(UserError, match="the record is damaged"):
        analyse(run)


def test_the_command_prints_the_directory_alone(table, tmp_path) -> None:
    result = wattbench("runs", "import", table(FULL, "my table (1).csv"), "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.output
    (root,) = (tmp_path / "runs").iterdir()
    assert result.stdout == f"{root}\n"
    assert "-my-table-1-" in root.name
    assert wattbench("runs", "compare", root).exit_code == 0
    assert wattbench("runs", "report", root, "-o", tmp_path / "r.html").exit_code == 0


def test_semicolons_between_fields_are_named(table) -> None:
    with pytest.raises(UserError, match="the fields are divided by semicolons; save it with commas"):
        imported_run(table("system;item;score\na;1;1\n"), to=Path())


def test_why_answers_ended_is_in_the_words_of_the_source(tmp_path: Path) -> None:
    words = ["stop", "max_tokens", "LENGTH", "model_length", "end_turn", "tool_calls", ""]
    rows = "".join(f"big,q{number},1,{word}\n" for number, word in enumerate(words))
    (tmp_path / "t.csv").write_text(f"system,item,score,finish_reason\n{rows}")
    records = imported_run(tmp_path / "t.csv", to=tmp_path)
    items = pd.read_parquet(records.layout.items_table)
    expected = ["stop", "length", "length", "length", "stop", None, None]
    assert items["finish_reason"].astype(object).where(items["finish_reason"].notna(), None).tolist() == expected
    analysis = analyse(records)
    [caveat] = [each for each in analysis.comparison.caveats if each.code == "cut-replies"]
    assert caveat.text == (
        "big: 3 of 5 replies were cut at their limit of tokens: raise the limit of the tool that asked "
        "(3 of them right)."
    )
    assert call_on(items_frame, analysis)["finish_reason"].dropna().tolist() == [each for each in expected if each]
