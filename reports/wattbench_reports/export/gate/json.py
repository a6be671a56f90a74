"""Write a gate's result as JSON for programs, and read it back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wattbench.errors import UserError
from wattbench.records.schema.explain import first_error
from wattbench.records.schema.gate import GATE_DRIFT, GATE_RELOADS, GatePolicy
from wattbench.records.schema.recorded import recorded
from wattbench_reports.formatting.json_text import plain_data
from wattbench_reports.gate.policy import Policy, Rule, policy_of
from wattbench_reports.gate.result import GateResult, MetricVerdict

SCHEMA_VERSION = 1
"""Counts up when a key changes its meaning or goes; a new key leaves it as it is."""


def as_json(result: GateResult) -> str:
    """Return an object with the fields of `GateResult` and ``"schema_version"``, ``"exit_code"``.

    ``metrics`` is a list of objects with the fields of `MetricVerdict`, ``policy`` has the shape of a suite's ``gate:``
    section, and dates are ISO 8601. A figure that does not exist, and a bound that is infinite, are null. All of it is
    ASCII: half a surrogate pair in a record's names survives as well.
    """
    document = {"schema_version": SCHEMA_VERSION, "exit_code": result.exit_code} | asdict(result)
    document |= {"metrics": [_metric(each) for each in result.metrics], "policy": _policy(result.policy)}
    return json.dumps(plain_data(document), indent=2, allow_nan=False) + "\n"


def result_of_json(text: str | bytes, where: str = "the gate's JSON") -> GateResult:
    """Read the result of a gate from the JSON that `as_json` wrote.

    Args:
        text: of the file; bytes are UTF-8.
        where: for messages.

    Raises:
        UserError: it is no such JSON, it is damaged, or a newer wattbench wrote it.
    """
    try:
        raw = json.loads(text, parse_constant=_refused)
        version = int(raw["schema_version"])
    except (KeyError, OverflowError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{where}: not the JSON of a wattbench gate; write one with wattbench gate --json") from error
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{where}: written by a newer wattbench (schema_version {version}, this one reads {SCHEMA_VERSION}); "
            "update wattbench"
        )
    try:
        # Keys that only a later wattbench writes are ignored.
        policy = policy_of(recorded(GatePolicy, raw["policy"], f"{where}: policy"))
        return _shape().validate_python(raw | {"policy": policy})
    except KeyError as error:
        raise UserError(f"{where}: key {error} is missing; the file is damaged") from error
    except ValidationError as error:
        raise UserError(f"{where}: {first_error(error)}; the file is damaged") from error


@cache
def _shape() -> TypeAdapter[GateResult]:
    """Return the adapter that reads a result, made once: making one takes much longer than reading with it."""
    return TypeAdapter(GateResult)


def _refused(constant: str) -> float:
    """Refuse ``NaN`` and ``Infinity``, which Python reads and JSON does not have."""
    raise ValueError(constant)


def _metric(metric: MetricVerdict) -> dict[str, Any]:
    return asdict(metric) | {"waived": None if metric.waived is None else metric.waived.model_dump(mode="json")}


def _policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as the record that `policy_of` reads, with all other keys of its record."""
    settings = {
        each.name: getattr(policy, each.name)
        for each in fields(policy)
        if each.name not in {"rules", "record", "reloads"}
    }
    return {
        **policy.record,
        **settings,
        "reloads": GATE_RELOADS if policy.reloads is None else policy.reloads,
        "drift": GATE_DRIFT if policy.drift is None else policy.drift,
        "metrics": {rule.metric: _rule(rule) for rule in policy.rules},
        "trades": [
            {"give": {each.give: each.give_up_to}, "get": {each.get: each.get_at_least}, "reason": each.reason}
            for each in policy.trades
        ],
        "waivers": [each.model_dump(mode="json") for each in policy.waivers],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "margin": "auto" if rule.auto else rule.margin,
        "direction": "either" if rule.either else "worse",
        "blocks": "if_measured" if rule.only_if_measured else rule.blocks,
        "weight": rule.weight,
        "each_domain": rule.each_domain,
    }
