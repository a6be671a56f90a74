"""The routers of a mixture: they alone learn, and towards asking the experts evenly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from wattbench.meters import Metering
from wattbench.systems.local.mixture import assemble, gates, set_gates, sharing, sparse_layers
from wattbench.train import Family
from wattbench.train.examples import Collator, encode
from wattbench.train.metered import BuildMeter
from wattbench.train.mixtures import FILE, _loss, _open_gates, build_mixture
from wattbench.train.recipe import Lora
from wattbench.train.shop import Shop, new_adapter, save_adapter
from wattbench.train.trainer import Counts, learned

EXPERTS = ("specialist-letters", "specialist-numbers")
LORA = Lora(rank=2, alpha=8, modules=["gate_proj", "up_proj", "down_proj"], first_layer=2)


@pytest.fixture
def experts(family: Family, base: Any) -> dict[str, Path]:
    """Two adapters that change something, where the family's specialists would be."""
    for seed, name in enumerate(EXPERTS):
        model = new_adapter(sharing(base.model), LORA, seed=seed)
        with torch.no_grad():
            for parameter in learned(model).values():
                parameter.add_(torch.randn(parameter.shape) * 0.1)
        save_adapter(model, family.folder / name)
    return {name: family.folder / name for name in EXPERTS}


def batch(base: Any) -> dict[str, Any]:
    return Collator(1)([encode(base.tokenizer, "Q: say a\nA:", "a"), encode(base.tokenizer, "Q: twice 21\nA:", "42")])


def test_the_load_is_balanced_by_a_term_of_the_loss(base: Any, experts: dict[str, Path]) -> None:
    mixture, _ = assemble(base.model, experts, 2, where="m")
    _open_gates(mixture, 1)
    # Its weights are small: nothing is preferred yet, and the term is close to 1, the least it can be.
    losses = {b: _loss(2, 1, b)(mixture, batch(base), Counts()).item() for b in (0.0, 1.0, 2.0)}
    even = losses[1.0] - losses[0.0]
    assert losses[2.0] - losses[0.0] == pytest.approx(2 * even, rel=1e-3)
    assert 0.9 < even < 1.2
    for block in sparse_layers(mixture).values():
        block.gate.weight.data *= 1000
    skewed = [_loss(2, 1, b)(mixture, batch(base), Counts()).item() for b in (0.0, 1.0)]
    assert skewed[1] - skewed[0] > 0.9


def test_only_the_routers_learn(base: Any, experts: dict[str, Path]) -> None:
    mixture, _ = assemble(base.model, experts, 2, where="m")
    assert learned(mixture) == {}
    _open_gates(mixture, 1)
    assert set(learned(mixture)) == {"model.layers.2.mlp.gate.weight", "model.layers.3.mlp.gate.weight"}
    _loss(2, 2, 0.02)(mixture, batch(base), Counts()).backward()
    for name, parameter in mixture.named_parameters():
        assert (parameter.grad is not None and bool(parameter.grad.any())) == name.endswith("gate.weight"), name


def test_first_weights_are_drawn_by_the_seed(base: Any, experts: dict[str, Path]) -> None:
    drawn = []
    for seed in (1, 1, 2):
        mixture, _ = assemble(base.model, experts, 2, where="m")
        _open_gates(mixture, seed)
        drawn.append(gates(mixture)["layers.2.gate"])
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert drawn[0].abs().max() < 0.2


def test_what_is_trained_with_two_experts_answers_with_one(
    family: Family, base: Any, experts: dict[str, Path], tmp_path: Path, quiet: Any, steady: Any
) -> None:
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    work = tmp_path / "work"
    with Metering([steady]) as metering, BuildMeter(metering, work, "moe") as meter:
        shop = Shop(family, "moe", base.model, base.tokenizer, work, family.folder / "moe", meter, quiet)
        outcome = build_mixture(shop, family.member("moe"))
    assert outcome.counts.documents == len(outcome.documents) == 16
    assert all(torch.equal(tensor, before[name]) for name, tensor in base.model.state_dict().items())
    stored = load_file(family.folder / "moe" / FILE)
    assert {name: tuple(weight.shape) for name, weight in stored.items()} == {
        "layers.2.gate": (2, 32), "layers.3.gate": (2, 32)
    }  # fmt: skip
    ids = batch(base)["input_ids"]
    found = []
    for top_k in (1, 2):
        mixture, _ = assemble(base.model, experts, top_k, where="m")
        set_gates(mixture, stored, where="m")
        assert all(torch.equal(gates(mixture)[name], weight) for name, weight in stored.items())
        found.append(mixture(input_ids=ids).logits)
    assert found[0].isfinite().all()
    assert not torch.allclose(found[0], found[1])
