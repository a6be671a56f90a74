"""The snippets of the docs: what they are, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
_PROGRAMS = "wattbench(?!:)|pip|tox|pytest|pre-commit|python|docker|zensical|git|rsync|cat"
_COMMAND = re.compile(rf"(?:\$ )?(?:{_PROGRAMS})\b")
_WATTBENCH = re.compile(r"(?:^|[\s(;&|]|/bin/)wattbench ((?:\"[^\"]*\"|'[^']*'|[^\n;&|)`])*)")


@dataclass(frozen=True)
class Snippet:
    """A block of code of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def first(self) -> str:
        """Return the first line."""
        return self.text.lstrip("\n").split("\n", 1)[0]

    @property
    def holds_commands(self) -> bool:
        """Return whether it is for a shell: by its language, or as it begins like a command of the docs."""
        return self.language in ("sh", "bash", "console") or (
            self.language in ("", "text") and bool(_COMMAND.match(self.first))
        )

    def commands(self) -> list[str]:
        """Return its commands, one a line; of a session (`$ ...`) the lines after the `$`."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if any(line.startswith("$ ") for line in lines):
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line.strip() for line in lines if shlex.split(line, comments=True)]


def pages() -> list[str]:
    """Return the pages whose snippets are tested: those of the site, except the changelog."""
    found = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/README.md")]
    named = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "SKILL.md")
    return [*named, *sorted(str(path.relative_to(ROOT)) for path in found)]


@cache
def snippets() -> tuple[Snippet, ...]:
    """Return every block of code of all pages."""
    return tuple(each for page in pages() for each in snippets_of(page, (ROOT / page).read_text("utf-8")))


def snippets_of(page: str, text: str) -> Iterator[Snippet]:
    """Yield the blocks of code of one page, fenced or indented."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in ("fence", "code_block"):
            yield Snippet(page, token.map[0] + 1, token.info.strip(), token.content)


def wattbench_arguments(text: str) -> list[str]:
    """Return what follows `wattbench` wherever a text calls it: in a script, a workflow, a line of cron.

    After `docker`, `wattbench` is an image.
    """
    text = re.sub(r"(?<=\s)#.*|^docker .*", "", text.replace("\\\n", " "), flags=re.MULTILINE)
    return [match[1].strip() for match in _WATTBENCH.finditer(text)]


def inline_commands(page: str, program: str = "wattbench") -> list[str]:
    """Return the arguments of each call of a program in the prose of a page."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text("utf-8")):
        for child in token.children or ():
            if child.type == "code_inline":
                found += re.findall(rf"^{program} (.*)", child.content)
    return found


def variants(text: str) -> list[dict[str, Any]]:
    """Parse YAML in which a key that is there several times shows alternatives: one mapping for each of them."""
    node = yaml.compose(text, yaml.SafeLoader)
    return [_value(node, number) for number in range(_most_alternatives(node))]


def _most_alternatives(node: yaml.Node) -> int:
    if not isinstance(node, yaml.MappingNode):
        return 1
    keys = [key.value for key, _ in node.value]
    return max([1, *(keys.count(key) for key in keys), *(_most_alternatives(value) for _, value in node.value)])


def _value(node: yaml.Node, number: int) -> Any:
    if not isinstance(node, yaml.MappingNode):
        loader = yaml.SafeLoader("")
        return loader.construct_object(node, deep=True)
    found: dict[str, list[Any]] = {}
    for key, value in node.value:
        found.setdefault(key.value, []).append(_value(value, number))
    return {key: values[min(number, len(values) - 1)] for key, values in found.items()}
