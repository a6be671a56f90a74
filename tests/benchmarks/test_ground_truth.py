"""The table of ground truth has the recorded figures, what is cheap is as recorded, and the promises are kept."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from benchmarks.ground_truth import __main__ as command
from benchmarks.ground_truth import lm_eval_items, machine_model
from benchmarks.ground_truth.__main__ import main
from benchmarks.ground_truth.document import of_lines, table
from benchmarks.ground_truth.fake_gpu import windows
from benchmarks.ground_truth.fake_gpu.machine import Machine
from benchmarks.ground_truth.figures import read
from benchmarks.ground_truth.line import WATTBENCH, Line, NotHereError, Sources
from benchmarks.ground_truth.subjects import SUBJECTS
from benchmarks.written_tables import stale
from tests.fakes.driver import compiler
from tests.wattbench.importers.others_data import VARIABLE, others
from wattbench.errors import UserError

RECORDED = read()
BY_NAME = {each.name: each for each in SUBJECTS}


def made(name: str, folder: Path, files: Path | None = None) -> tuple[Line, ...]:
    return BY_NAME[name].made(Sources(files, {}, folder)).lines


def same(again: tuple[Line, ...], recorded: tuple[Line, ...]) -> bool:
    """Return whether lines are the same, to the rounding of sums."""
    return len(again) == len(recorded) and all(
        (one.name, one.what, one.unit, one.note) == (other.name, other.what, other.unit, other.note)
        and one.known == pytest.approx(other.known, rel=1e-12)
        and one.found == (None if other.found is None else pytest.approx(other.found, rel=1e-12))
        for one, other in zip(again, recorded, strict=True)
    )


def test_the_table_is_that_of_the_recorded_figures() -> None:
    whole = table(RECORDED)
    assert stale([whole]) == [], "tox -e ground-truth writes the table and the figures together"
    assert set(RECORDED) == set(BY_NAME)
    for subject in SUBJECTS:
        for line in RECORDED[subject.name].lines:
            assert sum(subject.command(line) in row for row in whole.rows) == 1


@pytest.mark.parametrize("name", ["parity", "sci", "codecarbon", "ecologits"])
def test_what_is_cheap_is_as_recorded(name: str, tmp_path: Path) -> None:
    if name == "ecologits":
        pytest.importorskip("ecologits")
    assert same(made(name, tmp_path), RECORDED[name].lines)


def test_published_watts_and_throughput_are_as_recorded(tmp_path: Path) -> None:
    assert same(made("mlperf", tmp_path, others("mlperf").parent), RECORDED["mlperf"].lines)


def test_three_published_results_have_their_watts_and_exactly_their_tokens() -> None:
    lines = {line.name: line for line in RECORDED["mlperf"].lines}
    watts = [line for name, line in lines.items() if name.endswith("-power") and line.found is not None]
    assert len(watts) >= 3
    assert all(abs(line.difference) < 0.0005 for line in watts)
    rates = [line for name, line in lines.items() if name.endswith("-throughput")]
    assert len(rates) >= 3
    assert all(line.found == line.known for line in rates)
    assert lines["llama3.1-8b-server-power"].found == pytest.approx(9011.07, abs=0.005)
    assert lines["llama3.1-8b-server-throughput"].found == 128_689
    assert all(line.note for line in lines.values() if line.found is None), "a refusal has its reason"


def test_parity_of_the_largest_model_is_exact() -> None:
    assert RECORDED["parity"].lines[0].found == pytest.approx(592_570_000, rel=1e-12)


def test_items_are_scored_as_by_lm_eval_alone() -> None:
    assert [line.difference for line in RECORDED["lm-eval"].lines] == [0.0] * 12
    alone = {
        "samples": {"t": [{"doc_id": doc, "resps": [[str(doc)]], "exact_match": 1.0} for doc in range(3)]},
        "results": {"t": {lm_eval_items.SCORE: 1.0}},
    }
    ours = {0: ["0", 1.0], 1: ["1", 0.0], 2: ["two", 1.0]}
    score, items = lm_eval_items.of_task(lm_eval_items.RULES, "t", alone, ours)
    assert (score.known, score.found) == (1.0, pytest.approx(2 / 3))
    assert (items.known, items.found) == (3, 1), "one has another score, one another answer"


def test_percentiles_and_the_rate_are_those_of_loadgen() -> None:
    lines = {line.name: line for line in RECORDED["loadgen"].lines}
    percentiles = [line for line in lines.values() if line.unit == "s"]
    assert len(percentiles) == 6
    assert all(abs(line.difference) < 0.1 for line in percentiles)
    requests = lines["requests"]
    assert requests.found == requests.known
    rate, one_less = lines["rate"], (requests.known - 1) / requests.known
    assert rate.found * one_less == pytest.approx(rate.known, rel=0.001)


@pytest.mark.slow
def test_a_window_that_wattbench_refuses_has_no_joules_and_the_reason(tmp_path: Path, monkeypatch) -> None:
    if compiler() is None:
        pytest.skip("no C compiler to build the fake NVIDIA driver with")
    monkeypatch.setattr(windows, "WINDOWS", {0.01: 2})
    (line,) = windows.by_wattbench(Sources(None, {}, tmp_path))
    assert (line.known > 0, line.found, line.difference) == (True, None, None)
    assert line.note.startswith("refused: ")


def test_modelled_power_is_that_of_codecarbons_own_tracker() -> None:
    lines = RECORDED["codecarbon-machine"].lines
    assert [line.name for line in lines] == ["machine-cpu", "machine-dram"]
    assert all(abs(line.difference) < 0.02 for line in lines)


def test_scripts_measure_at_once_and_one_that_fails_is_named() -> None:
    figures = "wait(); print(json.dumps({'cpu': 4.0}))"
    assert machine_model.measured_at_once(figures, "print('a banner'); " + figures) == [{"cpu": 4.0}, {"cpu": 4.0}]
    with pytest.raises(NotHereError, match="cannot be compared here"):
        machine_model.measured_at_once(figures, "sys.exit(1)")


def test_wattbench_is_within_two_percent_of_the_known_waveform() -> None:
    lines = RECORDED["gpu-wattbench"].lines
    assert len(lines) == 3
    assert all(abs(line.difference) < 0.02 for line in lines)
    short, long = (line for line in RECORDED["gpu-aiperf"].lines if line.by == WATTBENCH)
    assert short.found is None and "too short" in short.note
    assert abs(long.difference) < 0.02


@pytest.mark.parametrize(("name", "said"), [("mlperf", "fetch_others.py others"), ("gpu-zeus", "pip install zeus==")])
def test_what_is_not_here_keeps_its_figures_and_says_how_to_get_it(name: str, said: str, capsys, monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert main(["--print", name]) == 1
    printed = capsys.readouterr()
    assert f"the figures of {RECORDED[name].made_utc} stay" in printed.err
    assert said in printed.err
    assert printed.out == of_lines(BY_NAME[name], RECORDED[name], RECORDED[name].lines) + "\n"


@pytest.mark.parametrize("error", [UserError("no weights"), NotHereError("zeus failed")])
def test_a_subject_that_fails_keeps_its_figures(error: Exception, capsys, monkeypatch) -> None:
    def failing(sources: Sources):
        raise error

    monkeypatch.setattr(command, "SUBJECTS", (dataclasses.replace(BY_NAME["sci"], make=failing),))
    assert main(["--print", "sci"]) == 1
    printed = capsys.readouterr()
    assert f"the figures of {RECORDED['sci'].made_utc} stay. {error}" in printed.err
    assert of_lines(BY_NAME["sci"], RECORDED["sci"], RECORDED["sci"].lines) in printed.out


@pytest.mark.slow
def test_a_tool_that_fails_is_named_with_what_it_said(tmp_path: Path) -> None:
    if compiler() is None:
        pytest.skip("no C compiler to build the fake NVIDIA driver with")
    machine = Machine(tmp_path)
    with pytest.raises(NotHereError, match=r"failed \(exit code 3\): no tokenizer"):
        machine.run(
            [sys.executable, "-c", "import sys; print('no tokenizer', file=sys.stderr); sys.exit(3)"],
            own_environment=True,
        )
    with pytest.raises(NotHereError, match="nowhere cannot be run"):
        machine.run(["/nowhere"], own_environment=True)


def test_a_line_that_is_named_is_shown_alone(capsys, monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    main(["--print", "mlperf/llama3.1-8b-server-throughput"])
    printed = capsys.readouterr().out
    assert ",128689,wattbench,128689," in printed
    assert printed.count("mlperf/") == 1


def test_a_line_that_there_is_not_is_named(capsys, monkeypatch) -> None:
    monkeypatch.setattr(command, "SUBJECTS", (dataclasses.replace(BY_NAME["sci"], make=lambda sources: []),))
    assert main(["--print", "sci/eshopen"]) == 1
    assert "sci/eshopen: its subject has no such line" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nothing"], ["--tool", "zeus"], ["--tool", "zeus=/nowhere/python"]])
def test_a_wrong_argument_is_named(arguments: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--print", *arguments])
    assert ended.value.code == 2
    assert arguments[-1] in capsys.readouterr().err
