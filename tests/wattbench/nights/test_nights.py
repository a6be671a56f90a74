"""Which night a run is of, and which runs there are."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.nights import NightsLayout, commits_with_a_night, kept_runs, tonight


def test_runs_are_listed_oldest_first_and_say_whether_they_count(layout: NightsLayout, make_run) -> None:
    make_run(layout.runs, "2026-03-02", id="b00000")
    make_run(layout.runs, "2026-03-01", id="a00000", finished=False)
    make_run(layout.runs, "2026-02-28", id="c00000", night=None)
    (layout.runs / "just-made").mkdir()  # a writer has not come to its header yet
    found = kept_runs(layout)
    assert [(each.date, each.finished) for each in found] == [
        (date(2026, 2, 28), True), (date(2026, 3, 1), False), (date(2026, 3, 2), True),
    ]  # fmt: skip
    assert [each.commit for each in found] == ["c" * 40, "a00000", "b00000"]
    assert {each.suite for each in found} == {"sums"}
    assert "CPU a CPU" in found[0].machine
    assert commits_with_a_night(found, "sums") == {"c" * 40, "b00000"}
    assert commits_with_a_night(found, "others") == set()


def test_a_folder_that_is_no_history_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere: not a history"):
        NightsLayout(tmp_path / "nowhere").existing()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="the history cannot be created here"):
        NightsLayout(tmp_path / "file").created()


@pytest.mark.parametrize("told", ["2026-13-01", "yesterday", 20260301])
def test_a_damaged_date_ends_in_a_sentence(layout: NightsLayout, make_run, told: object) -> None:
    root = make_run(layout.runs, "2026-03-01")
    header = json.loads((root / "run.json").read_text())
    (root / "run.json").write_text(json.dumps(header | {"night": {"date": told}}))
    with pytest.raises(UserError, match="is not a date; the record is damaged"):
        kept_runs(layout)


@pytest.mark.parametrize("damage", [{"suite": []}, {"environment": "a PC"}, {"night": "tonight"}])
def test_a_damaged_header_ends_in_a_sentence(layout: NightsLayout, make_run, damage: dict[str, object]) -> None:
    root = make_run(layout.runs, "2026-03-01")
    header = json.loads((root / "run.json").read_text())
    (root / "run.json").write_text(json.dumps(header | damage))
    with pytest.raises(UserError, match=r"run\.json: .* must be a mapping; the record is damaged"):
        kept_runs(layout)


@pytest.mark.parametrize("days", [-1, 0])
def test_a_night_after_the_last_is_that_of_the_clock(layout: NightsLayout, make_run, days: int) -> None:
    now = datetime.now(UTC).date()
    make_run(layout.runs, f"{now + timedelta(days)}")
    assert tonight(layout) == now


def test_a_clock_that_was_set_back_does_not_make_a_night_before_the_last(layout: NightsLayout, make_run) -> None:
    """A machine without a battery wakes up in 1970, or in the future once."""
    later = datetime.now(UTC).date() + timedelta(400)
    root = make_run(layout.runs, f"{later}")
    with pytest.raises(UserError, match=rf"by this machine's clock, and .* has a later night, {root.name} of {later}"):
        tonight(layout)
