"""Make models from a loaded base that share every tensor that they do not change.

Each is a model of its own: several can be loaded, asked and freed in any order, and the base stays as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wattbench.config import Weights
from wattbench.errors import UserError, require
from wattbench.systems import weights
from wattbench.systems.weights import LocalWeights


def sharing(model: Any) -> Any:
    """Copy a model, sharing its parameters and buffers. Exchanging parts of the copy changes no tensor."""
    import torch

    memo: dict[int, Any] = {
        id(tensor): torch.nn.Parameter(tensor.detach(), requires_grad=False) for tensor in model.parameters()
    }
    memo |= {id(buffer): buffer for buffer in model.buffers()}
    return copy.deepcopy(model, memo)


def keep_layers(model: Any, layers: Sequence[int], *, where: str) -> Any:
    """Keep only some layers of a decoder that `sharing` returned, in the given order.

    Raises:
        UserError: it has no such layer, or is not laid out as Llama's models are.
    """
    from torch.nn import ModuleList

    stack = getattr(getattr(model, "model", None), "layers", None)
    if stack is None:
        raise UserError(f"{where}: layers: a {type(model).__name__} cannot have fewer layers; it has no model.layers")
    for layer in layers:
        if layer >= len(stack):
            raise UserError(f"{where}: layers: there is no layer {layer}; the base has {len(stack)}, counted from 0")
    if len(set(layers)) != len(layers):
        raise UserError(f"{where}: layers: each layer can be kept once")
    model.model.layers = ModuleList([stack[layer] for layer in layers])
    for index, layer in enumerate(model.model.layers):
        layer.self_attn.layer_idx = index  # its place in the cache of keys and values
    model.config.num_hidden_layers = len(layers)
    if getattr(model.config, "layer_types", None):
        model.config.layer_types = [model.config.layer_types[layer] for layer in layers]
    return model


def with_adapter(model: Any, folder: Path, *, merge: bool, where: str) -> tuple[Any, LocalWeights]:
    """Add a PEFT adapter to a model that `sharing` returned.

    Args:
        model: it is used up.
        folder: the adapter.
        merge: fold it into a copy of the weights that it changes.
        where: for messages: ``system 'specialist'``.

    Returns:
        The model with the adapter, and what the adapter is made of.

    Raises:
        UserError: the adapter cannot be read, or does not fit.
    """
    peft = require("peft", extra="hf", what=f"{where}: an adapter")
    stored = weights.fetch(Weights(path=folder), where=f"{where}: adapter")
    try:
        adapted = peft.PeftModel.from_pretrained(model, str(folder))
        # Safe merging writes to a copy; without it the base's own tensors would change.
        return (adapted.merge_and_unload(safe_merge=True) if merge else adapted).eval(), stored
    except Exception as error:  # peft raises whatever its parts raise
        raise UserError(
            f"{where}: the adapter in {folder} does not fit its base: {type(error).__name__}: {error}"
        ) from error
