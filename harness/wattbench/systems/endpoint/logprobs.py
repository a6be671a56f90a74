"""Ask servers of the OpenAI protocol for log-probabilities, and read them from a chunk.

There are two forms. Chats have `{"content": [{"token": ..., "logprob": -0.1}, ...]}`, which llama.cpp sends for
completions as well; completions have `{"tokens": [...], "token_logprobs": [-0.1, ...]}` (OpenAI, vLLM, SGLang). Source:
OpenAI's API reference, "Chat completions" and "Completions (legacy)"; llama.cpp and vLLM as of autumn 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ASKING_CHAT = {"logprobs": True, "top_logprobs": 1}
"""llama.cpp would else send the 20 likeliest tokens of each place."""
ASKING_COMPLETION = {"logprobs": 1}
"""0 would be enough for others, and means none to llama.cpp."""


def read_logprobs(choice: Mapping[str, Any]) -> Sequence[object]:
    """Return the log-probabilities that a chunk states, unchecked; None for a missing value.

    Args:
        choice: of the chunk.
    """
    stated = choice.get("logprobs")
    if stated is None:
        return ()
    if not isinstance(stated, dict):
        return [None]
    content, values = stated.get("content"), stated.get("token_logprobs")
    if isinstance(content, list):
        return [each.get("logprob") if isinstance(each, dict) else None for each in content]
    if isinstance(values, list):
        return values
    return [] if content is None and values is None else [None]
