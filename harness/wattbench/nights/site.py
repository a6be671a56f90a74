"""Publish a new site: build it next to the old one, and replace that in one step."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import filelock

from wattbench.nights.layout import NightsLayout
from wattbench.records.files.atomic_write import failing_as, make_folder, sync_folder, sync_tree


def rebuilt(layout: NightsLayout, build: Callable[[Path], object]) -> Path:
    """Build a history's site and return its folder. Readers see the old site or the new one, whole.

    `site` is a link, as that is what every file system can replace in one step. Of several processes one builds at a
    time; the others wait, and build again from what there is then.

    Args:
        layout: of the history.
        build: writes the site into the empty folder that it is given.

    Raises:
        UserError: it cannot be written.
    """
    with failing_as(layout.site, "the site cannot be built"), filelock.FileLock(layout.site_lock):
        make_folder(layout.sites)
        _clear(layout)
        new = layout.sites / secrets.token_hex(6)
        new.mkdir()
        build(new)
        sync_tree(new)
        sync_folder(layout.sites)  # before a link names it
        _show(layout, new)
    return layout.site


def _clear(layout: NightsLayout) -> None:
    """Delete sites older than the last two, and what a killed build left."""
    before = _before(layout)
    kept = {link.resolve() for link in (layout.site, before)}
    for path in layout.sites.iterdir():
        if path != before and path.resolve() not in kept:
            path.unlink() if path.is_symlink() else shutil.rmtree(path)


def _show(layout: NightsLayout, new: Path) -> None:
    if layout.site.is_symlink():  # who has begun to read it can go on
        _link(layout, _before(layout), layout.site.resolve())
    elif layout.site.exists():  # a copy of a history can have made a folder of the link
        layout.site.rename(layout.sites / f"{new.name}-copied")
    _link(layout, layout.site, new)


def _link(layout: NightsLayout, path: Path, target: Path) -> None:
    """Replace a path by a link to a folder."""
    link = layout.sites / secrets.token_hex(6)  # what a killed process leaves there, the next one clears
    link.symlink_to(os.path.relpath(target, path.parent.resolve()))
    link.replace(path)
    sync_folder(path.parent)


def _before(layout: NightsLayout) -> Path:
    """Return the path of the link to the site that was shown before."""
    return layout.sites / "before"
