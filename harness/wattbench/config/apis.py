"""Settings of services that answer over an API: which there are, how fast they are asked, what is estimated of them.

No service has a price here: prices change from month to month, and a stale one would be a wrong figure with nothing to
show for it. A suite states its prices, with their source and date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from wattbench.records.schema.base import Strict

ServiceName = Literal["openai", "mistral", "deepseek", "groq", "together", "openrouter", "xai"]


@dataclass(frozen=True)
class Service:
    """A service of the OpenAI protocol."""

    base_url: str
    key_env: str
    """The environment variable that its own libraries read its key from."""
    source: str
    """The page that says so."""
    logprobs: bool
    """Whether it returns log-probabilities of what it generated (of some models at least)."""
    estimated_as: str | None = None
    """EcoLogits' name for it; None: it is not in EcoLogits' tables."""
    chat_limit_key: str = "max_tokens"
    """The name of the output limit on `/chat/completions`."""
    seed_key: str | None = "seed"
    """The name of the seed; None: it takes none."""
    asks_usage: bool = True
    """Whether it wants to be asked for the counts of tokens (`stream_options`); others send them unasked, and may
    refuse the key."""


SERVICES: Mapping[str, Service] = {
    "openai": Service(
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        "https://platform.openai.com/docs/api-reference/chat",
        logprobs=True,
        estimated_as="openai",
        chat_limit_key="max_completion_tokens",
    ),
    "mistral": Service(
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        "https://docs.mistral.ai/api",
        logprobs=False,
        estimated_as="mistralai",
        seed_key="random_seed",
        asks_usage=False,
    ),
    "deepseek": Service(
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        "https://api-docs.deepseek.com/api/create-chat-completion",
        logprobs=True,
        seed_key=None,
    ),
    "groq": Service(
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        "https://console.groq.com/docs/openai",
        logprobs=False,
        chat_limit_key="max_completion_tokens",
    ),
    "together": Service(
        "https://api.together.ai/v1",
        "TOGETHER_API_KEY",
        "https://docs.together.ai/docs/inference/openai-compatibility",
        logprobs=True,
    ),
    "openrouter": Service(
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        "https://openrouter.ai/docs/use-cases/usage-accounting",
        logprobs=True,
        asks_usage=False,
    ),
    "xai": Service(
        "https://api.x.ai/v1",
        "XAI_API_KEY",
        "https://docs.x.ai/docs/api-reference",
        logprobs=True,
        chat_limit_key="max_completion_tokens",
    ),
}


def with_service(given: Any) -> Any:
    """Return the settings of a system, completed by those of the service that it names.

    Services answer chats: `prompt: {chat: true}` unless the system says otherwise.
    """
    service = SERVICES.get(str(given.get("service"))) if isinstance(given, Mapping) else None
    if service is None:
        return given
    settings: dict[str, Any] = {"base_url": service.base_url, "api_key_env": service.key_env, **given}
    prompt = settings.get("prompt", {})
    if isinstance(prompt, Mapping):
        settings["prompt"] = {"chat": True, **prompt}
    if settings["base_url"] is None:
        settings["base_url"] = service.base_url
    return settings


_Text = Annotated[str, Field(min_length=1, max_length=200)]


class Estimate(Strict):
    """Whose figures are taken. What is left out follows from `service` and `model`."""

    provider: _Text | None = None
    """EcoLogits' name of the provider: `openai`, `mistralai`, `google_genai`, `cohere`, `huggingface_hub`, ..."""
    model: _Text | None = None
    """EcoLogits' name of the model, if it is not the service's."""
    zone: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """ISO 3166 alpha-3 code of the country whose grid the data centre is on; None: EcoLogits' default for the
    provider."""


_PerMinute = Annotated[FiniteFloat, Field(gt=0, le=1e9)]


class Limit(Strict):
    """The rate at which a system is asked. What is waited for it is no latency."""

    requests_per_minute: _PerMinute | None = None
    """At this pace: no two requests are sent sooner after each other than it says."""
    tokens_per_minute: _PerMinute | None = None
    """A request takes what it could use at most, prompt and answer, and gives back what it did not use."""

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.requests_per_minute is None and self.tokens_per_minute is None:
            raise ValueError("name at least one of requests_per_minute, tokens_per_minute")
        return self


FORM = r"^\d{1,12}(\.\d{1,9})? ?[A-Z]{3}$"

MaxCost = Annotated[str, Field(pattern=FORM)]
"""An amount and a currency (ISO 4217), such as `5 USD`."""


@dataclass(frozen=True)
class Budget:
    """What a run may spend in all, earlier parts of a resumed run included."""

    most: float
    currency: str

    @classmethod
    def of(cls, text: str) -> Budget:
        """Read a budget from a text of the form `MaxCost`."""
        return cls(float(text[:-3]), text[-3:])
