"""MLPerf Inference: LoadGen's results, the meter's watts as they are published, accuracy, hardware."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.made_up.imports import figures_of
from tests.made_up.mlperf_results import SECONDS, detail, meter, stamp, write_result
from tests.wattbench.importers.others_data import others
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.importers.mlperf import loadgen, power, submission
from wattbench.records import read_run

LOADGEN = Path(__file__).parents[2] / "data" / "loadgen"
NAME = "8xB200 llama3.1-8b Server"


def test_a_result_with_power_accuracy_and_hardware(tmp_path) -> None:
    submitter = tmp_path / "Acme"
    result = write_result(submitter)
    write_result(submitter, scenario="Offline")
    assert detect([submitter]) == detect([result]) == detect([result / "performance" / "run_1"]) == "mlperf"
    imported = read_sources([submitter])
    assert list(imported.scenario) == ["8xB200 llama3.1-8b Offline", NAME]
    assert imported.scenario[NAME] == {"scenario": "Server", "requests per second": 10}
    assert imported.version == "5.1.0 @ b9ed3c7fec"
    assert imported.configs[NAME]["model"] == "llama3.1-8b"
    assert imported.configs[NAME]["hardware"]["framework"] == "TensorRT"
    assert imported.machines[NAME] == {"gpus": [{"name": "NVIDIA B200"}] * 8}
    assert not imported.remarks
    of = figures_of(imported, NAME)
    assert of["output_tokens_per_s", "mean"] == (1286.89, "tokens/s")
    assert of["requests_per_s", "mean"] == (9.98, "requests/s")
    assert of["requests", "total"] == (600.0, "requests")
    assert of["latency", "mean"] == (pytest.approx(3.177531), "s")
    assert of["latency", "p99.9"] == (pytest.approx(4.165260101), "s")
    assert of["first_token", "median"] == (pytest.approx(0.073941862), "s")
    assert of["token", "p99"] == (pytest.approx(0.027141001), "s")
    assert of["token", "mean"] == (pytest.approx(0.023888819), "s")
    assert of["result_token_throughput", "total"][0] == 4.05976e-08
    assert of["rouge1", "mean"] == (38.4099, "")
    assert of["rougeL", "mean"] == (24.2984, "")
    assert "hash" not in {figure for figure, _ in of}
    record = read_run(write_run(imported, tmp_path / "runs", "m", ["wattbench"]))
    assert set(record.systems()) == set(imported.scenario)


def test_watts_are_the_mean_of_the_readings_within_the_run(tmp_path) -> None:
    of = figures_of(read_sources([write_result(tmp_path)]), NAME)
    assert of["power", "mean"] == (1050.0, "W")
    assert of["power", "maximum"] == (1100.0, "W")
    assert of["duration", "total"] == (float(SECONDS), "s")
    assert of["energy", "total"][0] == pytest.approx(1050.0 * SECONDS, rel=0.02)


def test_readings_with_a_gap_carry_no_joules_and_say_so(tmp_path) -> None:
    result = write_result(tmp_path)
    lines = meter().splitlines(keepends=True)
    (result / "performance" / "run_1" / "spl.txt").write_bytes(b"".join(lines[:40] + lines[70:]))
    imported = read_sources([result])
    assert ("energy", "total") not in figures_of(imported, NAME)
    assert ("power", "mean") in figures_of(imported, NAME)
    assert NAME in imported.remarks["mlperf-power"]


def test_readings_of_no_or_negative_watts_are_gaps_and_named(tmp_path) -> None:
    result = write_result(tmp_path)
    path = result / "performance" / "run_1" / "spl.txt"
    lines = meter().splitlines(keepends=True)
    before = figures_of(read_sources([result]), NAME)["power", "mean"][0]
    watts = [float(line.split(b",")[3]) for line in lines]
    changed = (len(lines) // 2, len(lines) // 2 + 3)
    for place, text in zip(changed, (b"-37.410000", b"0.000000"), strict=True):
        fields = lines[place].split(b",")
        lines[place] = b",".join([*fields[:3], text, *fields[4:]])
    path.write_bytes(b"".join(lines))
    imported = read_sources([result])
    kept = before * SECONDS - sum(watts[place] for place in changed)
    assert figures_of(imported, NAME)["power", "mean"][0] == pytest.approx(kept / (SECONDS - 2))
    assert imported.remarks["mlperf-readings"].endswith(f"{NAME}: 2 of {SECONDS}")
    assert ("energy", "total") not in figures_of(imported, NAME)
    assert "wall: not read for 2" in imported.remarks["mlperf-power"]


def test_a_run_that_is_not_valid_is_named(tmp_path) -> None:
    result = write_result(tmp_path)
    (result / "performance" / "run_1" / "mlperf_log_detail.txt").write_bytes(detail(result_validity="INVALID"))
    imported = read_sources([result])
    assert imported.remarks == {"mlperf-invalid": f"LoadGen found these runs not valid: {NAME}"}
    header = read_run(write_run(imported, tmp_path / "runs", "m", ["wattbench"])).header
    assert NAME in header.imported["remarks"]["mlperf-invalid"]


def damaged(how: str, path: Path) -> None:
    """Have a detail log be missing, empty, or cut somewhere."""
    if how == "missing":
        path.unlink()
    else:
        whole = path.read_bytes()
        path.write_bytes(whole[: {"empty": 0, "cut": whole.index(b"result_validity") - 4, "torn": 60}[how]])


@pytest.mark.parametrize("how", ["missing", "empty", "cut", "torn"])
def test_a_result_without_its_detail_log_has_the_figures_of_the_summary_or_is_named(tmp_path, how) -> None:
    write_result(tmp_path)
    other = write_result(tmp_path, scenario="Offline") / "performance" / "run_1"
    damaged(how, other / "mlperf_log_detail.txt")
    imported = read_sources([tmp_path])
    assert "8xB200 llama3.1-8b Offline" in imported.remarks["mlperf-no-results"]
    assert NAME not in imported.remarks["mlperf-no-results"]
    shutil.copy(LOADGEN / "mlperf_log_summary.txt", other)
    imported = read_sources([tmp_path])
    assert list(imported.remarks) == ["mlperf-summary", "mlperf-invalid"]
    assert imported.remarks["mlperf-summary"].endswith("may be missing: 8xB200 llama3.1-8b Offline")
    of = figures_of(imported, "8xB200 llama3.1-8b Offline")
    assert of["latency", "p99"] == (pytest.approx(0.072137758), "s")
    assert (("energy", "total") in of) == (how == "cut")  # after power_end
    assert other / "mlperf_log_summary.txt" in imported.files


@pytest.mark.parametrize("how", ["missing", "empty", "cut", "torn"])
def test_where_no_result_is_left_the_error_names_the_runs(tmp_path, how) -> None:
    result = write_result(tmp_path)
    damaged(how, result / "performance" / "run_1" / "mlperf_log_detail.txt")
    if how == "cut":  # the requests of the run are known, and that they have no results is said
        assert NAME in read_sources([tmp_path]).remarks["mlperf-no-results"]
        return
    with pytest.raises(UserError, match=rf"no results of LoadGen, as mlperf_log_detail.txt .* cut: {NAME}"):
        read_sources([tmp_path], "mlperf")


def test_a_summary_says_what_the_detail_log_says() -> None:
    """Both of one run of LoadGen 6.0, Server, with token latencies; the summary has fewer digits."""
    detailed = loadgen.read_detail(LOADGEN / "mlperf_log_detail.txt")
    stated = loadgen.read_summary(LOADGEN / "mlperf_log_summary.txt")
    assert len(stated) == 31
    for key, value in stated.items():
        assert detailed[key] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-4)), key


def test_accuracy_in_each_form_that_scripts_print(tmp_path) -> None:
    result = write_result(tmp_path)
    path = result / "accuracy" / "accuracy.txt"
    path.write_text("Word Error Rate: 2.2155%, accuracy=97.7845%\n\nhash=12\n")
    of = figures_of(read_sources([result]), NAME)
    assert of["accuracy", "mean"] == (pytest.approx(0.977845), "share")
    assert of["Word Error Rate", "mean"] == (2.2155, "%")
    path.write_text("{'exact_match': 90.10597286565189, 'tokens_per_sample': 652.5}\n")
    of = figures_of(read_sources([result]), NAME)
    assert of["accuracy", "mean"] == (pytest.approx(0.9010597286565189), "share")


def test_logs_without_power_or_a_submission(tmp_path) -> None:
    logs = tmp_path / "my-logs"
    logs.mkdir()
    (logs / "mlperf_log_detail.txt").write_bytes(detail(power_begin=None, power_end=None))
    imported = read_sources([logs])
    assert list(imported.scenario) == ["my-logs"]
    assert ("power", "mean") not in figures_of(imported, "my-logs")


DETAIL, METER = "mlperf_log_detail.txt", "spl.txt"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (DETAIL, detail(power_begin="yesterday"), "power_begin: 'yesterday' is no time"),
        (DETAIL, detail(power_end=stamp(-5)), "which is not after power_begin"),
        (DETAIL, detail(power_begin=stamp(900), power_end=stamp(999)), "no reading is from"),
        (DETAIL, detail(result_mean_latency_ns=float("inf")), "result_mean_latency_ns is inf"),
        (DETAIL, detail(result_query_count=10**400), "has 401 digits"),
        (DETAIL, b':::MLLOG {"key": "a"\n:::MLLOG {}\n', ":1: not valid JSON"),
        (DETAIL, b':::MLLOG ["a"]', ":1: it has no key"),
        (METER, b"Watts,1\n", ":1: it must begin with Time"),
        (METER, b"Time,now,Watts,1,\n", ":1: 'now' is no time"),
        (METER, meter().replace(b"1000.000000", b"1e30", 1), "Watts is '1e30'"),
        (METER, b"", "no reading is from"),
    ],
)
def test_an_impossible_or_damaged_log_is_named_with_its_line(tmp_path, name, data, said) -> None:
    result = write_result(tmp_path)
    path = result / "performance" / "run_1" / name
    path.write_bytes(data)
    with pytest.raises(UserError, match=said) as error:
        read_sources([result])
    assert str(path) in str(error.value)


def test_too_much_is_refused(tmp_path, monkeypatch) -> None:
    result = write_result(tmp_path)
    monkeypatch.setattr(power, "MOST_READINGS", 10)
    with pytest.raises(UserError, match=r"spl.txt:11: more than 10 readings"):
        read_sources([result])
    monkeypatch.setattr(submission, "MOST_RESULTS", 0)
    with pytest.raises(UserError, match="more than 0 results"):
        read_sources([result])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="there is no performance/run_1"):
        read_sources([empty], "mlperf")


def test_published_watts_and_throughput() -> None:
    """Every result with power of round 5.1's closed division whose logs are complete: watts to 1e-9, rates exactly."""
    folder = others("mlperf")
    published = {
        f"{row['Platform']} {row['Model']} {row['Scenario']}": row
        for row in json.loads((folder / "summary_results.json").read_text())
        if row.get("has_power") and row["Category"] == "closed"
    }
    imported = read_sources([folder / "closed" / "Lenovo"])
    assert len(imported.scenario) >= 3
    for system in imported.scenario:
        of, row = figures_of(imported, system), published[system]
        assert of["power", "mean"][0] == pytest.approx(row["Power_Result"], rel=1e-9)
        figure = next(name for name in ("output_tokens_per_s", "requests_per_s") if (name, "mean") in of)
        assert of[figure, "mean"][0] == row["Performance_Result"]
        assert of["energy", "total"][0] == pytest.approx(row["Power_Result"] * of["duration", "total"][0], rel=0.005)
