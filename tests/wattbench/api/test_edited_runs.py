"""Edits of a run whose tables and digests were written anew are found by `verify`, each by what was edited."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import wattbench
from tests.made_up.answered_runs import START_S, write_answered
from tests.made_up.digests import made_consistent
from wattbench.api import verify as verifying
from wattbench.api.verify import require_verified
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.machine.environment import installation
from wattbench.meters import Reading
from wattbench.meters.sampling.trace import TraceWriter
from wattbench.records import RunLayout, read_run

TASK = """
task: parity
dataset_path: json
dataset_kwargs: {data_files: {test: parity.jsonl}}
test_split: test
doc_to_text: "Is {{number}} odd?"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n"], do_sample: false}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
ANSWERS = ["no", "yes", "no", "no", "yes", "yes"]
LENGTH_S = float(len(ANSWERS))
SCORES, ITEMS, WINDOWS = "scores/s/parity.jsonl", "items/s/parity.jsonl", "windows.jsonl"

Change = Callable[[dict[str, Any]], object]


class Meter:
    """What a trace says of the meters of a made-up run."""

    name = "made up"
    step_s: Mapping[str, float] = {"cpu": 0.1}

    def __init__(self, provenance: str) -> None:
        self.provenance: Mapping[str, str] = {"cpu": provenance}


def write_trace(run: Path, provenance: str = "counter", note: str = "", lost: tuple[float, float] = (9, 9)) -> None:
    """Write the readings of 1 W every tenth of a second, but for those between two moments that are lost."""
    path = RunLayout(run).trace("s", "parity")
    path.unlink(missing_ok=True)
    trace = TraceWriter(path)
    for number in range(-20, 10 * len(ANSWERS) + 21):
        into_s = number / 10
        if not lost[0] < into_s < lost[1]:
            notes = frozenset([note]) if note and number == 5 else frozenset[str]()
            trace.write(Meter(provenance), Reading(START_S + into_s, {"cpu": 500 + into_s}, notes=notes))
    trace.close()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one system on a task whose documents are in a file, with readings. Tests may not change it."""
    root = tmp_path_factory.mktemp("edited")
    (root / "parity.yaml").write_text(TASK)
    documents = ({"number": n, "answer": "yes" if n % 2 else "no"} for n in range(len(ANSWERS)))
    (root / "parity.jsonl").write_text("".join(json.dumps(each) + "\n" for each in documents))
    packages = {"packages": installation()["packages"]}
    run = write_answered(root, root, {"s": {"parity": ANSWERS}}, packages).layout.root
    write_trace(run)
    header = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(header | {"journal": True}))
    return made_consistent(run)


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / original.name))


def edit(run: Path, name: str, number: int, change: Change) -> None:
    """Change a line of a file, and make all that follows from it consistent."""
    lines = (run / name).read_text().splitlines()
    row = json.loads(lines[number])
    change(row)
    lines[number] = json.dumps(row)
    (run / name).write_text("".join(f"{line}\n" for line in lines))
    made_consistent(run)


def problems(run: Path, **allowed: bool) -> dict[str, tuple[str, ...]]:
    return {check.name: check.problems for check in wattbench.verify(run, **allowed).checks if check.problems}


def test_a_run_that_was_not_edited_passes_all_checks(run: Path) -> None:
    found = wattbench.verify(run)
    assert problems(run) == {}
    assert all(check.made for check in found.checks)
    assert "joules of 1 window, from their readings" in found.recomputed
    assert "scores of 6 answers, from their texts" in found.recomputed
    assert found.cannot_know == ("who wrote it", "whether the models that it names gave the answers")


@pytest.mark.parametrize(
    ("name", "number", "change", "check", "said"),
    [
        (SCORES, 3, lambda row: row.update(correct=1.0, metrics={"exact_match,none": 1.0}), "scores",
         "scores/s/parity.jsonl: document 3 is scored 1, and its answer scores 0"),
        (ITEMS, 0, lambda row: row.update(replies=["yes"]), "scores",
         "scores/s/parity.jsonl: document 0 is scored 1, and its answer scores 0"),
        (ITEMS, 3, lambda row: row.update(replies=["never"]), "scores",
         "scores/s/parity.jsonl: document 3 is scored for 'no', and its answer says 'never'"),
        (ITEMS, 5, lambda row: row.update(finished_s=row["finished_s"] + 2), "invariants",
         "items/s/parity.jsonl: the answer to document 5 ends 2 s after its window 'w0'"),
        (ITEMS, 0, lambda row: row.update(started_s=row["started_s"] - 3), "invariants",
         "items/s/parity.jsonl: the answer to document 0 begins 3 s before its window 'w0'"),
        (ITEMS, 2, lambda row: row.update(first_token_s=row["finished_s"] + 0.5), "invariants",
         "items/s/parity.jsonl: the answer to document 2 ends 0.5 s before its last token"),
        (WINDOWS, 0, lambda row: row.update(energy_j={"cpu": 3.0}), "power",
         "the window 'w0' has 3.00 J of cpu, and its readings give 6.00 J"),
        (WINDOWS, 0, lambda row: row.update(valid=False), "power",
         "the window 'w0' is not valid, and no reason for it is recorded or in its readings"),
        (WINDOWS, 0, lambda row: row.update(provenance={"cpu": "rapl"}), "power",
         "the window 'w0' has joules of cpu by rapl, and its readings are counter"),
        (WINDOWS, 0, lambda row: row.update(energy_j={"gpu0": 6.0}, provenance={"gpu0": "counter"}), "power",
         "the window 'w0' has no joules of cpu, which was read"),
    ],
)  # fmt: skip
def test_an_edit_is_named(run: Path, name: str, number: int, change: Change, check: str, said: str) -> None:
    edit(run, name, number, change)
    assert problems(run) == {check: (said,)}


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        ({"note": "cpu: throttled (thermal)"}, "cpu: throttled (thermal)"),
        ({"lost": (0.2, 5.7)}, "cpu: not read for 5.50 s (limit 5 s)"),
    ],
)
def test_a_window_that_is_called_valid_against_its_readings_is_named(
    run: Path, trace: dict[str, Any], said: str
) -> None:
    write_trace(run, **trace)
    made_consistent(run)
    assert problems(run) == {"power": (f"the window 'w0' is valid, and by its readings it is not: {said}",)}
    edit(run, WINDOWS, 0, lambda row: row.update(valid=False, reasons=[said]))
    assert problems(run) == {}


def test_a_trace_that_is_none_is_named_and_costs_no_run(run: Path) -> None:
    RunLayout(run).trace("s", "parity").write_text("watts\n")
    made_consistent(run)
    assert problems(run) == {}
    left_out = wattbench.verify(run).cannot_know[-1]
    assert left_out.startswith(
        "joules of 1 window: their readings cannot be read (power/s/parity.csv: not a power trace"
    )


def test_windows_that_another_version_judged_keep_its_judgement(run: Path) -> None:
    write_trace(run, note="cpu: throttled (thermal)")
    header = json.loads((run / "run.json").read_text())
    header["environment"]["packages"]["wattbench"] = "0.0.1"
    (run / "run.json").write_text(json.dumps(header))
    made_consistent(run)
    assert problems(run) == {}
    edit(run, WINDOWS, 0, lambda row: row.update(energy_j={"cpu": 3.0}))
    assert list(problems(run)) == ["power"]


def test_a_slots_part_and_windows_without_readings_are_said_not_to_be_computed(run: Path) -> None:
    edit(run, WINDOWS, 0, lambda row: row.update(co_runners=1, shared=["cpu"], energy_j={"cpu": 3.0}))
    found = wattbench.verify(run)
    assert found.ok
    assert "joules of 1 window: cpu is a slot's part of what its machine used" in found.cannot_know
    RunLayout(run).trace("s", "parity").unlink()
    made_consistent(run)
    assert "joules of 1 window: none of their readings are recorded" in wattbench.verify(run).cannot_know


def test_modelled_joules_are_computed_from_their_readings_too(run: Path) -> None:
    write_trace(run, "modelled")
    edit(run, WINDOWS, 0, lambda row: row.update(provenance={"cpu": "modelled"}))
    assert problems(run) == {}
    edit(run, WINDOWS, 0, lambda row: row.update(energy_j={"cpu": 5.0}))
    assert "its readings give 6.00 J" in problems(run)["power"][0]


def test_documents_that_changed_or_are_gone_are_said(tmp_path: Path) -> None:
    (tmp_path / "parity.yaml").write_text(TASK)
    documents = tmp_path / "parity.jsonl"
    documents.write_text('{"number": 0, "answer": "no"}\n{"number": 1, "answer": "yes"}\n')
    run = write_answered(tmp_path, tmp_path, {"s": {"parity": ["no", "no"]}}).layout.root
    made_consistent(run)
    documents.write_text('{"number": 0, "answer": "no"}\n{"number": 1, "answer": "no"}\n')
    assert "scores of parity: 1 of its 2 documents have changed" in wattbench.verify(run).cannot_know
    documents.write_text('{"number": 0, "answer": "no"}\n')
    assert "scores of parity: documents of it are gone" in wattbench.verify(run).cannot_know
    (tmp_path / "parity.yaml").unlink()
    found = wattbench.verify(run)
    assert found.ok
    assert any(said.startswith("scores of parity: ") and "unknown task" in said for said in found.cannot_know)


def with_code(root: Path, marker: Path, more: str = "") -> Path:
    """Write a run of a task that runs code of its file, which leaves a file."""
    tasks = root / "tasks"
    tasks.mkdir()
    (tasks / "parity.yaml").write_text(
        TASK.replace("dataset_path: json\n", "custom_dataset: !function code.load\n").replace(
            "dataset_kwargs: {data_files: {test: parity.jsonl}}\n", more
        )
    )
    (tasks / "code.py").write_text(
        "from pathlib import Path\n"
        "from datasets import Dataset\n"
        "def load(**_):\n"
        f"    Path({str(marker)!r}).write_text('ran')\n"
        "    return {'test': Dataset.from_list([{'number': 0, 'answer': 'no'}, {'number': 1, 'answer': 'yes'}])}\n"
    )
    run = write_answered(root, tasks, {"s": {"parity": ["no", "no"]}}).layout.root
    marker.unlink()
    return run


def test_code_of_a_task_runs_only_if_that_is_allowed(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    run = with_code(tmp_path, marker)
    edit(run, SCORES, 1, lambda row: row.update(correct=1.0))
    found = wattbench.verify(run)
    assert found.ok
    assert not marker.exists()
    assert "scores of parity: it runs code of its file; allow with --run-code" in found.cannot_know
    assert "document 1 is scored 1" in problems(run, run_code=True)["scores"][0]
    assert marker.exists()


def test_code_that_a_model_wrote_runs_only_if_that_is_allowed_too(tmp_path: Path) -> None:
    run = with_code(tmp_path, tmp_path / "marker")
    made_consistent(run)
    yaml = tmp_path / "tasks" / "parity.yaml"
    yaml.write_text(yaml.read_text() + "unsafe_code: true\n")
    said = "scores of parity: it runs code that a model wrote; allow with --allow-unsafe-code"
    assert said in wattbench.verify(run, run_code=True).cannot_know
    assert not (tmp_path / "marker").exists()
    assert (
        "scores of 2 answers, from their texts"
        in wattbench.verify(run, run_code=True, allow_unsafe_code=True).recomputed
    )


def test_documents_are_not_fetched(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wattbench.measure.score_again.Scorer", lambda *_, **__: pytest.fail("a task was loaded"))
    header = json.loads((run / "run.json").read_text())
    header["suite"]["suite"]["tasks"]["select"][0]["source"] = "lm_eval"
    (run / "run.json").write_text(json.dumps(header))
    made_consistent(run)
    said = "scores of parity: its documents may have to be fetched; allow with --run-code"
    assert said in wattbench.verify(run).cannot_know


def test_a_record_that_names_the_whole_disk_or_a_file_without_an_end_is_not_followed(run: Path, tmp_path: Path) -> None:
    header = json.loads((run / "run.json").read_text())
    os.mkfifo(tmp_path / "endless.yaml")
    for folder, said in (
        ("/", "/: it holds more than 20,000 files"),
        (tmp_path, "endless.yaml: it is a pipe, not a file"),
    ):
        header["suite"]["suite"]["tasks"]["include"] = [str(folder)]
        (run / "run.json").write_text(json.dumps(header))
        made_consistent(run)
        found = wattbench.verify(run)
        assert found.ok
        assert said in found.cannot_know[-1]


def test_what_does_not_verify_is_refused_and_of_much_only_what_was_written_is_checked(
    run: Path, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_verified([original])
    edit(run, WINDOWS, 0, lambda row: row.update(energy_j={"cpu": 3.0}))
    with pytest.raises(UserError, match=r"has 3\.00 J of cpu, and its readings give 6\.00 J"):
        require_verified([original, run])
    monkeypatch.setattr(verifying, "MOST_ROWS_AT_ONCE", 2 * len(ANSWERS) - 1)
    require_verified([original, run])
    (run / WINDOWS).write_text((run / WINDOWS).read_text().replace("3.0", "4.0"))
    with pytest.raises(UserError, match=r"windows\.jsonl is not as it was written"):
        require_verified([original, run])


def test_the_command_ends_with_three_lines(run: Path, golden: Callable[[str, str], None]) -> None:
    passed = CliRunner().invoke(main, ["runs", "verify", str(run)])
    assert passed.exit_code == 0
    edit(run, SCORES, 3, lambda row: row.update(correct=1.0))
    edit(run, WINDOWS, 0, lambda row: row.update(energy_j={"cpu": 3.0}))
    failed = CliRunner().invoke(main, ["runs", "verify", str(run)])
    assert failed.exit_code == 2
    golden("verified.txt", (passed.output + "\n" + failed.output).replace(str(run), "RUN"))
    assert read_run(run).finished
