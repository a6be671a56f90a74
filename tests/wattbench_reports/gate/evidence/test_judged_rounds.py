"""A judge is not asked in rounds: what a gate in alternation says of the tasks that it would score."""

from __future__ import annotations

import json

import numpy as np
import pytest

from wattbench.errors import UserError
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.flips import flips_in_turns
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.gate.result import Verdict

WHY = (
    "a judge (critic) scores spell_backward, and no judge is asked in rounds; run both systems, label answers of the "
    "runs (wattbench label RUN), and gate the two runs"
)


def test_accuracy_is_over_the_scored_tasks_and_the_others_are_named(make_gate, gates) -> None:
    run = make_gate(gates.Gate(judged=("spell_backward",), items=200))
    policy = gates.policy(
        metrics={"accuracy": {"margin": 0.1}, "joules_per_request": {"margin": 0.5}, "latency_p50": {"margin": 0.5}}
    )
    evidence = evidence_in_turns(run, policy)
    result = judge(evidence, policy, suite="demo")
    accuracy, joules, seconds = result.metrics
    assert (accuracy.verdict, accuracy.items) == (Verdict.PASS, 200)
    scored = np.concatenate([one.correct[np.array(one.tasks) == "chain_sum"] for one in evidence.rounds])
    assert accuracy.candidate == pytest.approx(scored[:, 1].mean())
    assert (joules.items, seconds.items) == (400, 400)
    assert result.verdict in (Verdict.PASS, Verdict.IMPROVED)
    assert f"Accuracy is that of chain_sum alone: {WHY}." in result.notes


def test_the_margin_of_accuracy_is_chosen_by_the_items_with_scores(make_gate, gates) -> None:
    whole = judge(evidence_in_turns(make_gate(gates.Gate(id="a")), gates.policy()), gates.policy(), suite="demo")
    judged = make_gate(gates.Gate(judged=("spell_backward",), id="b"))
    half = judge(evidence_in_turns(judged, gates.policy()), gates.policy(), suite="demo")
    assert half.policy.rule("accuracy").margin > whole.policy.rule("accuracy").margin


def test_a_domain_that_the_policy_guards_is_not_measured_without_scores(make_gate, gates) -> None:
    policy = gates.policy(metrics={"accuracy": {"margin": 0.2, "each_domain": 0.3}})
    run = make_gate(gates.Gate(judged=("spell_backward",), items=200))
    result = judge(evidence_in_turns(run, policy), policy, suite="demo")
    verdicts = {each.metric: each.verdict for each in result.metrics}
    assert verdicts["accuracy"] is Verdict.PASS
    assert verdicts["accuracy · spell_backward"] is Verdict.NOT_MEASURED
    assert result.metrics[-1].reason == f"Not judged: {WHY}."
    assert (result.verdict, result.exit_code) == (Verdict.NOT_MEASURED, 2)


def test_accuracy_of_nothing_but_judged_tasks_never_passes_and_joules_are_judged(make_gate, gates) -> None:
    run = make_gate(gates.Gate(tasks=("spell_backward",), judged=("spell_backward",), items=60, finished=False))
    policy = gates.policy(
        metrics={
            "accuracy": {"margin": 0.2},
            "joules_per_request": {"margin": 0.5},
            "joules_per_correct": {"margin": 0.5},
        }
    )
    result = judge(evidence_in_turns(run, policy), policy, suite="demo")
    verdicts = {each.metric: each.verdict for each in result.metrics}
    assert verdicts["accuracy"] is verdicts["joules_per_correct"] is Verdict.NOT_MEASURED
    assert verdicts["joules_per_request"] in (Verdict.PASS, Verdict.IMPROVED)
    assert (result.verdict, result.exit_code) == (Verdict.NOT_MEASURED, 2)
    assert result.headline.startswith("Measure accuracy")
    assert flips_in_turns(run).items == 0


def test_scores_that_another_task_lacks_are_damage(make_gate, gates) -> None:
    run = make_gate(gates.Gate(rounds=3))
    lines = [json.loads(line) for line in run.layout.rounds.read_text().splitlines()]
    lines[1]["scores"]["candidate"]["chain_sum"][0]["correct"] = None
    run.layout.rounds.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UserError, match="the rounds have no scores of chain_sum; the record is damaged"):
        evidence_in_turns(run, gates.policy())
