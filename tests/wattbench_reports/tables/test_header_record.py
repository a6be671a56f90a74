"""Headers of runs by type: what a writer writes is read, and nothing that JSON can hold ends in a traceback."""

from __future__ import annotations

import math
import operator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattbench.errors import UserError
from wattbench.records import SCHEMA_VERSION, RunHeader, SystemRow
from wattbench.records.rows.schema import FieldError
from wattbench.records.schema.base import DEFAULT_CURRENCY
from wattbench.records.schema.carbon import Carbon
from wattbench.records.schema.decide import Decide
from wattbench.records.schema.gate import GatePolicy
from wattbench.records.schema.header import MeterRecord
from wattbench.records.schema.training import training_records
from wattbench_reports.tables.header_record import HeaderRecord
from wattbench_reports.tables.run_tables import object_of_text
from wattbench_reports.tables.suite_record import RouterSettings


def header(**parts: Any) -> RunHeader:
    """A header with some parts as given, as it is read.

    Raises:
        FieldError: a part is of another type.
    """
    plain: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION, "run": "r-abc123", "suite": {}, "suite_sha256": "",
        "created_utc": "2026-01-02", "command": [], "environment": {}, "meters": {}, "cells": [],
    }  # fmt: skip
    return RunHeader.from_json(plain | parts)


def suite(**parts: Any) -> HeaderRecord:
    """A record whose suite has some parts."""
    return HeaderRecord.of(header(suite={"suite": parts}))


def test_settings_have_their_types() -> None:
    record = HeaderRecord.of(
        header(
            suite={
                "suite": {
                    "name": "family", "description": "Four tasks.",
                    "measure": {"scenario": "throughput", "batch": 8, "seed": 1},
                    "tasks": {"select": [{"task": "chain_sum", "metric": "exact_match"}, {"task": "calendar"}]},
                    "carbon": {"region": "DEU", "intensity_g_per_kwh": None, "pue": 1.5, "embodied": None, "new": 1},
                    "workload": {"mix": {"text": 2}, "requests_per_year": 5, "price_per_kwh": 0.3, "currency": "USD"},
                    "gate": {"alpha": 0.05},
                },
                "systems": {
                    "hybrid": {
                        "router": {"type": "cascade", "order": ["a", "b"], "min_confidence": -0.5},
                        "members": {"a": "tuned", "b": "big"}, "fallback": "b",
                        "pool": {"tuned": {"base_url": "http://far:80", "serve": None}},
                    },
                    "mixture": {"router": "routers/gate.safetensors"},
                },
            },
            environment={"os": "Linux", "packages": {"codecarbon": "3.3"}, "gpus": [{"name": "H100"}]},
            cells=[{"system": "hybrid", "task": "chain_sum", "domain": "arithmetic", "items": 40, "task_version": 1}],
            meter_details={"cpu": {"meter": "rapl", "reads": "package", "step_s": 0.001}},
            imported={"from": "guidellm", "files": [{"name": "a.json"}], "scenario": {"hybrid": {"rate": 2}}},
            gate={"baseline": {"name": "x", "system": "tuned"}, "candidate": {"name": "y"}, "planted": {"delay": 0.2},
                  "policy": {"beta": 0.2}, "base": {"notes": ["Files that differ: a.py."]}},
            night={"date": "2026-01-02", "commit": "abc", "backfilled": True},
        )
    )  # fmt: skip
    asked = record.suite
    assert (asked.name, asked.description, asked.metrics) == ("family", "Four tasks.", {"chain_sum": "exact_match"})
    assert (asked.measure.scenario, asked.measure.batch, asked.measure.as_recorded["seed"]) == ("throughput", 8, 1)
    assert (asked.carbon.region, asked.carbon.pue, asked.carbon.embodied) == ("DEU", 1.5, None)
    assert (asked.workload.mix, asked.workload.currency, asked.gate) == ({"text": 2.0}, "USD", GatePolicy(alpha=0.05))
    hybrid = asked.systems["hybrid"]
    assert hybrid.router == RouterSettings(type="cascade", min_confidence=-0.5, order=("a", "b"))
    assert (hybrid.members, hybrid.fallback) == ({"a": "tuned", "b": "big"}, "b")
    assert [(each.base_url, each.served_by_wattbench) for each in hybrid.pool.values()] == [("http://far:80", False)]
    assert asked.systems["mixture"].router is None
    (cell,) = record.cells
    assert (cell.system, cell.task, cell.domain, cell.items) == ("hybrid", "chain_sum", "arithmetic", 40)
    assert (record.machine.os, record.machine.gpus[0].name, record.machine.codecarbon) == ("Linux", "H100", "3.3")
    assert record.meters == {"cpu": MeterRecord(meter="rapl", reads="package", step_s=0.001)}
    assert record.imported is not None
    assert (record.imported.source, record.imported.files[0].name) == ("guidellm", "a.json")
    assert record.gate is not None
    assert (record.gate.sides["baseline"].system, record.gate.sides["candidate"].system) == ("tuned", None)
    assert record.gate.planted == {"delay": 0.2}
    assert record.gate.base is not None
    assert (record.gate.policy.beta, record.gate.base.notes) == (0.2, ("Files that differ: a.py.",))
    assert (record.night.date, record.night.commit, record.night.backfilled) == ("2026-01-02", "abc", True)


def test_an_old_record_lacks_settings() -> None:
    record = HeaderRecord.of(header())
    assert record.suite.name == "r-abc123"
    assert record.suite.workload.mix is record.suite.measure.scenario is None
    assert (record.suite.carbon, record.suite.decide, record.suite.impacts) == (Carbon(), Decide(), None)
    assert record.suite.workload.currency == DEFAULT_CURRENCY
    assert record.gate is record.imported is record.machine.packages is record.night.date is None
    assert record.cells == ()


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("carbon", {"pue": "1.2"}, "run.json: carbon.pue is '1.2': it must be a number; the record is damaged"),
        ("workload", {"mix": {"text": "much"}}, "run.json: workload.mix.text is 'much': it must be a number"),
    ],
)
def test_a_setting_that_a_figure_depends_on_is_named(part: str, value: object, said: str) -> None:
    record = suite(**{part: value})
    with pytest.raises(UserError, match=said):
        getattr(record.suite, part)


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({}, "run.json: gate.baseline is missing"),
        ({"baseline": {}}, "run.json: gate.baseline.name is missing"),
        ({"baseline": {"name": ["a"]}}, r"run.json: gate.baseline.name is \['a'\]: it must be text"),
        ({"planted": {"delay": "slow"}}, "run.json: gate.planted.delay is 'slow': it must be a number"),
        ({"policy": {"alpha": 2}}, "run.json: gate.policy.alpha is 2: it must be a number below 0.5"),
    ],
)
def test_a_gate_that_does_not_say_whom_it_asked_is_named(gate: object, said: str) -> None:
    with pytest.raises(UserError, match=said):
        _ = HeaderRecord.of(header(gate=gate)).gate


@pytest.mark.parametrize("text", [None, 3, "", "[]", "{", "[" * 100_000])
def test_a_column_that_holds_no_object_is_named(text: object) -> None:
    with pytest.raises(UserError, match=r"windows\.parquet: .* is not a JSON object; the record is damaged"):
        object_of_text(Path("windows.parquet"), text)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _keys(*names: str, inner: st.SearchStrategy[Any] = _json) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(names), inner, max_size=len(names))


def _with_keys(*names: str, inner: st.SearchStrategy[Any] = _json) -> st.SearchStrategy[Any]:
    return _json | _keys(*names, inner=inner)


_settings = _with_keys("scenario", "batch", "region", "pue", "mix", "price_per_kwh", "currency", "embodied", "select")
_system = _with_keys(
    "router", "members", "pool", "fallback", "base_url", "serve",
    inner=_with_keys("type", "order", "min_score", "base_url"),
)  # fmt: skip
_headers = st.fixed_dictionaries(
    {
        "suite": _keys("suite", inner=_with_keys("name", "measure", "carbon", "workload", "tasks", inner=_settings))
        | st.fixed_dictionaries({"systems": st.dictionaries(st.text(max_size=3), _system, max_size=2)}),
        "environment": _keys("packages", "gpus", "memory_bytes", "cpu", "os", "commit", "cpus_logical", "repository"),
        "meters": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
        "meter_details": st.dictionaries(st.text(max_size=3), _keys("meter", "reads", "step_s")),
        "cells": st.lists(
            st.fixed_dictionaries(
                {"system": st.text(max_size=3), "task": st.text(max_size=3)}, optional={"items": _json, "domain": _json}
            ),
            max_size=3,
        ),
        "imported": st.none() | _keys("from", "files", "left_out", "scenario"),
        "gate": st.none()
        | _keys("baseline", "candidate", "policy", "planted", "base", inner=_with_keys("name", "system")),
        "night": st.none() | _keys("date", "commit", "backfilled", "since"),
    }
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(parts=_headers)
def test_any_header_is_read_or_named(parts: dict[str, Any]) -> None:
    try:
        read = header(**parts)
    except FieldError:
        return
    said = []
    for block in ("suite.carbon", "suite.workload", "gate", "night", "cells"):
        try:
            operator.attrgetter(block)(HeaderRecord.of(read))
        except UserError as error:
            said.append(str(error))
    assert all(each.startswith("run.json: ") for each in said)


@given(training=_json | st.dictionaries(st.text(max_size=3), _with_keys("tokens", "energy_j", "provenance", "year")))
def test_any_training_is_read_or_named(training: Any) -> None:
    row = SystemRow(system="s", kind="k", engine="e", training=training)
    found, said = {}, "systems.jsonl: training of s"
    try:
        found = training_records(row)
    except UserError as error:
        said = str(error)
    assert said.startswith("systems.jsonl: training of s")
    assert all(step.tokens is None or isinstance(step.tokens, float) for step in found.values())


@pytest.mark.parametrize(
    ("recorded", "threshold"),
    [
        ({"min_confidence": -0.5}, -0.5),
        ({"min_confidence": None, "min_probability": 0.5}, math.log(0.5)),
        ({"min_probability": 1}, 0.0),
        ({"min_probability": 0}, None),
        ({"min_probability": 2}, None),
        ({"min_confidence": None, "min_probability": None}, None),
    ],
)
def test_a_cascade_s_threshold_is_a_logarithm(recorded: dict[str, float | None], threshold: float | None) -> None:
    read = RouterSettings.of({"type": "cascade", **recorded})
    assert read is not None
    assert read.threshold == threshold
