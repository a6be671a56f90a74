"""Money of a system's answers in a temporary file, for runs whose answers are not held in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray


class PartsOnDisk(Mapping[str, NDArray[np.float64]]):
    """What is paid for to money of each answer, shape (answers,), read anew each time. The file goes with the process.

    An array that repeats one number is kept as it is.
    """

    def __init__(self, parts: Mapping[str, NDArray[np.float64]]) -> None:
        """Write the arrays to a file without a name, in the folder for temporary files.

        Raises:
            OSError: there is no room.
        """
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the mapping
        self._spans: dict[str, tuple[int, int] | NDArray[np.float64]] = {}
        for name, money in parts.items():
            if money.strides == (0,):
                self._spans[name] = money
                continue
            self._spans[name] = self._file.tell(), len(money)
            np.ascontiguousarray(money, dtype=np.float64).tofile(self._file)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        span = self._spans[name]
        if isinstance(span, np.ndarray):
            return span
        self._file.seek(span[0])
        return np.fromfile(self._file, dtype=np.float64, count=span[1])

    def __contains__(self, name: object) -> bool:
        return name in self._spans

    def __iter__(self) -> Iterator[str]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)
