"""Read a GGUF file once while transformers loads it, and not again for each of its parts.

transformers 5.24 makes a `gguf.GGUFReader` for the tokenizer, for the configuration and for the weights, and each walks
the whole vocabulary in Python: for SmolLM2 with its 49,152 tokens, 3.7 s of processor time, and 1.0 s where its bytes
are a plain array in place of NumPy's `memmap`. It then makes the table of tensor names for each of the model's 397
modules.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from wattbench.errors import require

_MADE_AGAIN = ("GGUFReader", "get_tensor_name_map")
"""What transformers asks of the package gguf. Neither a reader nor a table changes once it is made."""


@contextmanager
def parsed_once() -> Iterator[None]:
    """Cache the GGUF readers and the tables of names, so that each is made once, until the block ends."""
    gguf = require("gguf", extra="hf", what="a GGUF file")
    originals = {name: getattr(gguf, name) for name in _MADE_AGAIN}
    for name, original in originals.items():
        setattr(gguf, name, functools.cache(_plain(original) if name == "GGUFReader" else original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(gguf, name, original)


def _plain(reader: type[Any]) -> type[Any]:
    """Return a class of reader that views the file's bytes as a plain array."""

    def set_data(self: Any, mapped: Any) -> None:
        self.__dict__["data"] = np.asarray(mapped)

    return type(reader.__name__, (reader,), {"data": property(lambda self: self.__dict__["data"], set_data)})
