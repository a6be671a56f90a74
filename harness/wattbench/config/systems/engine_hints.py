"""Suggest the engine for names that other tools use: ``openai``, ``vllm``, ``hf``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_SERVED = "'endpoint' asks every server that has OpenAI's protocol: set base_url to"
_HINTS: Mapping[str, tuple[str, ...]] = {
    f"{_SERVED} https://api.openai.com/v1, and api_key_env": (
        "openai", "chatgpt", "gpt", "azure", "groq", "openrouter", "together", "mistral", "deepseek", "gemini",
        "litellm", "openaichatcompletions", "openaicompletions", "api",
    ),
    f"{_SERVED} http://localhost:8000/v1": (
        "vllm", "sglang", "tgi", "tensorrtllm", "trtllm", "triton", "lmdeploy", "server", "http", "rest", "remote",
        "served", "localcompletions", "localchatcompletions", "openaicompatible",
    ),
    f"{_SERVED} http://localhost:11434/v1": ("ollama",),
    f"{_SERVED} http://localhost:1234/v1": ("lmstudio",),
    "'endpoint' with serve: {llamacpp: ...} starts llama.cpp's server": (
        "llamacpp", "llamacpppython", "llama", "gguf", "ggml", "xllamacpp", "llamafile",
    ),
    "'transformers' loads a Hugging Face model in this process": (
        "hf", "huggingface", "hfauto", "torch", "pytorch", "peft", "lora", "local", "safetensors", "automodel",
    ),
    "'moe' assembles a mixture of a base and its adapters; a model that is one already is 'transformers'": (
        "mixture", "mixtral", "experts", "mixtureofexperts",
    ),
    "'python' calls a function from prompt to answer: set call to rules.py:answer": (
        "function", "callable", "call", "code", "script", "rules", "rule", "regex",
    ),
    "'sklearn' takes a pipeline that skops saved: set model to a .skops file": (
        "scikitlearn", "scikit", "joblib", "skops", "pickle", "classifier", "pipeline",
    ),
    "'hybrid' is a router in front of other systems": ("router", "cascade", "routing", "ensemble"),
    "'lm_eval' takes any model type of lm-eval": ("lmeval", "lmevaluationharness", "evalharness", "eleuther"),
}  # fmt: skip


def hint(name: str) -> str | None:
    """Return a clause that suggests an engine for a name; None for an unknown name.

    Args:
        name: as the suite has it; case, hyphens, dots, underscores and blanks do not matter.
    """
    plain = "".join(letter for letter in name.casefold() if letter.isalnum())
    return _BY_NAME.get(plain)


def _pairs() -> Iterator[tuple[str, str]]:
    for clause, names in _HINTS.items():
        for name in names:
            yield name, clause


_BY_NAME = dict(_pairs())
