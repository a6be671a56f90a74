"""Which tests are too long for every save: from what was measured, and that the file is of tests that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import seconds, tiers


def test_all_cases_go_by_the_longest_one() -> None:
    long_s = seconds.LONG_S
    measured = [
        {"a.py::test_b[1]": long_s / 5, "a.py::test_b[2]": 3.141},
        {"a.py::test_a": long_s, "a.py::test_c": 0.99 * long_s},
    ]
    assert seconds.too_long(measured) == {"a.py::test_a": long_s, "a.py::test_b": 3.14}


def test_the_file_is_of_tests_that_exist() -> None:
    gone = []
    for test, taken_s in seconds.long_tests().items():
        path, *_, name = test.split("::")
        file = seconds.ROOT / path
        assert taken_s >= seconds.LONG_S
        if not file.is_file() or not re.search(rf"^\s*(async )?def {name}\(", file.read_text("utf-8"), re.MULTILINE):
            gone.append(test)
    assert gone == [], f"tests of {seconds.FILE.name} that are gone or renamed: mend the file"


def item_of(nodeid: str) -> SimpleNamespace:
    markers: list[str] = []
    return SimpleNamespace(
        nodeid=nodeid, path=Path(nodeid.partition("::")[0]), markers=markers, add_marker=markers.append,
        iter_markers=list, get_closest_marker=lambda name: name if name in markers else None,
    )  # fmt: skip


def test_a_test_of_the_file_is_long_and_no_unit_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seconds, "long_tests", lambda: {"tests/a.py::test_long": 2.0})
    ids = ["tests/b.py::test_long", "tests/a.py::test_it", "tests/a.py::test_long[case]"]
    items = [item_of(nodeid) for nodeid in ids]
    tiers.pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    marked = {item.nodeid: item.markers for item in items}
    assert marked == {ids[0]: ["unit"], ids[1]: ["unit"], ids[2]: ["long"]}
    assert [item.nodeid for item in items] == [ids[1], ids[2], ids[0]], "files with long tests come first"


def test_what_a_process_measured_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seconds, "_measured", {})
    around = seconds.pytest_runtest_protocol(item_of("a.py::test_it"))  # type: ignore[arg-type]
    next(around)
    with pytest.raises(StopIteration):
        next(around)
    monkeypatch.setenv(seconds.FOLDER_VARIABLE, str(tmp_path))
    seconds.pytest_unconfigure()
    (written,) = tmp_path.iterdir()
    assert json.loads(written.read_text()).keys() == {"a.py::test_it"}
