"""Exports of judged runs: corrected figures where people labelled, and an opinion nowhere in a score's place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from tests.made_up.standard_runs import machine
from wattbench.records import RunRecords, read_run
from wattbench_reports.export.export_run import export_to_bytes
from wattbench_reports.tables.run_tables import load_frames

BOTH = (("sums", "arithmetic"), ("replies", "writing"))
Write = Callable[[int, tuple[tuple[str, str], ...]], RunRecords]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(labels: int, tasks: tuple[tuple[str, str], ...]) -> RunRecords:
        root = write_run(
            tmp_path,
            FakeRun(
                systems=(FakeSystem("big", accuracy=0.8), FakeSystem("small")),
                tasks=tasks,
                items=60,
                carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.0},
                environment=machine(),
                judges={"replies": FakeJudge(wrong=0.6)},
            ),
        )
        add_labels(root, labels)
        return read_run(root)

    return write


def accuracies(run: RunRecords) -> Mapping[str, float | None]:
    """Return the accuracy of one system by format; None: the format has none."""
    report = json.loads(export_to_bytes(run, "boamps", system="big"))
    text = export_to_bytes(run, "prometheus").decode()
    gauge = re.search(r'^wattbench_system_accuracy_ratio\{[^}]*system="big"[^}]*\} (\S+)$', text, re.MULTILINE)
    tasks = {name: each for task in [report["task"]] for name, each in task.items()}
    return {
        "boamps": tasks.get("measuredAccuracy"),
        "prometheus": None if gauge is None else float(gauge[1]),
        "card": None if "type: accuracy" not in export_to_bytes(run, "model-card", system="big").decode() else 0.0,
    }


@pytest.mark.parametrize(("labels", "tasks"), [(0, BOTH), (30, BOTH), (30, BOTH[1:])])
def test_what_has_scores_is_exported_as_the_run_is_read(
    written: Write, labels: int, tasks: tuple[tuple[str, str], ...]
) -> None:
    run = written(labels, tasks)
    items = load_frames(run).items
    expected = items.loc[items["system"] == "big", "correct"].mean()
    found = accuracies(run)
    assert found["boamps"] == pytest.approx(min(expected, 1.0))
    assert found["prometheus"] == pytest.approx(expected)
    card = export_to_bytes(run, "model-card", system="big").decode()
    assert ("name: replies" in card) == bool(labels)


def test_a_run_of_opinions_alone_is_exported_without_any_accuracy(written: Write) -> None:
    run = written(0, BOTH[1:])
    assert accuracies(run) == {"boamps": None, "prometheus": None, "card": None}
    assert b"wattbench_system_request_energy_joules" in export_to_bytes(run, "prometheus")
    assert len(export_to_bytes(run, "emissions").splitlines()) == 3
