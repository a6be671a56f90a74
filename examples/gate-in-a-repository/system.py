"""The system of this repository: a prompt, and a model that reads it.

The model is a stand-in that runs anywhere in microseconds: it chooses the team of whose words, as the prompt lists
them, the message has the most. As with a real one, its answers are as good as its prompt. Call your own in its place.
"""

import re
from pathlib import Path

PROMPT = Path(__file__).with_name("prompt.txt").read_text(encoding="utf-8")


def answer(message: str) -> str:
    """Answer one message."""
    return model(f"{PROMPT}\nMessage: {message}")


def model(prompt: str) -> str:
    """Return the team whose words the message has the most, the first of several."""
    instruction, _, message = prompt.rpartition("\nMessage: ")
    teams = dict(re.findall(r"^(\w+): (.*)$", instruction, re.MULTILINE))
    return max(teams, key=lambda team: sum(word in message.lower() for word in teams[team].split(", ")))
