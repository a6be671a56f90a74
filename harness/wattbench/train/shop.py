"""The context of every method of building: the base, the family's folder, meters, and the progress display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.progress import Progress
from wattbench.systems.local.mixture import keep_layers, sharing, with_adapter
from wattbench.train.examples import Document
from wattbench.train.metered import BuildMeter
from wattbench.train.recipe import AdapterMember, Family, Lora, StudentMember, ToolMember
from wattbench.train.trainer import Counts


@dataclass(frozen=True)
class Shop:
    """One member's build."""

    family: Family
    name: str
    base: Any
    tokenizer: Any
    work: Path
    """The folder of checkpoints and windows, from which an interrupted build is resumed."""
    target: Path
    """Where what is built goes."""
    meter: BuildMeter
    progress: Progress

    @property
    def seed(self) -> int:
        """Return the seed of all that is random in the build."""
        return self.family.recipe.seed

    def student(self, layers: Sequence[int]) -> Any:
        """Return the base with only some of its layers, sharing their tensors."""
        return keep_layers(sharing(self.base), layers, where=self.name)

    def built(self, name: str) -> Any:
        """Return a built adapter or student as it is deployed: with its adapter merged."""
        member = self.family.member(name)
        if not isinstance(member, AdapterMember | ToolMember | StudentMember):
            raise UserError(f"{self.name}: {name} is not a model that answers; name an adapter or a student")
        model = self.student(member.layers) if isinstance(member, StudentMember) else sharing(self.base)
        return with_adapter(model, self.family.folder / name, merge=True, where=f"{self.name}: {name}")[0]


@dataclass(frozen=True)
class TrainingResult:
    """The result of a build."""

    documents: Sequence[Document]
    """It learned from these."""
    counts: Counts = field(default_factory=Counts)
    results: dict[str, float] = field(default_factory=dict)


def new_adapter(model: Any, lora: Lora, *, seed: int) -> Any:
    """Add a new low-rank adapter to a model."""
    import peft
    import torch

    torch.manual_seed(seed)  # its first matrices are random
    layers = range(lora.first_layer, model.config.num_hidden_layers)
    config = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        target_modules=sorted(lora.modules),
        layers_to_transform=list(layers),
        layers_pattern="layers",
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
    )
    return peft.get_peft_model(model, config)


def save_adapter(model: Any, folder: Path) -> None:
    """Save an adapter in bfloat16: half the size, and more precise than four-bit weights need."""
    import torch

    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16)
    for config in model.peft_config.values():
        config.base_model_name_or_path = None
        config.inference_mode = True
    # A path on this machine, which peft would put down in place of that None; the catalogue says what the base is.
    model.get_base_model().name_or_path = None
    model.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
