"""A router that is fitted to texts of one's own: what it learns from, what it is judged by, and what is refused."""

from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path
from typing import Any

import click.testing
import pytest
import yaml

from tests.made_up.meters import PlayedMeter
from wattbench.api.routers import fit_router as fit
from wattbench.api.routers.fit_router import LabelledFile, fit_router
from wattbench.cli import main
from wattbench.config import load_suite
from wattbench.errors import UserError
from wattbench.meters import Chosen, Reading
from wattbench.routers import Question, Setup, open_router
from wattbench.systems.training_ledger import lineage

BILLS = [f"the invoice of day {n} is wrong" for n in range(40)]
BUGS = [f"the app crashes with error {n}" for n in range(40)]


@pytest.fixture(autouse=True)
def a_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = PlayedMeter(lambda now_s: Reading(now_s, {"cpu": 100.0 * now_s}, {}))
    monkeypatch.setattr(fit, "meters_here", lambda *_: Chosen([meter]))
    monkeypatch.setattr(fit, "measuring_alone", lambda *_: contextlib.nullcontext())


def table(path: Path, columns: tuple[str, ...], *rows: tuple[str, ...]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Two file tasks of two domains, each with a system of its domain; half of the rows are for training."""
    (tmp_path / "rules.py").write_text("def answer(prompt): return 'x'\n")
    for name, texts in (("bills", BILLS), ("bugs", BUGS)):
        table(tmp_path / f"{name}.csv", ("my text", "team"), *((text, "ab"[n % 2]) for n, text in enumerate(texts)))
    task = {"input": "my text", "target": "team", "score": "label", "split": {"test": 0.5, "seed": 1}}
    system = {"kind": "specialist", "engine": "python", "call": "./rules.py:answer"}
    given = {
        "name": "t",
        "tasks": {"select": [{"file": f"{name}.csv", "domain": name, **task} for name in ("bills", "bugs")]},
        "systems": {"define": {f"{name}-rules": {**system, "domain": name} for name in ("bills", "bugs")}},
        "carbon": {"region": "DEU"},
    }
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(given))
    return path


def changed(suite: Path, **changes: Any) -> None:
    suite.write_text(yaml.safe_dump({**yaml.safe_load(suite.read_text()), **changes}))


def test_it_learns_domains_from_training_rows_and_is_judged_by_others(suite: Path) -> None:
    written = fit_router(str(suite))
    fitted, ledger = written.fitted, written.fitted.ledger
    assert fitted.labels == ("bills", "bugs")
    assert fitted.trained + fitted.held_out == 40  # half of the rows; the suite asks the others
    assert fitted.held_out == 8
    assert fitted.right == 8
    assert fitted.commonest == 4
    assert written.members == {"bills": "bills-rules", "bugs": "bugs-rules"}
    assert (ledger.documents, ledger.method, ledger.results) == (fitted.trained, "classifier", {"accuracy": 1.0})
    assert ledger.total_j == pytest.approx(100 * ledger.seconds, rel=0.1)
    assert ledger.provenance == {"cpu": "rapl"}
    assert ledger.grams_co2e > 0
    assert set(ledger.files) == {"router.npz"}
    assert sorted(path.name for path in written.folder.iterdir()) == ["hybrid.yaml", "ledger.json", "router.npz"]
    text = "\n".join(written.lines)
    assert "held out: 100% [" in text or "held out: 100.0% [" in text
    assert "of 8 other texts get their label; always naming the commonest: 50" in text
    assert "add router/hybrid.yaml to systems: {include: [...]}" in text


def test_the_suite_includes_the_hybrid_and_its_router_reads_inputs(suite: Path) -> None:
    written = fit_router(str(suite))
    systems = yaml.safe_load(suite.read_text())["systems"]
    changed(suite, systems={**systems, "include": ["router/hybrid.yaml"]})
    hybrid = load_suite(str(suite)).systems["routed"]
    assert hybrid.router.sees == "input"
    assert lineage(hybrid.training)["router"].total_j == written.fitted.ledger.total_j
    router = open_router(hybrid.router, Setup("r", hybrid.members, None, 0, None))
    questions = [Question("Sort. Labels: invoice, app", None, n, text) for n, text in enumerate((BILLS[0], BUGS[0]))]
    assert [choice.label for choice in router.choose(questions)] == ["bills", "bugs"]
    assert fit_router(str(suite)).hybrid == "routed"  # again, in place of the first
    assert load_suite(str(suite)).systems["routed"].members == written.members
    assert fit_router(str(suite), suite.parent / "other").hybrid == "routed-2"


def test_the_same_texts_and_seed_make_the_same_router(suite: Path) -> None:
    first, again = (fit_router(str(suite), suite.parent / name).fitted.ledger for name in ("a", "b"))
    assert first.files == again.files
    assert (first.recipe_sha256, first.documents_sha256) == (again.recipe_sha256, again.documents_sha256)
    other = fit_router(str(suite), suite.parent / "c", seed=2).fitted.ledger
    assert other.recipe_sha256 != first.recipe_sha256
    assert other.documents_sha256 != first.documents_sha256


def test_a_file_with_labels_of_its_own(suite: Path) -> None:
    rows = [(f"{text}!", label) for label, texts in (("easy one", BILLS), ("bugs-rules", BUGS)) for text in texts]
    path = table(suite.parent / "routes.csv", ("message", "who"), *rows)
    file = LabelledFile(path, "message", "who")
    with pytest.raises(UserError, match=r"the label 'easy one': no system has this name or domain.*'easy one=SYSTEM'"):
        fit_router(str(suite), labelled=file)
    with pytest.raises(UserError, match=r"--member easy one=bils-rules: no such system; did you mean 'bills-rules'"):
        fit_router(str(suite), labelled=file, members={"easy one": "bils-rules"})
    with pytest.raises(UserError, match=r"--member x=bills-rules: no text has this label"):
        fit_router(str(suite), labelled=file, members={"easy one": "bills-rules", "x": "bills-rules"})
    written = fit_router(str(suite), labelled=file, members={"easy one": "bills-rules"})
    assert written.members == {"easy-one": "bills-rules", "bugs-rules": "bugs-rules"}
    assert written.fitted.trained + written.fitted.held_out == 80


@pytest.mark.parametrize("change", [str, str.upper, "  {}  ".format])
def test_a_text_that_the_suite_asks_is_refused(suite: Path, change: Any) -> None:
    rows = [(change(text), label) for label, texts in (("bills", BILLS), ("bugs", BUGS)) for text in texts]
    file = LabelledFile(table(suite.parent / "routes.csv", ("message", "who"), *rows), "message", "who")
    with pytest.raises(UserError, match=r"also asked by .*suite\.yaml: .*routes\.csv: line \d+ and .*bills\.csv: line"):
        fit_router(str(suite), labelled=file)
    assert not (suite.parent / "router").exists()


def test_what_cannot_be_learned_from_is_said(suite: Path) -> None:
    select = yaml.safe_load(suite.read_text())["tasks"]["select"]
    changed(suite, tasks={"select": [{**task, "domain": "one"} for task in select]})
    with pytest.raises(UserError, match=r"leave those of one domain \(one\), and a router chooses between two or more"):
        fit_router(str(suite))
    changed(suite, tasks={"select": [{key: task[key] for key in task if key != "split"} for task in select]})
    with pytest.raises(UserError, match=r"leave no rows for training.*split: \{test: 0.5\}"):
        fit_router(str(suite))

    def of(*rows: tuple[str, str], text: str = "message") -> LabelledFile:
        return LabelledFile(table(suite.parent / "routes.csv", ("message", "who"), *rows), text, "who")

    few = [(f"a {n}", "bills") for n in range(4)] + [(f"b {n}", "bugs") for n in range(4)]
    with pytest.raises(UserError, match="8 labelled texts are too few"):
        fit_router(str(suite), labelled=of(*few))
    with pytest.raises(UserError, match="a router needs two labels at least"):
        fit_router(str(suite), labelled=of(*((f"a {n}", "bills") for n in range(20))))
    with pytest.raises(UserError, match=r"routes\.csv: line 3: a text or its label is empty"):
        fit_router(str(suite), labelled=of(("a", "bills"), (" ", "bugs")))
    with pytest.raises(UserError, match=r"--input: .* has no column 'mesage'; did you mean 'message'"):
        fit_router(str(suite), labelled=of(*few, text="mesage"))


def test_the_command_writes_it(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = click.testing.CliRunner().invoke(main, ["router", "fit", str(suite), "-o", str(suite.parent / "out")])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{suite.parent / 'out'}\n"
    assert "fitted to 32 texts of the suite's training rows" in done.stderr
    assert json.loads((suite.parent / "out" / "ledger.json").read_text())["documents"] == 32
    for arguments in (["--input", "a"], ["--member", "x"], ["--held-out", "1"]):
        refused = click.testing.CliRunner().invoke(main, ["router", "fit", str(suite), *arguments])
        assert refused.exit_code == 2
        assert arguments[0] in refused.stderr
