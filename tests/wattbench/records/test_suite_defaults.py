"""What the suite file and the reports take for granted is the same."""

from __future__ import annotations

from typing import Any

import pytest

from wattbench.config import Carbon, GatePolicy
from wattbench.config.suite import Workload
from wattbench.records.suite_defaults import EMBODIED_FORMS
from wattbench_reports.gate.policy import DEFAULT_POLICY, policy_of
from wattbench_reports.metrics.carbon import pue_of_suite
from wattbench_reports.metrics.carbon.embodied import embodied
from wattbench_reports.metrics.workload import workload
from wattbench_reports.tables.suite_record import CarbonSettings, WorkloadSettings

VALUES: dict[str, Any] = {"use": "ecologits-gpu-server", "source": "a data sheet", "year": 2024}


def test_a_gate_that_names_no_policy_is_judged_by_the_suites_defaults() -> None:
    assert policy_of(GatePolicy().model_dump(mode="json")) == DEFAULT_POLICY


def test_a_policy_as_older_versions_recorded_it_is_read() -> None:
    recorded = GatePolicy().model_dump(mode="json") | {"drift": 0.03}
    del recorded["reloads"]
    for rule in recorded["metrics"].values():
        del rule["each_domain"]
    policy = policy_of(recorded)
    assert policy.drift == 0.03
    assert policy.rules == DEFAULT_POLICY.rules


def test_a_record_without_carbon_and_workload_is_read_by_the_suites_defaults() -> None:
    defaults = WorkloadSettings.of(Workload().model_dump(mode="json"))
    assert workload(WorkloadSettings.of({}), ["text"]) == workload(defaults, ["text"])
    assert pue_of_suite(CarbonSettings.of({})) == Carbon().pue


@pytest.mark.parametrize("form", EMBODIED_FORMS)
def test_both_take_the_same_forms_of_manufacture(form: str) -> None:
    keys = EMBODIED_FORMS[form]
    given = {key: VALUES.get(key, 1) for key in (form, *keys.required, *keys.optional)}
    assert Carbon.model_validate({"embodied": given}).embodied is not None
    assert embodied(given) is not None
