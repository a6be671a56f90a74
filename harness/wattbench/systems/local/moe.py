"""Run a sparse mixture of experts in this process, assembled from a base and adapters."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from wattbench.config import MoeSystem
from wattbench.errors import UserError, require
from wattbench.systems.base import ExpertsUsed, Mixture
from wattbench.systems.local.engine import LocalEngine
from wattbench.systems.local.mixture import (
    active_parameters,
    assemble,
    bytes_read,
    experts_used,
    set_gates,
    sparse_layers,
)
from wattbench.systems.local.transformers import check_adapter, check_local
from wattbench.systems.weights import LocalWeights


class MoeEngine(LocalEngine):
    """A model with experts made from adapters, and a router for each sparse layer."""

    @classmethod
    def check(cls, name: str, config: MoeSystem) -> None:
        """Check that the extra is installed, and that the adapters and the routers exist."""
        check_local(name, config, needed=["peft"])
        for expert, folder in config.experts.items():
            check_adapter(folder, where=f"system {name!r}: expert {expert!r}")
        if not config.router.is_file():
            raise UserError(f"system {name!r}: router: no such file: {config.router}")

    def _build(self, name: str, config: MoeSystem, base: Any) -> tuple[Any, list[LocalWeights]]:
        where = f"system {name!r}"
        self._experts, self._per_token = list(config.experts), config.top_k
        mixture, stored = assemble(base, config.experts, config.top_k, where=where)
        tensors, weights = _read(config.router, where)
        set_gates(mixture, tensors, where=where)
        return mixture, [*stored, weights]

    def mixture(self) -> Mixture:
        """Describe the experts, as the suite names them."""
        model = self.lm.model
        return Mixture(tuple(self._experts), tuple(sparse_layers(model)), self._per_token, *bytes_read(model))

    def experts_used(self, prompt: str, answer: str) -> ExpertsUsed:
        """Count the experts in one more forward pass over the text, which records the routers' choices.

        The prompt's tokens are those that were read. The answer's are cut from its text anew: what a stop
        sequence took off is not among them, nor is the end of the text.
        """
        generated = self.lm.tok_encode(answer, add_special_tokens=False)
        return experts_used(self.lm.model, self.lm.tok_encode(prompt), generated)

    def _parameters(self) -> tuple[int, int]:
        return active_parameters(self.lm.model)


def _read(path: Path, where: str) -> tuple[dict[str, Any], LocalWeights]:
    torch_files = require("safetensors.torch", extra="hf", what=f"{where}: its router")
    data = path.read_bytes()
    try:
        tensors = torch_files.load(data)
    except Exception as error:  # safetensors' own error class is not public
        raise UserError(f"{where}: router: {path} is not a safetensors file ({error})") from error
    return tensors, LocalWeights(path.parent, path, hashlib.sha256(data).hexdigest(), len(data))
