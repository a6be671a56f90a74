"""CONTRIBUTING's list of words to avoid, held against everything a user reads and every name in the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.code_words import words_of, words_of_file

ROOT = Path(__file__).parents[2]
CODE = [path for root in ("harness", "reports") for path in sorted((ROOT / root).rglob("*.py"))]
PROSE = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SKILL.md",
    ROOT / "action.yml",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "reports").rglob("*.j2")),
    *sorted((ROOT / "reports").rglob("*.js")),
]


def listed(heading: str) -> list[str]:
    """Return the words in backticks of the first column of a table of CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = re.search(rf"^### {heading}\n(?:(?!^#).*\n)*?((?:^\|.*\n)+)", text, re.MULTILINE)
    assert table, heading
    return [word for line in table[1].splitlines()[2:] for word in re.findall(r"`([^`]+)`", line.split("|")[1])]


WORDS = re.compile(rf"(?<![\w`-])({'|'.join(map(re.escape, listed('Words')))})(?![\w`-])", re.IGNORECASE)
NAMES = set(listed("Names"))


def _without_the_list(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return ["" if path.name == "CONTRIBUTING.md" and line.startswith("| `") else line for line in lines]


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_speaks_plain_english(path: Path) -> None:
    code = words_of_file(path)
    wrong = [
        f"{path}:{line}: {found[0]!r} in {text[:80]!r}" for line, text in code.texts for found in WORDS.finditer(text)
    ]
    wrong += [f"{path}:{line}: the name {name!r}" for line, name in code.names if name.lstrip("_") in NAMES]
    assert not wrong, "see the word list in CONTRIBUTING.md:\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_speak_plain_english(path: Path) -> None:
    lines = _without_the_list(path)
    wrong = [f"{path}:{number}: {found[0]!r}" for number, line in enumerate(lines, 1) for found in WORDS.finditer(line)]
    assert not wrong, "see the word list in CONTRIBUTING.md:\n" + "\n".join(wrong)


def test_every_kind_of_text_and_name_is_read() -> None:
    code = words_of(
        '''"""First line.

Second line."""
NAME: int = 1
"""Of a variable."""
class Kind:
    """Of a class."""
    def method(self, argument: str = "default", *others, option=f"in {NAME} braces", **more) -> "annotation":
        try:
            part = [each for each in others if (bound := each) and each != {"key": "value"}]
        except ValueError as error:
            raise error
        finally:
            print("last")
'''
    )
    assert code.texts == (
        (1, "First line."), (5, "Of a variable."), (7, "Of a class."), (8, " braces"), (8, "annotation"),
        (8, "default"), (8, "in "), (10, "key"), (10, "value"), (14, "last"),
    )  # fmt: skip
    assert code.names == (
        (4, "NAME"), (6, "Kind"), (8, "argument"), (8, "method"), (8, "more"), (8, "option"), (8, "others"),
        (8, "self"), (10, "bound"), (10, "each"), (10, "part"),
    )  # fmt: skip
    assert code.classes == ("Kind",)
