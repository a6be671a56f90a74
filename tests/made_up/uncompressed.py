"""Have wheels that tests build hold their files uncompressed: to deflate the weights takes most of building one."""

from __future__ import annotations

import os
from pathlib import Path

SITE = "import zlib\n\nzlib.Z_DEFAULT_COMPRESSION = zlib.Z_NO_COMPRESSION\n"
"""What `zipfile` asks zlib for where no level is asked of it, as hatchling asks none."""


def uncompressed(folder: Path) -> dict[str, str]:
    """Return the environment in which Python's processes write zip files so; a module of `folder` changes them."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}
