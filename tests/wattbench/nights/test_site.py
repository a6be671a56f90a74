"""Who reads a site sees a whole one, whatever happens to a build."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import shutil
import signal
import time
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.nights import NightsLayout, rebuilt


def build(folder: Path) -> None:
    """Two pages that belong together."""
    token = secrets.token_hex(4)
    (folder / "index.html").write_text(token)
    time.sleep(0.01)
    (folder / "trend.html").write_text(token)


def pages(site: Path) -> list[str]:
    whole = site.resolve()
    return [(whole / name).read_text() for name in ("index.html", "trend.html")]


def pages_seen(site: Path) -> list[str]:
    """As `pages`, for a reader who may be so slow that the site is deleted meanwhile, and then looks again."""
    while True:
        whole = site.resolve()
        try:
            return pages(whole)
        except FileNotFoundError:
            assert whole != site.resolve(), "a file of the site that is shown is missing"


def test_a_site_replaces_the_one_before(layout: NightsLayout) -> None:
    assert rebuilt(layout, build) == layout.site
    first = layout.site.resolve()
    old = pages(layout.site)
    rebuilt(layout, build)
    assert pages(layout.site) != old
    assert pages(first) == old  # for who still reads it
    for _ in range(3):
        rebuilt(layout, build)
    assert not first.exists()
    assert len([path for path in layout.sites.iterdir() if not path.is_symlink()]) <= 3


def test_a_build_that_fails_or_is_killed_leaves_the_old_site(layout: NightsLayout) -> None:
    rebuilt(layout, build)
    old = pages(layout.site)

    def failing(folder: Path) -> None:
        (folder / "index.html").write_text("half")
        raise UserError("no")

    def killed(folder: Path) -> None:
        (folder / "index.html").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(UserError, match="no"):
        rebuilt(layout, failing)
    builder = multiprocessing.get_context("fork").Process(target=rebuilt, args=(layout, killed))
    builder.start()
    builder.join(60)
    assert builder.exitcode == -signal.SIGKILL
    assert pages(layout.site) == old
    rebuilt(layout, build)  # the lock of the dead is free, and its half is gone
    assert sorted(path.read_text() for path in layout.sites.glob("*/index.html")).count("half") == 0


def test_a_history_that_was_copied_has_a_folder_for_a_link(tmp_path: Path, layout: NightsLayout) -> None:
    rebuilt(layout, build)
    copy = NightsLayout(Path(shutil.copytree(layout.root, tmp_path / "copy")))
    assert not copy.site.is_symlink()
    before = pages(copy.site)
    rebuilt(copy, build)
    assert copy.site.is_symlink()
    assert pages(copy.site) != before


def test_a_history_can_be_moved_with_its_site(tmp_path: Path, layout: NightsLayout) -> None:
    rebuilt(layout, build)
    before = pages(layout.site)
    moved = NightsLayout(layout.root.rename(tmp_path / "moved"))
    assert pages(moved.site) == before


@pytest.mark.slow
def test_eight_processes_build_at_once_and_a_reader_never_sees_a_part(layout: NightsLayout) -> None:
    rebuilt(layout, build)
    fork = multiprocessing.get_context("fork")

    def builds() -> None:
        for _ in range(3):
            rebuilt(layout, build)

    builders = [fork.Process(target=builds) for _ in range(8)]
    for builder in builders:
        builder.start()
    seen = set()
    while any(builder.is_alive() for builder in builders):
        assert (layout.site / "index.html").read_text()
        first, second = pages_seen(layout.site)
        assert first == second
        seen.add(first)
    for builder in builders:
        builder.join(60)
    assert [builder.exitcode for builder in builders] == [0] * 8
    assert len(seen) > 1
