"""Confusion matrices: counts by brute force, bounds from the room of statistics, and which tasks have labels."""

from __future__ import annotations

import itertools

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wattbench.records import read_run
from wattbench_reports.analyses.labels import MOST_LABELS, labelled_tasks
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.presenter.markdown import as_markdown
from wattbench_reports.sections.labels import labels_section
from wattbench_reports.stats import accuracy_interval, wilson_interval

LABELS = ("Yes", "No", "Maybe")


@pytest.fixture
def labelled(make_run, fake):
    """A run whose keys and answers are functions of the system and the document."""
    numbers = itertools.count()

    def write(key, answer, *, items=30, repeats=1, score=None):
        systems = (fake.System("one"), fake.System("<b>two</b>"))
        number = f"r{next(numbers)}"
        run = make_run(fake.Run(systems, (("sort", "any"),), items=items, repeats=repeats, id=number))
        path = run.layout.items_table
        table = pd.read_parquet(path)
        table["target"] = [key(doc) for doc in table["doc_id"]]
        rows = zip(table["system"], table["doc_id"], table["repeat"], strict=True)
        table["filtered"] = [answer(*row) for row in rows]
        compared = table["filtered"].str.strip(" .").str.lower() == table["target"].str.lower()
        table["correct"] = (compared if score is None else score(table)).astype(float)
        pq.write_table(pa.Table.from_pandas(table, schema=pq.read_schema(path), preserve_index=False), path)
        return read_run(run.layout.root), table

    return write


def key(doc: int) -> str:
    return LABELS[doc % 3]


def answer(system: str, doc: int, repeat: int) -> str:
    if doc % 5 == 4:
        return "I cannot say"
    return f" {LABELS[(doc + (doc // 3 + repeat) % 2) % 3].lower()}." if system == "one" else key(doc)


@pytest.mark.parametrize("repeats", [1, 3])
def test_counts_and_shares_are_the_records(labelled, repeats) -> None:
    run, table = labelled(key, answer, repeats=repeats)
    (task,) = labelled_tasks(analyse(run).measured)
    assert (task.task, task.labels) == ("sort", ("Maybe", "No", "Yes"))
    for each in task.systems:
        own = table[table["system"] == each.system]
        said = own["filtered"].str.strip(" .").str.capitalize()
        for row, label in enumerate(task.labels):
            for column, other in enumerate(task.labels):
                assert each.counts[row, column] == ((own["target"] == label) & (said == other)).sum()
            assert each.counts[row, -1] == ((own["target"] == label) & ~said.isin(LABELS)).sum()
            for shares, chosen in ((each.recall, own["target"] == label), (each.precision, said == label)):
                by_item = own[chosen].groupby("doc_id")["correct"]
                trials = by_item.size().to_numpy(dtype=float)
                assert shares[row] == accuracy_interval(by_item.sum().to_numpy(), trials)
        assert each.counts.diagonal().sum() == own["correct"].sum()
    if repeats == 1:
        ones = task.systems[0]
        (share, trials) = ones.counts[0, 0] / ones.counts[0].sum(), ones.counts[0].sum()
        assert ones.recall[0] == wilson_interval(share, trials)


def test_the_diagonal_is_what_the_task_scored_as_right(labelled) -> None:
    run, table = labelled(key, answer, score=lambda table: table["filtered"] == table["target"])
    (task,) = labelled_tasks(analyse(run).measured)
    one = task.systems[0]
    assert one.counts.diagonal().sum() == 0 == table.loc[table["system"] == "one", "correct"].sum()
    assert one.counts[:, -1].sum() > 6, "their key, written in another form, counts as no label"


def test_tasks_without_labels_have_no_matrix(labelled) -> None:
    many, few = (labelled(lambda doc, n=n: f"label {doc % n}", answer, items=60)[0] for n in (MOST_LABELS + 1, 1))
    assert labelled_tasks(analyse(many).measured) == labelled_tasks(analyse(few).measured) == ()
    names, _ = labelled(lambda doc: f"name {doc}", lambda system, doc, repeat: f"name {doc}", items=8)
    assert labelled_tasks(analyse(names).measured) == ()
    prose, _ = labelled(key, lambda system, doc, repeat: f"It depends on {doc}", items=30)
    assert labels_section(labelled_tasks(analyse(prose).measured)) is None


def test_a_cell_links_to_its_answers_and_names_stay_texts(labelled) -> None:
    section = labels_section(labelled_tasks(analyse(labelled(key, answer)[0]).measured))
    assert section is not None
    one, two = section.passages[0].folded
    assert [column.label for column in one.columns] == ["Key", "Maybe", "No", "Yes", "other", "Answers", "Recall"]
    assert one.rows[1][3].link == "#answers&system=one&task=sort&key=No&label=Yes" or one.rows[1][3].text == "0"
    assert [bool(cell.link) for cell in two.rows[0][1:4]] == [True, False, False]
    assert "<b>two" not in as_markdown(section)
