"""Keep one base model loaded, so that systems that share it load it once.

Only one: a base that no longer takes part must not sit in memory, or on the GPU, while another system is
measured. `acquire` lets go of the old one before it loads the next.

Read a GGUF file once while transformers loads it, and not again for each of its parts.

transformers 5.24 makes a `gguf.GGUFReader` for the tokenizer, for the configuration and for the weights, and each walks
the whole vocabulary in Python: for SmolLM2 with its 49,152 tokens, 3.7 s of processor time, and 1.0 s where its bytes
are a plain array in place of NumPy's `memmap`. It then makes the table of tensor names for each of the model's 397
modules.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattbench.config import LocalModel
from wattbench.errors import UserError, require
from wattbench.systems import weights
from wattbench.systems.memory import return_freed
from wattbench.systems.weights import LocalWeights


@dataclass(frozen=True)
class Base:
    """A loaded base model."""

    key: object
    owner: str
    """The system that loaded it."""
    model: Any
    tokenizer: Any
    weights: LocalWeights


_held: Base | None = None


def key(config: LocalModel) -> object:
    """Return a key that is equal for two systems that can share a base."""
    return (config.weights.model_dump_json(), config.dtype, config.device, config.threads)


def acquire(name: str, config: LocalModel) -> tuple[Base, str | None]:
    """Return the base of a system, and the system that loaded it before; None if it was loaded now.

    Raises:
        UserError: it cannot be loaded.
    """
    global _held  # noqa: PLW0603  # the process has one memory, and this is what is in it
    if _held is not None and _held.key == key(config):
        return _held, _held.owner
    release_base()
    _held = _load(name, config)
    return _held, None


def held_bytes(wanted: object) -> int:
    """Return the bytes of the loaded base's parameters; 0 if the loaded base has another key."""
    if _held is None or _held.key != wanted:
        return 0
    return sum(parameter.numel() * parameter.element_size() for parameter in _held.model.parameters())


def release_base() -> None:
    """Free the loaded base, if there is one."""
    global _held  # noqa: PLW0603  # as in `acquire`
    if _held is None:
        return
    _held = None
    gc.collect()
    return_freed()
    torch = require("torch", extra="hf", what="freeing a model")
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _load(name: str, config: LocalModel) -> Base:
    transformers = require("transformers", extra="hf", what=f"system {name!r}: the transformers engine")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    stored = weights.fetch(config.weights, where=f"system {name!r}")
    source: dict[str, Any] = {"gguf_file": stored.file.name} if stored.file is not None else {}
    try:
        with parsed_once() if source else nullcontext():
            # No code of a repository is run. That is said outright: where it is not, transformers asks on the terminal.
            tokenizer = transformers.AutoTokenizer.from_pretrained(stored.path, trust_remote_code=False, **source)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                stored.path,
                dtype=config.dtype,
                trust_remote_code=False,
                **source,
                **_dequantized(transformers, source),
            )
        model = model.to(_device(config.device)).eval()
    except Exception as error:  # a broken file or a strange model can raise anything
        raise UserError(
            f"system {name!r}: transformers cannot load {stored.file or stored.path}: {type(error).__name__}: {error}"
        ) from error
    return Base(key(config), name, model, tokenizer, stored)


def _dequantized(transformers: Any, source: dict[str, Any]) -> dict[str, Any]:
    """Return the option that unpacks a GGUF file: its blocks are llama.cpp's format, not PyTorch's."""
    return {"quantization_config": transformers.GgufConfig(dequantize=True)} if source else {}


def _device(wanted: str) -> str:
    torch = require("torch", extra="hf", what="the transformers engine")
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


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
