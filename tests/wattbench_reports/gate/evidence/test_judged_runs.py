"""Two judged runs as evidence: corrected scores where both are labelled, and no verdict on an opinion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made_up.gates import gate_policy
from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.runs import FakeSystem, write_run
from tests.made_up.standard_runs import recorded
from wattbench.records import RunRecords, read_run
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.flips import flips_of_two
from wattbench_reports.gate.evidence.paired_items import FIGURES, PairedItems
from wattbench_reports.gate.evidence.record_bounds import record_bounds
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.gate.result import GateResult, Verdict
from wattbench_reports.stats.label_correction import corrected_scores
from wattbench_reports.tables.labels import Labels
from wattbench_reports.tables.run_tables import load_frames

BOTH = (("sums", "arithmetic"), ("replies", "writing"))
POLICY = {"metrics": {"accuracy": {"margin": 0.25}, "joules_per_correct": {"margin": 0.9}}, "drift": 0.01}

Write = Callable[..., RunRecords]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write a judged run of one system and label it."""

    def write(
        name: str, labels: int, *, tasks: tuple[tuple[str, str], ...] = BOTH, accuracy: float = 0.7
    ) -> RunRecords:
        system = FakeSystem("big", accuracy=accuracy, weights="b" * 64)
        seed = int(name[3:])
        judges = {"replies": FakeJudge(wrong=0.5, seed=seed)}
        root = write_run(tmp_path, recorded(name, systems=(system,), tasks=tasks, items=200, judges=judges))
        add_labels(root, labels, seed=seed)
        return read_run(root)

    return write


def judged(first: RunRecords, second: RunRecords, **policy: object) -> GateResult:
    chosen = gate_policy(**{**POLICY, **policy})
    return judge(evidence_of_two(first, second, chosen), chosen, suite="demo")


def verdicts(result: GateResult) -> Mapping[str, Verdict]:
    return {each.metric: each.verdict for each in result.metrics}


def test_accuracy_of_two_labelled_runs_is_the_corrected_one(written: Write) -> None:
    first, second = written("aaa111", 60), written("bbb222", 60)
    result = judged(first, second)
    accuracy = result.metrics[0]
    for run, shown in ((first, accuracy.baseline), (second, accuracy.candidate)):
        scores = load_frames(run).items["correct"]
        assert (scores > 1).any()
        assert shown == pytest.approx(scores.mean())
    assert accuracy.items == 400
    assert accuracy.verdict in (Verdict.PASS, Verdict.IMPROVED)
    narrow = judged(written("aaa333", 200), written("bbb333", 200)).metrics[0]
    assert narrow.high - narrow.low < accuracy.high - accuracy.low


def test_a_fall_is_found_in_corrected_scores(written: Write) -> None:
    only = {"tasks": (("replies", "writing"),)}
    good, poor = written("aaa111", 100, **only), written("bbb222", 100, **only, accuracy=0.2)
    result = judged(good, poor, metrics={"accuracy": {"margin": 0.1}})
    assert verdicts(result) == {"accuracy": Verdict.REGRESSED}


@pytest.mark.parametrize("labels", [(0, 0), (60, 0), (0, 60), (60, 19)])
def test_a_task_with_an_opinion_alone_is_left_out_by_name_and_its_domain_is_not_measured(
    written: Write, labels: tuple[int, int]
) -> None:
    first, second = written("aaa111", labels[0]), written("bbb222", labels[1])
    result = judged(first, second, metrics={"accuracy": {"margin": 0.3, "each_domain": 0.3}})
    said = verdicts(result)
    assert said["accuracy"] in (Verdict.PASS, Verdict.IMPROVED)
    assert result.metrics[0].items == 200
    assert said["accuracy · writing"] is Verdict.NOT_MEASURED
    assert (result.verdict, result.exit_code) == (Verdict.NOT_MEASURED, 2)
    notes = [note for note in result.notes if note.startswith("Accuracy is without replies: ")]
    assert len(notes) == 1
    for run, number in zip((first, second), labels, strict=True):
        name = run.layout.root.name
        said_of_run = f"{name} has a judge's opinion of it, and it lacks {20 - number} label"
        assert (said_of_run in notes[0]) == (number < 20)
        assert (f"wattbench label {run.layout.root}" in notes[0]) == (number < 20)


@pytest.mark.parametrize("labels", [(0, 0), (60, 0), (0, 60)])
def test_accuracy_without_any_score_never_passes(written: Write, labels: tuple[int, int]) -> None:
    only = (("replies", "writing"),)
    result = judged(
        *(written(name, number, tasks=only) for name, number in zip(("aaa111", "bbb222"), labels, strict=True))
    )
    assert set(verdicts(result).values()) == {Verdict.NOT_MEASURED}
    assert "has a judge's opinion of it" in result.metrics[0].reason
    assert (result.verdict, result.exit_code) == (Verdict.NOT_MEASURED, 2)


def test_flips_show_what_people_or_the_judge_said_and_no_corrected_score(written: Write) -> None:
    first, second = written("aaa111", 60), written("bbb222", 60)
    flips = flips_of_two((first, second), ("big", "big"))
    frames = [
        load_frames(run).items.sort_values(["task", "doc_id"])["score"].to_numpy() >= 0.5 for run in (first, second)
    ]
    assert flips.items == 400
    assert flips.lost == int(np.sum(frames[0] & ~frames[1]))
    assert flips.won == int(np.sum(~frames[0] & frames[1]))
    opinions = flips_of_two((first, written("ccc333", 0)), ("big", "big"))
    assert opinions.items == 200


@pytest.mark.slow
@pytest.mark.parametrize(("items", "labels"), [(200, 20), (300, 100)])
def test_gates_on_corrected_scores_err_as_rarely_as_they_say(items: int, labels: int) -> None:
    """A judge that is kinder to the candidate, which is worse by just the margin: failures and passes both err."""
    rng, gates, margin = np.random.default_rng(5), 600, 0.05
    failed = passed = 0
    for _ in range(gates):
        ours = rng.random(items) < 0.7
        theirs = np.where(rng.random(items) < 0.7, ours, rng.random(items) < 0.7) & (rng.random(items) > margin / 0.7)
        pair = [corrected_of(truth, kindness, labels, rng) for truth, kindness in ((ours, 0.0), (theirs, 0.1))]
        both = PairedItems(
            tasks=Labels(np.zeros(items, dtype=np.int64), ("replies",)),
            doc_id=np.arange(items),
            figures=dict.fromkeys(FIGURES, np.full((items, 2), np.nan)) | {"correct": np.column_stack(pair)},
            corrected=frozenset({"replies"}),
        )
        bounds = record_bounds(both, {}, {})["accuracy"].bounds
        failed += bool(bounds.low(0.05)[-1] > margin)
        passed += bool(bounds.high(0.1)[-1] <= margin)
    assert failed <= gates * 0.05 + 2 * np.sqrt(gates * 0.05 * 0.95)
    assert passed <= gates * 0.1 + 2 * np.sqrt(gates * 0.1 * 0.9)


def corrected_of(
    truth: NDArray[np.bool_], kindness: float, labels: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the corrected scores of answers that a judge passes more often than people do."""
    verdicts = rng.random(len(truth)) < np.where(truth, 0.9, 0.3) + kindness
    drawn = rng.permutation(len(truth)) < labels
    return corrected_scores(verdicts.astype(np.float64), np.where(drawn, truth, np.nan)).scores
