"""Results that lm-eval itself wrote, read back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import wattbench
from tests.made_up.imports import imported_run
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.several_runs import side_by_side


def samples(folder: Path, model: str, task: str) -> list[dict[str, object]]:
    (path,) = (folder / model).glob(f"samples_{task}_*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_scores_hashes_and_answers_are_lm_evals_own(lm_eval_folder, tmp_path) -> None:
    assert detect([lm_eval_folder]) == "lm-eval"
    run = imported_run(lm_eval_folder, to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    assert set(items["system"]) == {"org/adder", "org/other-adder"}
    for system, folder in (("org/adder", "org__adder"), ("org/other-adder", "org__other-adder")):
        for task, metric in (("sums", "exact_match"), ("choices", "acc")):
            own = items[(items["system"] == system) & (items["task"] == task)].set_index("doc_id")
            theirs = samples(lm_eval_folder, folder, task)
            assert len(own) == len(theirs) == 12
            for sample in theirs:
                row = own.loc[sample["doc_id"]]
                assert row["correct"] == float(sample[metric])
                assert row["doc_hash"] == sample["doc_hash"]
                assert row["prompt_hash"] == sample["prompt_hash"]
                assert row["target"] == sample["target"]
    # The likeliest choice of a document, in words: sums 0+0=0; the made-up model likes the second choice there.
    first = items[(items["system"] == "org/adder") & (items["task"] == "choices")].sort_values("doc_id").iloc[0]
    assert (first["output"], first["correct"], first["prompt"]) == ("1", 0.0, "0 + 0 =")
    told = items[(items["system"] == "org/adder") & (items["task"] == "sums")].sort_values("doc_id").iloc[1]
    assert (told["output"], told["filtered"]) == ("1", "1")


def test_the_totals_are_lm_evals_totals_and_what_is_lacking_is_said(lm_eval_folder, tmp_path) -> None:
    run = imported_run(lm_eval_folder, to=tmp_path)
    analysis = analyse(run)
    for system, folder in (("org/adder", "org__adder"), ("org/other-adder", "org__other-adder")):
        (path,) = (lm_eval_folder / folder).glob("results_*.json")
        results = json.loads(path.read_text())["results"]
        for domain, metric in (("sums", "exact_match,none"), ("choices", "acc,none")):
            accuracy = analysis.measured.by_domain[domain][system].accuracy
            assert accuracy is not None
            assert accuracy.estimate == pytest.approx(results[domain][metric])
    comparison = analysis.comparison
    assert {caveat.code for caveat in comparison.caveats} == {"imported", "no-energy", "not-timed"}
    for figures in comparison.systems:
        assert figures.imported
        assert figures.latency_p50_s is None
        assert figures.energy_j_per_request is None
        assert figures.output_tokens is None
    assert run.header.imported["version"] == "0.4.13"
    assert {cell["task_version"] for cell in run.header.cells} == {"1.0"}


def test_of_several_evaluations_of_a_model_the_last_counts(lm_eval_folder, tmp_path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(lm_eval_folder / "org__adder", folder)
    for path in list(folder.iterdir()):  # an older one, in which everything is wrong
        stem, _, rest = path.name.rpartition("_")
        older = path.with_name(f"{stem}_2020{rest[4:]}")
        older.write_text(path.read_text().replace('"exact_match": 1.0', '"exact_match": 0.0'))
    imported = read_sources([folder])
    assert imported.left_out == {"older evaluations of the same model and task": 2}
    assert sum(answer.score or 0 for answer in imported.answers if answer.task == "sums") == 9


def test_two_folders_with_one_models_name_stay_two_systems(lm_eval_folder, tmp_path) -> None:
    shutil.copytree(lm_eval_folder / "org__adder", tmp_path / "a" / "org__adder")
    shutil.copytree(lm_eval_folder / "org__adder", tmp_path / "b" / "org__adder")
    imported = read_sources([tmp_path / "a", tmp_path / "b"])
    assert {answer.system for answer in imported.answers} == {
        "org/adder (a/org__adder)", "org/adder (b/org__adder)",
    }  # fmt: skip


def test_a_metric_can_be_chosen_and_must_exist(lm_eval_folder) -> None:
    assert read_sources([lm_eval_folder], metric="acc").answers
    with pytest.raises(UserError, match=r"--metric f1: no task has it; choose one of: acc,none, exact_match,none"):
        read_sources([lm_eval_folder], metric="f1")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda line: line[:40], "not valid JSON"),
        (lambda line: "[1]", "of type list, not an object"),
        (lambda line: line.replace('"exact_match": ', '"exact_match": 7'), "--metric"),
        (lambda line: line.replace('"doc_id": ', '"doc_id": -'), "doc_id is -3: it must be 0 or more"),
        (lambda line: line.replace('"metrics": [', '"metrics": ["bleu", '), "names metrics"),
        (lambda line: '{"a":' * 100_000, "not valid JSON"),
    ],
)
def test_damage_is_named_with_file_and_line(lm_eval_folder, tmp_path, damage, said) -> None:
    folder = tmp_path / "results"
    shutil.copytree(lm_eval_folder / "org__adder", folder)
    (path,) = folder.glob("samples_sums_*.jsonl")
    lines = path.read_text().splitlines()
    lines[3] = damage(lines[3])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=said) as error:
        read_sources([folder])
    assert f"{path}:4" in str(error.value)


def test_totals_alone_are_refused_with_what_to_do(lm_eval_folder, tmp_path) -> None:
    (path,) = (lm_eval_folder / "org__adder").glob("results_*.json")
    (tmp_path / path.name).write_text(path.read_text())
    with pytest.raises(UserError, match="Evaluate with --log_samples"):
        read_sources([tmp_path], "lm-eval")
    with pytest.raises(UserError, match="Evaluate with --log_samples"):
        read_sources([tmp_path / path.name])


def test_two_imports_of_the_same_documents_are_recognised_as_such(lm_eval_folder, tmp_path) -> None:
    runs = []
    for model in ("org__adder", "org__other-adder"):
        folder = tmp_path / "results" / model
        shutil.copytree(lm_eval_folder / model, folder)
        runs.append(imported_run(folder, to=tmp_path))
    compared = side_by_side(runs)
    codes = {caveat.code for caveat in compared.caveats}
    assert "not-recorded" in codes
    assert not {code for code in codes if code.startswith("different-")}
    result = wattbench.gate(*(run.layout.root for run in runs))
    assert result["accuracy"].baseline is not None


def test_another_way_of_scoring_is_another_task(lm_eval_folder, tmp_path) -> None:
    runs = []
    for number, name in enumerate(("first", "second")):
        folder = tmp_path / name / "org__adder"
        shutil.copytree(lm_eval_folder / "org__adder", folder)
        (path,) = folder.glob("results_*.json")
        results = json.loads(path.read_text())
        results["configs"]["sums"]["filter_list"] = [{"name": "strict", "filter": [{"function": f"take_{number}"}]}]
        path.write_text(json.dumps(results))
        runs.append(imported_run(folder.parent, to=tmp_path))
    codes = {caveat.code for caveat in side_by_side(runs).caveats}
    assert "different-tasks" in codes
