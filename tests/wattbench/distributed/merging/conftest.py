"""Shards of one made-up run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.made_up.sharded_runs import Made, write_shard

NODES = ("a" * 12, "b" * 12)


@pytest.fixture(scope="session", autouse=True)
def _unsynced() -> Iterator[None]:
    """Waits for no disk: each made-up line would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that asked all blocks, which no test changes."""
    return write_shard(tmp_path_factory.mktemp("whole"), Made(shard=False, node=NODES[0]))


@pytest.fixture(scope="session")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    for blocks, node in (((0, 1), NODES[0]), ((2, 3), NODES[1]), ((4, 5), NODES[0])):
        write_shard(folder, Made(blocks=blocks, node=node))
    return folder


@pytest.fixture
def shards(_written: Path, tmp_path: Path) -> list[Path]:
    """Copies of three shards of two blocks each, of two machines."""
    return [Path(shutil.copytree(root, tmp_path / "shards" / root.name)) for root in sorted(_written.iterdir())]


@pytest.fixture
def shard(tmp_path: Path) -> Callable[..., Path]:
    """Writes another shard next to those three."""
    return lambda **how: write_shard(tmp_path / "shards", Made(**how))
