"""Run a model in this process, through Hugging Face transformers."""

from __future__ import annotations

from typing import Any

from wattbench.config import MoeSystem, TransformersSystem
from wattbench.errors import UserError, require_installed
from wattbench.systems import weights
from wattbench.systems.local.engine import LocalEngine
from wattbench.systems.local.shared_layers import keep_layers, sharing, with_adapter
from wattbench.systems.weights import LocalWeights


class TransformersEngine(LocalEngine):
    """A base alone, with an adapter, or with only some of its layers."""

    @classmethod
    def check(cls, name: str, config: TransformersSystem) -> None:
        """Check that the extra is installed, the adapter's folder holds an adapter, and the weights are plausible."""
        check_local(name, config, needed=["peft"] if config.adapter else [])
        if config.adapter is not None:
            check_adapter(config.adapter, where=f"system {name!r}: adapter")

    def _build(self, name: str, config: TransformersSystem, base: Any) -> tuple[Any, list[LocalWeights]]:
        where = f"system {name!r}"
        if config.adapter is None and config.layers is None:
            return base, []
        model = sharing(base)
        if config.layers is not None:
            model = keep_layers(model, config.layers, where=where)
        if config.adapter is None:
            return model, []
        model, stored = with_adapter(model, config.adapter, merge=config.merge, where=where)
        return model, [stored]


def check_local(name: str, config: TransformersSystem | MoeSystem, *, needed: list[str]) -> None:
    """Check that everything for a model in this process is installed, and that its weights are plausible.

    Raises:
        UserError: it cannot be loaded here.
    """
    require_installed("torch", "transformers", *needed, extra="hf", what=f"system {name!r}: the {config.engine} engine")
    weights.check(config.weights, where=f"system {name!r}")


def check_adapter(folder: Any, *, where: str) -> None:
    """Check that a folder holds a PEFT adapter.

    Raises:
        UserError: it does not.
    """
    if not (folder / "adapter_config.json").is_file():
        raise UserError(f"{where}: no adapter_config.json in {folder}")
