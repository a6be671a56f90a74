"""What changed in code, weights and prompts between nights, from their records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import read_run
from wattbench_reports.comparability.fingerprint import fingerprints
from wattbench_reports.history import load_history
from wattbench_reports.history.what_changed import CODE, FactChange, NightDifference, PartChange, what_changed
from wattbench_reports.tables.repository_record import CommitRecord
from wattbench_reports.tables.run_tables import load_frames
from wattbench_reports.wording.night import difference_points, part_line

SYSTEMS = (FakeSystem("big", weights="1" * 64), FakeSystem("rules", engine="python", weights="2" * 64))
WriteNight = Callable[..., Path]


@pytest.fixture
def night(tmp_path: Path) -> WriteNight:
    """Write a night of March 2026."""

    def write(day: int, systems: tuple[FakeSystem, ...] = SYSTEMS, **given: Any) -> Path:
        header = given.pop("header", {})
        environment = given.pop("environment", {})
        written = write_run(tmp_path / "runs", FakeRun(systems, items=12, id=f"{day:06x}", **given))
        path = written.with_name(f"2026030{day}-sums")
        written.rename(path)
        record = json.loads((path / "run.json").read_text())
        since = header.pop("since", None)
        of_night = {"date": f"2026-03-0{day}", "commit": f"{day}" * 40, "backfilled": False, "since": since}
        record |= {"run": path.name, "night": of_night | header, "environment": record["environment"] | environment}
        (path / "run.json").write_text(json.dumps(record))
        return path

    return write


def against(root: Path, kind: str = "previous") -> NightDifference:
    (difference,) = [each for each in what_changed(load_history(root)) if each.against == kind]
    return difference


def changed(*systems: FakeSystem) -> tuple[FakeSystem, ...]:
    by_name = {each.name: each for each in systems}
    return tuple(by_name.get(each.name, each) for each in SYSTEMS)


def test_the_first_night_has_none(night: WriteNight, tmp_path: Path) -> None:
    night(1)
    assert what_changed(load_history(tmp_path)) == ()


@pytest.mark.parametrize("canary", [True, False])
def test_that_a_system_is_a_canary_is_no_change(night: WriteNight, tmp_path: Path, canary: bool) -> None:
    """Older records do not have the setting."""
    paths = night(1), night(2, header={"commit": "1" * 40})
    header = json.loads((paths[1] / "run.json").read_text())
    header["suite"]["systems"]["big"]["canary"] = canary
    (paths[1] / "run.json").write_text(json.dumps(header))
    assert against(tmp_path).empty
    first, second = (fingerprints(load_frames(read_run(path)))["big"] for path in paths)
    assert first.parts["settings"].facts == second.parts["settings"].facts


def test_equal_nights_of_one_commit_differ_in_nothing(night: WriteNight, tmp_path: Path) -> None:
    night(1)
    night(2, header={"commit": "1" * 40})
    assert against(tmp_path).empty
    assert list(difference_points(against(tmp_path))) == []


def test_other_weights_are_of_their_system(night: WriteNight, tmp_path: Path) -> None:
    night(1)
    night(2, changed(replace(SYSTEMS[0], weights="3" * 64)))
    assert against(tmp_path).parts == (PartChange(("big",), "weights", (FactChange("SHA-256", "1" * 64, "3" * 64),)),)


def test_the_weights_of_a_function_are_its_code(night: WriteNight, tmp_path: Path) -> None:
    night(1)
    night(2, changed(replace(SYSTEMS[1], weights="3" * 64)))
    (part,) = against(tmp_path).parts
    assert (part.systems, part.part) == (("rules",), CODE)


def test_what_all_systems_share_is_said_once(night: WriteNight, tmp_path: Path) -> None:
    night(1)
    night(2, tuple(replace(each, prompt="other") for each in SYSTEMS))
    (part,) = against(tmp_path).parts
    assert (part.systems, part.part) == ((), "prompts")
    assert [fact.name for fact in part.facts] == ["of chain_sum", "of spell_backward"]


def test_prompts_of_one_system_are_of_that_system(night: WriteNight, tmp_path: Path) -> None:
    night(1)
    night(2, changed(replace(SYSTEMS[1], prompt="other")))
    assert [part_line(each) for each in against(tmp_path).parts] == [
        "prompts of rules: of chain_sum; of spell_backward"
    ]


def test_systems_that_only_one_night_has_are_named(night: WriteNight, tmp_path: Path) -> None:
    night(1, SYSTEMS[:1])
    night(2, SYSTEMS[1:])
    difference = against(tmp_path)
    assert (difference.added, difference.removed) == (("rules",), ("big",))


def test_commits_are_those_that_the_last_night_recorded_since_this_one(night: WriteNight, tmp_path: Path) -> None:
    first, second = night(1), night(2)
    since = {
        "run": second.name, "commit": "2" * 40, "commits_in_all": 7,
        "commits": [{"commit": "3" * 40, "subject": "Shorter prompt"}, {"commit": "x"}],
        "files": ["prompts/add.txt"], "files_in_all": 1,
    }  # fmt: skip
    repository = {"remote": "https://github.com/owner/name", "uncommitted": ["suite.yaml"], "uncommitted_files": 1}
    night(3, header={"since": since}, environment={"repository": repository})
    reference = f"run: {first.name}\nreason: first\nreviewed_by: me\ndate: 2026-03-02\n"
    (tmp_path / "reference.yaml").write_text(reference)
    previous, pinned = against(tmp_path), against(tmp_path, "reference")
    assert previous.since is not None
    assert previous.since.commits == (CommitRecord("3" * 40, "Shorter prompt"),)
    assert previous.commits == ("2" * 40, "3" * 40)
    assert previous.remote == "https://github.com/owner/name"
    assert (pinned.since, pinned.commits) == (None, ("1" * 40, "3" * 40))
    assert [each.plain for each in difference_points(previous)] == [
        "commits 2222222222..3333333333: 3333333333 Shorter prompt; 6 more. Files: prompts/add.txt",
        "not committed in the last night: suite.yaml",
    ]


@pytest.mark.parametrize(
    "remote", ["javascript:alert(1)", 'https://a/b"><script>', "https://u:p@h/x", "https://h/../x", 5]
)
def test_an_address_that_is_none_is_not_linked(night: WriteNight, tmp_path: Path, remote: object) -> None:
    night(1)
    night(2, environment={"repository": {"remote": remote}})
    assert against(tmp_path).remote is None


def test_an_earlier_night_that_cannot_be_read_is_left_out(night: WriteNight, tmp_path: Path) -> None:
    first = night(1)
    night(2)
    history = load_history(tmp_path)
    (first / "items.parquet").write_bytes(b"damaged")
    assert what_changed(history) == ()
