"""A sparse mixture made of one base and several adapters: Branch-Train-MiX (Sukhbaatar et al. 2024), assembled
when it is loaded.

Each adapter was trained on the base's feed-forward weights alone. Merged with the base's they become the experts of a
Mixtral-type model; attention, embeddings and norms are the base's own tensors, shared and not copied. Layers that no
adapter changes stay dense, as all experts would be equal there.

Make models from a loaded base that share every tensor that they do not change.

Each is a model of its own: several can be loaded, asked and freed in any order, and the base stays as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.config import Weights
from wattbench.errors import UserError, require
from wattbench.systems import weights
from wattbench.systems.base import ExpertsUsed
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


_PARTS = ("gate_proj", "up_proj", "down_proj")


def assemble(base: Any, experts: Mapping[str, Path], top_k: int, *, where: str) -> tuple[Any, list[LocalWeights]]:
    """Assemble a mixture. Its routers must still be set (`set_gates`) or trained.

    Args:
        base: a Llama-type model, which does not change.
        experts: name to the folder of the adapter it is made from, in the routers' order.
        top_k: experts asked for each token.
        where: for messages.

    Returns:
        The mixture, and the parts that it is made of in addition to the base.

    Raises:
        UserError: the base is not Llama-type, an adapter does not fit or changes more than feed-forward weights.
    """
    if getattr(base.config, "model_type", None) != "llama":
        raise UserError(f"{where}: a mixture can be made from Llama-type models, not from a {type(base).__name__}")
    merged, stored = [], []
    for name, folder in experts.items():
        model, weights = with_adapter(sharing(base), folder, merge=True, where=f"{where}: expert {name!r}")
        merged.append(_changed(base, model, f"{where}: expert {name!r}"))
        stored.append(weights)
    sparse = sorted(set().union(*merged))
    return _mixture(sharing(base), merged, sparse, top_k), stored


def sparse_layers(mixture: Any) -> dict[int, Any]:
    """Return the feed-forward blocks with experts, by layer."""
    return {index: layer.mlp for index, layer in enumerate(mixture.model.layers) if hasattr(layer.mlp, "experts")}


def gates(mixture: Any) -> dict[str, Any]:
    """Return the routers' weights, each of shape (experts, hidden): ``layers.10.gate``."""
    return {f"layers.{index}.gate": block.gate.weight.detach() for index, block in sparse_layers(mixture).items()}


def set_gates(mixture: Any, stored: Mapping[str, Any], *, where: str) -> None:
    """Set the trained routers of a mixture.

    Raises:
        UserError: they belong to another mixture.
    """
    import torch

    expected = gates(mixture)
    if {name: tuple(w.shape) for name, w in stored.items()} != {name: tuple(w.shape) for name, w in expected.items()}:
        raise UserError(
            f"{where}: router: it belongs to another mixture: {len(stored)} layers of {_shape(stored)}; this one has "
            f"{len(expected)} of {_shape(expected)} (experts, hidden size)"
        )
    for index, block in sparse_layers(mixture).items():
        current = block.gate.weight
        block.gate.weight = torch.nn.Parameter(stored[f"layers.{index}.gate"].to(current), requires_grad=False)


def active_parameters(mixture: Any) -> tuple[int, int]:
    """Count all parameters, and the parameters used for a token, without experts that are not used."""
    total = sum(parameter.numel() for parameter in mixture.parameters())
    idle = 0
    for block in sparse_layers(mixture).values():
        size = sum(parameter.numel() for parameter in block.experts.parameters())
        idle += size - size * block.gate.top_k // block.gate.num_experts
    return total, total - idle


def bytes_read(mixture: Any) -> tuple[int | None, int]:
    """Count the bytes, as loaded, of one expert in one layer, and of all weights that every token reads.

    The latter is attention, norms, dense feed-forward blocks, routers and the output's matrix. An embedding that is
    not the output's matrix too is left out, as a token reads a single row of it. The former is None where no layer
    has experts.
    """
    everything = sum(parameter.nbytes for parameter in mixture.parameters())
    embedding = mixture.model.embed_tokens.weight
    looked_up = 0 if mixture.lm_head.weight is embedding else embedding.nbytes
    blocks = list(sparse_layers(mixture).values())
    if not blocks:
        return None, everything - looked_up
    layer = sum(parameter.nbytes for parameter in blocks[0].experts.parameters())
    return layer // mixture.config.num_local_experts, everything - looked_up - layer * len(blocks)


def experts_used(mixture: Any, prompt: Sequence[int], answer: Sequence[int]) -> ExpertsUsed:
    """Count the experts that are used for a text.

    Args:
        mixture: an assembled one.
        prompt: the text's tokens that were read; at least one.
        answer: those that were generated after it.
    """
    import torch

    with torch.no_grad():
        ids = torch.tensor([[*prompt, *answer]], device=mixture.device)
        output = mixture.model(input_ids=ids, output_router_logits=True)
    used = [_used(logits, mixture.config.num_experts_per_tok) for logits in output.router_logits]
    return ExpertsUsed(
        prompt_tokens=len(prompt),
        answer_tokens=len(answer),
        counts=[layer.sum(dim=0).tolist() for layer in used],
        prompt_counts=[layer[: len(prompt)].sum(dim=0).tolist() for layer in used],
        pairs=[_pairs(layer) for layer in used],
    )


def _used(logits: Any, top_k: int) -> Any:
    """Return an array with 1 where a token uses an expert, else 0. Shape (tokens, experts), as the logits."""
    import torch

    chosen = logits.topk(top_k, dim=-1).indices.cpu()
    return torch.zeros(logits.shape, dtype=torch.int64).scatter_(1, chosen, 1)


def _pairs(used: Any) -> list[int]:
    """Count how often two experts were used for the same token: all pairs, in the order (0, 1), (0, 2), ... (1, 2)."""
    import torch

    first, second = torch.triu_indices(used.shape[1], used.shape[1], offset=1)
    return [int(count) for count in (used.T @ used)[first, second]]


def _shape(tensors: Mapping[str, Any]) -> str:
    return str(tuple(next(iter(tensors.values())).shape)) if tensors else "nothing"


def _changed(base: Any, merged: Any, where: str) -> dict[int, dict[str, Any]]:
    """Return the feed-forward weights that an adapter changed, by layer and part: merging gave them new memory."""
    before = {name: parameter.data_ptr() for name, parameter in base.named_parameters()}
    changed: dict[int, dict[str, Any]] = {}
    for name, parameter in merged.named_parameters():
        if parameter.data_ptr() == before[name]:
            continue
        parts = name.split(".")
        if len(parts) != 6 or parts[3] != "mlp" or parts[4] not in _PARTS:
            raise UserError(f"{where}: its adapter changes {name}; experts may differ only in feed-forward weights")
        changed.setdefault(int(parts[2]), {})[parts[4]] = parameter.detach()
    return changed


def _mixture(shell: Any, merged: Sequence[Mapping[int, Mapping[str, Any]]], sparse: Sequence[int], top_k: int) -> Any:
    import torch
    from transformers import MixtralConfig, MixtralForCausalLM

    shared = shell.config.to_dict()
    for key in ("model_type", "architectures", "num_local_experts", "num_experts_per_tok", "mlp_bias"):
        shared.pop(key, None)
    config = MixtralConfig(**shared, num_local_experts=len(merged), num_experts_per_tok=top_k, sliding_window=None)
    with torch.device("meta"):
        mixture = MixtralForCausalLM(config)
    # On a CPU the batched implementations are a hundred times slower at reading a prompt.
    mixture.set_experts_implementation("eager")
    mixture.set_attn_implementation(shell.config._attn_implementation)
    mixture.model.rotary_emb = shell.model.rotary_emb  # its buffers are not in the state that is loaded below
    state = {name: tensor for name, tensor in shell.state_dict().items() if ".mlp." not in name}
    for index, layer in enumerate(mixture.model.layers):
        dense = shell.model.layers[index].mlp
        if index not in sparse:
            layer.mlp = dense
            state |= {f"model.layers.{index}.mlp.{name}": tensor for name, tensor in dense.state_dict().items()}
            continue
        experts = [_expert(dense, expert.get(index, {})) for expert in merged]
        prefix = f"model.layers.{index}.mlp"
        state[f"{prefix}.experts.gate_up_proj"] = torch.stack(
            [torch.cat([e["gate_proj"], e["up_proj"]]) for e in experts]
        )
        state[f"{prefix}.experts.down_proj"] = torch.stack([e["down_proj"] for e in experts])
        state[f"{prefix}.gate.weight"] = torch.zeros(
            len(merged), config.hidden_size, dtype=shell.dtype, device=shell.device
        )
    mixture.load_state_dict(state, assign=True)
    mixture.tie_weights()
    mixture.generation_config = shell.generation_config
    for parameter in mixture.parameters():
        parameter.requires_grad_(False)
    return mixture.eval()


def _expert(dense: Any, changed: Mapping[str, Any]) -> dict[str, Any]:
    return {part: changed.get(part, getattr(dense, part).weight.detach()) for part in _PARTS}
