"""Read and write files of arrays and text, `.npz`, in which nothing can be executed, whatever their source.

A pickle would run whatever code its writer put in. Here the arrays are named, their types and numbers of dimensions
given, and what they would unpack into is bounded before it is unpacked.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.files.regular_file import read_regular

MAX_FILE_BYTES = 64 * 2**20
MAX_ARRAY_BYTES = 256 * 2**20
"""Unpacked: a small file can claim to be a very large one."""
MAX_WEIGHT = 1e6
"""Of any number in a file: larger ones could overflow into a score that is no number."""

Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class ArrayFile:
    """What kind of file is expected."""

    what: str
    """For messages: ``a classifier as `wattbench family build` writes it``."""
    arrays: Mapping[str, tuple[str, int]]
    """Array to the kind of its type, as NumPy has it (``U``: text, ``f``: numbers), and its number of dimensions."""


@dataclass(frozen=True)
class FileDigest:
    """What identifies a file."""

    sha256: str
    bytes: int


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays; the same ones make the same file."""
    sink = io.BytesIO()
    np.savez_compressed(sink, **arrays)  # type: ignore[arg-type]  # of its stubs: names are not `allow_pickle`
    write_atomically(path, sink.getvalue())


def read_arrays(path: Path, kind: ArrayFile, build: Callable[[Arrays, FileDigest], T], *, where: str) -> T:
    """Read the arrays, and return what is built of them.

    Args:
        path: the file.
        kind: what it must be.
        build: checks the arrays, and raises anything where they are not right.
        where: what the file is for, for messages.

    Raises:
        UserError: it is not there, too large, or not of that kind.
    """
    try:
        data = read_regular(path, MAX_FILE_BYTES)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    try:
        return build(_arrays(data, kind), FileDigest(hashlib.sha256(data).hexdigest(), len(data)))
    except Exception as error:  # a broken or hostile file can make its readers raise anything
        raise UserError(f"{where}: {path} is not {kind.what}: {_reason(error)}") from error


def check_numbers(*arrays: NDArray[Any]) -> None:
    """Check that all numbers are finite, and no weight is beyond bounds.

    Raises:
        ValueError: one is not.
    """
    # Written so that what is no number fails, too.
    if not all(np.abs(each).max(initial=0.0) <= MAX_WEIGHT for each in arrays):
        raise ValueError(f"its numbers are not all finite and within ±{MAX_WEIGHT:g}")


def _arrays(data: bytes, kind: ArrayFile) -> Arrays:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    if sorted(member.filename for member in members) != sorted(f"{name}.npy" for name in kind.arrays):
        raise ValueError(f"it does not hold the arrays {', '.join(kind.arrays)}, each once")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise ValueError("its compression is another")
    if sum(member.file_size for member in members) > MAX_ARRAY_BYTES:
        raise ValueError(f"its arrays are larger than {MAX_ARRAY_BYTES >> 20} MiB")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in kind.arrays}
    for name, (type_kind, dimensions) in kind.arrays.items():
        if arrays[name].dtype.kind != type_kind or arrays[name].ndim != dimensions:
            raise ValueError(f"{name} has type {arrays[name].dtype} and shape {arrays[name].shape}")
    return arrays


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"vectorizer: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
