"""Train the routers of a sparse mixture: the last step of Branch-Train-MiX (Sukhbaatar et al. 2024).

The experts stay as the specialists were; only the matrix that chooses among them in each layer is learned, from
the documents of all domains, with a load-balancing term (Fedus et al. 2021, eq. 4).
"""

from __future__ import annotations

from typing import Any

from wattbench.records.files.atomic_write import write_atomically
from wattbench.systems.local.mixture import assemble, gates, sparse_layers
from wattbench.train.examples import Collator, documents_of, encode, prompt_of
from wattbench.train.recipe import MixtureMember
from wattbench.train.shop import Shop, TrainingResult
from wattbench.train.students import train_member
from wattbench.train.trainer import Counts, Loss, answer_logits, half_precision

FILE = "router.safetensors"
FIRST_WEIGHTS = 0.02
"""Standard deviation of a router's first weights, as Mixtral has it."""


def build_mixture(shop: Shop, member: MixtureMember) -> TrainingResult:
    """Train the routers and save them; the experts are already saved as adapters."""
    from safetensors.torch import save

    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    examples = [encode(shop.tokenizer, prompt_of(recipe, one), one.answer) for one in learned_from]
    folders = {name: shop.family.folder / name for name in member.experts}
    mixture, _ = assemble(shop.base, folders, member.top_k, where=shop.name)
    _open_gates(mixture, shop.seed)
    loss = _loss(len(member.experts), member.top_k, member.balance)
    counts = train_member(shop, mixture, examples, Collator(shop.tokenizer.eos_token_id), loss, member.schedule)
    write_atomically(shop.target / FILE, save({name: weight.contiguous() for name, weight in gates(mixture).items()}))
    return TrainingResult(learned_from, counts)


def _open_gates(mixture: Any, seed: int) -> None:
    """Make the routers trainable, with small random weights."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    for block in sparse_layers(mixture).values():
        first = torch.randn(block.gate.weight.shape, generator=generator) * FIRST_WEIGHTS
        block.gate.weight.data = first.to(block.gate.weight)
        block.gate.weight.requires_grad_(True)


def _loss(experts: int, top_k: int, balance: float) -> Loss:
    import torch
    from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

    def loss(mixture: Any, batch: dict[str, Any], _: Counts) -> torch.Tensor:
        with half_precision(batch["input_ids"].device.type):
            logits, labels, output = answer_logits(mixture.model, mixture.lm_head, batch, output_router_logits=True)
        answers = torch.nn.functional.cross_entropy(logits.float(), labels)
        even = load_balancing_loss_func(output.router_logits, experts, top_k, batch["attention_mask"])
        return answers + balance * even

    return loss
