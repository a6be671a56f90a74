"""Do once what transformers does again and again while it loads a GGUF file: most of the time that this takes.

transformers 5.24 makes a `gguf.GGUFReader` for the tokenizer, for the configuration and for the weights, and each walks
the whole vocabulary in Python: for SmolLM2 with its 49,152 tokens, 3.7 s of processor time, and 1.0 s where its bytes
are a plain array in place of NumPy's `memmap`. Each time it also makes text of every token. It then makes the table of
tensor names for each of the model's 397 modules.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from wattbench.errors import require

_MADE_AGAIN = ("GGUFReader", "get_tensor_name_map")
"""What transformers asks of the package gguf. Neither a reader nor a table changes once it is made."""
_PARSER, _PARSES = "transformers.modeling_gguf_pytorch_utils", "_gguf_parse_value"
"""The module and the function of transformers that make a number or a text of one value in a file's header."""


@contextmanager
def parsed_once() -> Iterator[None]:
    """Give all that ask for the same reader, table of names, or value the same one until the block ends."""
    gguf = require("gguf", extra="hf", what="a GGUF file")
    originals = {name: getattr(gguf, name) for name in _MADE_AGAIN}
    for name, original in originals.items():
        setattr(gguf, name, functools.cache(_plain(original) if name == "GGUFReader" else original))
    parser = _parser()
    parse = getattr(parser, _PARSES, None)
    if parse is not None:
        setattr(parser, _PARSES, _keeping(parse))
    try:
        yield
    finally:
        if parse is not None:
            setattr(parser, _PARSES, parse)
        for name, original in originals.items():
            setattr(gguf, name, original)


def _parser() -> Any:
    """Return the module that parses values; None in a version of transformers without it, as it is private."""
    try:
        return import_module(_PARSER)
    except ModuleNotFoundError:
        return None


def _plain(reader: type[Any]) -> type[Any]:
    """Return a reader that has the file's bytes as a plain array, which is the same memory."""
    import numpy as np

    def set_data(self: Any, mapped: Any) -> None:
        self.__dict__["data"] = np.asarray(mapped)

    return type(reader.__name__, (reader,), {"data": property(lambda self: self.__dict__["data"], set_data)})


def _keeping(parse: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a parser that parses each value once; a value is kept with what it gave, so that no other has its id."""
    kept: dict[int, tuple[Any, Any]] = {}

    def parse_once(value: Any, types: Any) -> Any:
        if id(value) not in kept:
            kept[id(value)] = value, parse(value, types)
        return kept[id(value)][1]

    return parse_once
