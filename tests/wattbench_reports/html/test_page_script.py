"""The page's one script is put together from all of its parts, in one order."""

from __future__ import annotations

from pathlib import Path

import pytest

import wattbench_reports.html.whatif as whatif
from wattbench_reports.html.whatif import script_of_page
from wattbench_reports.html.whatif.page_script import PARTS

FOLDER = Path(whatif.__file__).parent / "script"


def test_every_part_is_used_once_in_the_order_listed() -> None:
    assert sorted(PARTS) == sorted(path.stem for path in FOLDER.iterdir())
    script = script_of_page()
    positions = [script.index((FOLDER / f"{name}.js").read_text(encoding="utf-8")) for name in PARTS]
    assert positions == sorted(positions)
    assert script.startswith("(() => {\n") and script.endswith("})();\n")


@pytest.mark.parametrize("name", PARTS)
def test_a_part_says_what_it_repeats(name) -> None:
    first = (FOLDER / f"{name}.js").read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("// ") and first.endswith(".")
