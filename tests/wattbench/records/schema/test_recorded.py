"""Blocks of a record by their models: what is wrong is named with its key; what only describes is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wattbench.errors import UserError
from wattbench.records.schema.carbon import Carbon
from wattbench.records.schema.decide import Decide
from wattbench.records.schema.gate import GatePolicy
from wattbench.records.schema.header import CommitsSinceRecord, MachineRecord, RescoredRecord
from wattbench.records.schema.price import Price
from wattbench.records.schema.recorded import chosen, recorded
from wattbench.records.schema.workload import Workload

USD = {"per_request": 1, "currency": "USD"}


@pytest.mark.parametrize(
    ("model", "block", "said"),
    [
        (Carbon, "x", "block is 'x': it must be a mapping"),
        (Carbon, {"pue": "1.2"}, "block.pue is '1.2': it must be a number"),
        (Carbon, {"pue": True}, "block.pue is True: it must be a number"),
        (Carbon, {"pue": float("nan")}, "block.pue is nan: it must be a number"),
        (Carbon, {"pue": 0.5}, "block.pue is 0.5: it must be a number of 1 or more"),
        (Carbon, {"region": ["DEU"]}, "block.region is ['DEU']: it must be text"),
        (Carbon, {"region": "QQQ"}, "block.region: 'QQQ' is not the ISO 3166 code of a country"),
        (Carbon, {"embodied": 4}, "block.embodied is 4: it must be a mapping"),
        (Carbon, {"embodied": {"use": "a", "gpus": 0}}, "block.embodied.gpus is 0: it must be a whole number of 1"),
        (Workload, {"mix": ["text"]}, "block.mix is ['text']: it must be a mapping"),
        (Workload, {"mix": {"text": "much"}}, "block.mix.text is 'much': it must be a number"),
        (Workload, {"currency": "usd"}, "block.currency is 'usd': it must be three letters, such as USD (ISO 4217)"),
        (Decide, {"min_accuracy": 1.2}, "block.min_accuracy: 1.2 is no share of correct answers"),
        (Decide, {"min_accuracy": {"text": "u"}}, "block.min_accuracy.text is 'u': it must be a number"),
        (Decide, {"minimise": "watts"}, "block.minimise is 'watts': it must be joules, grams, money or seconds"),
        (Decide, {"risk": 0.5}, "block.risk is 0.5: it must be a number below 0.5"),
        (Price, {"per_request": 1}, "block.currency is missing"),
        (Price, {"currency": "USD"}, "block: name at least one of input_per_million"),
        (Price, {**USD, "date": "soon"}, "block.date is 'soon': it must be a date, such as 2026-11-25"),
        (Price, {**USD, "source": " "}, "block.source is ' ': it must be text that is not empty"),
        (GatePolicy, {"metrics": {"speed": {"margin": 0.1}}}, "block.metrics.speed"),
        (RescoredRecord, {"forms": []}, "block.from is missing"),
    ],
)
def test_what_is_wrong_is_named(model: Any, block: object, said: str) -> None:
    with pytest.raises(UserError) as error:
        recorded(model, block, "block")
    assert str(error.value).startswith(said)
    assert str(error.value).endswith("; the record is damaged")


def test_a_record_may_lack_keys_and_have_newer_ones() -> None:
    assert recorded(Carbon, {"pue": None, "region": "", "newer": {"a": 1}}, "block") == Carbon()
    assert recorded(Workload, {"mix": {}}, "block") == Workload()
    read = recorded(Carbon, {"intensity_csv": "/a/grid.csv", "embodied": {"use": "x", "newer": 1}}, "block")
    assert read.intensity_csv == Path("/a/grid.csv")
    assert read.embodied is not None


def test_a_reader_may_not_name_a_key_that_there_is_not() -> None:
    with pytest.raises(UserError, match=r"--option\.curency: unknown key; did you mean 'currency'"):
        chosen(Price, {**USD, "curency": "USD"}, "--option")
    with pytest.raises(UserError, match="--option cannot be read"):
        chosen(Price, {"per_request": {1, 2}}, "--option")


def test_what_only_describes_is_left_out_where_it_cannot_be() -> None:
    machine = MachineRecord.of({"os": 3, "cpu": "a", "gpus": [{"name": "b"}, 4, {"name": 5}], "repository": "x"})
    assert machine is not None
    assert (machine.os, machine.cpu, [gpu.name for gpu in machine.gpus]) == (None, "a", ["b", "unnamed"])
    assert machine.repository.remote is None
    assert machine.as_recorded["os"] == 3
    assert MachineRecord.of("x") is None
    since = CommitsSinceRecord.of({"run": "r", "commits": [{"commit": "zz"}, {"commit": "a" * 40}], "files": ["f"]})
    assert since is not None
    assert [each.commit for each in since.commits] == ["a" * 40]
    assert (since.commits_in_all, since.files_in_all) == (1, 1)
    assert CommitsSinceRecord.of({"commits": []}) is None
