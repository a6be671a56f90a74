"""A site from records on disk."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from tests.made_up.folders import contents
from tests.made_up.runs import FakeRun, write_run
from tests.made_up.standard_runs import plain_systems
from tests.wattbench_reports.site.pagetext import Page
from wattbench.errors import UserError
from wattbench_reports.history import load_history, trends
from wattbench_reports.site import build_site
from wattbench_reports.site.series import UNKNOWN, Breaks

DATES = ("2026-01-01", "2026-01-02", "2026-01-04")


def write_nights(root: Path, *nights: FakeRun) -> list[Path]:
    """Runs as nights of `DATES`, in order."""
    return [write_night(root, night, date) for night, date in zip(nights, DATES, strict=False)]


def write_night(root: Path, fake: FakeRun, date: str) -> Path:
    written = write_run(root / "runs", fake)
    path = written.with_name(f"{date}-{fake.id}")
    written.rename(path)
    header = json.loads((path / "run.json").read_text())
    header |= {"run": path.name, "night": {"date": date, "commit": "c0ffee", "backfilled": False}}
    (path / "run.json").write_text(json.dumps(header))
    return path


def night(place: int, **changes) -> FakeRun:
    return FakeRun(plain_systems(), items=12, id=f"run{place}", **changes)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Three nights, and one that is missing."""
    root = tmp_path_factory.mktemp("history")
    write_nights(root, night(0), night(1), night(2))
    return root


@pytest.fixture(scope="module")
def site(root) -> Path:
    return build_site(root).parent


@pytest.mark.slow
def test_the_site_lies_in_the_history_and_is_whole(root, site) -> None:
    assert site == root / "site"
    assert {"index.html", "nights.html", "today.html", "trends/accuracy.html"} <= set(contents(site))
    assert not [name for name in contents(site) if ".tmp" in name]


def test_every_link_leads_to_a_file_or_a_run(site) -> None:
    for page in site.rglob("*.html"):
        for link in Page(page.read_text()).links:
            address = link.partition("#")[0]
            assert not address or Path(os.path.normpath(page.parent / address)).exists(), (page, link)


def test_built_again_it_is_the_same_also_elsewhere(root, site, tmp_path) -> None:
    before = contents(site)
    build_site(root)
    assert contents(site) == before
    build_site(root, tmp_path / "new")
    assert contents(tmp_path / "new") == before


def test_the_first_page_tells_what_the_records_hold(site) -> None:
    text = Page((site / "index.html").read_text()).text
    assert "3 nights, 2026-01-01 to 2026-01-04" in text
    assert "2026-01-03 (1 night)" in text
    assert "regexspecialist" in text


def test_a_folder_without_a_night_ends_in_a_sentence(tmp_path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(UserError, match=r"no night to show \(add one with wattbench nightly"):
        build_site(tmp_path)


def machine(model: str) -> dict[str, object]:
    return {"hostname": "bench-1", "cpu": {"model": model, "cores": 2}, "packages": {"codecarbon": "3.3"}}


@pytest.mark.parametrize(
    ("change", "metric", "word"),
    [
        ({"environment": machine("Other CPU")}, "latency_p50", "machine"),
        ({"environment": machine("Other CPU")}, "accuracy", None),
        ({"cell": {"docs_sha256": "other"}}, "accuracy", "tasks"),
        ({"cell": {"docs_sha256": "other"}, "environment": machine("Other CPU")}, "latency_p50", "tasks and machine"),
        ({}, "latency_p50", None),
    ],
)
def test_a_break_says_what_has_changed(tmp_path, change, metric, word) -> None:
    first = {"environment": machine("Example CPU"), "cell": {"docs_sha256": "one"}}
    write_nights(tmp_path, night(0, **first), night(1, **(first | change)))
    history = load_history(tmp_path)
    (trend,) = [each for each in trends(history) if (each.system, each.domain, each.metric) == ("regex", "", metric)]
    assert [found.word for found in Breaks(history).of(trend)] == ([] if word is None else [word])


def test_other_provenance_is_another_meter(tmp_path) -> None:
    counted, modelled = (
        tuple(dataclasses.replace(each, provenance=provenance) for each in plain_systems())
        for provenance in ("counter", "modelled")
    )
    write_nights(tmp_path, FakeRun(counted, items=12, id="run0"), FakeRun(modelled, items=12, id="run1"))
    history = load_history(tmp_path)
    words = {
        each.metric: [found.word for found in Breaks(history).of(each)]
        for each in trends(history)
        if (each.system, each.domain) == ("regex", "")
    }
    assert words["joules_per_request"] == ["meter"]
    assert words["latency_p50"] == []


def test_a_break_whose_record_is_gone_has_no_word_for_it(tmp_path) -> None:
    old, _ = write_nights(tmp_path, night(0, cell={"docs_sha256": "one"}), night(1, cell={"docs_sha256": "other"}))
    history = load_history(tmp_path)
    trend = next(each for each in trends(history) if each.metric == "accuracy")
    (old / "run.json").unlink()
    assert [found.word for found in Breaks(history).of(trend)] == [UNKNOWN]
