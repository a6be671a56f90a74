"""The services for which wattbench has settings: where they are, and how they differ from OpenAI's own protocol.

None has a price here: prices change from month to month, and a stale one would be a wrong figure with nothing to show
for it. A suite states its prices, with their source and date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
    """Return the settings of a system with those of the service that it names, where it has none of its own.

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
