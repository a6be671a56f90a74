"""Share the base, the stamped HFLM and the counts of models in this process."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from wattbench.config import LocalModel
from wattbench.records.rows.systems import Facts
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD, ROLLING, Engine, Reply, declared_parameters
from wattbench.systems.local import base_cache
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
