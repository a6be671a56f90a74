"""A router that is written: trained on some items, ready to run on the others, with what is predicted of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from tests.made_up.digests import without_digests
from tests.made_up.records import call_on
from tests.made_up.routing_worlds import routed_run
from wattbench.api.route import RunRouting
from wattbench.api.routers.write_route import write_route
from wattbench.cli import main
from wattbench.config import PythonSystem, Resolved, Suite, load_suite
from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench.routers import Question, Setup, open_router
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.routing.study import routing_study

ITEMS = 200
SYSTEMS, PRICES = ("small", "large"), (1.0, 4.0)
TOPICS = ("add", "spell")

Recorded = Callable[..., RunRecords]


def scores(*, topical: bool = True) -> Any:
    """Small is right about sums, and large about all else, most of the time; without topics by chance."""
    rng = np.random.default_rng(3)
    adding = np.arange(ITEMS) % 2 == 0
    chance = np.where(adding, 0.95, 0.05) if topical else np.full(ITEMS, 0.5)
    other = np.where(adding, 0.5, 0.9) if topical else np.full(ITEMS, 0.5)
    return np.column_stack([rng.random(ITEMS) < chance, rng.random(ITEMS) < other]).astype(float)


def prompts() -> list[str]:
    return [f"{TOPICS[each % 2]} the words of line {each} {'please' * (each % 3)}" for each in range(ITEMS)]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """A run of two callables, as wattbench itself would have recorded it."""

    def make(*, domains: bool = False, texts: bool = True, score: Any = None, imported: bool = False) -> RunRecords:
        here = tmp_path / "elsewhere"
        here.mkdir()
        (here / "answers.py").write_text("def small(text):\n    return text\n\nlarge = small\n")
        run = routed_run(
            tmp_path,
            scores() if score is None else score,
            domain=[TOPICS[each % 2] for each in range(ITEMS)] if domains else None,
            prompts=prompts() if texts else None,
            systems=SYSTEMS,
            seconds=[0.1, 0.3],
        )
        if imported:
            return run
        systems = {
            name: PythonSystem.model_validate(
                {"kind": "generalist", "engine": "python", "call": f"{here / 'answers.py'}:{name}",
                 "price": {"per_request": price, "currency": "USD", "source": "a list", "date": "2026-01-02"}}
            )
            for name, price in zip(SYSTEMS, PRICES, strict=True)
        }  # fmt: skip
        suite = Suite.model_validate(
            {
                "name": "pair",
                "tasks": {"include": [here], "select": [{"task": "task", "domain": "all", "limit": ITEMS}]},
                "systems": {"define": systems},
                "measure": {"repeats": 2, "blocks": 7},
                "workload": {"currency": "USD"},
            }
        )
        record = Resolved(suite, systems, tmp_path / "suite.yaml").as_record()
        header = dataclasses.replace(run.header, imported=None, suite=record)
        (run.layout.root / "run.json").write_text(json.dumps(dataclasses.asdict(header)))
        return read_run(without_digests(run.layout.root))

    return make


def write(run: RunRecords, folder: Path, study: Any = None) -> Any:
    analysis = analyse(run)
    return call_on(write_route, analysis, call_on(routing_study, analysis) if study is None else study, folder)


@pytest.mark.slow
def test_the_suite_is_whole_and_its_paths_are_right_wherever_it_is_read_from(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded()
    written = write(run, tmp_path / "out" / "routed")
    assert sorted(path.name for path in written.folder.iterdir()) == ["router.npz", "suite.yaml"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["routed"]  # nothing unfinished is left
    monkeypatch.chdir("/")
    resolved = load_suite(str(written.suite))
    assert list(resolved.systems) == ["small", "large", "hybrid"]
    assert resolved.suite.tasks.include == [tmp_path / "elsewhere"]
    recorded_systems = run.header.suite["systems"]
    for name in SYSTEMS:
        assert resolved.systems[name].model_dump(mode="json") == recorded_systems[name]
        assert resolved.systems["hybrid"].pool[name] == resolved.systems[name]
    assert (resolved.suite.measure.repeats, resolved.suite.measure.blocks) == (2, 7)
    assert str(tmp_path) not in written.suite.read_text()
    [task] = resolved.tasks
    assert task.limit is None
    assert len(task.documents) == written.tested
    assert written.trained + written.calibrated + written.tested == ITEMS


@pytest.mark.slow
def test_what_is_predicted_is_what_the_written_router_chooses_on_items_that_it_has_not_seen(
    recorded: Recorded, tmp_path: Path
) -> None:
    written = write(recorded(), tmp_path / "routed")
    hybrid = load_suite(str(written.suite)).systems["hybrid"]
    [task] = load_suite(str(written.suite)).tasks
    router = open_router(hybrid.router, Setup("it", hybrid.members, hybrid.fallback, 1, lambda *_: []))
    texts, score = prompts(), scores()
    chosen = [
        SYSTEMS.index(choice.label or hybrid.fallback)
        for choice in router.choose([Question(texts[each], None, each) for each in task.documents])
    ]
    expected = np.mean([score[each, column] for each, column in zip(task.documents, chosen, strict=True)])
    money = np.mean([PRICES[column] for column in chosen])
    predicted = hybrid.predicted
    assert predicted.figures.accuracy[0] == pytest.approx(expected, abs=1e-5)
    assert predicted.figures.money[0] == pytest.approx(money, abs=1e-4)
    assert (predicted.items, predicted.single) == (written.tested, written.single.name)
    alone = np.mean([score[each, SYSTEMS.index(predicted.single)] for each in task.documents])
    assert predicted.over_single.accuracy[0] == pytest.approx(expected - alone, abs=1e-5)
    assert predicted.figures.accuracy[1] < predicted.figures.accuracy[0] <= predicted.figures.accuracy[2]
    # The words of a request say whom to ask, and it has learned them.
    assert expected > alone
    assert [SYSTEMS[column] for column in chosen] == ["small" if each % 2 == 0 else "large" for each in task.documents]


@pytest.mark.slow
def test_a_router_by_domain_is_a_classifier_of_domains(recorded: Recorded, tmp_path: Path) -> None:
    run = recorded(domains=True)
    study = call_on(routing_study, analyse(run))
    assert isinstance(study, RoutingStudy)
    chosen = next(each for each in study.choices if each.kind == "domain" and each.setting == "accurate")
    study = dataclasses.replace(study, verdict=dataclasses.replace(study.verdict, choice=chosen))
    written = write(run, tmp_path / "routed", study)
    hybrid = load_suite(str(written.suite)).systems["hybrid"]
    assert hybrid.router.type == "classifier"
    assert hybrid.members == {"add": "small", "spell": "large", "anything": written.single.name}
    assert hybrid.fallback == "anything"
    assert written.choice.accuracy.estimate > written.single.accuracy.estimate


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"imported": True}, "another tool made this run, and its record does not say how its systems are asked"),
        ({"texts": False}, "no router can be written .*classifier: prompts are not on record"),
    ],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(
    recorded: Recorded, tmp_path: Path, options: dict[str, Any], expected: str
) -> None:
    run = recorded(**options)
    with pytest.raises(UserError, match=expected):
        write(run, tmp_path / "out" / "routed")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(recorded: Recorded, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"routed: cannot be written \("):
        write(recorded(), tmp_path / "file" / "routed")


@pytest.mark.slow
def test_a_router_that_gains_nothing_is_not_written(recorded: Recorded, tmp_path: Path) -> None:
    one_is_best = np.column_stack([np.zeros(ITEMS), np.ones(ITEMS)])
    with pytest.raises(UserError, match=r"no router is written: on the 50 items .* none gains on always asking large"):
        write(recorded(score=one_is_best), tmp_path / "out" / "routed")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_a_folder_that_has_something_is_left_alone(recorded: Recorded, tmp_path: Path) -> None:
    folder = tmp_path / "routed"
    folder.mkdir()
    (folder / "mine").write_text("kept")
    run = recorded()
    with pytest.raises(UserError, match=r"there is something already\. Name a folder that is not there"):
        write(run, folder)
    (folder / "mine").unlink()
    analysis = analyse(run)
    assert RunRouting(call_on(routing_study, analysis), analysis).write(folder) == folder / "suite.yaml"
    assert yaml.safe_load((folder / "suite.yaml").read_text())["name"] == "pair-routed"
    assert json.loads(json.dumps(yaml.safe_load((folder / "suite.yaml").read_text())))  # plain values only


@pytest.mark.slow
def test_the_command_says_what_it_wrote_after_the_study(recorded: Recorded, tmp_path: Path) -> None:
    run = recorded()
    ended = CliRunner().invoke(main, ["route", str(run.layout.root), "--write", str(tmp_path / "routed")])
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.startswith("Worth building")
    assert f"suite: {tmp_path / 'routed' / 'suite.yaml'}, which asks those 50: wattbench run" in ended.stderr
    assert "predicted on 50 others: " in ended.stderr
    again = CliRunner().invoke(main, ["route", str(run.layout.root), "--write", str(tmp_path / "routed")])
    assert again.exit_code == 2
    assert "there is something already" in again.stderr
