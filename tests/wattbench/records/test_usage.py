"""What each system that a hybrid asked used, from the reply to the table of items."""

from __future__ import annotations

import io
from dataclasses import asdict, replace

import pyarrow.parquet as pq
from lm_eval.api.instance import Instance

from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.measure.ask_items import ItemRequests, answer_row
from wattbench.records import AnswerRow, ItemRow, read_run
from wattbench.records.rows.answers import Used
from wattbench.records.tables.run_tables import items_parquet
from wattbench.systems.base import Reply, Route

USED = (
    Used(system="small", seconds=0.5, prompt_tokens=10, cached_tokens=4, output_tokens=2),
    Used(system="large", seconds=1.5, prompt_tokens=10, output_tokens=7),
)


def test_an_answer_has_what_each_system_used() -> None:
    route = Route("large", 0.4, 0.1, ("small", "large"), USED)
    ask = ItemRequests("generate_until", 3, (Instance("generate_until", {}, ("What?", {}), 0, ("task", 3, 1)),))
    row = answer_row(
        ask, [Reply("x", prompt_tokens=20, output_tokens=9, cached_tokens=4, route=route)], 0, 1.0, 2.0, 1, 1, "w0001"
    )
    assert row.cached_tokens == 4
    assert row.usage == [*USED]
    assert AnswerRow.from_json(row.as_json()) == row
    older = {name: value for name, value in row.as_json().items() if name not in ("usage", "cached_tokens")}
    read = AnswerRow.from_json(older)
    assert (read.usage, read.cached_tokens) == ([], None)


def test_the_table_of_items_keeps_it(tmp_path) -> None:
    read = read_run(write_run(tmp_path, FakeRun((FakeSystem("a"),), items=1)))
    rows = pq.read_table(read.layout.items_table).to_pylist()
    first = ItemRow.from_json(rows[0])
    usage = [asdict(each) for each in USED]
    table = pq.read_table(io.BytesIO(items_parquet([replace(first, usage=[*USED]), first])))
    assert table.column("usage").to_pylist() == [usage, []]
    assert rows[0]["usage"] == []
