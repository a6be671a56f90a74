"""`wattbench.merge`: shards of a suite, made one run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from wattbench.api.read import Run, read
from wattbench.api.verify import require_verified
from wattbench.distributed.merging import merge_shards
from wattbench.errors import UserError
from wattbench.progress.notices import notice


def merge(shards: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], out: str | os.PathLike[str]) -> Run:
    """Merge the shards of a suite, which ``run(block=...)`` made, into one run: as if one machine had asked all blocks.

    Args:
        shards: their directories, or folders of them.
        out: the directory of the merged run; a folder that is there already gets it under its name.

    Raises:
        UserError: a block is missing or there twice, they are not of one suite, one is damaged, or `out` cannot be
            written.
    """
    given = [shards] if isinstance(shards, str | os.PathLike) else list(shards)
    if not given:
        raise UserError("name the shards to merge: their directories, or a folder of them")
    command = ["wattbench.merge", *(os.fspath(each) for each in given), f"out={os.fspath(out)}"]
    return read(merge_shards([Path(each) for each in given], Path(out), command, notice, check=require_verified))
