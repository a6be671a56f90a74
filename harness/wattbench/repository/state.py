"""Describe the repository of a suite: its commit, what is not committed, and where it is published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattbench.repository.git import text_or_none

MOST_FILES = 20
"""The number of uncommitted files that a record names at most."""

_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>(?!//).+)")
"""The short form of an address by SSH: ``git@example.org:owner/name.git``."""

_SAFE_HOST = re.compile(r"[A-Za-z0-9.-]+")
_SAFE_PATH = re.compile(r"[A-Za-z0-9._~/-]+")


def repository_state(folder: Path) -> dict[str, Any]:
    """Return the state of the git repository of a folder, as a run records it.

    ``commit`` is None outside a repository. ``repository`` is ``{"remote": URL or None, "uncommitted": [first files],
    "uncommitted_files": number}``, or None there.
    """
    if text_or_none(folder, "rev-parse", "--git-dir") is None:
        return {"commit": None, "commit_dirty": False, "repository": None}
    files = _files(text_or_none(folder, "status", "--porcelain", "-z") or "")
    return {
        "commit": (text_or_none(folder, "rev-parse", "--verify", "--quiet", "HEAD") or "").strip() or None,
        "commit_dirty": bool(files),
        "repository": {
            "remote": _remote(folder),
            "uncommitted": files[:MOST_FILES],
            "uncommitted_files": len(files),
        },
    }


def web_address(remote: str) -> str | None:
    """Return the https address of a remote's web page, host and path alone.

    User, password, query and fragment may be secret and are left out. A path on this machine is none.
    """
    short = _SCP.fullmatch(remote) if "://" not in remote else None
    if short is not None:
        return _address("https", short["host"], short["path"])
    try:
        parts = urlsplit(remote)
        port = parts.port
    except ValueError:
        return None
    if parts.hostname is None or parts.scheme not in ("http", "https", "ssh", "git"):
        return None
    if parts.scheme in ("http", "https"):
        return _address(parts.scheme, f"{parts.hostname}:{port}" if port else parts.hostname, parts.path)
    return _address("https", parts.hostname, parts.path)


def _address(scheme: str, host: str, path: str) -> str | None:
    path = path.strip("/").removesuffix(".git")
    if not _SAFE_HOST.fullmatch(host.partition(":")[0]) or not _SAFE_PATH.fullmatch(path) or ".." in path:
        return None
    return f"{scheme}://{host}/{path}"


def _remote(folder: Path) -> str | None:
    """Return the web address of the remote ``origin``, else of the only remote; None without either."""
    remotes = (text_or_none(folder, "remote") or "").split()
    name = "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else None
    url = None if name is None else text_or_none(folder, "remote", "get-url", name)
    return None if url is None else web_address(url.strip())


def _files(status: str) -> list[str]:
    """Return the changed paths in the output of ``git status --porcelain -z``; of a renamed file, the new path."""
    entries = iter(status.split("\0"))
    files = []
    for entry in entries:
        if len(entry) > 3:
            files.append(entry[3:])
            if "R" in entry[:2] or "C" in entry[:2]:
                next(entries, None)  # the old path
    return files
