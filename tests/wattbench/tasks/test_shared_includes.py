"""What tasks share is parsed once, and lm-eval lists the same as without."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lm_eval.tasks import _yaml_loader
from lm_eval.tasks._index import TaskIndex

from wattbench.tasks.shared_includes import includes_parsed_once

FILES = {
    "base.txt": "dataset_path: d\nmetadata: {version: 1}\ntask_list: [a]\n",
    "middle.txt": "include: base.txt\ntag: [shared]\ndoc_to_text: !function functions.text\n",
    "loop.txt": "include: looped.txt\n",
    "looped.txt": "include: loop.txt\n",
    "deep/far.txt": "include: ../base.txt\n",
    "a.yaml": "include: middle.txt\ntask: a\n",
    "b.yaml": "include: middle.txt\ntask: b\nmetadata: {version: 2}\n",
    "c.yaml": "include: [base.txt]\ntask: c\n",
    "circle.yaml": "include: loop.txt\ntask: circle\n",
    "circle2.yaml": "include: loop.txt\ntask: circle2\n",
    "twice.yaml": "include: [base.txt, middle.txt]\ntask: twice\n",
    "missing.yaml": "include: nothing.txt\ntask: missing\n",
    "deep/d.yaml": "include: far.txt\ntask: d\n",
    "deep/e.yaml": "include: far.txt\ntask: e\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_same_tasks_are_listed_with_the_same_settings(folder: Path) -> None:
    expected = TaskIndex.build([folder])
    with includes_parsed_once():
        found = TaskIndex.build([folder])
    assert found == expected
    # A loop, and what would need a file twice, are skipped as lm-eval skips them.
    assert set(found) == {"a", "b", "c", "d", "e", "shared"}


def test_a_file_that_several_include_is_parsed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = Counter[str]()
    load = _yaml_loader.yaml.load

    def count(file: Any, Loader: Any) -> Any:  # noqa: N803 - PyYAML's own name
        parsed[Path(file.name).name] += 1
        return load(file, Loader=Loader)

    monkeypatch.setattr(_yaml_loader.yaml, "load", count)
    with includes_parsed_once():
        TaskIndex.build([folder])
    assert parsed["middle.txt"] == 1 + 1  # and for the task that needs its base twice
    assert parsed["far.txt"] == 1


def test_what_one_task_does_to_its_settings_reaches_no_other(folder: Path) -> None:
    with includes_parsed_once():
        listed = TaskIndex.build([folder])
    first, other = listed["a"].cfg, listed["c"].cfg
    assert first is not None
    assert other is not None
    first["metadata"]["version"] = 9
    assert other["metadata"] == {"version": 1}


def _fail_within() -> None:
    with includes_parsed_once():
        raise ZeroDivisionError


def test_it_is_undone_even_if_listing_fails() -> None:
    before = _yaml_loader.load_yaml
    with pytest.raises(ZeroDivisionError):
        _fail_within()
    assert _yaml_loader.load_yaml is before


def test_of_a_version_that_parses_otherwise_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def otherwise(path: Path) -> dict[str, Any]:
        return {}

    monkeypatch.setattr(_yaml_loader, "load_yaml", otherwise)
    with includes_parsed_once():
        assert _yaml_loader.load_yaml is otherwise
    monkeypatch.delattr(_yaml_loader, "load_yaml")
    with includes_parsed_once():
        assert not hasattr(_yaml_loader, "load_yaml")
