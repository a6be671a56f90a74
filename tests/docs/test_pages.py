"""The pages of the docs' site: which there are, and what becomes of links and lists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click import Option

import wattbench
from docs.site import commands, frame_columns, markdown, suite_schema
from docs.site.checks import faults
from docs.site.pages import write_pages
from docs.site.repository_files import as_page, place
from wattbench.cli import every_command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Write a small repository: pages that link to each other, to code, to a picture and to elsewhere."""
    files = {
        "README.md": "# R\n\n![p](docs/p.png) [a](docs/a.md#one) [out](https://x.example/docs/a.md) [c](SECURITY.md)\n",
        "CHANGELOG.md": "# C\n", "CONTRIBUTING.md": "# C\n", "SECURITY.md": "# S\n",
        "docs/a.md":
            "# One\n\n[home](../README.md) [code](../src/m.py) [ci](../.github/w.yml) [here](#one) [no](b.md)\n\n"
            "```text\n[kept](../README.md)\n```\n",
        "docs/why/w.md": "# W\n\n![p](w.svg) [a](../a.md) [d](../data/d.csv)\n", "docs/why/w.svg": "drawing",
        "docs/data/d.csv": "# made\na,b\n", "docs/p.png": "picture",
        "src/m.py": "x = 1\n", ".github/w.yml": "on: push\n",
        "examples/e/README.md": "# E\n\n[a](../../docs/a.md) [part](part.md)\n",
        "examples/e/part.md": "[a](../../docs/a.md)",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_links_lead_to_the_same_page_in_the_site(repository: Path) -> None:
    folder = repository / "site"
    (folder / "of-an-earlier-build.md").parent.mkdir()
    (folder / "of-an-earlier-build.md").write_text("")
    written = write_pages(repository, folder)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.md")) == written
    assert "of-an-earlier-build.md" not in written
    assert (folder / "index.md").read_text() == (
        "# R\n\n![p](p.png) [a](a.md#one) [out](https://x.example/docs/a.md) [c](security.md)\n"
    )
    assert (folder / "a.md").read_text() == (
        "# One\n\n[home](index.md) [code](files/src/m.py.md) [ci](files/github/w.yml.md) [here](#one) [no](b.md)\n\n"
        "```text\n[kept](../README.md)\n```\n"
    )
    assert (folder / "p.png").read_text() == "picture"
    assert (folder / "why/w.md").read_text() == "# W\n\n![p](w.svg) [a](../a.md) [d](../data/d.csv)\n"
    assert (folder / "why/w.svg").read_text() == "drawing"
    assert (folder / "files/src/m.py.md").read_text() == "# m.py\n\n```python\nx = 1\n```\n"
    assert (folder / "examples/e.md").read_text() == "# E\n\n[a](../a.md) [part](../files/examples/e/part.md)\n"
    assert (folder / "files/examples/e/part.md").read_text() == "[a](../../../a.md)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Text:\n- a\n- b\n", "Text:\n\n- a\n- b\n"),
        ("## Head\nText.\n1. a\n", "## Head\nText.\n\n1. a\n"),
        ("Text:\n\n- a\n  more of a\n- b\n\nText\n", "Text:\n\n- a\n  more of a\n- b\n\nText\n"),
        ("- a\n\n      - code, as it is\n", "- a\n\n      - code, as it is\n"),
        ("a\n```sh\nx\n- y\n```\n", "a\n```sh\nx\n- y\n```\n"),
    ],
)
def test_a_list_in_a_paragraph_is_one_for_python_markdown_too(text: str, expected: str) -> None:
    assert markdown.rewritten("README.md", text, {"README.md": "index.md"}) == expected


def test_a_file_that_holds_a_fence_is_shown_whole(tmp_path: Path) -> None:
    file = tmp_path / "page.j2"
    file.write_text("```\nx\n```\n")
    assert as_page(file) == "# page.j2\n\n````text\n```\nx\n```\n````\n"


def test_a_notebook_is_shown_cell_by_cell() -> None:
    text = as_page(ROOT / "examples" / "notebook.ipynb")
    cells = json.loads((ROOT / "examples" / "notebook.ipynb").read_text())["cells"]
    assert text.count("```python\n") == sum(cell["cell_type"] == "code" for cell in cells)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("examples/notebook.ipynb", "files/examples/notebook.ipynb.md"),
        ("a/.github/w.yml", "files/a/github/w.yml.md"),
        ("benchmarks/tasks/README.md", "files/benchmarks/tasks/README.md"),
        ("docs/report.png", "report.png"),
        ("examples/answers.csv", "examples/answers.csv"),
    ],
)
def test_a_file_has_a_place_without_dots(path: str, expected: str) -> None:
    assert place(path) == expected


def test_every_command_and_option_is_in_the_reference() -> None:
    page = commands.page()
    for name, command in every_command():
        section = page.partition(f"\n## wattbench {name}\n")[2].partition("\n## ")[0]
        assert section, name
        shown = [option for option in command.params if isinstance(option, Option) and not option.hidden]
        names = [each for option in shown for each in option.opts if each.startswith("--")]
        assert [each for each in names if each not in section] == []


def test_help_is_no_markup() -> None:
    assert commands._prose("runs/<run> of [a, b], x*y with --min-accuracy") == (
        r"runs/\<run\> of \[a, b\], x\*y with `--min-accuracy`"
    )


def test_what_the_generator_does_not_refuse_is_named(repository: Path) -> None:
    folder = repository / "site"
    pages = write_pages(repository, folder)
    listed = [page for page in pages if not page.startswith("files/")]
    settings = "not_in_nav: |\n  /files/\nnav:\n" + "".join(f"  - A page: {page}\n" for page in listed)
    assert faults(folder, settings) == []
    (folder / "why/w.svg").unlink()
    (folder / "a.md").write_text("```\n![shown](none.png)\n```\n")
    assert faults(folder, settings.replace(": a.md", ": gone.md") + "  - Again: why/w.md\n") == [
        "mkdocs.yml lists gone.md, which is no page",
        "mkdocs.yml lists why/w.md twice",
        "mkdocs.yml does not list a.md",
        "why/w.md shows w.svg, which is no file",
    ]


def test_every_public_name_is_in_the_reference(tmp_path: Path) -> None:
    from docs.site import python_api

    listed = [line.rpartition(".")[2] for line in python_api.page().splitlines() if line.startswith("::: ")]
    public = {name for name in wattbench.__all__ if not name.startswith("_")}
    assert sorted(listed) == sorted(public | {"AssumptionOptions", "RoutingSettings"})


def test_every_key_of_a_suite_is_explained_in_the_reference() -> None:
    models = suite_schema.models()
    assert {"Suite", "FileTask", "EndpointSystem", "CascadeRouter", "GatePolicy", "CsvLog"} <= models.keys()
    unexplained = [
        (name, key)
        for name, model in models.items()
        for key, of in model["properties"].items()
        if not of.get("description") and "const" not in of
    ]
    assert unexplained == []


def test_what_a_suite_names_has_a_section_in_the_reference() -> None:
    page = suite_schema.page()
    sections = {heading.lower() for heading in re.findall(r"^## (\w+)$", page, re.MULTILINE)}
    links = set(re.findall(r"\]\(#(\w+)\)", page))
    assert "gatepolicy" in links
    assert links <= sections


def test_every_column_of_a_frame_is_explained() -> None:
    explained = frame_columns.meanings()
    assert list(explained) == [(frame, name) for frame, columns in frame_columns.FRAMES.items() for name in columns]
    assert [column for column, meaning in explained.items() if not meaning] == []
    [items] = [each for each in frame_columns.sections() if each.startswith("## Columns of `items()`\n")]
    assert "| `score` | Float64 | 0 to 1 |" in items
