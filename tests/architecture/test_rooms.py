"""The drawing in docs/architecture.md against the code: rooms, floors, files, and names that are used once."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.code_words import words_of_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = {"wattbench": ROOT / "harness" / "wattbench", "wattbench_reports": ROOT / "reports" / "wattbench_reports"}
PACKAGED_DATA = {"py.typed", "__pycache__", "__init__.py", "__main__.py"}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading of the page, without its head."""
    table = re.search(rf"^##+ .*{re.escape(heading)}.*\n(?:(?!^#).*\n)*?((?:^\|.*\n)+)", PAGE, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table[1].splitlines()[2:]]


def floors(package: str) -> dict[str, int]:
    """Return the floor of each room on the page."""
    folder = "harness" if package == "wattbench" else "reports"
    return {
        name: int(floor) for floor, names, _ in rows(f"`{folder}/{package}`") for name in re.findall(r"`(\w+)`", names)
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_page_names_every_room_and_no_other(package: str) -> None:
    rooms = {path.stem for path in PACKAGES[package].iterdir() if path.name not in PACKAGED_DATA}
    assert set(floors(package)) == rooms


@pytest.mark.parametrize("package", PACKAGES)
def test_the_page_has_the_floors_that_the_linter_checks(package: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = [each["layers"] for each in contracts if each.get("containers") == [package]]
    checked = {room: number for number, names in enumerate(reversed(layers), 1) for room in names.split(" | ")}
    shown = floors(package)
    of_page = sorted((floor, room) for room, floor in shown.items())
    by_linter = sorted((checked[room], room) for room in shown)
    assert [room for _, room in of_page] == [room for _, room in by_linter]


@pytest.mark.parametrize("root", ["harness", "reports"])
def test_a_source_root_holds_its_package_alone(root: str) -> None:
    (package,) = [path.name for path in (ROOT / root).iterdir() if path.name != "__pycache__"]
    assert package in PACKAGES


def test_what_one_looks_for_is_where_the_page_says() -> None:
    concepts = rows("Looking for")
    assert len(concepts) >= 30
    for concept, place in concepts:
        for file in re.findall(r"`([\w/.]+)`", place):
            assert any((folder / file).exists() for folder in PACKAGES.values()), f"{concept}: no {file}"


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_a_class_name_is_used_once(package: str) -> None:
    names = Counter(name for path in PACKAGES[package].rglob("*.py") for name in words_of_file(path).classes)
    assert {name for name, count in names.items() if count > 1} == set()
