"""A sparse mixture made of one base and several adapters: Branch-Train-MiX (Sukhbaatar et al. 2024), put together
when it is loaded.

Each adapter was trained on the base's feed-forward weights alone. Merged with the base's they become the experts of a
Mixtral-type model; attention, embeddings and norms are the base's own tensors, shared and not copied. Layers that no
adapter changes stay dense, as all experts would be equal there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.systems.shared import sharing, with_adapter
from harness.weights import LocalWeights

_PARTS = ("gate_proj", "up_proj", "down_proj")


def assemble(base: Any, experts: Mapping[str, Path], top_k: int, *, where: str) -> tuple[Any, list[LocalWeights]]:
    """Put a mixture together. Its routers are still to be set (`set_gates`) or trained.

    Args:
        base: a Llama-type model; it stays as it is.
        experts: name to the folder of the adapter it is made from, in the routers' order.
        top_k: experts asked for each token.
        where: for messages.

    Returns:
        The mixture, and what, beside the base, it is made of.

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
    """The feed-forward blocks that hold experts, by layer."""
    return {index: layer.mlp for index, layer in enumerate(mixture.model.layers) if hasattr(layer.mlp, "experts")}


def gates(mixture: Any) -> dict[str, Any]:
    """The routers' weights, each of shape (experts, hidden): ``layers.10.gate``."""
    return {f"layers.{index}.gate": block.gate.weight.detach() for index, block in sparse_layers(mixture).items()}


def set_gates(mixture: Any, stored: Mapping[str, Any], *, where: str) -> None:
    """Give a mixture the routers that were trained for it.

    Raises:
        UserError: they are of another mixture.
    """
    import torch

    expected = gates(mixture)
    if {name: tuple(w.shape) for name, w in stored.items()} != {name: tuple(w.shape) for name, w in expected.items()}:
        raise UserError(
            f"{where}: router: it is of another mixture: {len(stored)} layers of {_shape(stored)}, where this one has "
            f"{len(expected)} of {_shape(expected)} (experts, hidden size)"
        )
    for index, block in sparse_layers(mixture).items():
        own = block.gate.weight
        block.gate.weight = torch.nn.Parameter(stored[f"layers.{index}.gate"].to(own), requires_grad=False)


def active_parameters(mixture: Any) -> tuple[int, int]:
    """Parameters in all, and those used for a token: the experts that are not asked left out."""
    total = sum(parameter.numel() for parameter in mixture.parameters())
    idle = 0
    for block in sparse_layers(mixture).values():
        size = sum(parameter.numel() for parameter in block.experts.parameters())
        idle += size - size * block.gate.top_k // block.gate.num_experts
    return total, total - idle


def experts_asked(mixture: Any, tokens: Sequence[int]) -> list[list[int]]:
    """How often each expert is asked for a text: shape (sparse layers, experts).

    Args:
        mixture: an assembled one.
        tokens: the text's, as its tokenizer gives them.
    """
    import torch

    with torch.no_grad():
        ids = torch.tensor([list(tokens)], device=mixture.device)
        output = mixture.model(input_ids=ids, output_router_logits=True)
    top_k, experts = mixture.config.num_experts_per_tok, mixture.config.num_local_experts
    return [
        logits.topk(top_k, dim=-1).indices.flatten().bincount(minlength=experts).tolist()
        for logits in output.router_logits
    ]


def _shape(tensors: Mapping[str, Any]) -> str:
    return str(tuple(next(iter(tensors.values())).shape)) if tensors else "nothing"


def _changed(base: Any, merged: Any, where: str) -> dict[int, dict[str, Any]]:
    """The feed-forward weights that an adapter changed, by layer and part: merging put them in memory of their own."""
    before = {name: parameter.data_ptr() for name, parameter in base.named_parameters()}
    found: dict[int, dict[str, Any]] = {}
    for name, parameter in merged.named_parameters():
        if parameter.data_ptr() == before[name]:
            continue
        parts = name.split(".")
        if len(parts) != 6 or parts[3] != "mlp" or parts[4] not in _PARTS:
            raise UserError(f"{where}: its adapter changes {name}; experts may differ in feed-forward weights only")
        found.setdefault(int(parts[2]), {})[parts[4]] = parameter.detach()
    return found


def _mixture(shell: Any, merged: Sequence[Mapping[int, Mapping[str, Any]]], sparse: Sequence[int], top_k: int) -> Any:
    import torch
    from transformers import MixtralConfig, MixtralForCausalLM

    shared = shell.config.to_dict()
    for own in ("model_type", "architectures", "num_local_experts", "num_experts_per_tok", "mlp_bias"):
        shared.pop(own, None)
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
