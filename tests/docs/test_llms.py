"""llms.txt of the docs' site: a line per page of the navigation, with its first sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.site.llms import llms_txt
from docs.site.pages import write_pages

ROOT = Path(__file__).parents[2]
SETTINGS = """
site_name: s
site_description: What it is
extension: {slugify: !!python/object/apply:a.b {kwds: {}}}
nav:
  - Home: index.md
  - Start: [{One: one.md}, {Not there: gone.md}, {More: [{Two: why/two.md}]}]
"""


def test_each_page_has_a_line_with_its_first_sentence(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text(SETTINGS)
    (tmp_path / "why").mkdir()
    (tmp_path / "index.md").write_text("# H\n\n![p](p.png)\n\n*Which of [these](a.md)* to\nrun? More.\n")
    (tmp_path / "one.md").write_text(
        "# One\n\n```sh\nx\n```\n\n- a list\n\n`wattbench run` asks v1.2 of _it_ in `a_b.py`. It ends.\n"
    )
    (tmp_path / "why" / "two.md").write_text("# Two\n\nIt has two parts:\n- a\n")
    assert llms_txt(tmp_path / "mkdocs.yml", tmp_path) == (
        "# s\n\n> What it is\n\n- [Home](index.html): Which of these to run?\n\n## Start\n\n"
        "- [One](one.html): wattbench run asks v1.2 of it in a_b.py.\n- [Two](why/two.html): It has two parts.\n"
    )


@pytest.mark.slow
def test_the_site_has_one_with_every_page_that_is_there(tmp_path: Path) -> None:
    written = write_pages(ROOT, tmp_path)
    lines = llms_txt(ROOT / "mkdocs.yml", tmp_path).splitlines()
    links = [match[1] for line in lines if (match := re.match(r"- \[[^]]+\]\(([^)]+)\.html\)", line))]
    pages = {name.removesuffix(".md") for name in written if not name.startswith("files/")}
    assert len(links) > 30
    assert set(links) <= pages
    assert all(len(line) < 600 for line in lines)
