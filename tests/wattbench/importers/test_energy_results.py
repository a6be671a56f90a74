"""Results of tools that meter joules: OpenJarvis by sample, LLenergyMeasure and ML.ENERGY as summaries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.made_up.energy_results import (
    experiment,
    jarvis_line,
    leaderboard,
    trace_line,
    write_hybrid,
    write_jarvis,
)
from tests.made_up.imports import figures_of
from tests.wattbench.importers.others_data import others
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.records import read_run


def written(path: Path, *lines: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_jarvis_samples_have_joules_where_they_were_measured(tmp_path) -> None:
    path = write_jarvis(tmp_path / "results")
    assert detect([path]) == detect([path.parent]) == "openjarvis"
    imported = read_sources([path.parent])
    answers = {answer.item: answer for answer in imported.answers}
    assert [answers[f"gsm8k-{place}"].joules for place in range(4)] == [None, 50.0, 100.0, 150.0]
    assert [answers[f"gsm8k-{place}"].score for place in range(4)] == [0, 1, 1, 0]
    one = answers["gsm8k-1"]
    assert (one.system, one.task, one.seconds, one.first_token_seconds) == ("qwen3:8b", "gsm8k", 2.0, 0.25)
    assert (one.prompt_tokens, one.output_tokens, one.cost, one.answer) == (100, 20, None, "1")
    assert answers["gsm8k-3"].first_token_seconds is None
    assert imported.machines == {"qwen3:8b": {"gpus": [{"name": "NVIDIA L40S"}] * 2}}
    assert imported.configs["qwen3:8b"]["energy_method"] == "hw_counter"
    of = figures_of(imported, "qwen3:8b")
    assert of["accuracy", "mean"] == (0.5, "share")
    assert of["energy", "total"] == (300.0, "J")
    assert of["latency", "p99"] == (3.97, "s")
    assert of["token_gap", "mean"] == (0.0125, "s")
    assert ("total_cost_usd", "total") not in of
    items = pd.read_parquet(read_run(write_run(imported, tmp_path / "runs", "j", ["wattbench"])).layout.items_table)
    assert items["energy_j"].sum() == 300.0
    assert set(items["energy_provenance"]) == {"imported", ""}


def test_jarvis_errors_are_counted_and_costs_are_dollars(tmp_path) -> None:
    lines = [
        jarvis_line(1, cost_usd=0.5),
        jarvis_line(2, error="boom", is_correct=None),
        jarvis_line(4, is_correct=None),
    ]
    imported = read_sources([written(tmp_path / "a.jsonl", *lines)])
    (answer,) = imported.answers
    assert (answer.cost, answer.currency) == (0.5, "USD")
    assert imported.left_out == {"samples that ended in an error": 1, "samples that were not scored": 1}


def test_a_hybrid_has_joules_of_its_cell_and_says_what_they_lack(tmp_path) -> None:
    folder = write_hybrid(tmp_path / "minions-gaia")
    assert detect([folder]) == "openjarvis"
    imported = read_sources([folder])
    first, second = imported.answers
    assert (first.system, first.kind, first.task, first.score, first.cost) == (
        "minions-gaia",
        "hybrid",
        "gaia",
        1.0,
        0.25,
    )
    assert second.score == 0.0
    assert first.joules is None
    assert first.metrics["tokens_cloud"] == 90
    of = figures_of(imported, "minions-gaia")
    assert of["energy", "total"] == (8100.0, "J")
    assert of["failed_requests", "total"] == (1.0, "requests")
    assert "what services drew is not in them" in imported.remarks["local-joules"]
    assert len(write_run(imported, tmp_path / "runs", "h", ["wattbench"]).name)


def test_traces_of_agents_sum_their_turns(tmp_path) -> None:
    (answer,) = read_sources([written(tmp_path / "run" / "traces.jsonl", trace_line())]).answers
    assert (answer.system, answer.task, answer.seconds, answer.joules) == ("run", "agentic", 4.0, 85.0)
    assert (answer.prompt_tokens, answer.output_tokens, answer.prompt, answer.answer) == (20, 10, "q", "r")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (jarvis_line(2, energy_joules=-1), "energy_joules is -1"),
        (jarvis_line(2, is_correct="yes"), "is_correct is 'yes': it must be true or false"),
        (jarvis_line(2, completion_tokens=1.5), "completion_tokens is 1.5: it must be a whole number"),
        (jarvis_line(2, ttft=99.0), "its end after"),
        (trace_line(turns=7), "not one of OpenJarvis's results, as the first one is"),
        ({"a": 1}, "not one of OpenJarvis's results, as the first one is"),
    ],
)
def test_an_impossible_sample_is_named_with_its_line(tmp_path, line, said) -> None:
    path = written(tmp_path / "a.jsonl", jarvis_line(1), line)
    with pytest.raises(UserError, match=said) as error:
        read_sources([path])
    assert f"{path}:2" in str(error.value)


def test_turns_that_are_no_list_are_named(tmp_path) -> None:
    path = written(tmp_path / "a.jsonl", trace_line(turns={}))
    with pytest.raises(UserError, match=r"a.jsonl:1: turns is of type dict"):
        read_sources([path])


def test_an_experiment_of_llenergymeasure_is_a_summary(tmp_path) -> None:
    folder = tmp_path / "gpt2_pytorch_2026"
    path = written(folder / "result.json", experiment())
    assert detect([folder]) == detect([path]) == "llenergymeasure"
    imported = read_sources([folder])
    assert imported.version == "0.8.0"
    assert imported.configs == {"gpt2 pytorch": {"engine": "pytorch", "model": "gpt2", "precision": "bf16"}}
    assert imported.machines == {"gpt2 pytorch": {"gpus": [{"name": "NVIDIA A100", "power_limit_w": 400.0}]}}
    assert imported.remarks == {"source-warnings": "LLenergyMeasure warns: gpt2 pytorch: short run"}
    assert (
        imported.left_out["series of power that the result names, and that are not next to it (timeseries.parquet)"]
        == 1
    )
    of = figures_of(imported, "gpt2 pytorch")
    assert of["energy", "total"] == (847.25, "J")
    assert of["duration", "total"] == (38.5, "s")
    assert of["energy_adjusted_j", "total"] == (373.7, "J")
    assert of["baseline_power_w", "total"] == (12.3, "W")
    assert of["first_token", "mean"] == (0.025, "s")
    assert of["first_token", "p99"] == (0.08, "s")
    assert of["latency_stats.itl_full_mean_ms", "total"] == (7.0, "ms")
    assert of["total_tokens", "total"] == (12_000.0, "tokens")


def test_an_older_and_a_newer_schema_of_llenergymeasure(tmp_path) -> None:
    """0.7.0 of the package index names engine, model and version in the result itself."""
    result = experiment(declared_config_hash="0123", llenergymeasure_version="0.7.0", engine="vllm", model_name="org/m")
    for key in ("measurement_config_hash", "backend", "effective_config", "environment_snapshot"):
        del result[key]
    path = written(tmp_path / "result.json", result | {"input_tokens": 2000, "output_tokens": 10_000})
    assert detect([path]) == "llenergymeasure"
    imported = read_sources([path])
    assert imported.version == "0.7.0"
    of = figures_of(imported, "org/m vllm")
    assert of["prompt_tokens", "total"] == (2000.0, "tokens")
    assert of["output_tokens", "total"] == (10_000.0, "tokens")


def test_configurations_of_the_leaderboard_are_summaries(tmp_path) -> None:
    path = written(tmp_path / "model.json", leaderboard())
    assert detect([path]) == "ml-energy"
    imported = read_sources([path])
    name = "org/model gpqa 2xB200 8 at once"
    assert list(imported.scenario) == [name, "org/model gpqa 2xB200 16 at once"]
    assert imported.scenario[name] == {"at most at once": 8}
    assert imported.configs[name]["tensor_parallel"] == 2
    assert imported.machines[name] == {"gpus": [{"name": "B200"}] * 2}
    assert imported.left_out == {"histograms of output lengths": 2}
    assert figures_of(imported, name) == {
        ("in_flight", "mean"): (7.5, "requests"),
        ("output_tokens", "mean"): (387.5, "tokens"),
        ("power", "mean"): (639.5, "W"),
        ("energy", "mean"): (151.5, "J"),
        ("energy_per_token_joules", "mean"): (0.390625, "J/token"),
        ("token_gap", "median"): (0.004, "s"),
        ("token_gap", "p99"): (0.015, "s"),
        ("output_tokens_per_s", "mean"): (1637.25, "tokens/s"),
    }
    assert len(write_run(imported, tmp_path / "runs", "l", ["wattbench"]).name)


def test_a_setting_that_is_infinite_is_kept_as_a_text(tmp_path) -> None:
    path = written(tmp_path / "model.json", leaderboard(parallelization={"data_parallel": float("inf")}))
    run = read_run(write_run(read_sources([path]), tmp_path / "runs", "l", ["wattbench"]))
    assert "inf" in {value for config in run.header.suite["systems"].values() for value in config.values()}


@pytest.mark.parametrize(
    ("form", "file", "said"),
    [
        ("llenergymeasure", experiment(total_energy_j="much"), "no total_energy_j"),
        ("llenergymeasure", experiment(baseline_power_w=float("inf")), "baseline_power_w is inf"),
        ("llenergymeasure", {}, "no total_energy_j"),
        ("ml-energy", leaderboard(avg_power_watts=float("inf")), "avg_power_watts is inf"),
        ("ml-energy", {"configurations": []}, "no list `configurations`"),
        ("ml-energy", {"configurations": [7]}, r"configurations\[0\]: of type int"),
        ("ml-energy", {"model_id": "m" * 300, **leaderboard()} | {"model_id": "m" * 300}, "too long for a name"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, form, file, said) -> None:
    path = written(tmp_path / "result.json", file)
    with pytest.raises(UserError, match=said) as error:
        read_sources([path], form)
    assert str(path) in str(error.value)


def test_the_published_leaderboard_is_read_whole() -> None:
    """Every number of every configuration is shown, or is a setting."""
    for path in sorted(others("ml-energy").rglob("*.json")):
        imported = read_sources([path])
        configurations = json.loads(path.read_text())["configurations"]
        assert len(imported.scenario) == len(configurations)
        shown: dict[str, dict[str, float]] = {}
        for row in imported.summaries:
            shown.setdefault(row.system, {})[row.source_name] = row.value
        for system, one in zip(imported.scenario, configurations, strict=True):
            for key, value in one.items():
                if isinstance(value, int | float) and key not in imported.configs[system]:
                    assert shown[system][key] == pytest.approx(value / 1e3 if key.endswith("_ms") else value, rel=1e-15)


def test_a_real_evaluation_of_openjarvis_agrees_with_its_own_summary() -> None:
    """Written by the runner of OpenJarvis 1.0.4 over a backend of our own: twelve samples."""
    folder = others("openjarvis")
    stated = json.loads(next(folder.glob("*.summary.json")).read_text())
    answers = list(read_sources([folder]).answers)
    assert len(answers) == stated["scored_samples"]
    assert round(sum(each.score for each in answers) / len(answers), 4) == stated["accuracy"]
    assert round(sum(each.seconds for each in answers) / len(answers), 4) == stated["mean_latency_seconds"]
    assert round(sum(each.joules or 0 for each in answers), 6) == stated["total_energy_joules"]
    assert round(sum(each.cost or 0 for each in answers), 6) == stated["total_cost_usd"]
    assert sum(each.output_tokens for each in answers) == stated["total_output_tokens"]
    first = [each.first_token_seconds for each in answers if each.first_token_seconds is not None]
    assert sum(first) / len(first) == pytest.approx(stated["ttft_stats"]["mean"], rel=1e-12)


def test_a_result_written_by_llenergymeasure() -> None:
    """Written by the models of LLenergyMeasure 0.7.0, with figures of our own."""
    path = others("llenergymeasure") / "result.json"
    imported = read_sources([path])
    of = figures_of(imported, "gpt2 transformers")
    result = json.loads(path.read_text())
    assert of["energy", "total"][0] == result["total_energy_j"]
    assert of["energy_breakdown.baseline_power_w", "total"] == (12.34, "W")
    shown = {row.source_name for row in imported.summaries}
    assert {key for key, value in result.items() if isinstance(value, int | float)} <= shown
