"""What flipped: counts against the Parquet by brute force, links to the answers, the command that lists all."""

from __future__ import annotations

import dataclasses
import io
import math
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wattbench.records import read_run
from wattbench_reports.analyses.disagreements import Pair, chosen_pairs, flips
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.html import report
from wattbench_reports.sections.disagreements import MOST_PAIRS, items_section
from wattbench_reports.tables.answer_texts import texts_at

KEY = ["task", "doc_id", "doc_hash"]


def sides(run, first: str, second: str) -> pd.DataFrame:
    """Item by item whether each is right, from the parquet alone."""
    table = pd.read_parquet(run.layout.items_table)
    means = table.groupby([*KEY, "system"])["correct"].mean().unstack()
    return means[[first, second]].dropna() >= 0.5


def brute_p(gained: int, lost: int) -> float:
    """Both tails of a fair coin's binomial, added up term by term."""
    n = gained + lost
    tail = sum(math.comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n
    return min(1.0, 2 * tail)


def retexted(run, row_group_size: int = 97):
    """The same run with a text of its own in every row, in many small groups."""
    path = run.layout.items_table
    table = pd.read_parquet(path)
    for name in ("prompt", "output", "filtered", "target"):
        table[name] = [f"{name} of row {place}" for place in range(len(table))]
    table["prompt"] = "Question " + table["task"] + " " + table["doc_id"].astype(str)
    pq.write_table(pa.Table.from_pandas(table, schema=pq.read_schema(path)), path, row_group_size=row_group_size)
    return read_run(run.layout.root)


@pytest.mark.parametrize("repeats", [1, 3])
def test_counts_are_the_records(make_run, fake, repeats) -> None:
    run = make_run(fake.Run(fake.plain().systems, repeats=repeats))
    (found,) = flips(analyse(run).measured, [Pair("regex", "generalist", "")])
    right = sides(run, "regex", "generalist")
    for each in (found.total, *found.tasks):
        own = right if each.task is None else right.xs(each.task)
        ours, theirs = own["regex"], own["generalist"]
        assert each.both == (ours & theirs).sum()
        assert each.first_only == (ours & ~theirs).sum()
        assert each.second_only == (~ours & theirs).sum()
        assert each.neither == (~ours & ~theirs).sum()
        assert each.items == len(own)
        assert each.p == pytest.approx(brute_p(each.first_only, each.second_only))
    assert [each.task for each in found.tasks] == ["chain_sum", "spell_backward"]


def test_texts_of_a_part_of_the_file(make_run, fake) -> None:
    run = retexted(make_run(fake.plain()))
    frames = analyse(run).measured.frames
    table = pd.read_parquet(run.layout.items_table)
    rows = np.asarray([200, 3, 96, 97, 239])
    found = texts_at(frames, rows, ("output", "of_a_newer_version"))
    assert list(found.columns) == ["output"]
    assert {place: found["output"][place] for place in rows} == {place: table["output"][place] for place in rows}
    some = frames.only(pd.Series(table["task"] == "spell_backward"), frozenset())
    kept = np.flatnonzero(table["task"] == "spell_backward")
    found = texts_at(some, np.asarray([50, 1]), ("output",))
    assert found["output"].to_dict() == {50: table["output"][kept[50]], 1: table["output"][kept[1]]}
    assert texts_at(frames, np.empty(0, dtype=np.int64), ("output",)).empty


def test_only_groups_with_wanted_rows_are_read(make_run, fake, monkeypatch) -> None:
    run = retexted(make_run(fake.plain()), row_group_size=24)
    frames = analyse(run).measured.frames
    read = []
    original = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile, "iter_batches", lambda self, *a, **k: read.append(k["row_groups"]) or original(self, *a, **k)
    )
    texts_at(frames, np.asarray([30, 31, 100]), ("output",))
    assert read == [[1], [4]]


def test_an_old_record_without_texts_still_reports(make_run, fake) -> None:
    run = make_run(fake.plain())
    table = pq.read_table(run.layout.items_table)
    pq.write_table(table.drop_columns(["prompt", "output", "target"]), run.layout.items_table)
    assert 'id="answers--part-0"' in report(read_run(run.layout.root))


def test_counts_link_to_their_answers(analysed, fake) -> None:
    section = items_section(analysed(fake.plain()).measured)
    assert section is not None
    (all_tasks, one_task, *_) = section.passages[0].tables[0].rows
    assert all_tasks[2].link == "#answers&flipped=generalist&against=specialist&system=generalist&outcome=right"
    assert one_task[2].link == (
        "#answers&flipped=generalist&against=specialist&system=generalist&task=chain_sum&outcome=right"
    )
    assert not all_tasks[1].link, "both are right: no item flipped"


def test_the_pairs_that_matter(analysed, fake) -> None:
    analysis = analysed(fake.family())
    accuracy = {name: each.accuracy.estimate for name, each in analysis.measured.systems.items() if name != "told"}
    first, second, *_ = sorted(accuracy, key=lambda name: -accuracy[name])
    pairs = chosen_pairs(analysis.measured)
    assert (pairs[0].first, pairs[0].second) == (first, second)
    named = [{pair.first, pair.second} for pair in pairs]
    assert all(len(pair) == 2 for pair in named)
    assert all(named.count(pair) == 1 for pair in named)
    assert {"student", "tuned"} in named
    for domain in ("arithmetic", "text", "logic", "time"):
        assert {f"specialist-{domain}", "tuned"} in named
    assert not any("told" in pair for pair in named), "a yardstick"


def test_nothing_flipped_and_nobody_to_compare(analysed, fake) -> None:
    same = (fake.System("one", accuracy=0.0), fake.System("two", accuracy=0.0))
    section = items_section(analysed(fake.Run(same, id="same")).measured)
    assert section is not None
    (passage,) = section.passages
    assert "both are right or both are wrong" in passage.sentences[1]
    assert passage.commands == ()
    assert items_section(analysed(fake.Run((fake.System("only"),), id="only")).measured) is None


def run_command(command: str) -> pd.DataFrame:
    words = shlex.split(command)
    assert words[:2] == ["python", "-c"]
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True)
    return pd.read_csv(io.StringIO(done.stdout), dtype={"task": str})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["specialist", 'o\'"b\\"\n\u202e;$(true)'])
def test_the_command_lists_every_flipped_item(make_run, fake, name) -> None:
    systems = (fake.plain().systems[0], dataclasses.replace(fake.plain().systems[1], name=name))
    run = make_run(fake.Run(systems, repeats=2))
    section = items_section(analyse(run).measured)
    assert section is not None
    ((_, command),) = section.passages[0].commands
    assert command.isascii()
    assert command.isprintable()
    found = run_command(command)
    right = sides(run, "generalist", name)
    flipped = right[right["generalist"] != right[name]]
    assert set(zip(found["task"], found["doc_id"], strict=True)) == {(task, doc) for task, doc, _ in flipped.index}
    assert len(found) == 4 * len(flipped), "two answers of two systems each"


def test_many_pairs_are_named_and_not_all_shown(analysed, fake) -> None:
    systems = (fake.System("all"), *(fake.System(f"s{n}", "specialist", accuracy=0.4) for n in range(12)))
    section = items_section(analysed(fake.Run(systems)).measured)
    assert section is not None
    assert len(section.passages) == MOST_PAIRS + 1
    assert "s11" in section.passages[-1].sentences[0]


def as_text(section) -> str:
    out = [section.title, section.lead]
    for passage in section.passages:
        out += ["", f"-- {passage.heading}", *passage.sentences]
        for table in passage.tables:
            out += [f"[{table.caption}]", " | ".join(column.label for column in table.columns)]
            out += [" | ".join(cell.text for cell in row) for row in table.rows]
            out += [table.note] if table.note else []
        out += [purpose for purpose, _ in passage.commands]
    return "\n".join(out) + "\n"


def test_golden(make_run, fake, golden) -> None:
    section = items_section(analyse(retexted(make_run(fake.family(24)))).measured)
    assert section is not None
    text = as_text(section)
    golden("items.txt", text)
