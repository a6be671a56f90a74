"""A whole family, built: each member once, only what is out of date again, and on from where a build was killed."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerCallback

from wattbench.errors import UserError
from wattbench.meters import Metering
from wattbench.records import WindowRow
from wattbench.systems.training_ledger import FILE, lineage, read_ledger
from wattbench.train import Family
from wattbench.train.build import build, planned_documents, stale
from wattbench.train.watch import Watch

MEMBERS = [
    "specialist-letters",
    "specialist-numbers",
    "tuned",
    "moe",
    "student",
    "thinker",
    "router",
    "cascade",
    "caller",
]


def grams(joules: float) -> tuple[float | None, str]:
    return joules / 100, "a hundredth of a gram per joule"


def make(family: Family, names: Sequence[str], meters: Sequence[Any], quiet: Any) -> None:
    with Metering(meters) as metering:
        build(family, names, metering, quiet, grams)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, write_family: Callable[..., Family], make_steady: Any) -> Path:
    """The folder of a family that was built once. Copy it before changing anything."""
    from unittest.mock import MagicMock

    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATTBENCH_CACHE", str(folder / "cache"))
        patch.setattr("wattbench.train.trainer._cpu_has_bfloat16", lambda: False)
        family = write_family(folder / "family")
        assert stale(family, list(reversed(MEMBERS))) == MEMBERS
        make(family, MEMBERS, [make_steady()], MagicMock())
    assert not list((folder / "cache" / "family").iterdir())  # what was only for an interruption is gone
    return folder / "family"


@pytest.fixture
def built(whole: Path, tmp_path: Path, make_family: Callable[..., Family]) -> Callable[..., Family]:
    """That family, as its recipe would be with some text replaced."""
    shutil.copytree(whole, tmp_path / "family")
    return make_family


def test_every_method_builds_and_leaves_a_ledger(built, tiny_folder: Path) -> None:
    family = built()
    expected = {
        "adapter": {"adapter_config.json", "adapter_model.safetensors"},
        "mixture": {"router.safetensors"},
        "classifier": {"classifier.npz"},
        "threshold": {"threshold.json"},
    }
    for name in MEMBERS:
        ledger = read_ledger(family.folder / name / FILE)
        assert (ledger.name, ledger.method, ledger.seed) == (name, family.member(name).method, 7)
        assert ledger.recipe_sha256 == family.fingerprint(name)
        assert set(ledger.files) == expected.get(ledger.method, expected["adapter"])
        assert {path.name for path in (family.folder / name).iterdir()} == {*ledger.files, FILE}
        for file, digest in ledger.files.items():
            assert hashlib.sha256((family.folder / name / file).read_bytes()).hexdigest() == digest
        assert ledger.bytes == sum((family.folder / name / file).stat().st_size for file in ledger.files)
        assert ledger.sessions == 1
        assert ledger.documents == planned_documents(family, name)
        assert ledger.tokens > 0 or ledger.method == "classifier"
        assert (ledger.teacher_tokens > 0) == (ledger.method == "distil")
        assert bool(ledger.loss) == (ledger.method in {"adapter", "tool", "mixture", "distil", "reasoning"})
        assert str(tiny_folder) not in json.dumps((family.folder / name / FILE).read_text())
    distilled = read_ledger(family.folder / "student" / FILE)
    assert distilled.tokens == distilled.teacher_tokens  # it reads what its teacher reads and says
    assert set(read_ledger(family.folder / "router" / FILE).results) == {"accuracy"}
    assert read_ledger(family.folder / "router" / FILE).results["accuracy"] >= 0.5
    threshold = json.loads((family.folder / "cascade" / "threshold.json").read_text())
    assert threshold["cascade_accuracy"] >= threshold["then_accuracy"]
    assert threshold["min_confidence"] <= 0
    assert list(lineage(family.folder / "thinker" / FILE)) == ["tuned", "student", "thinker"]
    assert set(lineage(family.folder / "moe" / FILE)) == {"specialist-letters", "specialist-numbers", "moe"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((), []),
        ((("held_out: 4", "held_out: 3"),), ["router"]),
        ((("balance: 0.02", "balance: 0.03"),), ["moe"]),
        ((("tuned: {method: adapter, documents: 8", "tuned: {method: adapter, documents: 7"),),
         ["tuned", "student", "thinker", "cascade"]),
        ((("seed: 7", "seed: 8"),), MEMBERS),
        ((("x-lora", "x-other"), ("threads: 1", "threads: 2")), []),
    ],
)  # fmt: skip
def test_a_changed_recipe_makes_stale_what_it_changes(built, change: Any, expected: list[str]) -> None:
    assert stale(built(*change), MEMBERS) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("student/adapter_model.safetensors", ["student"]),
        ("moe/router.safetensors", ["moe"]),
        ("cascade/ledger.json", ["cascade"]),
    ],
)
def test_a_deleted_file_makes_its_member_stale(built, file: str, expected: list[str]) -> None:
    family = built()
    (family.folder / file).unlink()
    assert stale(family, MEMBERS) == expected
    assert stale(family, ["specialist-letters"]) == []


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        ("letters/copy.train.jsonl", 15, ["specialist-letters"]),
        ("numbers/double.train.jsonl", 0, ["specialist-numbers", "tuned", "moe", "student", "thinker", "caller"]),
        ("letters/copy.router.jsonl", 0, ["router"]),
        ("letters/copy.calibration.jsonl", 0, ["cascade"]),
        ("letters/copy.calibration.jsonl", 3, []),  # nobody learned from that one
    ],
)
def test_changed_documents_make_stale_what_learned_from_them(built, file: str, line: int, expected: list[str]) -> None:
    family = built()
    path = family.recipe.tasks_folder / file
    lines = path.read_text().splitlines()
    lines[line] = lines[line].replace('"answer": "', '"answer": "9')
    path.write_text("\n".join(lines) + "\n")
    assert stale(family, MEMBERS) == expected


def test_naming_a_member_without_what_it_needs_is_refused(built) -> None:
    family = built()
    shutil.rmtree(family.folder / "student")
    (family.folder / "thinker" / FILE).unlink()
    with pytest.raises(UserError, match="thinker is made from student, which is not built yet"):
        stale(family, ["thinker"])
    assert stale(family, ["thinker", "student"]) == ["student", "thinker"]
    with pytest.raises(UserError, match="no member 'studnet' in the recipe; did you mean 'student'"):
        stale(family, ["studnet"])


def test_a_member_that_fails_is_not_taken_for_built(built, quiet: Any, steady: Any) -> None:
    family = built(("held_out: 4", "held_out: 99"))
    with pytest.raises(UserError, match="99 documents are needed, but it has 4"):
        make(family, ["router"], [steady], quiet)
    assert stale(built(), MEMBERS) == ["router"]


def test_without_calculations_there_is_no_call_to_learn(built, quiet: Any, steady: Any) -> None:
    family = built(("    domains: [numbers]\n    documents: 8", "    domains: [letters]\n    documents: 8"))
    with pytest.raises(UserError, match="caller: documents of copy have no calculation to learn from"):
        make(family, ["caller"], [steady], quiet)


def test_building_again_gives_the_same(built, quiet: Any, steady: Any, whole: Path) -> None:
    family = built()
    (family.folder / "specialist-letters" / "adapter_model.safetensors").unlink()
    make(family, stale(family, MEMBERS), [steady], quiet)
    assert quiet.cells == ["specialist-letters"]
    before, after = (read_ledger(folder / "specialist-letters" / FILE) for folder in (whole, family.folder))
    assert after.files == before.files
    assert after.loss == before.loss
    assert stale(family, MEMBERS) == []


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[WindowRow]:
    """The windows that each ledger was made from."""
    from wattbench.train import build as module

    kept: list[WindowRow] = []
    make_ledger = module._ledger

    def noted(shop: Any, *arguments: Any) -> Any:
        kept.extend(shop.meter.windows)
        return make_ledger(shop, *arguments)

    monkeypatch.setattr(module, "_ledger", noted)
    return kept


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the first training that comes to this step die there; each step takes a moment, so that joules are drawn."""
    on_step_end = Watch.on_step_end
    left = [step]

    def dies(self: TrainerCallback, args: Any, state: Any, control: Any, **more: Any) -> None:
        time.sleep(0.03)
        on_step_end(self, args, state, control, **more)
        if left and state.global_step == left[0]:
            left.clear()
            raise KeyboardInterrupt

    monkeypatch.setattr(Watch, "on_step_end", dies)


@pytest.mark.parametrize(("step", "documents", "count"), [(3, 16, 3), (1, 16, 3)])
def test_a_killed_build_goes_on_and_its_ledger_has_all_of_it(
    built, quiet: Any, steady: Any, windows: list[WindowRow], monkeypatch: pytest.MonkeyPatch, whole: Path,
    step: int, documents: int, count: int,
) -> None:  # fmt: skip
    family, name = built(), "specialist-letters"
    (family.folder / name / "adapter_model.safetensors").unlink()
    killed_at(step, monkeypatch)  # of four, with a checkpoint at the second
    with pytest.raises(KeyboardInterrupt):
        make(family, [name], [steady], quiet)
    assert stale(family, [name]) == [name]
    assert not (family.folder / name / FILE).exists()
    make(family, [name], [steady], quiet)

    ledger = read_ledger(family.folder / name / FILE)
    assert ledger.sessions == 2
    assert ledger.documents == documents  # of the steps that are in checkpoints
    assert ledger.windows == len(windows) == count
    assert [window.window for window in windows] == ["t0001", "t0002", "t0003"]
    assert ledger.energy_j == {"cpu": pytest.approx(sum(w.energy_j["cpu"] for w in windows), abs=1e-3)}
    assert ledger.seconds == pytest.approx(sum(w.duration_s for w in windows), abs=1e-3)
    assert ledger.energy_j["cpu"] == pytest.approx(100 * ledger.seconds, rel=0.1)
    assert ledger.provenance == {"cpu": "rapl"}
    assert ledger.grams_co2e == pytest.approx(ledger.total_j / 100, rel=1e-2)
    assert [at for at, _ in ledger.loss] == [1, 2, 3, 4]
    # And it came to what it would have come to.
    assert ledger.loss == [(at, pytest.approx(loss, abs=2e-4)) for at, loss in read_ledger(whole / name / FILE).loss]
    assert stale(family, MEMBERS) == []
