"""A mixture put together from a base and adapters: what it computes, what it shares, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from wattbench.errors import UserError
from wattbench.systems.local.mixture import (
    active_parameters,
    assemble,
    bytes_read,
    experts_used,
    gates,
    set_gates,
    sharing,
    sparse_layers,
    with_adapter,
)

TEXT = "What is 12 + 7?"
HIDDEN, WIDE = 32, 48
EXPERT = 3 * HIDDEN * WIDE
"""Parameters of one expert: three matrices."""


@pytest.fixture
def ids(base: Any) -> torch.Tensor:
    return torch.tensor([base.tokenizer(TEXT)["input_ids"]])


def random_gates(mixture: Any, seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {name: torch.randn(weight.shape) for name, weight in gates(mixture).items()}


def always(index: int, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A router that asks one expert for every token: logits (not looked at), weights, experts."""
    tokens = hidden.reshape(-1, HIDDEN).shape[0]
    return torch.zeros(tokens, 3), torch.ones(tokens, 1), torch.full((tokens, 1), index)


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=ids).logits


@pytest.mark.parametrize("top_k", [1, 2])
def test_experts_that_equal_the_base_make_the_base(
    base: Any, ids: torch.Tensor, make_adapter: Callable[..., Path], top_k: int
) -> None:
    idle = {"a": make_adapter(1, idle=True), "b": make_adapter(2, idle=True)}
    mixture, stored = assemble(base.model, idle, top_k, where="m")
    assert list(sparse_layers(mixture)) == [1, 3]
    assert [one.path for one in stored] == list(idle.values())
    for seed in range(3):  # whatever the routers choose
        set_gates(mixture, random_gates(mixture, seed), where="m")
        torch.testing.assert_close(logits(mixture, ids), logits(base.model, ids), rtol=1e-4, atol=1e-5)
    asked = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 1, "attention_mask": torch.ones_like(ids)}
    assert mixture.generate(ids, **asked).tolist() == base.model.generate(ids, **asked).tolist()


def test_a_mixture_that_asks_one_expert_only_is_that_expert(
    base: Any, ids: torch.Tensor, experts: dict[str, Path]
) -> None:
    mixture, _ = assemble(base.model, experts, 1, where="m")
    found = []
    for index, folder in enumerate(experts.values()):
        for block in sparse_layers(mixture).values():
            block.gate.forward = partial(always, index)
        alone, _ = with_adapter(sharing(base.model), folder, merge=True, where="m")
        found.append(logits(mixture, ids))
        torch.testing.assert_close(found[-1], logits(alone, ids), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found[0], found[1])


def test_it_shares_what_no_adapter_changes(base: Any, ids: torch.Tensor, experts: dict[str, Path]) -> None:
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    mixture, _ = assemble(base.model, experts, 2, where="m")
    set_gates(mixture, random_gates(mixture), where="m")
    logits(mixture, ids)
    theirs = {parameter.data_ptr() for parameter in base.model.parameters()}
    own = [name for name, parameter in mixture.named_parameters() if parameter.data_ptr() not in theirs]
    assert own
    assert all(name.split(".")[2] in {"1", "3"} and ".mlp." in name for name in own)
    assert mixture.lm_head.weight is mixture.model.embed_tokens.weight  # tied, as the base's are
    assert not any(parameter.requires_grad for parameter in mixture.parameters())
    assert not mixture.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in base.model.state_dict().items())


def test_experts_that_change_different_layers_are_dense_elsewhere(base: Any, make_adapter: Callable[..., Path]) -> None:
    different = {"a": make_adapter(1, layers=(0,)), "b": make_adapter(2, layers=(2,), modules=("up_proj",))}
    mixture, _ = assemble(base.model, different, 1, where="m")
    assert list(sparse_layers(mixture)) == [0, 2]
    up = mixture.model.layers[0].mlp.experts.gate_up_proj
    assert torch.equal(up[1, WIDE:], base.model.model.layers[0].mlp.up_proj.weight)  # b leaves layer 0 as it is
    assert not torch.equal(up[0, WIDE:], base.model.model.layers[0].mlp.up_proj.weight)


def test_parameters_are_counted_by_hand(base: Any, experts: dict[str, Path]) -> None:
    dense = sum(parameter.numel() for parameter in base.model.parameters())
    for top_k in (1, 2, 3):
        mixture, _ = assemble(base.model, experts, top_k, where="m")
        routers = 2 * 3 * HIDDEN
        total = dense + 2 * 2 * EXPERT + routers  # two layers, two more experts than the base has in each
        assert active_parameters(mixture) == (total, total - 2 * (3 - top_k) * EXPERT)


@pytest.mark.parametrize("top_k", [1, 2])
def test_every_token_asks_so_many_experts_in_each_layer(base: Any, experts: dict[str, Path], top_k: int) -> None:
    mixture, _ = assemble(base.model, experts, top_k, where="m")
    set_gates(mixture, random_gates(mixture), where="m")
    tokens = base.tokenizer(TEXT)["input_ids"]
    asked = experts_used(mixture, tokens[:-4], tokens[-4:])
    assert (asked.prompt_tokens, asked.answer_tokens) == (len(tokens) - 4, 4)
    assert [len(layer) for layer in asked.counts] == [3, 3]
    assert [sum(layer) for layer in asked.counts] == [len(tokens) * top_k] * 2
    assert max(max(layer) for layer in asked.counts) <= len(tokens)
    chosen = []  # as the first sparse layer's router is seen to choose
    hook = sparse_layers(mixture)[1].register_forward_pre_hook(lambda block, given: chosen.append(given[0]))
    logits(mixture, torch.tensor([tokens]))
    hook.remove()
    scores = chosen[0].reshape(-1, HIDDEN) @ gates(mixture)["layers.1.gate"].T
    sets = [set(row) for row in scores.topk(top_k).indices.tolist()]
    assert asked.counts[0] == [sum(expert in own for own in sets) for expert in range(3)]
    assert asked.prompt_counts[0] == [sum(expert in own for own in sets[:-4]) for expert in range(3)]
    assert asked.pairs[0] == [sum({a, b} <= own for own in sets) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert [sum(layer) for layer in asked.pairs] == [len(tokens) * (top_k - 1)] * 2
    assert experts_used(mixture, tokens, []).prompt_counts == experts_used(mixture, tokens, []).counts


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 4), (torch.bfloat16, 2)])
def test_bytes_that_a_token_reads_are_counted_by_hand(
    base: Any, experts: dict[str, Path], dtype: torch.dtype, size: int
) -> None:
    dense = sum(parameter.numel() for parameter in base.model.parameters())
    mixture, _ = assemble(base.model, experts, 2, where="m")
    mixture.to(dtype)
    shared = dense - 2 * EXPERT + 2 * 3 * HIDDEN  # two layers' feed-forward weights are experts; the routers are read
    assert bytes_read(mixture) == (EXPERT * size, shared * size)
    mixture.lm_head.weight = torch.nn.Parameter(mixture.model.embed_tokens.weight.clone())  # of an embedding that is
    assert bytes_read(mixture) == (EXPERT * size, shared * size)  # looked up only, a token reads one row


@pytest.mark.parametrize("module", ["q_proj", "o_proj"])
def test_an_adapter_that_touches_attention_is_refused(
    base: Any, make_adapter: Callable[..., Path], experts: dict[str, Path], module: str
) -> None:
    bad = make_adapter(0, modules=(module, "up_proj"))
    with pytest.raises(UserError, match=rf"system 'm': expert 'bad': its adapter changes model\.layers\.1.*{module}"):
        assemble(base.model, {"one": experts["one"], "bad": bad}, 1, where="system 'm'")


def test_a_base_of_another_type_is_refused(experts: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="system 'm': a mixture can be made from Llama-type models, not from a Simple"):
        assemble(SimpleNamespace(config=SimpleNamespace(model_type="gpt2")), experts, 1, where="system 'm'")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda own: {},
        lambda own: {name: weight[:2] for name, weight in own.items()},
        lambda own: {name: weight[:, :16] for name, weight in own.items()},
        lambda own: {name.replace("layers.1", "layers.2"): weight for name, weight in own.items()},
        lambda own: {**own, "layers.0.gate": torch.zeros(3, HIDDEN)},
    ],
)
def test_routers_of_another_mixture_are_refused(base: Any, experts: dict[str, Path], spoil: Any) -> None:
    mixture, _ = assemble(base.model, experts, 1, where="m")
    with pytest.raises(UserError, match=r"m: router: it belongs to another mixture: .*has 2 of \(3, 32\)"):
        set_gates(mixture, spoil(gates(mixture)), where="m")
