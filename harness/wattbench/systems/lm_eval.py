"""Run any model type of lm-eval, by its own arguments."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, Self

from wattbench.config import LmEvalSystem
from wattbench.errors import MissingExtraError, UserError, nearest
from wattbench.records.rows.systems import Facts
from wattbench.redaction import keep_secrets_of, scrub
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD, ROLLING, Engine, Reply, declared_parameters

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

_OF_HF = frozenset({"accelerate", "peft", "torch", "transformers"})
"""What lm-eval's own models import of the extra `hf`."""


class LmEvalEngine(Engine):
    """A model of lm-eval. It does not stream, so only complete requests are timed."""

    request_types = frozenset({GENERATE, LOGLIKELIHOOD, ROLLING})

    def __init__(self, config: LmEvalSystem, lm: Any) -> None:
        self._config = config
        self.lm = lm

    @classmethod
    def check(cls, name: str, config: LmEvalSystem) -> None:
        """Check that lm-eval has such a model type and that its dependencies are installed."""
        _model_class(name, config)

    @classmethod
    def open(cls, name: str, config: LmEvalSystem, *, batch: int, seed: int) -> Self:
        """Build the model from its arguments; the batch is passed on as lm-eval's `batch_size`."""
        model = _model_class(name, config)
        keep_secrets_of({"args": config.args})
        try:
            lm = model.create_from_arg_obj(dict(config.args), {"batch_size": batch})
        except Exception as error:  # other people's constructors raise anything
            scrub(error)
            raise UserError(
                f"system {name!r}: lm-eval cannot build a {config.model!r} model from its args: "
                f"{type(error).__name__}: {error}"
            ) from error
        return cls(config, lm)

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Ask lm-eval's model, and count tokens with its tokenizer if it has one."""
        values = getattr(self.lm, request_type)(list(requests))
        return [
            Reply(
                value,
                prompt_tokens=self._count(request.args[0]),
                output_tokens=self._count(value) if request_type == GENERATE else 0,
            )
            for request, value in zip(requests, values, strict=True)
        ]

    def facts(self) -> Facts:
        """Count the parameters of the model, if lm-eval's object holds one."""
        model = getattr(self.lm, "model", None)
        count = getattr(model, "num_parameters", None)
        total, active = declared_parameters(self._config, count() if callable(count) else None)
        return Facts(
            engine_version=f"lm-eval {metadata.version('lm-eval')} {self._config.model}",
            parameters_total=total,
            parameters_active=active,
            dtype=_text(getattr(model, "dtype", None)),
            device=_text(getattr(self.lm, "device", None)),
        )

    def _count(self, text: Any) -> int | None:
        encode = getattr(self.lm, "tok_encode", None)
        if encode is None or not isinstance(text, str):
            return None
        return len(encode(text))


def _model_class(name: str, config: LmEvalSystem) -> Any:
    import lm_eval.models  # noqa: F401  # registers the model types that lm-eval ships
    from lm_eval.api.registry import get_model, model_registry

    if config.model not in model_registry:
        hint = nearest(config.model, list(model_registry))
        raise UserError(f"system {name!r}: lm-eval has no model type {config.model!r}{hint}")
    try:
        return get_model(config.model)
    except ModuleNotFoundError as error:
        if error.name in _OF_HF:
            raise MissingExtraError(f"system {name!r}: lm-eval's {config.model!r}", "hf") from error
        raise UserError(
            f"system {name!r}: lm-eval's {config.model!r} needs {error.name}, which is not installed. "
            f"Install it with: pip install {error.name}"
        ) from error


def _text(value: Any) -> str | None:
    return None if value is None else str(value).removeprefix("torch.")
