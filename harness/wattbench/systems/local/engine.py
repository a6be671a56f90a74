"""Share the base, the stamped HFLM and the counts of models in this process."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wattbench.config import LocalModel, MoeSystem, TransformersSystem
from wattbench.errors import UserError, require, require_installed
from wattbench.records.rows.systems import Facts
from wattbench.systems import weights
from wattbench.systems.base import (
    GENERATE,
    LOGLIKELIHOOD,
    ROLLING,
    Engine,
    ExpertsUsed,
    Mixture,
    Reply,
    declared_parameters,
)
from wattbench.systems.local import base_cache
from wattbench.systems.local.mixture import (
    active_parameters,
    assemble,
    bytes_read,
    experts_used,
    keep_layers,
    set_gates,
    sharing,
    sparse_layers,
    with_adapter,
)
from wattbench.systems.weights import LocalWeights, verify
from wattbench.tasks.output_limit import output_limit

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class LocalEngine(Engine):
    """A causal language model in this process, made from a base that other systems may share."""

    request_types = frozenset({GENERATE, LOGLIKELIHOOD, ROLLING})

    def __init__(self, name: str, config: Any, batch: int) -> None:
        import torch

        self._config: LocalModel = config
        self._torch = torch
        self._threads_before = torch.get_num_threads()
        self.activate()
        self._base, self._shared_with = base_cache.acquire(name, config)
        model, self._own_weights = self._build(name, config, self._base.model)
        if model.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(model.device)
        from wattbench.systems.local.stamped_hf import StampedHFLM

        limit = output_limit(config, None).tokens
        self.lm = StampedHFLM(model, self._base.tokenizer, batch=batch, max_output_tokens=limit)

    @classmethod
    def open(cls, name: str, config: Any, *, batch: int, seed: int) -> Self:
        """Load the base, unless the previous system left it loaded, and the system's own parts."""
        cls.check(name, config)
        return cls(name, config, batch)

    @classmethod
    def probe(cls, name: str, config: Any, *, network: bool, keys: bool) -> list[str]:
        """Check the hash of the base's weights if they are here."""
        verify(config.weights, where=f"system {name!r}")
        return []

    @abstractmethod
    def _build(self, name: str, config: Any, base: Any) -> tuple[Any, list[LocalWeights]]:
        """Make the model from its base, which stays unchanged, and return the model and its other parts."""

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Answer through lm-eval's HFLM, as one batch."""
        values = getattr(self.lm, request_type)(list(requests), disable_tqdm=True)
        if request_type != GENERATE:
            return [
                Reply(value, prompt_tokens=self._length(request), output_tokens=0)
                for request, value in zip(requests, values, strict=True)
            ]
        return [self._generated(request.args[0], value) for request, value in zip(requests, values, strict=True)]

    def tells_first_token(self, request_type: str) -> bool:
        """Return whether the request generates."""
        return request_type == GENERATE

    def answer_live(
        self, request_type: str, requests: Sequence[Instance], first_token: Callable[[], None]
    ) -> list[Reply]:
        """Answer as `answer` does, and call `first_token` when the first token is stamped."""
        self.lm.on_first_token = first_token
        try:
            return self.answer(request_type, requests)
        finally:
            self.lm.on_first_token = None

    def report_confidence(self) -> None:
        """Report confidence from the scores that greedy decoding computes anyway."""
        self.lm.keep_confidence = True

    def facts(self) -> Facts:
        """Count the parameters of the loaded model."""
        model = self.lm.model
        total, active = declared_parameters(self._config, *self._parameters())
        import transformers

        return Facts(
            engine_version=f"transformers {transformers.__version__}, torch {self._torch.__version__}",
            parameters_total=total,
            parameters_active=active,
            weight_bytes=sum(part.bytes for part in self._stored()),
            weights_sha256="+".join(part.sha256 for part in self._stored()),
            dtype=str(self._base.model.dtype).removeprefix("torch."),
            device=str(model.device),
            shares_base_with=self._shared_with,
        )

    def parts(self) -> Mapping[str, int | None]:
        """Return the SHA-256 and the bytes of the base's weights and of the system's other parts."""
        return {part.sha256: part.bytes for part in self._stored()}

    def _stored(self) -> list[LocalWeights]:
        return [self._base.weights, *self._own_weights]

    def _parameters(self) -> tuple[int, int]:
        """Count all parameters, and the parameters that are used for a token."""
        total = sum(parameter.numel() for parameter in self.lm.model.parameters())
        return total, total

    def activate(self) -> None:
        """Set PyTorch's threads to the system's number, or to that at the start of the process."""
        wanted = self._config.threads or _default_threads()
        if wanted != self._torch.get_num_threads():
            self._torch.set_num_threads(wanted)

    def peak_device_memory_bytes(self) -> int | None:
        """Return PyTorch's count of the memory that it allocated on a CUDA device."""
        device = self._base.model.device
        return int(self._torch.cuda.max_memory_allocated(device)) if device.type == "cuda" else None

    def close(self) -> None:
        """Release the model. The base stays loaded for other systems, until `release_base`."""
        self.__dict__.pop("lm", None)
        self._torch.set_num_threads(self._threads_before)

    def _generated(self, prompt: str, text: Any) -> Reply:
        generation = self.lm.take(prompt)
        if generation is None:
            return Reply(text)
        return Reply(
            text,
            generation.token_s,
            prompt_tokens=generation.prompt_tokens,
            output_tokens=generation.output_tokens,
            confidence=generation.confidence,
            finish_reason="length" if generation.cut else "stop",
        )

    def _length(self, request: Instance) -> int:
        return sum(len(self.lm.tok_encode(part)) for part in request.args if isinstance(part, str) and part)


@lru_cache
def _default_threads() -> int:
    """Return PyTorch's threads as they were before the first system set them."""
    import torch

    return int(torch.get_num_threads())


class TransformersEngine(LocalEngine):
    """A base alone, with an adapter, or with only some of its layers."""

    @classmethod
    def check(cls, name: str, config: TransformersSystem) -> None:
        """Check that the extra is installed, the adapter's folder holds an adapter, and the weights are plausible."""
        _check_local(name, config, needed=["peft"] if config.adapter else [])
        if config.adapter is not None:
            _check_adapter(config.adapter, where=f"system {name!r}: adapter")

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


def _check_local(name: str, config: TransformersSystem | MoeSystem, *, needed: list[str]) -> None:
    """Check that everything for a model in this process is installed, and that its weights are plausible.

    Raises:
        UserError: it cannot be loaded here.
    """
    require_installed("torch", "transformers", *needed, extra="hf", what=f"system {name!r}: the {config.engine} engine")
    weights.check(config.weights, where=f"system {name!r}")


def _check_adapter(folder: Any, *, where: str) -> None:
    """Check that a folder holds a PEFT adapter.

    Raises:
        UserError: it does not.
    """
    if not (folder / "adapter_config.json").is_file():
        raise UserError(f"{where}: no adapter_config.json in {folder}")


class MoeEngine(LocalEngine):
    """A model with experts made from adapters, and a router for each sparse layer."""

    @classmethod
    def check(cls, name: str, config: MoeSystem) -> None:
        """Check that the extra is installed, and that the adapters and the routers exist."""
        _check_local(name, config, needed=["peft"])
        for expert, folder in config.experts.items():
            _check_adapter(folder, where=f"system {name!r}: expert {expert!r}")
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
