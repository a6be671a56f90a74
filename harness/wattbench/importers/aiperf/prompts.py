"""Find the prompts of a profile, and number its documents as its inputs are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.importers.files import mapping, read_object, text

PROMPTS = ("messages", "prompt", "input", "text", "query")
"""Where a payload has its prompt, by the type of its endpoint."""


class Prompts:
    """The prompts that a profile could ask, in the order of its inputs, and how often each was."""

    def __init__(self, path: Path) -> None:
        """Read ``inputs.json``; a profile may have kept none.

        Raises:
            UserError: the file is damaged.
        """
        self._prompts: dict[tuple[str, int], str] = {}
        self._numbers: dict[str, int] = {}
        self._asked: Counter[str] = Counter()
        for session, payloads in _sessions(path):
            for turn, payload in enumerate(payloads):
                prompt = _prompt(mapping(payload))
                self._prompts[session, turn] = prompt
                self._numbers.setdefault(prompt, len(self._numbers))

    def prompt(self, conversation: str, turn: int) -> str:
        """Return the prompt of a turn of a conversation; empty if it is not known."""
        return self._prompts.get((conversation, turn), "")

    def count(self, prompt: str) -> tuple[str, int]:
        """Count that a prompt is asked, and return its number in the inputs and how often it was before."""
        number = str(self._numbers[prompt])
        self._asked[number] += 1
        return number, self._asked[number] - 1


def _sessions(path: Path) -> list[tuple[str, list[Any]]]:
    if not path.is_file():
        return []
    sessions = read_object(path).get("data")
    return [
        (str(mapping(session).get("session_id")), payloads)
        for session in (sessions if isinstance(sessions, list) else [])
        if isinstance(payloads := mapping(session).get("payloads"), list)
    ]


def _prompt(payload: Mapping[str, Any]) -> str:
    prompt = next((payload[name] for name in PROMPTS if payload.get(name)), None)
    return text(prompt) if prompt is not None else text({k: v for k, v in payload.items() if k != "model"})
