"""The table of systems: the power limit under which each was asked, where any was."""

from __future__ import annotations

from tests.made_up.priced import priced
from tests.made_up.records import call_on
from wattbench_reports.comparability.fingerprint import fingerprints
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.sections.systems import systems_section
from wattbench_reports.tables.run_tables import load_frames


def test_a_power_limit_is_shown_and_tells_two_systems_apart(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("low"), fake.System("free"))))
    (table,) = call_on(systems_section, analyse(run)).passages[0].tables
    assert "Power limit" not in [column.label for column in table.columns]
    limited = priced(run, {"low": {"power_limit_w": 150.0}})
    (table,) = call_on(systems_section, analyse(limited)).passages[0].tables
    assert table.columns[-1].label == "Power limit"
    assert [row[-1].text for row in table.rows] == ["150 W", "not set"]
    settings = {name: each.parts["settings"] for name, each in fingerprints(load_frames(limited)).items()}
    assert "power_limit_w" in settings["low"].differing(settings["free"])
