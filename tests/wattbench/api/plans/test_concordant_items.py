"""Items that every system of an earlier run answered right, or none did, are counted, and nothing is left out."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click.testing
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.made_up.answered_runs import SYSTEM, write_answered
from tests.made_up.rows import item, write_items
from wattbench.api.plans.concordant_items import ConcordantItems, concordant_passage, count_concordant
from wattbench.api.plans.earlier_runs import find_earlier
from wattbench.cli import main
from wattbench.config import PythonSystem, Resolved, Suite, TaskChoice
from wattbench.records import BoundedRow, DroppedRow, LookRow, RunRecords, read_run
from wattbench.tasks.loading import LoadedTask, load_task
from wattbench_reports.presenter.text import passage_lines
from wattbench_reports.tables.run_tables import load_frames

TASKS = Path(__file__).parents[3] / "data" / "tasks"
RIGHT = [str(number) for number in range(12)]
"""Answers to the first documents of `sums`; changed below."""


def suite(*systems: str, tasks: Sequence[str] = ("sums",), limit: int = 12) -> Resolved:
    select = [{"task": task, "domain": "any", "limit": limit} for task in tasks]
    given = {
        "name": "answered",
        "tasks": {"include": [TASKS], "select": select},
        "systems": {"define": dict.fromkeys(systems, SYSTEM)},
    }
    return Resolved(
        Suite.model_validate(given), {name: PythonSystem.model_validate(SYSTEM) for name in systems}, Path("suite.yaml")
    )


def loaded(resolved: Resolved) -> list[LoadedTask]:
    return [load_task(resolved, choice) for choice in resolved.tasks]


def answers(*wrong: Iterable[int]) -> dict[str, dict[str, list[str]]]:
    """Return the answers of systems `s0`, `s1`, ... of which each gives some documents wrong."""
    targets = [str(sample) for sample in TARGETS]
    return {
        f"s{number}": {"sums": ["no" if doc in set(docs) else target for doc, target in enumerate(targets)]}
        for number, docs in enumerate(wrong)
    }


TARGETS = [loaded(suite("a"))[0].task.doc_to_target(doc) for doc in list(loaded(suite("a"))[0].task.eval_docs)[:12]]


def text(items: ConcordantItems | None) -> str:
    return "\n".join(passage_lines(concordant_passage(items))) + "\n"


def test_items_are_known_by_the_hash_that_a_run_records(tmp_path: Path) -> None:
    run = write_answered(tmp_path, TASKS, answers(()))
    [task] = loaded(suite("s0"))
    assert [row.doc_hash for row in run.scores("s0", "sums") or []] == list(task.doc_hashes)


def test_what_all_and_what_none_answered_right_is_counted(tmp_path: Path, golden: Any) -> None:
    write_answered(tmp_path, TASKS, answers((0, 1, 2), (0, 1, 3), (0, 1, 4)))
    resolved = suite("s0", "s1", "s2")
    items = find_earlier(resolved, loaded(resolved), tmp_path, any_machine=True).concordant
    assert items is not None
    [of_sums] = items.tasks
    assert (of_sums.planned, of_sums.counted, of_sums.all_right, of_sums.none_right) == (12, 12, 7, 2)
    assert items.systems == ("s0", "s1", "s2")
    assert items.planned
    assert (items.seconds_share, items.joules_share, items.provenance) == (0.75, 0.75, "counter")
    golden("concordant.txt", text(items))


def test_other_items_are_not_counted(tmp_path: Path, golden: Any) -> None:
    write_answered(tmp_path, TASKS, answers((0,), (0, 3)))
    resolved = suite("s0", "s1", limit=30)
    items = find_earlier(resolved, loaded(resolved), tmp_path, any_machine=True).concordant
    assert items is not None
    assert (items.total("planned"), items.total("counted")) == (30, 12)
    golden("concordant-part.txt", text(items))
    fewer = suite("s0", "s1", limit=2)
    items = find_earlier(fewer, loaded(fewer), tmp_path, any_machine=True).concordant
    assert items is not None
    assert (items.total("planned"), items.total("counted"), items.total("none_right")) == (2, 2, 1)


def test_systems_that_are_planned_otherwise_count_only_where_runs_are_named(tmp_path: Path) -> None:
    write_answered(tmp_path, TASKS, answers((0,), (1,), (2,)))
    two = suite("s0", "s2", "new")
    items = find_earlier(two, loaded(two), tmp_path, any_machine=True).concordant
    assert items is not None
    assert (items.systems, items.planned) == (("s0", "s2"), True)
    one = suite("s0", "new")
    items = find_earlier(one, loaded(one), tmp_path, any_machine=True).concordant
    assert items is not None
    assert (items.systems, items.planned) == (("s0", "s1", "s2"), False)
    assert "these are all systems of that run" in text(items)
    assert find_earlier(one, loaded(one), tmp_path).concordant is None


def test_the_newest_run_with_planned_systems_counts(tmp_path: Path) -> None:
    paths = [
        write_answered(tmp_path, TASKS, each).layout.root
        for each in (answers((0,), (0,)), {"x": {"sums": ["no"]}, "y": {"sums": ["no"]}})
    ]
    for path, day in zip(paths, ("01", "02"), strict=True):
        header = json.loads((path / "run.json").read_text())
        (path / "run.json").write_text(json.dumps(header | {"created_utc": f"2026-01-{day}T00:00:00+00:00"}))
    for systems, wanted in ((("s0", "s1"), paths[0]), (("x", "y"), paths[1]), (("new",), paths[1])):
        resolved = suite(*systems)
        items = find_earlier(resolved, loaded(resolved), tmp_path, any_machine=True).concordant
        assert items is not None
        assert items.run == wanted


def test_a_task_that_is_scored_otherwise_now_is_named(tmp_path: Path) -> None:
    write_answered(tmp_path, TASKS, answers((0,), (1,)))
    resolved = suite("s0", "s1", tasks=("sums", "choices"))
    items = find_earlier(resolved, loaded(resolved), tmp_path, any_machine=True).concordant
    assert items is not None
    assert items.other_tasks == ("choices",)
    assert "choices" in text(items)
    changed = [replace(task, asking_sha256="0" * 64) for task in loaded(resolved)]
    earlier = find_earlier(resolved, changed, tmp_path, any_machine=True)
    assert earlier.concordant is None
    assert "asked these tasks" in earlier.no_concordant


def test_several_tasks_have_a_table(tmp_path: Path, golden: Any) -> None:
    first, other = [(0.0, True), (-1.0, False), (-2.0, False)], [(-1.0, False), (0.0, True), (-2.0, False)]
    given = answers((0, 1), (0, 2))
    given["s0"]["choices"], given["s1"]["choices"] = [first] * 5, [*[first] * 3, *[other] * 2]  # type: ignore[list-item]
    write_answered(tmp_path, TASKS, given)
    resolved = suite("s0", "s1", tasks=("sums", "choices"))
    items = find_earlier(resolved, loaded(resolved), tmp_path, any_machine=True).concordant
    golden("concordant-tasks.txt", text(items))


def of_sums(run: RunRecords, task: LoadedTask, *alike: str) -> ConcordantItems | str:
    frames = load_frames(run)
    return count_concordant(frames, pd.Series(1.0, index=frames.items.index), [task], (), alike)


def documents(number: int, contents: int | None = None) -> LoadedTask:
    docs = [{"question": doc % (contents or number)} for doc in range(number)]
    return LoadedTask(TaskChoice(task="sums", domain="any"), SimpleNamespace(eval_docs=docs), number, "")


Score = tuple[float, bool]
SCORES = st.sampled_from([0.0, 0.0, 0.5, 1.0, 1.0])
CELLS = st.dictionaries(
    st.integers(0, 7), st.lists(st.tuples(SCORES, st.booleans() | st.just(False)), min_size=1, max_size=2), max_size=8
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CELLS, min_size=2, max_size=4), st.integers(1, 8), st.integers(1, 8))
@example([{0: [(1.0, False)], 1: [(0.0, False)]}, {0: [(1.0, False), (0.0, False)], 1: [(0.0, False)]}], 8, 8)
def test_the_count_is_that_of_a_plain_loop(
    scores: list[Mapping[int, list[Score]]], planned: int, contents: int
) -> None:
    task, whole = documents(planned, contents), documents(8, contents)
    rows = [
        item(
            doc, float(repeat), system=f"s{number}", repeat=repeat, doc_hash=whole.doc_hashes[doc], correct=score,
            **({"failure": "HTTP 500"} if failed else {}),
        )
        for number, of_system in enumerate(scores)
        for doc, given in of_system.items()
        for repeat, (score, failed) in enumerate(given)
    ]  # fmt: skip
    if not rows:
        return
    with tempfile.TemporaryDirectory() as folder:
        names = {row.system for row in rows}
        seen = of_sums(write_items(Path(folder), rows), task, *names)
    there = [given for given in scores if given]
    counted = {
        doc for doc in range(8) if all(doc in given and not any(failed for _, failed in given[doc]) for given in there)
    }
    nth = {doc: sum(other % contents == doc % contents for other in _asked(there) if other < doc) for doc in range(8)}
    wanted = {
        (doc % contents, sum(other % contents == doc % contents for other in range(doc))) for doc in range(planned)
    }
    counted = {doc for doc in counted if (doc % contents, nth[doc]) in wanted}
    if len(there) < 2 or not counted:
        assert isinstance(seen, str)
        return
    assert isinstance(seen, ConcordantItems)
    every = {doc: [score for given in there for score, _ in given[doc]] for doc in counted}
    right, wrong = ({doc for doc in counted if set(every[doc]) == {end}} for end in (1.0, 0.0))
    assert (seen.total("counted"), seen.total("all_right"), seen.total("none_right")) == (
        len(counted), len(right), len(wrong),
    )  # fmt: skip
    requests = {doc: len(every[doc]) for doc in counted}
    assert seen.seconds_share is not None
    assert math.isclose(seen.seconds_share, sum(requests[doc] for doc in right | wrong) / sum(requests.values()))


def _asked(scores: Iterable[Mapping[int, object]]) -> set[int]:
    return {doc for given in scores for doc in given}


@given(st.lists(st.lists(SCORES, min_size=6, max_size=6), min_size=3, max_size=4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_with_one_more_system_no_more_items_are_concordant(scores: list[list[float]]) -> None:
    task = documents(6)
    rows = [
        item(doc, system=f"s{number}", doc_hash=task.doc_hashes[doc], correct=score)
        for number, of_system in enumerate(scores)
        for doc, score in enumerate(of_system)
    ]
    with tempfile.TemporaryDirectory() as folder:
        run = write_items(Path(folder), rows)
        counts = [of_sums(run, task, *(f"s{number}" for number in range(upto))) for upto in range(2, len(scores) + 1)]
    for fewer, more in pairwise(counts):
        assert isinstance(fewer, ConcordantItems)
        assert isinstance(more, ConcordantItems)
        assert more.total("all_right") <= fewer.total("all_right")
        assert more.total("none_right") <= fewer.total("none_right")


def test_answers_without_a_score_and_one_system_show_nothing(tmp_path: Path) -> None:
    task = documents(2)
    hashes = task.doc_hashes
    unscored = [
        item(doc, system=name, doc_hash=hashes[doc], correct=None if name == "a" else 1.0)
        for doc in range(2)
        for name in ("a", "b")
    ]
    seen = of_sums(write_items(tmp_path, unscored, imported={"source": "x"}), task)
    assert seen == "no item of this plan was answered and scored for each of its systems (a and b)"
    one = write_items(tmp_path, [item(0, system="a", doc_hash=hashes[0])], run="alone")
    assert of_sums(one, task, "a") == "it has the answers of 1 system, and two are needed"


def test_joules_of_unlike_provenance_are_not_added(tmp_path: Path) -> None:
    task = documents(2)
    rows = [
        item(doc, system=name, doc_hash=task.doc_hashes[doc], energy_provenance=label)
        for doc in range(2)
        for name, label in (("a", "counter"), ("b", "modelled"))
    ]
    seen = of_sums(write_items(tmp_path, rows), task)
    assert isinstance(seen, ConcordantItems)
    assert (seen.joules_share, seen.provenance, seen.seconds_share) == (None, "", 1.0)
    assert "joules" not in text(seen)


def test_requests_without_joules_are_named(tmp_path: Path) -> None:
    task = documents(2)
    rows = [
        item(doc, system=name, doc_hash=task.doc_hashes[doc], correct=float(doc), energy_j=None if doc else 2.0)
        for doc in range(2)
        for name in ("a", "b")
    ]
    seen = of_sums(write_items(tmp_path, rows), task)
    assert isinstance(seen, ConcordantItems)
    assert (seen.joules_share, seen.joules_known) == (1.0, 0.5)
    assert "(counter; known of 50.0% of the requests)" in " ".join(text(seen).split())


def test_systems_that_a_run_stopped_asking_do_not_narrow_the_items(tmp_path: Path) -> None:
    run = write_answered(tmp_path, TASKS, answers((0,), (0, 1), tuple(range(12))))
    figure = BoundedRow(estimate=0.0, low=0.0, high=0.3)
    dropped = DroppedRow(system="s2", items=12, accuracy=figure, cost=None, quantity="accuracy", bound=0.8)
    look = LookRow(
        blocks=2, level=0.01, objective="accuracy", unit=None, currency=None, asked=["s0", "s1", "s2"],
        dropped=[dropped], at_s=1.0,
    )  # fmt: skip
    run.layout.looks.write_text(json.dumps(look.as_json()) + "\n")
    resolved = suite("s0", "s1", "s2")
    earlier = find_earlier(resolved, loaded(resolved), tmp_path, any_machine=True)
    assert {system for system, _ in earlier.cells} == {"s0", "s1", "s2"}  # time is expected of all
    items = earlier.concordant
    assert items is not None
    assert (items.systems, items.left_out, items.total("all_right")) == (("s0", "s1"), ("s2",), 10)
    assert "stopped asking are not counted: s2" in text(items)


def test_the_command_says_it_in_words_and_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("sum,result\n1 + 1,2\n2 + 2,4\n3 + 3,6\n")
    Path("suite.yaml").write_text(
        "name: s\ntasks: {select: [{file: data.csv, input: sum, target: result, score: number, domain: any}]}\n"
        "systems: {define: {a: {kind: generalist, engine: python, call: './a.py:f'}}}\n"
    )
    Path("a.py").write_text("f = None\n")
    run = write_answered(tmp_path / "elsewhere", TASKS, answers((0,), (0,))).layout.root

    def planned(*options: str) -> str:
        done = click.testing.CliRunner().invoke(main, ["suites", "plan", "suite.yaml", "--offline", *options])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert json.loads(planned("--json"))["concordant_items"] is None
    assert "tell nothing" not in planned()
    said = "which items tell nothing between systems is not known: no finished run in"
    assert said in " ".join(planned("--like", str(run)).split())
    named = json.loads(planned("--like", str(run), "--json"))
    assert any(note.startswith(said) for note in named["notes"])
    assert read_run(run).finished
