"""Two adapters on the tiny model's feed-forward weights: what a mixture is made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def make_adapter(base: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Save an adapter; it changes something unless told otherwise."""
    import peft
    import torch

    from wattbench.systems.local.mixture import sharing

    def make(seed: int = 0, *, idle: bool = False, modules: tuple[str, ...] = (), layers: tuple[int, ...] = ()) -> Path:
        torch.manual_seed(seed)
        config = peft.LoraConfig(
            r=2,
            lora_alpha=8,
            target_modules=list(modules or ("gate_proj", "up_proj", "down_proj")),
            layers_to_transform=list(layers or (1, 3)),
            layers_pattern="layers",
            init_lora_weights=idle,  # True makes one that changes nothing yet
        )
        folder = tmp_path_factory.mktemp("adapter")
        peft.get_peft_model(sharing(base.model), config).save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="module")
def experts(make_adapter: Callable[..., Path]) -> dict[str, Path]:
    return {"one": make_adapter(1), "two": make_adapter(2), "three": make_adapter(3)}
