from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench_reports.history import Reference, load_history, read_reference

WHOLE = "run: {run}\nreason: the release of May\nreviewed_by: ann@example.org\ndate: 2026-01-03\n"


def pin(root: Path, text: str) -> None:
    (root / "reference.yaml").write_text(text, encoding="utf-8")


def test_a_pinned_run_is_the_reference(indexed_root: Path) -> None:
    run = load_history(indexed_root).nights[1].run
    pin(indexed_root, WHOLE.format(run=run))
    history = load_history(indexed_root)
    assert history.reference == Reference(run, "the release of May", "ann@example.org", datetime.date(2026, 1, 3))
    assert history.reference_night() == history.nights[1]
    assert not history.notes


def test_a_reference_whose_run_is_gone_is_said_and_is_none(indexed_root: Path) -> None:
    pin(indexed_root, WHOLE.format(run="gone"))
    history = load_history(indexed_root)
    assert history.reference is None
    assert history.notes == (
        "reference.yaml pins gone, which is not among the finished runs here: no night is compared with it",
    )


def test_none_is_pinned(tmp_path: Path) -> None:
    assert read_reference(tmp_path) is None


@pytest.mark.parametrize("date", ["2026-01-03", "'2026-01-03'", "2026-01-03T04:05:06Z"])
def test_dates_as_yaml_may_have_them(tmp_path: Path, date: str) -> None:
    pin(tmp_path, f"run: r\nreason: x\nreviewed_by: y\ndate: {date}\n")
    found = read_reference(tmp_path)
    assert found is not None
    assert found.date == datetime.date(2026, 1, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping: run: ..., reason: ..., reviewed_by: ..., date: ..."),
        ("- run", "must be a mapping: run"),
        ("run: [", "not YAML"),
        ("run: !!python/object:os.system x", "not YAML"),
        ("\xff".encode("latin-1").decode("latin-1") + "\x00", "not YAML"),
        ("run: r\nreason: x\nreviewd_by: y\ndate: 2026-01-03", "no key 'reviewd_by'; did you mean 'reviewed_by'?"),
        ("run: r\nreason: x\ndate: 2026-01-03", "reviewed_by is missing or not text"),
        ("run: r\nreason: ' '\nreviewed_by: y\ndate: 2026-01-03", "reason is missing or not text"),
        ("run: 7\nreason: x\nreviewed_by: y\ndate: 2026-01-03", "run is missing or not text"),
        ("run: r\nreason: x\nreviewed_by: y", "date: 'None' is not a date such as 2026-11-25"),
        ("run: r\nreason: x\nreviewed_by: y\ndate: soon", "date: 'soon' is not a date"),
        (
            "run: r\nreason: x\nreviewed_by: y\ndate: 2026-02-31",
            "reference.yaml:4: not YAML ('2026-02-31' is not a valid timestamp)",
        ),
    ],
)
def test_a_file_that_does_not_say_what_it_has_to(tmp_path: Path, text: str, said: str) -> None:
    pin(tmp_path, text)
    with pytest.raises(UserError) as caught:
        read_reference(tmp_path)
    assert said in str(caught.value)
    assert str(tmp_path / "reference.yaml") in str(caught.value)
    assert "\n" not in str(caught.value)
