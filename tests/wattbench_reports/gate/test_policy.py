"""The policy of a gate: its defaults, and records of older versions."""

from __future__ import annotations

from wattbench.config import GatePolicy
from wattbench.records.schema.recorded import recorded
from wattbench_reports.gate.policy import DEFAULT_POLICY, policy_of


def test_a_gate_that_names_no_policy_is_judged_by_the_suites_defaults() -> None:
    assert policy_of(GatePolicy()) == DEFAULT_POLICY


def test_a_policy_as_older_versions_recorded_it_is_read() -> None:
    older = GatePolicy().model_dump(mode="json") | {"drift": 0.03}
    del older["reloads"]
    for rule in older["metrics"].values():
        del rule["each_domain"]
    policy = policy_of(recorded(GatePolicy, older, "gate"))
    assert policy.drift == 0.03
    assert policy.rules == DEFAULT_POLICY.rules
