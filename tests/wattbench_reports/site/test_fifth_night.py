"""A threefold slowdown in the fifth night, from the records of five nights to the first page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.runs import FakeRun, write_run
from tests.made_up.standard_runs import plain_systems
from tests.wattbench_reports.site.pagetext import Page
from wattbench_reports.export.night import as_text
from wattbench_reports.history import load_history
from wattbench_reports.history.night_verdict import night_verdict
from wattbench_reports.site import build_site

SLOW = 3.0


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Five nights that scatter by 1%; in the last one the specialist takes three times as long."""
    root = tmp_path_factory.mktemp("history")
    for night, wobble in enumerate((1.0, 1.01, 0.99, 1.005, 1.0)):
        systems = tuple(
            replace(
                each, latency_s=each.latency_s * wobble * (SLOW if night == 4 and each.name == "specialist" else 1.0)
            )
            for each in plain_systems()
        )
        written = write_run(root / "runs", FakeRun(systems, items=12, id=f"{night:06x}"))
        path = written.rename(written.with_name(f"2026010{night + 1}-demo"))
        header = json.loads((path / "run.json").read_text())
        header |= {"run": path.name, "night": {"date": f"2026-01-0{night + 1}", "commit": None, "backfilled": False}}
        (path / "run.json").write_text(json.dumps(header))
    return root


def test_the_verdict_is_not_pass_and_has_the_size(root: Path) -> None:
    verdict = night_verdict(load_history(root))
    assert verdict.result.exit_code == 2
    text = " ".join(as_text(verdict).split())
    assert text.startswith("INCONCLUSIVE: The night of 2026-01-05 does not pass: specialist mean seconds per request")
    assert "an alarm takes " in text
    slow = next(each for each in verdict.changes if (each.system, each.metric) == ("specialist", "latency_p50"))
    assert slow.change == pytest.approx(SLOW - 1, abs=0.1)


@pytest.mark.slow
def test_the_first_page_has_it_in_red_with_its_size_before_any_chart(root: Path) -> None:
    page = build_site(root).read_text()
    red = page[page.index('<aside class="alarms"') : page.index("</aside>")]
    assert "specialist" in red
    assert "latency p50 +" in red
    assert page.index("size-bad") < page.index('<svg class="spark')
    assert "See the trend" in Page(page).text
