"""Models made from one base: they share its memory, and whatever is done to them leaves it as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from wattbench.errors import UserError
from wattbench.systems.local.mixture import keep_layers, sharing, with_adapter

TEXT = "What is 12 + 7?"


@pytest.fixture
def ids(base: Any) -> torch.Tensor:
    return torch.tensor([base.tokenizer(TEXT)["input_ids"]])


@pytest.fixture
def untouched(base: Any, ids: torch.Tensor) -> Any:
    """After the test, the base's tensors and logits are bitwise what they were."""
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    with torch.no_grad():
        logits = base.model(input_ids=ids).logits.clone()
    yield
    with torch.no_grad():
        assert torch.equal(base.model(input_ids=ids).logits, logits)
    after = base.model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert base.model.config.num_hidden_layers == len(base.model.model.layers) == 4
    assert [layer.self_attn.layer_idx for layer in base.model.model.layers] == [0, 1, 2, 3]


@pytest.fixture
def adapter(base: Any, tmp_path: Path) -> Path:
    import peft

    torch.manual_seed(0)
    config = peft.LoraConfig(r=2, target_modules=["down_proj", "q_proj"], init_lora_weights=False)
    peft.get_peft_model(sharing(base.model), config).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def test_a_copy_lies_in_the_same_memory(base: Any, untouched: None) -> None:
    copy = sharing(base.model)
    own, theirs = dict(copy.named_parameters()), dict(base.model.named_parameters())
    assert own.keys() == theirs.keys()
    for name, parameter in own.items():
        assert parameter.data_ptr() == theirs[name].data_ptr(), name
        assert parameter is not theirs[name]
        assert not parameter.requires_grad
    buffers = dict(base.model.named_buffers())
    assert buffers
    assert all(buffer.data_ptr() == buffers[name].data_ptr() for name, buffer in copy.named_buffers())
    assert copy.config is not base.model.config


def test_tied_weights_stay_tied(base: Any, untouched: None) -> None:
    assert base.model.lm_head.weight is base.model.model.embed_tokens.weight
    copy = sharing(base.model)
    assert copy.lm_head.weight is copy.model.embed_tokens.weight
    assert len(list(copy.parameters())) == len(list(base.model.parameters()))


def test_a_copy_answers_as_the_base_does(base: Any, ids: torch.Tensor, untouched: None) -> None:
    with torch.no_grad():
        assert torch.equal(sharing(base.model)(input_ids=ids).logits, base.model(input_ids=ids).logits)


def test_changing_a_copy_s_parts_changes_no_base(base: Any, ids: torch.Tensor, untouched: None) -> None:
    copy = sharing(base.model)
    before = copy(input_ids=ids).logits
    copy.model.layers[1].mlp = torch.nn.Identity()
    copy.model.layers[2].mlp.down_proj.weight = torch.nn.Parameter(torch.zeros(32, 48))
    copy.model.layers[3].mlp.down_proj.weight.data = torch.zeros(32, 48)
    assert not torch.allclose(copy(input_ids=ids).logits, before)


@pytest.mark.parametrize("merge", [True, False])
def test_an_adapter_changes_no_base(base: Any, ids: torch.Tensor, adapter: Path, merge: bool, untouched: None) -> None:
    adapted, stored = with_adapter(sharing(base.model), adapter, merge=merge, where="system 's'")
    assert stored.path == adapter
    other, _ = with_adapter(sharing(base.model), adapter, merge=not merge, where="system 's'")
    with torch.no_grad():
        logits, others, plain = (model(input_ids=ids).logits for model in (adapted, other, base.model))
    assert not torch.allclose(logits, plain)
    torch.testing.assert_close(logits, others, rtol=1e-4, atol=1e-4)
    assert not adapted.training
    shared = {parameter.data_ptr() for parameter in base.model.parameters()}
    own = [name for name, parameter in adapted.named_parameters() if parameter.data_ptr() not in shared]
    assert own
    assert all(any(part in name for part in ("down_proj", "q_proj")) for name in own)


def test_an_adapter_that_does_not_fit_is_said(base: Any, adapter: Path, untouched: None) -> None:
    short = keep_layers(sharing(base.model), [0], where="s")
    text = (adapter / "adapter_config.json").read_text()
    (adapter / "adapter_config.json").write_text(
        text.replace("down_proj", "no_such_proj").replace("q_proj", "nor_this")
    )
    for model in (short, sharing(base.model)):
        with pytest.raises(UserError, match=r"system 's': the adapter in .* does not fit its base"):
            with_adapter(model, adapter, merge=True, where="system 's'")
    (adapter / "adapter_model.safetensors").write_bytes(b"no tensors")
    (adapter / "adapter_config.json").write_text(text)
    with pytest.raises(UserError, match=r"system 's': the adapter in .* does not fit its base"):
        with_adapter(sharing(base.model), adapter, merge=True, where="system 's'")
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(UserError, match=r"system 's': adapter: .* holds no weights"):
        with_adapter(sharing(base.model), adapter, merge=True, where="system 's'")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [([0, 4], "there is no layer 4; the base has 4, counted from 0"), ([1, 1], "each layer can be kept once")],
)
def test_layers_that_cannot_be_kept_are_said(base: Any, layers: list[int], expected: str, untouched: None) -> None:
    with pytest.raises(UserError, match=f"^system 's': layers: {expected}"):
        keep_layers(sharing(base.model), layers, where="system 's'")


def test_a_model_laid_out_otherwise_is_said() -> None:
    with pytest.raises(UserError, match=r"layers: a Linear cannot have fewer layers; it has no model\.layers"):
        keep_layers(torch.nn.Linear(1, 1), [0], where="s")


@pytest.mark.parametrize("layers", [[0, 2, 3], [3, 1], [2]])
def test_a_shortened_model_answers_the_same_with_and_without_its_cache(
    base: Any, ids: torch.Tensor, layers: list[int], untouched: None
) -> None:
    short = keep_layers(sharing(base.model), layers, where="s")
    assert short.config.num_hidden_layers == len(short.model.layers) == len(layers)
    assert [layer.self_attn.layer_idx for layer in short.model.layers] == list(range(len(layers)))
    for kept, layer in zip(layers, short.model.layers, strict=True):
        original = base.model.model.layers[kept].mlp.down_proj.weight
        assert layer.mlp.down_proj.weight.data_ptr() == original.data_ptr()
    asked = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "max_new_tokens": 12, "do_sample": False}
    with_cache = short.generate(**asked, use_cache=True, pad_token_id=1)
    without = short.generate(**asked, use_cache=False, pad_token_id=1)
    assert with_cache.tolist() == without.tolist()
    whole = base.model.generate(**asked, pad_token_id=1)
    assert whole.tolist() != with_cache.tolist()


def test_all_layers_in_order_are_the_base(base: Any, ids: torch.Tensor, untouched: None) -> None:
    with torch.no_grad():
        same = keep_layers(sharing(base.model), [0, 1, 2, 3], where="s")(input_ids=ids).logits
        assert torch.equal(same, base.model(input_ids=ids).logits)
