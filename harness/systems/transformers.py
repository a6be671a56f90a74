"""A model in this process, through Hugging Face transformers."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from harness import weights
from harness.config import TransformersSystem
from harness.errors import MissingExtraError, UserError
from harness.systems import held_base
from harness.systems.base import GENERATE, LOGLIKELIHOOD, ROLLING, Engine, Facts, Reply, declared_parameters

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class TransformersEngine(Engine):
    """A causal language model, with an optional PEFT adapter on top of a base that others may share."""

    request_types = frozenset({GENERATE, LOGLIKELIHOOD, ROLLING})

    def __init__(self, name: str, config: TransformersSystem, batch: int) -> None:
        import torch

        self._config = config
        self._torch = torch
        self._threads_before = torch.get_num_threads()
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        self._base, self._shared_with = held_base.acquire(name, config)
        self._adapter = None if config.adapter is None else held_base.attach(name, self._base, config.adapter)
        model = self._base.model if self._adapter is None else self._adapter.model
        if model.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(model.device)
        from harness.systems.stamped_hf import StampedHFLM

        self.lm = StampedHFLM(model, self._base.tokenizer, batch=batch, max_output_tokens=config.max_output_tokens)

    @classmethod
    def check(cls, name: str, config: TransformersSystem) -> None:
        """See that the extra is installed, the adapter's folder holds one, and the weights are plausible."""
        needed = ["torch", "transformers", *(["peft"] if config.adapter else [])]
        if any(importlib.util.find_spec(module) is None for module in needed):
            raise MissingExtraError(f"system {name!r}: the transformers engine", "hf")
        if config.adapter is not None and not (config.adapter / "adapter_config.json").is_file():
            raise UserError(f"system {name!r}: adapter: no adapter_config.json in {config.adapter}")
        weights.check(config.weights, where=f"system {name!r}")

    @classmethod
    def open(cls, name: str, config: TransformersSystem, *, batch: int, seed: int) -> Self:
        """Load the base, unless the system before this one left it loaded, and the adapter."""
        cls.check(name, config)
        return cls(name, config, batch)

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Through lm-eval's own HFLM, in the batch it is given."""
        values = getattr(self.lm, request_type)(list(requests), disable_tqdm=True)
        if request_type != GENERATE:
            return [
                Reply(value, prompt_tokens=self._length(request), output_tokens=0)
                for request, value in zip(requests, values, strict=True)
            ]
        return [self._generated(request.args[0], value) for request, value in zip(requests, values, strict=True)]

    def facts(self) -> Facts:
        """Counted on the loaded model, adapter included."""
        model = self.lm.model
        total, active = declared_parameters(self._config, sum(p.numel() for p in model.parameters()))
        stored = [self._base.weights, *([self._adapter.weights] if self._adapter else [])]
        import transformers

        return Facts(
            engine_version=f"transformers {transformers.__version__}, torch {self._torch.__version__}",
            parameters_total=total,
            parameters_active=active,
            weight_bytes=sum(part.bytes for part in stored),
            weights_sha256="+".join(part.sha256 for part in stored),
            dtype=str(self._base.model.dtype).removeprefix("torch."),
            device=str(self._base.model.device),
            shares_base_with=self._shared_with,
        )

    def peak_device_memory_bytes(self) -> int | None:
        """PyTorch's own count of what it allocated on a CUDA device."""
        device = self._base.model.device
        return int(self._torch.cuda.max_memory_allocated(device)) if device.type == "cuda" else None

    def close(self) -> None:
        """Take the adapter off. The base stays for a system that shares it, until `release_base`."""
        if self._adapter is not None:
            self._adapter.detach()
            self._adapter = None
        self._torch.set_num_threads(self._threads_before)

    def _generated(self, prompt: str, text: Any) -> Reply:
        generation = self.lm.take(prompt)
        if generation is None:
            return Reply(text)
        return Reply(text, generation.prompt_tokens, generation.output_tokens, generation.token_s)

    def _length(self, request: Instance) -> int:
        return sum(len(self.lm.tok_encode(part)) for part in request.args if isinstance(part, str) and part)
