"""Suites as files, some text replaced."""

from __future__ import annotations

from pathlib import Path

from wattbench.config import Resolved, load_suite

DATA = Path(__file__).parents[1] / "data"


def suite_of(text: str, folder: Path, *changes: tuple[str, str]) -> Resolved:
    """Return the suite of a text, written to `folder`."""
    path = folder / "suite.yaml"
    path.write_text(replaced(text, *changes))
    return load_suite(str(path))


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return the text with each change, of something that is in it."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def changed_suite(folder: Path, *changes: tuple[str, str]) -> Resolved:
    """Return the suite of `tests/data`, changed, as a file in `folder`."""
    text = replaced((DATA / "suite.yaml").read_text(), *changes).replace("[tasks]", f"[{DATA / 'tasks'}]")
    return suite_of(text, folder, ("./answers.py", str(DATA / "answers.py")))
